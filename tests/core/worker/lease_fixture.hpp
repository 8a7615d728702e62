// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../support.hpp"

#include "partita/core/worker/lease.hpp"

/// A lease and the store's answers to it, for tests.
namespace core_test {

/// A lease of 3 s: renewed after 1 s, given up after 2.4 s, repeats every 100 ms.
struct lease_fixture : stepper<lease> {
  core::lease mine{{3s, 7}};

  template <class Event>
  lease::commands on(const Event& what) {
    return step(mine, what);
  }
  lease::commands tick() { return on(lease::tick{}); }
  lease::commands answer(const kv_written& x) { return on(lease::write_answered{x}); }
  lease::commands answer(const kv_read& x, bool ours = false) {
    return on(lease::read_answered{x, ours});
  }

  /// The key is absent, and we create it as revision 1.
  void become_leader() {
    on(lease::key_gone{});
    now += 10ms;
    CAF_REQUIRE_EQUAL(only<lease::write>(tick()).expected.value, 0u);
    CAF_REQUIRE(only<lease::announce>(answer(done(1))).leading);
    CAF_REQUIRE(mine.leading());
  }

  void is_deposed_by(const lease::commands& xs) {
    CAF_CHECK(!one<lease::announce>(xs).leading);
    CAF_CHECK(!mine.leading());
  }
};

} // namespace core_test
