// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace partita::core {

/// Requests to the store that fail and are retried, with actor run and reason. Those that
/// last longer than `patience` are listed; short ones are part of each fail-over.
class store_troubles {
public:
  explicit store_troubles(duration patience) : patience_{patience} {}

  /// The actor of that run retries `what` because of `why`; an empty `why`: it works.
  void found(const std::string& what, std::uint64_t run, const std::string& why,
             time_point now);

  /// Without a connection nothing is listed; the ages count from its return.
  void link_is(bool up, time_point now);

  /// Forgets the requests of actors that have ended.
  template <class Predicate>
  void keep_if(Predicate run_is_present) {
    std::erase_if(present_, [&](const auto& x) { return !run_is_present(x.second.run); });
  }

  /// "<what>: <why>" for each that lasts, separated by semicolons; empty: none.
  std::string text(time_point now) const;
  /// When the text grows, if nothing changes before.
  std::optional<time_point> grows_at(time_point now) const;

private:
  struct trouble {
    std::uint64_t run = 0;
    std::string why;
    time_point since;
  };

  duration patience_;
  bool link_up_ = true;
  std::map<std::string, trouble> present_;
};

} // namespace partita::core
