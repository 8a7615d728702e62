// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "world.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace partita::simulation {

struct violation {
  std::string invariant;
  std::string what;
  core::time_point when;
  std::uint64_t step = 0;
};

/// The first violation ends the group-life: what follows may only follow from it.
class violations {
public:
  /// Invariants whose names contain one of `ignored` may be broken.
  violations(world& w, std::vector<std::string> ignored)
      : world_(&w), ignored_(std::move(ignored)) {}

  void add(std::string_view invariant, std::string what) {
    if (first_ || ignores(invariant))
      return;
    world_->log().note("checker", "VIOLATION: {}: {}", invariant, what);
    first_ = violation{std::string{invariant}, std::move(what), world_->now(),
                       world_->steps()};
    world_->stop();
  }

  const std::optional<violation>& first() const { return first_; }

private:
  bool ignores(std::string_view invariant) const {
    return std::any_of(ignored_.begin(), ignored_.end(), [&](const auto& x) {
      return invariant.find(x) != std::string_view::npos;
    });
  }

  world* world_;
  std::vector<std::string> ignored_;
  std::optional<violation> first_;
};

} // namespace partita::simulation
