// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.leader_probe

#include "../support.hpp"

#include "partita/core/worker/lease.hpp"

using namespace core_test;

namespace {

/// A grace of 100 ms; the leader is "x".
struct fixture {
  time_point now = time_point{} + 1000s;
  leader_probe mine{100ms};
  nonce leader{"x"};

  fixture() {
    mine.rank(1);
    mine.follow(leader);
  }

  bool finds(probe_status what, std::uint64_t link = 1) {
    return mine.found(leader, {what, link, {}});
  }

  /// Sends a probe after `pause`, which is answered at once. Whether the leader counts as
  /// gone by that.
  bool probe_after(duration pause, probe_status what, std::uint64_t link = 1) {
    now += pause;
    CAF_REQUIRE(mine.due(now) == leader);
    return finds(what, link);
  }

  void alive_once() { CAF_CHECK(!probe_after(150ms, probe_status::alive)); }
};

constexpr auto alive = probe_status::alive;
constexpr auto gone = probe_status::gone;
constexpr auto unknown = probe_status::unknown;

} // namespace

CAF_TEST_FIXTURE_SCOPE(leader_probe_tests, fixture)

CAF_TEST(probes are one and a half graces apart and one at a time) {
  CAF_CHECK(mine.due(now) == leader);
  CAF_CHECK(!mine.wake_at());
  now += 10s;
  CAF_CHECK(!mine.due(now));
  finds(alive);
  CAF_CHECK(*mine.wake_at() <= now);
  CAF_CHECK(mine.due(now) == leader);
  finds(alive);
  CAF_CHECK(*mine.wake_at() == now + 150ms);
  now += 150ms - 1ns;
  CAF_CHECK(!mine.due(now));
  now += 1ns;
  CAF_CHECK(mine.due(now) == leader);
}

CAF_TEST(later ranks probe seldom until they miss the leader) {
  mine.rank(2);
  CAF_CHECK(mine.due(now) == leader);
  finds(alive);
  CAF_CHECK(*mine.wake_at() == now + 300ms);
  CAF_CHECK(!mine.due(now + 300ms - 1ns));
  CAF_CHECK(!probe_after(300ms, gone));
  CAF_CHECK(*mine.wake_at() == now + 50ms);
  CAF_MESSAGE("and again once they found it");
  CAF_CHECK(!probe_after(50ms, alive));
  CAF_CHECK(*mine.wake_at() == now + 300ms);
  CAF_MESSAGE("a standby that rises to the first rank probes like that rank");
  mine.rank(1);
  CAF_CHECK(*mine.wake_at() == now + 150ms);
}

CAF_TEST(no probe is sent without a rank or without a leader or without a grace) {
  mine.rank(0);
  CAF_CHECK(!mine.due(now));
  CAF_CHECK(!mine.wake_at());
  mine.rank(3);
  CAF_CHECK(mine.wake_at());
  mine.follow({});
  CAF_CHECK(!mine.due(now));
  CAF_CHECK(!mine.wake_at());
  leader_probe off{0ms};
  off.rank(1);
  off.follow(leader);
  CAF_CHECK(!off.due(now));
  CAF_CHECK(!off.wake_at());
}

CAF_TEST(a leader is gone when probes a whole grace apart all found it gone) {
  alive_once();
  CAF_CHECK(!probe_after(150ms, gone));
  CAF_CHECK(!probe_after(50ms, gone));
  auto other = mine;
  CAF_MESSAGE("sent just before, and at, the end of the grace");
  CAF_CHECK(other.due(now + 50ms) == leader);
  CAF_CHECK(other.found(leader, {gone, 1, {}}));
  mine = {leader_probe{100ms + 1ns}};
  mine.rank(1);
  mine.follow(leader);
  CAF_CHECK(!probe_after(151ms, alive));
  CAF_CHECK(!probe_after(151ms, gone));
  CAF_CHECK(!probe_after(100ms, gone));
  CAF_CHECK(probe_after(51ms, gone));
}

CAF_TEST(one probe is never enough however late its answer comes) {
  alive_once();
  CAF_CHECK(mine.due(now += 150ms) == leader);
  now += 10s;
  CAF_CHECK(!finds(gone));
  CAF_CHECK(probe_after(0ms, gone));
}

CAF_TEST(every later rank waits for half a grace more) {
  alive_once();
  for (std::uint32_t rank : {2u, 3u}) {
    auto later = mine;
    later.rank(rank);
    auto at = now + 250ms; // of the pause between seldom ones, the rest
    int sent = 0;
    for (;;) {
      at += 50ms;
      CAF_REQUIRE(later.due(at) == leader);
      ++sent;
      if (later.found(leader, {gone, 1, {}}))
        break;
    }
    CAF_CHECK_EQUAL(sent, static_cast<int>(rank) + 2);
  }
}

CAF_TEST(any other answer begins the row again) {
  for (auto between : {alive, unknown}) {
    alive_once();
    CAF_CHECK(!probe_after(150ms, gone));
    CAF_CHECK(!probe_after(50ms, gone));
    CAF_CHECK(!probe_after(50ms, between));
    CAF_CHECK(!probe_after(150ms, gone));
    CAF_CHECK(!probe_after(50ms, gone));
    CAF_CHECK(probe_after(50ms, gone));
  }
}

CAF_TEST(silence is no end however long) {
  alive_once();
  for (int i = 0; i < 1000; ++i)
    CAF_CHECK(!probe_after(300ms, unknown));
}

CAF_TEST(a leader that was never found alive is not missed) {
  for (int i = 0; i < 1000; ++i)
    CAF_CHECK(!probe_after(150ms, gone));
}

CAF_TEST(a leader that was found alive over another link is not missed) {
  alive_once();
  for (int i = 0; i < 1000; ++i)
    CAF_CHECK(!probe_after(150ms, gone, 2));
  CAF_MESSAGE("until it was found over this one");
  CAF_CHECK(!probe_after(150ms, alive, 2));
  CAF_CHECK(!probe_after(150ms, gone, 2));
  CAF_CHECK(!probe_after(50ms, gone, 2));
  CAF_CHECK(probe_after(50ms, gone, 2));
  CAF_MESSAGE("a row goes over one link");
  CAF_CHECK(!probe_after(50ms, gone, 3));
  CAF_CHECK(!probe_after(150ms, gone, 2));
}

CAF_TEST(a leader that is gone stays gone until it is found) {
  alive_once();
  probe_after(150ms, gone);
  for (int i = 0; i < 10; ++i)
    CAF_CHECK(probe_after(150ms, gone));
  CAF_CHECK(!probe_after(50ms, alive));
  CAF_CHECK(!probe_after(150ms, gone));
}

CAF_TEST(another leader has a row of its own) {
  alive_once();
  probe_after(150ms, gone);
  leader = {"y"};
  mine.follow(leader);
  CAF_CHECK(!probe_after(150ms, gone));
  CAF_CHECK(!probe_after(150ms, gone));
  alive_once();
  CAF_MESSAGE("an answer about the one before is no answer about this one");
  CAF_CHECK(!probe_after(150ms, gone));
  CAF_CHECK(mine.due(now += 150ms) == leader);
  CAF_CHECK(!mine.found({"x"}, {gone, 1, {}}));
}

CAF_TEST(an answer that is no longer awaited says nothing) {
  alive_once();
  probe_after(150ms, gone);
  CAF_CHECK(mine.due(now += 150ms) == leader);
  mine.rank(0);
  CAF_CHECK(!finds(gone));
}

CAF_TEST_FIXTURE_SCOPE_END()
