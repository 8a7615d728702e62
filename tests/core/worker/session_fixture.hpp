// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../support.hpp"

#include "partita/core/worker/session.hpp"

#include <optional>
#include <string>

/// A session and the store's answers to it, for tests.
namespace core_test {

/// A heartbeat every second, a ttl of 8 s (so it may work for 7), repeats every 100 ms.
inline session::options usual() {
  return {.self = {"me"},
          .interval = 1s,
          .ttl = 8s,
          .pause = 100ms,
          .program_version = "1.0",
          .past = {{"long past"}, {"past"}}};
}

struct session_fixture : stepper<session> {
  core::session mine{usual()};

  template <class Event>
  session::commands on(const Event& what) {
    return step(mine, what);
  }
  session::commands tick() { return on(session::tick{}); }
  session::commands answer(const kv_written& x) { return on(session::write_answered{x}); }
  session::commands answer(const kv_read& x, std::optional<beat> found = {}) {
    return on(session::read_answered{x, std::move(found)});
  }

  static beat beat_of(const std::string& who, beat_state state = beat_state::joining) {
    beat result;
    result.nonce = {who};
    result.state = state;
    return result;
  }

  /// Nothing was there; the first heartbeat is revision 1, sent now.
  void enter() {
    only<session::read>(mine.open());
    CAF_CHECK_EQUAL(only<session::write>(answer(nothing_there())).expected.value, 0u);
    auto xs = answer(done(1));
    CAF_CHECK_EQUAL(xs.size(), 2u);
    one<session::started>(xs);
    CAF_CHECK(one<session::extended>(xs).until == now + 7s);
  }

  session::commands progress(std::uint64_t version, bool draining = false) {
    record_progress x;
    x.seen = x.applied = {{1}, {version}};
    x.draining = draining;
    return on(session::progressed{x});
  }

  /// The next heartbeat is sent in time and lands at once.
  void beat_once(std::uint64_t lands_at) {
    now = *mine.wake_at();
    only<session::write>(tick());
    only<session::extended>(answer(done(lands_at)));
  }
};

} // namespace core_test
