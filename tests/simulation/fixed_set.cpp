#include "fixed_set.hpp"

#include "profile.hpp"

namespace partita::simulation {

namespace {

/// Seeds that failed once, each with what it found. They stay.
const std::vector<fixed_life>& once_failed() {
  static const std::vector<fixed_life> all = {};
  return all;
}

constexpr std::uint64_t lives_of_each = 50;
constexpr std::uint64_t lives_of_all = 400;

} // namespace

std::vector<fixed_life> fixed_set() {
  auto result = once_failed();
  for (const auto& x : all_profiles()) {
    auto n = x.name == "all" ? lives_of_all : lives_of_each;
    for (std::uint64_t seed = 1; seed <= n; ++seed)
      result.push_back({x.name, seed});
  }
  return result;
}

} // namespace partita::simulation
