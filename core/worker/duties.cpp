// SPDX-License-Identifier: Apache-2.0
#include "partita/core/worker/duties.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace partita::core {

namespace {

/// How many bytes of names a heartbeat lists: far less than the store takes, with what else it
/// says.
constexpr std::size_t most_stopping = std::size_t{64} << 10;

std::size_t length_of(const std::vector<partition>& xs) {
  std::size_t result = 0;
  for (const auto& x : xs)
    for (const auto& key : x.keys)
      result += key.size() + 1;
  return result;
}

/// What is in `xs` and not in `ys`.
std::vector<partition> missing_in(const std::vector<grant>& ys,
                                  const std::vector<grant>& xs) {
  std::unordered_set<std::string> names;
  for (const auto& y : ys)
    names.insert(name_of(y.partition));
  std::vector<partition> result;
  for (const auto& x : xs)
    if (!names.contains(name_of(x.partition)))
      result.push_back(x.partition);
  return result;
}

} // namespace

duties::commands duties::step(const event& what, time_point now) {
  std::visit([&](const auto& x) { on(x, now); }, what);
  // After the event: it may have moved the deadline.
  check_deadline(now);
  finish_orders();
  if (phase_ == phase::working && look_) {
    revoke_what_is_gone(now);
    look_ = !assign_what_is_new(now);
  }
  finish_orders();
  watch_time(now);
  report_news();
  settle();
  return std::exchange(out_, {});
}

std::optional<time_point> duties::wake_at() const {
  std::optional<time_point> result;
  if (in_session() && options_.exclusive)
    result = until_;
  for (const auto& [id, x] : orders_)
    if (!x.reported)
      result = earlier(result, x.late_at);
  return result;
}

// -- events -----------------------------------------------------------------------------

void duties::on(const listener_added& what, time_point now) {
  listeners_.insert(what.who);
  if (phase_ != phase::working || held_.empty() || !session_holds(now))
    return;
  assign news{what.who, stamp_of(*record_), {}};
  for (const auto& [name, x] : held_)
    news.what.push_back(x);
  out_.emplace_back(std::move(news));
}

void duties::on(const joined&, time_point) {
  if (phase_ != phase::idle)
    return;
  phase_ = phase::working;
  until_.reset();
  record_.reset();
  reported_ = {};
}

void duties::on(const recorded& what, time_point) {
  if (phase_ != phase::working || (record_ && stamp_of(what.what) <= stamp_of(*record_)))
    return;
  record_ = what.what;
  look_ = true;
}

void duties::on(const give_up& what, time_point now) {
  if (phase_ != phase::working)
    return;
  phase_ = phase::giving_up;
  std::vector<grant> all;
  for (auto& [name, x] : held_) {
    x.reason = "the worker leaves";
    all.push_back(std::move(x));
  }
  held_.clear();
  if (all.empty())
    return;
  auto id = give_order(all, what.time_left, false, now);
  out_.emplace_back(revoke{id, std::move(all), what.time_left});
}

// -- decisions --------------------------------------------------------------------------

void duties::check_deadline(time_point now) {
  if (!in_session() || !options_.exclusive || !until_ || now < *until_)
    return;
  std::string why = "its session ran out: no heartbeat was acknowledged in time";
  lose_all(why, now);
  out_.emplace_back(ended{std::move(why)});
}

void duties::revoke_what_is_gone(time_point now) {
  if (!record_)
    return;
  std::unordered_set<std::string> granted;
  for (const auto& x : record_->partitions)
    granted.insert(name_of(x.partition));
  std::unordered_map<std::string, std::string> reasons;
  for (const auto& x : record_->revoking)
    reasons.emplace(name_of(x.partition), x.reason);
  std::vector<grant> gone;
  for (auto i = held_.begin(); i != held_.end();) {
    if (granted.contains(i->first)) {
      ++i;
      continue;
    }
    i->second.reason = reasons[i->first];
    gone.push_back(std::move(i->second));
    i = held_.erase(i);
  }
  if (gone.empty())
    return;
  auto id = give_order(gone, options_.stop_within, false, now);
  out_.emplace_back(revoke{id, std::move(gone), options_.stop_within});
}

