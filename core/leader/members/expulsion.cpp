// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/members/expulsion.hpp"

#include <utility>

namespace partita::core {

expulsion::commands expulsion::begin(const worker_id& who, beat mark, revision over,
                                     time_point now) {
  auto [i, is_new] = jobs_.try_emplace(who, pause_);
  auto& x = i->second;
  order wanted{std::move(mark), over};
  if (is_new) {
    x.what = std::move(wanted);
    carry_out(who, x.writer.begin(over, now), now);
  } else if (!x.writer.busy()) {
    x.what = std::move(wanted); // It waits to be tried again.
  } else if (wanted == x.what) {
    x.next.reset();
  } else {
    x.next = std::move(wanted);
  }
  return std::exchange(out_, {});
}

expulsion::commands expulsion::answered(const worker_id& who, const kv_written& answer,
                                        time_point now) {
  if (auto i = jobs_.find(who); i != jobs_.end())
    carry_out(who, i->second.writer.answered(answer, now), now);
  return std::exchange(out_, {});
}

expulsion::commands expulsion::looked(const worker_id& who, const kv_read& answer,
                                      const std::optional<beat>& found, time_point now) {
  auto i = jobs_.find(who);
  if (i == jobs_.end())
    return {};
  const auto& mark = i->second.what.mark;
  auto known = found && found->nonce == mark.nonce;
  auto ours = known && found->state == mark.state;
  carry_out(who, i->second.writer.looked(answer, key_writer::seen(ours, known), now),
            now);
  return std::exchange(out_, {});
}

expulsion::commands expulsion::tick(time_point now) {
  std::vector<worker_id> all;
  for (const auto& [who, x] : jobs_)
    all.push_back(who);
  for (const auto& who : all) {
    auto& x = jobs_.at(who);
    if (x.again_at && now >= *x.again_at) {
      x.again_at.reset();
      carry_out(who, x.writer.begin(x.what.over, now), now);
    } else {
      carry_out(who, x.writer.tick(now), now);
    }
  }
  return std::exchange(out_, {});
}

std::optional<time_point> expulsion::wake_at() const {
  std::optional<time_point> result;
  for (const auto& [who, x] : jobs_)
    result = earlier(result, earlier(x.again_at, x.writer.wake_at()));
  return result;
}

void expulsion::carry_out(const worker_id& who, const key_writer::step& what,
                          time_point now) {
  auto& x = jobs_.at(who);
  if (const auto* w = std::get_if<key_writer::write>(&what)) {
    out_.emplace_back(write{who, x.what.mark, w->expected});
  } else if (std::holds_alternative<key_writer::read>(what)) {
    out_.emplace_back(read{who});
  } else if (std::holds_alternative<key_writer::not_sent>(what)) {
    x.again_at = now + pause_;
  } else if (std::holds_alternative<key_writer::refused>(what)) {
    x.again_at = now + pause_ * 10;
  } else if (const auto* v = std::get_if<key_writer::vacant>(&what)) {
    out_.emplace_back(vanished{who, v->mark});
    jobs_.erase(who);
  } else if (!std::holds_alternative<key_writer::waiting>(what)) {
    // Landed, or the worker lives, or it said something itself: the watch shows which.
    finish(who, now);
  }
}

void expulsion::finish(const worker_id& who, time_point now) {
  auto i = jobs_.find(who);
  if (!i->second.next) {
    jobs_.erase(i);
    return;
  }
  i->second.what = std::move(*i->second.next);
  i->second.next.reset();
  carry_out(who, i->second.writer.begin(i->second.what.over, now), now);
}

} // namespace partita::core
