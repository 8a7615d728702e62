#include "partita/core/leader/plans/wish_book.hpp"

#include "partita/core/planted.hpp"
#include "partita/messages/control_codec.hpp"

#include <utility>

namespace partita::core {

namespace {

/// Whether a change of it is new for plans by itself.
bool shapes_plans(const wish& x) {
  return std::holds_alternative<cordon_wish>(x.what)
         || std::holds_alternative<drain_wish>(x.what)
         || std::holds_alternative<pin_wish>(x.what);
}

template <class T>
const T* as(const wish& x) {
  return std::get_if<T>(&x.what);
}

} // namespace

std::string wish_book::shown(const wish& x, revision at, std::int64_t stored_at_ns) {
  auto key = wish_key(x.what);
  if (shown_again_)
    shown_again_->insert(key);
  auto& mine = entries_[key];
  if (mine.at == at && mine.what == x)
    return {};
  auto same = mine.at.value != 0 && mine.what.what == x.what;
  mine = entry{x, at, stored_at_ns, false, false, {}};
  if (as<rebalance_wish>(x))
    return short_text(x);
  return shapes_plans(x) && !same ? short_text(x) : std::string{};
}

std::string wish_book::gone(const std::string& key) {
  auto i = entries_.find(key);
  if (i == entries_.end())
    return {};
  auto was = std::move(i->second.what);
  entries_.erase(i);
  return shapes_plans(was) ? "end of " + short_text(was) : std::string{};
}

void wish_book::void_all() {
  shown_again_.emplace();
}

std::string wish_book::replayed() {
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
      result = "wishes went with their bucket";
  return result;
}

standing_wishes wish_book::standing() const {
  std::vector<wish> all;
  for (const auto& [key, x] : entries_)
    all.push_back(x.what);
  return standing_of(all);
}

std::optional<time_point> wish_book::end_of(const entry& x,
                                            const server_clock& clock) const {
  const auto* pause = as<pause_wish>(x.what);
  auto begun = pause ? clock.when(x.stored_at_ns) : std::nullopt;
  return begun ? std::optional{*begun + pause->lasts} : std::nullopt;
}

std::optional<time_point> wish_book::paused_until(const server_clock& clock) const {
  std::optional<time_point> result;
  for (const auto& [key, x] : entries_)
    if (auto end = end_of(x, clock))
      result = std::max(result.value_or(*end), *end);
  return result;
}

std::optional<std::string> wish_book::asks_for_plan() const {
  for (const auto& [key, x] : entries_)
    if (as<rebalance_wish>(x.what) && !x.carried_out)
      return short_text(x.what);
  return std::nullopt;
}

bool wish_book::means_us(const step_down_wish& x) const {
  return x.leader == options_.leader && x.epoch == options_.epoch;
}

std::optional<std::string> wish_book::asks_to_step_down() const {
  for (const auto& [key, x] : entries_)
    if (const auto* y = as<step_down_wish>(x.what); y && means_us(*y))
      return short_text(x.what);
  return std::nullopt;
}

void wish_book::planned() {
  for (auto& [key, x] : entries_)
    if (as<rebalance_wish>(x.what))
      x.carried_out = true;
}

std::vector<wish_book::removal> wish_book::removals(const server_clock& clock,
                                                    time_point now) {
  std::vector<removal> result;
  for (auto& [key, x] : entries_) {
    if (const auto* y = as<step_down_wish>(x.what))
      x.carried_out = !means_us(*y) && !planted(mistake::moot_wish_kept);
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

std::string wish_book::removal_answered(const std::string& key, const kv_written& answer,
                                        time_point now) {
  auto i = entries_.find(key);
  if (i == entries_.end() || !i->second.asked)
    return {};
  switch (answer.status) {
  case write_status::done:
  case write_status::conflict:
    break; // The watch will show what stands there now.
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

std::optional<time_point> wish_book::wake_at(const server_clock& clock) const {
  std::optional<time_point> result;
  for (const auto& [key, x] : entries_) {
    result = earlier(result, x.retry_at);
    if (!x.carried_out)
      result = earlier(result, end_of(x, clock));
  }
  return result;
}

} // namespace partita::core
