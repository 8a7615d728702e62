#include "partita/app/names.hpp"

#include <charconv>
#include <limits>
#include <string_view>
#include <tuple>

namespace partita::app {

namespace {

/// (prefix, number, whole id): the last settles ties between `w-1` and `w-01`.
auto sort_key(std::string_view id) {
  auto number = std::numeric_limits<std::uint64_t>::max();
  auto prefix = id;
  if (auto dash = id.rfind('-'); dash != std::string_view::npos) {
    auto digits = id.substr(dash + 1);
    auto [end, error] = std::from_chars(digits.begin(), digits.end(), number);
    if (error == std::errc{} && end == digits.end())
      prefix = id.substr(0, dash);
    else
      number = std::numeric_limits<std::uint64_t>::max();
  }
  return std::tuple{prefix, number, id};
}

} // namespace

bool by_number::operator()(const worker_id& a, const worker_id& b) const {
  return sort_key(a.value) < sort_key(b.value);
}

std::string readable(version x) {
  if (x.value < versions_per_epoch)
    return std::to_string(x.value);
  return std::to_string(x.value / versions_per_epoch) + '.'
         + std::to_string(x.value % versions_per_epoch);
}

} // namespace partita::app
