// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace partita::simulation {

struct fixed_life {
  std::string faults;
  std::uint64_t seed = 0;
};

/// The group-lives that every run of the tests goes through.
std::vector<fixed_life> fixed_set();

} // namespace partita::simulation
