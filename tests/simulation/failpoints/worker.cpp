// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE simulation.failpoints

#include "../../core/support.hpp"

#include "partita/core/leader/records/reconciler.hpp"
#include "partita/core/worker/record_follower.hpp"
#include "partita/core/worker/session.hpp"
#include "partita/messages/failpoint.hpp"

using namespace core_test;

/// Failpoints do what their names say: no other test would notice one that does nothing.
/// For the simulator five of them show too rarely, or break no promise.
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

  /// How long the first heartbeat, answered after a second, allows work from its send on.
  duration session_granted() {
    auto x = mine;
    x.open();
    x.step(session::read_answered{nothing_there(), {}}, now);
    auto xs = x.step(session::write_answered{done(1)}, now + 1s);
    return one<session::extended>(xs).until - now;
  }
};

stored_record record_of(std::uint64_t version, const std::string& to) {
  stored_record result{};
  result.value.epoch = {1};
  result.value.version = {version};
  result.value.worker_nonce = {to};
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

CAF_TEST(a joiner may write over a live heartbeat) {
  differs(rule::joiner_beats_over_live_beat, [&] {
    auto x = mine;
    x.open();
    beat other;
    other.nonce = {"other"};
    other.state = beat_state::working;
    return count<session::write>(x.step(session::read_answered{holds(3), other}, now));
  });
}

CAF_TEST(a nonce may be used again where its first heartbeat met another entry) {
  // Too rare for the simulator: the first heartbeat lands without an answer, its
  // incarnation is expelled, another one takes the id and leaves, all before the repeat.
  differs(rule::nonce_used_again, [&] {
    auto x = mine;
    x.open();
    x.step(session::read_answered{nothing_there(), {}}, now);
    x.step(session::write_answered{conflict()}, now);
    beat other;
    other.nonce = {"other"};
    other.state = beat_state::working;
    return count<session::over>(x.step(session::read_answered{holds(3), other}, now));
  });
}

CAF_TEST(grants may be held for the first record that vanishes alone) {
  // The incarnation that a lost record named is waited for by itself: the hold is for
  // those of which nothing is known, and its absence rarely shows.
  differs(rule::first_vanished_only, [&] {
    membership group{{.ttl = 6s, .restart_hold = 30s, .grace = 5s}};
    group.replayed(now, now);
    partition_index index;
    reconciler x{{.epoch = {1}, .leader = {"leader"}, .pause = 100ms}, group, index};
    x.shown({"worker-1"}, {1}, index.numbered(record_of(10, "one").value), now);
    x.shown({"worker-2"}, {2}, index.numbered(record_of(11, "two").value), now);
    x.replayed(now);
    x.gone({"worker-1"}, now);
    x.gone({"worker-2"}, now + 3s);
    return *x.wake_at() - now;
  });
}

CAF_TEST(a worker that drains may be given what was wanted for it before) {
  // A plan without it follows in the same instant, and what it was given is taken back then.
  differs(rule::draining_granted, [&] {
    membership group{{.ttl = 6s, .restart_hold = 30s, .grace = 5s}};
    group.replayed(now, now);
    partition_index index;
    reconciler x{{.epoch = {1}, .leader = {"leader"}, .pause = 100ms}, group, index};
    group.named({"worker-1"}, {"me"}, {}, false, now);
    x.shown({"worker-1"}, {1}, index.numbered(record_of(0, "me").value), now);
    x.replayed(now);
    beat drains;
    drains.nonce = {"me"};
    drains.state = beat_state::draining;
    group.beat_shown({"worker-1"}, {1}, drains, now, now);
    auto xs = x.want({index.list({{{"p"}, 100}}), {{{"worker-1"}, {0}}}},
                     lifecycle::planned_scale, now);
    return one<reconciler::write>(xs).value->partitions.size();
  });
}

CAF_TEST(a restart hold may be given to any incarnation) {
  // It costs time and no promise: partitions of one that ended stay without an owner longer.
  differs(rule::restart_hold_for_any, [&] {
    membership group{{.ttl = 6s, .restart_hold = 30s, .grace = 5s}};
    group.replayed(now, now);
    beat other;
    other.nonce = {"other"};
    other.replaces = {"named"};
    other.state = beat_state::restarting;
    group.named({"worker-1"}, {"named"}, {}, true, now);
    group.beat_shown({"worker-1"}, {1}, other, now, now);
    return group.takes_part({"worker-1"}, now);
  });
}

CAF_TEST(an unknown outcome may be settled by reading) {
  differs(rule::unknown_settled_by_reading, [&] {
    key_writer x{100ms};
    x.begin({4}, now);
    x.answered(no_answer(), now);
    x.looked(holds(4), key_writer::sight::known, now);
    return x.busy();
  });
  active_failpoint = rule::unknown_settled_by_reading;
  key_writer x{100ms};
  x.begin({4}, now);
  CAF_CHECK(std::holds_alternative<key_writer::read>(x.answered(no_answer(), now)));
  CAF_CHECK(std::holds_alternative<key_writer::landed>(
      x.looked(holds(5), key_writer::sight::ours, now)));
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

CAF_TEST(a conflict may be believed though nothing has changed) {
  differs(rule::conflict_believed, [&] {
    key_writer x{100ms};
    x.begin({4}, now);
    x.answered(conflict(), now);
    return x.looked(holds(4), key_writer::sight::known, now).index();
  });
}

CAF_TEST_FIXTURE_SCOPE_END()
