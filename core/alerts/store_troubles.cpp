// SPDX-License-Identifier: Apache-2.0
#include "partita/core/alerts/store_troubles.hpp"

namespace partita::core {

void store_troubles::found(const std::string& what, std::uint64_t run,
                           const std::string& why, time_point now) {
  if (why.empty()) {
    present_.erase(what);
    return;
  }
  auto& x = present_.try_emplace(what, trouble{run, {}, now}).first->second;
  if (x.run != run)
    x.since = now;
  x.run = run;
  x.why = why;
}

void store_troubles::link_is(bool up, time_point now) {
  link_up_ = up;
  for (auto& [what, x] : present_)
    x.since = now;
}

std::string store_troubles::text(time_point now) const {
  std::string result;
  if (!link_up_)
    return result;
  for (const auto& [what, x] : present_)
    if (now >= x.since + patience_)
      result += (result.empty() ? "" : "; ") + what + ": " + x.why;
  return result;
}

std::optional<time_point> store_troubles::grows_at(time_point now) const {
  std::optional<time_point> result;
  if (!link_up_)
    return result;
  for (const auto& [what, x] : present_)
    if (now < x.since + patience_)
      result = earlier(result, x.since + patience_);
  return result;
}

} // namespace partita::core
