// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../support.hpp"

#include "partita/core/worker/id_claim.hpp"

#include <optional>
#include <string>

/// A claim of a worker id and what the store shows of others, for tests.
namespace core_test {

inline id_claim::options small_range() {
  id_claim::options result;
  result.min = 0;
  result.max = 9;
  result.ttl = 30s;
  result.instance_grace = 6s;
  result.startup = 60s;
  result.pause = 100ms;
  result.self = {"me"};
  return result;
}

struct id_claim_fixture : stepper<id_claim> {
  id_claim::options options = small_range();
  std::optional<id_claim> mine;

  void start() { mine.emplace(options, now); }
  void start_in(const std::string& instance) {
    options.instance = instance;
    start();
  }

  template <class Event>
  id_claim::commands on(const Event& what) {
    return step(*mine, what);
  }
  id_claim::commands tick() { return on(id_claim::tick{}); }
  id_claim::commands answer(const kv_written& x) {
    return on(id_claim::write_answered{x});
  }
  id_claim::commands answer(const kv_read& x, claim holder = {}) {
    return on(id_claim::read_answered{x, std::move(holder)});
  }

  static claim claim_of(const std::string& nonce, const std::string& instance = "",
                        bool released = false) {
    claim result;
    result.nonce = {nonce};
    result.instance = instance;
    result.released = released;
    return result;
  }
  id_claim::commands show(std::uint32_t number, std::uint64_t at, claim holder) {
    return on(id_claim::shown{number, {at}, std::move(holder)});
  }
  id_claim::commands replay() { return on(id_claim::replayed{}); }

  void takes(const id_claim::commands& xs, std::uint32_t number, std::uint64_t expected) {
    auto x = only<id_claim::write>(xs);
    CAF_CHECK_EQUAL(x.number, number);
    CAF_CHECK_EQUAL(x.expected.value, expected);
    CAF_CHECK(!x.released);
  }

  /// Holds number 0 since revision 1.
  void hold_one() {
    start();
    takes(replay(), 0, 0);
    CAF_CHECK_EQUAL(only<id_claim::held>(answer(done(1))).number, 0u);
  }

  /// All ids are held by others.
  void fill() {
    for (std::uint32_t n = options.min; n <= options.max; ++n)
      show(n, n + 1, claim_of("other"));
  }
};

} // namespace core_test
