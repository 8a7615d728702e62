// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.dead_worker

#include "../support.hpp"

#include "partita/core/sidecar/dead_worker.hpp"

using namespace core_test;
using place = dead_worker::place;

namespace {

constexpr std::int64_t unix_now = 1795424400;

struct fixture {
  dead_worker dead;
  const worker_id mine{"worker-3"};
  const dead_worker::target key{place::heartbeats, mine, "heartbeat.worker-3"};

  void joined(const std::string& x) { dead.used({nonce_use::heartbeat, mine, {x}}); }

  static beat beat_of(const std::string& x, beat_state state) {
    beat result;
    result.nonce = {x};
    result.replaces = {"before " + x};
    result.state = state;
    result.applied = {{1795424376}, {1882638910488577}};
    result.capacity = 300;
    result.zone = "here";
    result.terms = {6000ms, ownership::exclusive};
    result.program_version = "0.1.0";
    return result;
  }

  template <class T>
  T next(const dead_worker::target& which, const kv_read& found) {
    auto result = dead.next(which, found, unix_now);
    CAF_REQUIRE(std::holds_alternative<T>(result));
    return std::get<T>(result);
  }

  template <class T>
  T shown(const std::string& x, beat_state state, std::uint64_t at = 7) {
    return next<T>(key, holds(at, to_text(beat_of(x, state))));
  }

  /// The goodbye over a heartbeat of this nonce; it keeps what that says.
  beat goodbye_over(const std::string& x, beat_state state = beat_state::working) {
    auto write = shown<kv_update>(x, state, 7);
    CAF_CHECK_EQUAL(write.key, key.key);
    CAF_CHECK_EQUAL(write.expected.value, 7u);
    auto said = std::get<beat>(beat_from(write.value, 0));
    auto kept = beat_of(x, said.state);
    kept.at = unix_now;
    CAF_CHECK(said == kept);
    return said;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(dead_worker_tests, fixture)

CAF_TEST(the goodbye keeps the nonce and all else that the heartbeat says) {
  joined("n1");
  for (auto state : {beat_state::joining, beat_state::working, beat_state::draining})
    CAF_CHECK(goodbye_over("n1", state).state == beat_state::stopped);
  CAF_MESSAGE("over an order to end as well");
  CAF_CHECK(goodbye_over("n1", beat_state::forced).state == beat_state::stopped);
}

CAF_TEST(work that was being stopped has ended with the process) {
  joined("n1");
  auto value = beat_of("n1", beat_state::working);
  value.stopping = {{{"orders", "7"}, 100}};
  auto write = next<kv_update>(key, holds(7, to_text(value)));
  CAF_CHECK(std::get<beat>(beat_from(write.value, 0)).stopping.empty());
}

CAF_TEST(the heartbeat of an earlier incarnation of the dead process is one of its own) {
  // The newest has not sent its first heartbeat, and never will.
  joined("n1");
  joined("n2");
  CAF_CHECK(goodbye_over("n1").nonce.value == "n1");
}

CAF_TEST(a live incarnation of another process is left alone) {
  joined("n1");
  shown<dead_worker::done>("other", beat_state::working);
  shown<dead_worker::done>("other", beat_state::joining);
}

CAF_TEST(what has ended is not written over) {
  joined("n1");
  for (auto mark : {beat_state::stopped, beat_state::restarting, beat_state::expelled})
    shown<dead_worker::done>("n1", mark);
}

CAF_TEST(a first heartbeat that may still arrive is waited for) {
  joined("n1");
  joined("n2");
  next<dead_worker::look_again>(key, nothing_there());
  next<dead_worker::look_again>(key, mark(7));
  next<dead_worker::look_again>(key, holds(7, "no heartbeat"));
  shown<dead_worker::look_again>("n1", beat_state::stopped);
  shown<dead_worker::look_again>("other", beat_state::forced);
  CAF_MESSAGE("so is an answer of the store");
  next<dead_worker::look_again>(key, unread());
  next<dead_worker::look_again>(key, unread(read_status::not_connected));
}

CAF_TEST(under an id that the worker has left no first heartbeat is under way) {
  joined("n1");
  dead.used({nonce_use::heartbeat, {"worker-9"}, {"n2"}});
  next<dead_worker::done>(key, nothing_there());
  shown<dead_worker::done>("other", beat_state::stopped);
  CAF_CHECK(goodbye_over("n1").state == beat_state::stopped);
}

CAF_TEST(a worker that was about to restart is not said to have stopped) {
  joined("n1");
  dead.used({nonce_use::restart, mine, {"n1"}});
  CAF_CHECK(goodbye_over("n1").state == beat_state::restarting);
  CAF_MESSAGE("that holds for this incarnation alone");
  joined("n2");
  CAF_CHECK(goodbye_over("n2").state == beat_state::stopped);
}

CAF_TEST(only its own leadership ends) {
  dead.used({nonce_use::leader, mine, {"c1"}});
  dead.used({nonce_use::leader, mine, {"c2"}});
  auto found = [](const std::string& x) {
    auto result = holds(7, to_text(leader_entry{{"worker-3"}, 1, {x}}));
    result.entry.key = "leader";
    return result;
  };
  dead_worker::target leader{place::election, {}, "leader"};
  for (const auto* x : {"c1", "c2"}) {
    auto write = next<kv_remove>(leader, found(x));
    CAF_CHECK_EQUAL(write.key, "leader");
    CAF_CHECK_EQUAL(write.expected.value, 7u);
  }
  next<dead_worker::done>(leader, found("c3"));
  next<dead_worker::done>(leader, nothing_there());
  next<dead_worker::look_again>(leader, unread());
}

CAF_TEST(only its own id is released) {
  dead.used({nonce_use::claim, mine, {"k1"}});
  auto found = [](const std::string& x, bool released) {
    auto result = holds(7, to_text(claim{{x}, "place", 1, 2, released}));
    result.entry.key = "worker-3";
    return result;
  };
  dead_worker::target id{place::ids, mine, "worker-3"};
  auto write = next<kv_update>(id, found("k1", false));
  CAF_CHECK_EQUAL(write.key, "worker-3");
  CAF_CHECK_EQUAL(write.expected.value, 7u);
  CAF_CHECK(std::get<claim>(claim_from(write.value))
            == claim({{"k1"}, "place", 1, unix_now, true}));
  next<dead_worker::done>(id, found("k1", true));
  next<dead_worker::done>(id, found("k2", false));
  next<dead_worker::done>(id, nothing_there());
}

CAF_TEST(leadership is given up first and ids are released last) {
  CAF_CHECK(dead.unknown());
  joined("n1");
  dead.used({nonce_use::heartbeat, {"worker-9"}, {"n2"}});
  CAF_CHECK(!dead.unknown());
  std::vector<std::string> order;
  for (const auto& x : dead.targets())
    order.push_back(x.key);
  CAF_CHECK(order
            == std::vector<std::string>({"leader", "heartbeat.worker-9",
                                         "heartbeat.worker-3", "worker-9", "worker-3"}));
}

CAF_TEST(a guard that runs for long keeps the newest and what is told again) {
  for (int i = 0; i < 1000; ++i) {
    dead.used({nonce_use::claim, mine, {"k"}});
    joined("n" + std::to_string(i));
  }
  shown<dead_worker::done>("n1", beat_state::working);
  CAF_CHECK(goodbye_over("n990").state == beat_state::stopped);
  next<kv_update>({place::ids, mine, "worker-3"},
                  holds(7, to_text(claim{{"k"}, {}, 1, 2, false})));
}

CAF_TEST_FIXTURE_SCOPE_END()
