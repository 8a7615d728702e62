// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/plans/directives.hpp"

#include "partita/messages/control_codec.hpp"
#include "partita/messages/failpoint.hpp"

#include <utility>

namespace partita::core {

namespace {

/// Whether a change of it alone is a reason for a plan.
bool shapes_plans(const directive& x) {
  return std::holds_alternative<cordon_directive>(x.what)
         || std::holds_alternative<drain_directive>(x.what)
         || std::holds_alternative<pin_directive>(x.what);
}

template <class T>
const T* as(const directive& x) {
  return std::get_if<T>(&x.what);
}

} // namespace

std::string directives::shown(const directive& x, revision at,
                              std::int64_t stored_at_ns) {
  auto key = directive_key(x.what);
  if (shown_again_)
    shown_again_->insert(key);
  auto& mine = entries_[key];
  if (mine.at == at && mine.what == x)
    return {};
  auto same = mine.at.value != 0 && mine.what.what == x.what;
  mine = entry{x, at, stored_at_ns, false, false, {}};
  if (as<rebalance_directive>(x))
    return short_text(x);
  return shapes_plans(x) && !same ? short_text(x) : std::string{};
}

std::string directives::gone(const std::string& key) {
  auto i = entries_.find(key);
  if (i == entries_.end())
    return {};
  auto was = std::move(i->second.what);
  entries_.erase(i);
  return shapes_plans(was) ? "end of " + short_text(was) : std::string{};
}

void directives::void_all() {
  shown_again_.emplace();
}

std::string directives::replayed() {
  std::string result;
  auto again = std::exchange(shown_again_, std::nullopt);
  if (!again)
    return result;
  std::vector<std::string> lost;
  for (const auto& [key, x] : entries_)
    if (!again->contains(key))
      lost.push_back(key);
  for (const auto& key : lost)
    if (auto news = gone(key); !news.empty())
      result = "directives went with their bucket";
  return result;
}

standing_directives directives::standing() const {
  std::vector<directive> all;
  for (const auto& [key, x] : entries_)
    all.push_back(x.what);
  return standing_of(all);
}

std::optional<time_point> directives::end_of(const entry& x,
                                             const server_clock& clock) const {
  const auto* pause = as<pause_directive>(x.what);
  auto begun = pause ? clock.when(x.stored_at_ns) : std::nullopt;
  return begun ? std::optional{*begun + pause->lasts} : std::nullopt;
}

std::optional<time_point> directives::paused_until(const server_clock& clock) const {
  std::optional<time_point> result;
  for (const auto& [key, x] : entries_)
    if (auto end = end_of(x, clock))
      result = std::max(result.value_or(*end), *end);
  return result;
}

std::optional<std::string> directives::asks_for_plan() const {
  for (const auto& [key, x] : entries_)
    if (as<rebalance_directive>(x.what) && !x.carried_out)
      return short_text(x.what);
  return std::nullopt;
}

bool directives::means_us(const step_down_directive& x) const {
  return x.leader == options_.leader && x.epoch == options_.epoch;
}

std::optional<std::string> directives::asks_to_step_down() const {
  for (const auto& [key, x] : entries_)
    if (const auto* y = as<step_down_directive>(x.what); y && means_us(*y))
      return short_text(x.what);
  return std::nullopt;
}

void directives::planned() {
  for (auto& [key, x] : entries_)
    if (as<rebalance_directive>(x.what))
      x.carried_out = true;
}

std::vector<directives::removal> directives::removals(const server_clock& clock,
                                                      time_point now) {
  std::vector<removal> result;
  for (auto& [key, x] : entries_) {
    if (const auto* y = as<step_down_directive>(x.what))
      x.carried_out = !means_us(*y) && !failpoint(rule::moot_directive_kept);
    if (auto end = end_of(x, clock); end && now >= *end)
      x.carried_out = true;
    if (!x.carried_out || x.asked || (x.retry_at && now < *x.retry_at))
      continue;
    x.asked = true;
    x.retry_at.reset();
    result.push_back({key, x.at});
  }
  return result;
}

std::string directives::removal_answered(const std::string& key, const kv_written& answer,
                                         time_point now) {
  auto i = entries_.find(key);
  if (i == entries_.end() || !i->second.asked)
    return {};
  switch (answer.status) {
  case write_status::done:
    break; // The watch will show it.
  case write_status::conflict:
    // Either the watch shows another one soon, or it was no answer (core/key_writer.hpp).
  case write_status::not_connected:
  case write_status::unknown:
    i->second.asked = false;
    i->second.retry_at = now + options_.pause;
    break;
  case write_status::refused:
    return answer.why;
  }
  return {};
}

std::optional<time_point> directives::wake_at(const server_clock& clock) const {
  std::optional<time_point> result;
  for (const auto& [key, x] : entries_) {
    result = earlier(result, x.retry_at);
    if (!x.carried_out)
      result = earlier(result, end_of(x, clock));
  }
  return result;
}

} // namespace partita::core
