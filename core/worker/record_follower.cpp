// SPDX-License-Identifier: Apache-2.0
#include "partita/core/worker/record_follower.hpp"

#include "partita/messages/failpoint.hpp"

namespace partita::core {

record_follower::record_follower(options opts, time_point now)
    : options_{std::move(opts)},
      sign_at_{now},
      established_{options_.established},
      writer_{options_.pause} {}

record_follower::commands record_follower::step(const event& what, time_point now) {
  if (lost_)
    return {};
  std::visit([&](const auto& x) { on(x, now); }, what);
  return std::exchange(out_, {});
}

std::optional<time_point> record_follower::wake_at() const {
  if (lost_)
    return std::nullopt;
  auto result = earlier(create_at_, writer_.wake_at());
  if (options_.exclusive && established_)
    result = earlier(result, sign_at_ + options_.silence);
  if (reading_)
    result = earlier(result, reading_->retry_at);
  if (reading_ && options_.exclusive)
    result = earlier(result, reading_->since + options_.silence);
  return result;
}

void record_follower::on(const bucket_changed&, time_point now) {
  sign_at_ = now;
  seen_ = false;
  // Where it is not lost, the replay that follows says what to do.
  if (established_)
    lose("the bucket of the record was made again");
}

void record_follower::on(const tick&, time_point now) {
  if (options_.exclusive && established_ && now >= sign_at_ + options_.silence) {
    lose("the watch of the record shows no sign of life");
    return;
  }
  if (options_.exclusive && reading_ && now >= reading_->since + options_.silence) {
    lose("the record cannot be read: " + reading_->why);
    return;
  }
  if (reading_ && reading_->retry_at && now >= *reading_->retry_at)
    read_parts(now);
  if (create_at_ && now >= *create_at_ && !writer_.busy()) {
    begin_writing({}, now);
    return;
  }
  carry_out(writer_.tick(now), now);
}

void record_follower::consider(const decoded<stored_record>& value, revision at,
                               time_point now, time_point before) {
  seen_ = true;
  create_at_.reset();
  const auto* found = std::get_if<stored_record>(&value);
  if (!found) {
    // A record that was never ours is left for the leader to rewrite.
    if (established_)
      lose("the record cannot be read: " + std::get<malformed>(value).why);
    return;
  }
  if (found->value.worker_nonce != options_.self) {
    // A leader readdresses a record only once the incarnation that it named has ended.
    if (established_) {
      lose("the record is addressed to another incarnation");
      return;
    }
    if (failpoint(rule::joiner_overwrites_record) && !established_ && !writer_.busy())
      begin_writing(at, now);
    return;
  }
  established_ = true;
  auto news = stamp_of(found->value);
  if (news <= delivered_ || (reading_ && news == stamp_of(reading_->value.value)))
    return;
  reading_.emplace(in_parts{*found, reading_ ? reading_->since : before});
  read_parts(now);
}

/// Reads the first part that is missing; once there is none, the record counts.
void record_follower::read_parts(time_point now) {
  auto& x = *reading_;
  x.retry_at.reset();
  auto of = stamp_of(x.value.value);
  for (auto n : x.value.parts.numbers)
    if (!x.found.contains(n)) {
      out_.emplace_back(read_part{of, n});
      return;
    }
  auto whole = joined(x.value, [&x](std::uint64_t n) { return &x.found.at(n); });
  if (auto* found = std::get_if<record>(&whole)) {
    delivered_ = of;
    reading_.reset();
    out_.emplace_back(deliver{std::move(*found)});
    return;
  }
  // A newer record will be shown, or what was read was older than this one.
  x.found.clear();
  x.why = std::get<malformed>(whole).why;
  x.retry_at = now + options_.pause;
}

void record_follower::on(const part_answered& what, time_point now) {
  if (!reading_ || what.of != stamp_of(reading_->value.value))
    return;
  const auto& answer = what.answer;
  if (answer.status == read_status::found && !answer.entry.removed) {
    reading_->found[what.number] = answer.entry.value;
    read_parts(now);
    return;
  }
  reading_->why = answer.why.empty() ? "a part of it is missing" : answer.why;
  reading_->retry_at = now + options_.pause;
}

void record_follower::vanished(const std::string& how, time_point now) {
  if (established_)
    lose(how);
  else if (!writer_.busy())
    begin_writing({}, now);
}

void record_follower::lose(std::string why) {
  if (failpoint(rule::vanished_record_ignored))
    return;
  lost_ = true;
  out_.emplace_back(lost{std::move(why)});
}

void record_follower::carry_out(const key_writer::step& what, time_point now) {
  if (std::holds_alternative<key_writer::write>(what)) {
    record mine;
    mine.worker_nonce = options_.self;
    mine.terms = options_.terms;
    out_.emplace_back(create{std::move(mine), over_});
  } else if (std::holds_alternative<key_writer::read>(what)) {
    out_.emplace_back(read{});
  } else if (std::holds_alternative<key_writer::landed>(what)) {
    // The watch has yet to show it.
    established_ = true;
    sign_at_ = now;
  } else if (const auto* x = std::get_if<key_writer::taken>(&what)) {
    // Another incarnation's record: the leader addresses it to us in time.
    consider(stored_record_from(x->entry.value, x->entry.stored_at_ns), x->entry.revision,
             now, now);
  } else if (std::holds_alternative<key_writer::vacant>(what)
             || std::holds_alternative<key_writer::not_sent>(what)) {
    create_at_ = now + options_.pause;
  } else if (std::holds_alternative<key_writer::refused>(what)) {
    create_at_ = now + options_.pause * 10;
  }
}

} // namespace partita::core