bool duties::assign_what_is_new(time_point now) {
  if (!record_ || !session_holds(now))
    return false;
  // A listener may have answered just now.
  finish_orders();
  assign news{std::nullopt, stamp_of(*record_), {}};
  std::unordered_set<std::string> met;
  for (const auto& x : record_->partitions) {
    auto name = name_of(x.partition);
    if (stopping_.contains(name) || !met.insert(name).second)
      continue;
    auto [i, is_new] = held_.try_emplace(name, x);
    if (!is_new && i->second.token == x.token)
      continue;
    i->second = x;
    news.what.push_back(x);
  }
  if (!news.what.empty())
    out_.emplace_back(std::move(news));
  return true;
}

void duties::lose_all(const std::string& why, time_point now) {
  phase_ = phase::losing;
  std::vector<grant> all;
  for (const auto& [name, x] : held_)
    all.push_back(x);
  for (const auto& [id, x] : orders_)
    all.insert(all.end(), x.what.begin(), x.what.end());
  // The answer to the loss counts for what was asked before, too.
  held_.clear();
  stopping_.clear();
  orders_.clear();
  if (all.empty())
    return;
  auto left = until_ && options_.exclusive ? std::clamp(*until_ + options_.margin - now,
                                                        duration{0}, options_.margin)
                                           : duration{0};
  auto id = give_order(all, options_.margin, true, now);
  out_.emplace_back(lose{id, std::move(all), why, left});
}

duties::order_id duties::give_order(std::vector<grant> what, duration late_after,
                                    bool lost, time_point now) {
  auto id = ++last_order_;
  for (const auto& x : what)
    stopping_[name_of(x.partition)] = id;
  orders_[id] = order{std::move(what), listeners_, now, now + late_after, lost, false};
  return id;
}

void duties::finish_orders() {
  for (auto i = orders_.begin(); i != orders_.end();) {
    if (!i->second.waiting.empty()) {
      ++i;
      continue;
    }
    for (const auto& x : i->second.what)
      stopping_.erase(name_of(x.partition));
    i = orders_.erase(i);
    look_ = true;
  }
}

void duties::watch_time(time_point now) {
  auto goes_on = false;
  for (auto& [id, x] : orders_) {
    if (!x.reported && now >= x.late_at) {
      x.reported = true;
      std::vector<partition> names;
      for (const auto& y : x.what)
        names.push_back(y.partition);
      late_since_ = late_since_.value_or(x.since);
      out_.emplace_back(late{std::move(names), x.lost, now - x.since});
    }
    // A loss does not end what was late before it.
    goes_on = goes_on || x.reported || x.lost;
  }
  if (late_since_ && !goes_on) {
    out_.emplace_back(late_no_more{now - *late_since_});
    late_since_.reset();
  }
}

void duties::settle() {
  if ((phase_ != phase::losing && phase_ != phase::giving_up) || !orders_.empty())
    return;
  phase_ = phase::idle;
  held_.clear();
  out_.emplace_back(settled{});
}

void duties::report_news() {
  if (!in_session())
    return;
  record_progress now;
  if (record_)
    now.seen = now.applied = stamp_of(*record_);
  for (const auto& [id, x] : orders_)
    for (const auto& y : x.what)
      now.stopping.push_back(y.partition);
  if (length_of(now.stopping) > most_stopping) {
    now.applied = reported_.applied;
    now.stopping = reported_.stopping;
  }
  now.draining = draining_;
  if (now == reported_)
    return;
  reported_ = now;
  out_.emplace_back(report{std::move(now)});
}

// -- what listeners receive -------------------------------------------------------------

assignment_changed applied_record::apply(const worker_id& self, const record& x) {
  auto before = record_ ? std::move(record_->partitions) : std::vector<grant>{};
  record_ = x;
  return {self,
          x.version,
          x.epoch,
          x.lifecycle,
          x.partitions,
          missing_in(before, x.partitions),
          missing_in(x.partitions, before)};
}

std::optional<assignment_changed> applied_record::drop(const worker_id& self) {
  auto last = std::exchange(record_, std::nullopt);
  if (!last || last->partitions.empty())
    return std::nullopt;
  return assignment_changed{self,
                            last->version,
                            last->epoch,
                            last->lifecycle,
                            {},
                            {},
                            missing_in({}, last->partitions)};
}

} // namespace partita::core
