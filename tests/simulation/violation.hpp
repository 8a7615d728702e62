#pragma once

#include "world.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

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
  explicit violations(world& w) : world_(&w) {}

  void add(std::string_view invariant, std::string what) {
    if (first_)
      return;
    world_->log().note("checker", "VIOLATION: {}: {}", invariant, what);
    first_ = violation{std::string{invariant}, std::move(what), world_->now(),
                       world_->steps()};
    world_->stop();
  }

  const std::optional<violation>& first() const { return first_; }

private:
  world* world_;
  std::optional<violation> first_;
};

} // namespace partita::simulation
