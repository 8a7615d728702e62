// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace partita::simulation {

/// All chance of one group-life: one seed, one sequence. Not from <random>, whose
/// distributions differ between libraries: a seed must mean the same everywhere.
class rng {
public:
  explicit rng(std::uint64_t seed) {
    for (auto& x : state_)
      x = mix(seed += 0x9e3779b97f4a7c15u);
  }

  std::uint64_t operator()() {
    auto result = std::rotl(state_[1] * 5, 7) * 9;
    auto t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  /// 0 to n - 1; n is not 0.
  std::size_t below(std::size_t n) {
    // The high half of the product: no division, and even enough.
    return static_cast<std::size_t>(((*this)() >> 32) * static_cast<std::uint64_t>(n)
                                    >> 32);
  }

  /// 0 up to 1, without 1.
  double real() { return static_cast<double>((*this)() >> 11) * 0x1p-53; }

  /// Asks for no number where the answer is sure.
  bool chance(double p) { return p > 0 && (p >= 1 || real() < p); }

  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low
           + static_cast<std::int64_t>(below(static_cast<std::size_t>(high - low) + 1));
  }

  core::duration between(core::duration low, core::duration high) {
    return low + scaled(high - low, real());
  }

  /// As often from 1 to 10 as from 10 to 100: short and long ones both come.
  core::duration log_between(core::duration low, core::duration high) {
    auto span = static_cast<double>(high.count()) / static_cast<double>(low.count());
    return scaled(low, std::pow(span, real()));
  }

  /// The time to the next of events that come at random, so far apart on average.
  core::duration until_next(core::duration mean) {
    return scaled(mean, -std::log(1 - real()));
  }

  template <class Container>
  auto& one_of(Container& xs) {
    return xs[below(std::size(xs))];
  }

private:
  static core::duration scaled(core::duration x, double factor) {
    return core::duration{
        static_cast<core::duration::rep>(static_cast<double>(x.count()) * factor)};
  }

  static std::uint64_t mix(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
  }

  std::uint64_t state_[4];
};

} // namespace partita::simulation
