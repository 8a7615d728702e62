// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profile.hpp"
#include "trace.hpp"
#include "violation.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace partita::simulation {

struct life_options {
  std::uint64_t seed = 1;
  double minutes = 5;
  profile faults;
  trace::mode mode = trace::mode::off;
  /// Each message of each actor in the trace, too.
  bool mail = false;
  bool by_record = false;
  /// Invariants that may be broken: to see what else is.
  std::vector<std::string> ignored = {};
};

struct life_result {
  std::optional<violation> found;
  std::uint64_t steps = 0;
  core::duration simulated{0};
  std::uint64_t processes = 0;
  std::uint64_t leaderships = 0;
  std::uint64_t grants = 0;
  std::uint64_t needless_moves = 0;
  /// From the last fault to the last change; and what was allowed.
  core::duration settled_after{0};
  core::duration bound{0};
  /// With mode tail.
  std::string tail;
};

/// One group from its first worker to its end, decided by one number.
life_result live(const life_options& options);

} // namespace partita::simulation
