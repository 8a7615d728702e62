// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE simulation.failpoints

#include "../../core/support.hpp"

#include "partita/core/worker/record_follower.hpp"
#include "partita/core/worker/session.hpp"
#include "partita/messages/failpoint.hpp"

using namespace core_test;

/// Each failpoint of a worker does what its name says:
/// a switch that does nothing would be found by nobody.
namespace {

struct fixture {
  time_point now = time_point{} + 1000s;
  session mine{{.self = {"me"},
                .interval = 1s,
                .ttl = 8s,
                .pause = 100ms,
                .program_version = "",
                .past = {}}};

  ~fixture() { active_failpoint = rule::none; }

  /// What differs when the failpoint is on.
  template <class F>
  void differs(rule what, F outcome) {
    auto right = outcome();
    active_failpoint = what;
    auto wrong = outcome();
    active_failpoint = rule::none;
    CAF_CHECK(right != wrong);
  }

  /// For how long the first beat, answered after a second, lets us work from its send on.
  duration session_granted() {
    auto x = mine;
    x.open();
    x.step(session::read_answered{nothing_there(), {}}, now);
    auto xs = x.step(session::write_answered{done(1)}, now + 1s);
    return one<session::extended>(xs).until - now;
  }
};

record record_of(std::uint64_t version, const std::string& to) {
  record result;
  result.epoch = {1};
  result.version = {version};
  result.worker_nonce = {to};
  return result;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(failpoint_tests, fixture)

CAF_TEST(a deadline may count from the answer) {
  differs(rule::deadline_from_answer, [&] { return session_granted(); });
  active_failpoint = rule::deadline_from_answer;
  CAF_CHECK(session_granted() == 8s);
}

CAF_TEST(a session may lack its margin) {
  CAF_CHECK(session_granted() == 7s);
  active_failpoint = rule::no_clock_margin;
  CAF_CHECK(session_granted() == 8s);
}

CAF_TEST(a joiner may beat over a living beat) {
  differs(rule::joiner_beats_over_live_beat, [&] {
    auto x = mine;
    x.open();
    beat other;
    other.nonce = {"other"};
    other.state = beat_state::working;
    return count<session::write>(x.step(session::read_answered{holds(3), other}, now));
  });
}

CAF_TEST(an unknown outcome may be settled by reading) {
  differs(rule::unknown_settled_by_reading, [&] {
    key_writer x{100ms};
    x.begin({4}, now);
    x.answered(no_answer(), now);
    x.looked(holds(4), false, now);
    return x.busy();
  });
  active_failpoint = rule::unknown_settled_by_reading;
  key_writer x{100ms};
  x.begin({4}, now);
  CAF_CHECK(std::holds_alternative<key_writer::read>(x.answered(no_answer(), now)));
  CAF_CHECK(std::holds_alternative<key_writer::landed>(x.looked(holds(5), true, now)));
}

CAF_TEST(a joiner may overwrite the record that it finds) {
  auto outcome = [&] {
    record_follower x{{.self = {"me"}, .silence = 6s, .pause = 100ms}, now};
    auto xs = x.step(record_follower::shown{{3}, record_of(10, "other")}, now);
    auto* write = first<record_follower::create>(xs);
    return write ? write->over.value : 0u;
  };
  differs(rule::joiner_overwrites_record, outcome);
  active_failpoint = rule::joiner_overwrites_record;
  CAF_CHECK_EQUAL(outcome(), 3u);
}

CAF_TEST(a record that vanished may be ignored) {
  differs(rule::vanished_record_ignored, [&] {
    record_follower x{{.self = {"me"}, .silence = 6s, .pause = 100ms}, now};
    x.step(record_follower::shown{{3}, record_of(10, "me")}, now);
    return x.step(record_follower::gone{}, now).size();
  });
}

CAF_TEST_FIXTURE_SCOPE_END()
