#include "partita/core/membership.hpp"

#include <charconv>
#include <optional>
#include <tuple>

namespace partita::core {

namespace {

/// The number at the end of an id; ids without one come first.
std::uint64_t number_of(const worker_id& x) {
  auto digits = x.value.find_last_not_of("0123456789");
  auto begin = digits == std::string::npos ? 0 : digits + 1;
  std::uint64_t result = 0;
  std::from_chars(x.value.data() + begin, x.value.data() + x.value.size(), result);
  return result;
}

} // namespace

bool by_number::operator()(const worker_id& x, const worker_id& y) const {
  return std::make_tuple(number_of(x), std::cref(x.value))
         < std::make_tuple(number_of(y), std::cref(y.value));
}

void membership::expect(const worker_id& who, const nonce& incarnation, time_point now) {
  auto [i, is_new] = members_.try_emplace(who);
  if (!is_new)
    return;
  i->second.nonce = incarnation;
  i->second.present = true;
  i->second.seen_at = now;
}

std::vector<membership::news> membership::beat_shown(const worker_id& who, revision at,
                                                     const beat& what, time_point now) {
  auto [i, is_new] = members_.try_emplace(who);
  auto& x = i->second;
  if (!is_new && at <= x.revision)
    return {};
  auto was_present = x.present;
  auto was = x.nonce;
  x = member{what.nonce, what.state,   what.capacity,
             what.zone,  what.applied, is_living(what.state),
             at,         now};
  if (x.present && !was_present)
    return {{change::joined, who}};
  if (x.present && was != x.nonce)
    return {{change::replaced, who}};
  if (!x.present && was_present)
    return {{change::left, who}};
  return {};
}

std::vector<membership::news> membership::tick(time_point now) {
  std::vector<news> result;
  for (auto& [who, x] : members_) {
    if (x.present && now >= x.seen_at + silence_) {
      x.present = false;
      result.push_back({change::lost, who});
    }
  }
  return result;
}

std::optional<time_point> membership::wake_at() const {
  std::optional<time_point> result;
  for (const auto& [who, x] : members_)
    if (x.present)
      result = earlier(result, x.seen_at + silence_);
  return result;
}

bool membership::present(const worker_id& who) const {
  auto i = members_.find(who);
  return i != members_.end() && i->second.present;
}

bool membership::said_goodbye(const worker_id& who) const {
  auto i = members_.find(who);
  return i != members_.end() && !is_living(i->second.state);
}

} // namespace partita::core
