// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.life

#include "../support.hpp"

#include "partita/core/worker/life.hpp"

#include <random>
#include <set>

using namespace core_test;
using enum worker_state;

namespace {

/// Spelled out; from degraded a worker also goes back to where it was.
const std::set<std::pair<worker_state, worker_state>> allowed = {
    // Forward.
    {init, claiming_id},
    {claiming_id, election},
    {election, waiting_assignment},
    {waiting_assignment, stable},
    // What a leader does.
    {stable, scaling},
    {scaling, stable},
    {stable, rebalancing},
    {rebalancing, stable},
    {stable, worker_state::emergency},
    {worker_state::emergency, stable},
    {scaling, worker_state::emergency},
    {rebalancing, worker_state::emergency},
    // The session or the id is lost.
    {election, claiming_id},
    {waiting_assignment, claiming_id},
    {stable, claiming_id},
    {scaling, claiming_id},
    {rebalancing, claiming_id},
    {worker_state::emergency, claiming_id},
    // The store cannot be reached.
    {init, degraded},
    {claiming_id, degraded},
    {election, degraded},
    {waiting_assignment, degraded},
    {stable, degraded},
    {scaling, degraded},
    {rebalancing, degraded},
    {worker_state::emergency, degraded},
    {degraded, claiming_id},
    // The end.
    {init, shutdown},
    {claiming_id, shutdown},
    {election, shutdown},
    {waiting_assignment, shutdown},
    {stable, shutdown},
    {scaling, shutdown},
    {rebalancing, shutdown},
    {worker_state::emergency, shutdown},
    {degraded, shutdown},
};

using core_life = partita::core::life;

struct fixture : stepper<core_life> {
  core_life mine;

  core_life::commands tell(const core_life::event& what) { return mine.step(what, now); }

  void require(worker_state what) {
    CAF_MESSAGE("is " << to_string(mine.state()) << ", expected " << to_string(what));
    CAF_REQUIRE(mine.state() == what);
  }

  /// In a session, with its first assignment.
  void work() {
    one<core_life::claim_id>(tell(core_life::identified{}));
    one<core_life::join>(tell(core_life::id_claimed{{"worker-0"}}));
    tell(core_life::leader_seen{{"worker-1"}});
    tell(core_life::record_applied{});
    require(stable);
  }

  void lead(worker_state phase) {
    tell(core_life::elected{});
    tell(core_life::phase_changed{phase, "a phase"});
    require(phase);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(life_tests, fixture)

CAF_TEST(a worker claims an id then joins then waits for a leader and its record) {
  require(init);
  CAF_CHECK(tell(core_life::id_claimed{}).empty());
  auto xs = tell(core_life::identified{});
  CAF_CHECK(one<core_life::changed>(xs).to == claiming_id);
  one<core_life::claim_id>(xs);
  xs = tell(core_life::id_claimed{{"worker-0"}});
  one<core_life::join>(xs);
  CAF_CHECK(mine.in_session());
  require(election);
  CAF_CHECK_EQUAL(one<core_life::changed>(xs).why, "holds worker-0");
  xs = tell(core_life::leader_seen{{"worker-1"}});
  CAF_CHECK_EQUAL(one<core_life::changed>(xs).why, "worker-1 leads");
  require(waiting_assignment);
  tell(core_life::record_applied{});
  require(stable);
  CAF_CHECK_EQUAL(mine.changes(), 4u);
}

CAF_TEST(a session begins only after the work of the last one has stopped) {
  work();
  auto xs = tell(core_life::session_over{"gone"});
  CAF_CHECK_EQUAL(only<core_life::changed>(xs).why, "gone");
  require(claiming_id);
  CAF_CHECK(!mine.in_session());
  CAF_CHECK(tell(core_life::tick{}).empty());
  one<core_life::join>(tell(core_life::work_stopped{}));
  require(waiting_assignment);
  CAF_MESSAGE("its record is of the session, the leader is not");
  tell(core_life::record_applied{});
  require(stable);
}

CAF_TEST(after a doubt the store is identified before the next session) {
  work();
  tell(core_life::doubted{});
  CAF_CHECK(mine.in_session());
  tell(core_life::session_over{"gone"});
  auto xs = tell(core_life::work_stopped{});
  only<core_life::identify>(xs);
  CAF_CHECK(!mine.in_session());
  xs = tell(core_life::identified{});
  one<core_life::join>(xs);
  CAF_CHECK_EQUAL(core_test::count<core_life::claim_id>(xs), 0u);
}

CAF_TEST(without its id a worker does not join and one that is held back joins later) {
  work();
  tell(core_life::id_lost{});
  tell(core_life::session_over{"the id is lost"});
  CAF_CHECK(tell(core_life::work_stopped{}).empty());
  tell(core_life::held_back{now + 5s});
  CAF_CHECK(mine.wake_at() == now + 5s);
  CAF_CHECK(tell(core_life::id_claimed{{"worker-7"}}).empty());
  now += 5s - 1ns;
  CAF_CHECK(tell(core_life::tick{}).empty());
  now += 1ns;
  one<core_life::join>(tell(core_life::tick{}));
  CAF_MESSAGE("whom the old id followed says nothing about the new one");
  require(election);
  CAF_CHECK(!mine.wake_at());
}

CAF_TEST(a leader shows what it does and only an emergency interrupts) {
  work();
  CAF_CHECK(tell(core_life::phase_changed{stable, ""}).empty());
  lead(scaling);
  CAF_CHECK_EQUAL(mine.leader().value, "worker-0");
  CAF_CHECK(mine.leads());
  auto xs = tell(core_life::phase_changed{rebalancing, "moves"});
  CAF_CHECK_EQUAL(core_test::count<core_life::changed>(xs), 2u);
  CAF_CHECK_EQUAL(first<core_life::changed>(xs)->why, "done");
  require(rebalancing);
  xs = tell(core_life::phase_changed{worker_state::emergency, "dead"});
  only<core_life::changed>(xs);
  xs = tell(core_life::phase_changed{scaling, "new"});
  CAF_CHECK_EQUAL(core_test::count<core_life::changed>(xs), 2u);
  xs = tell(core_life::deposed{});
  CAF_CHECK_EQUAL(only<core_life::changed>(xs).why, "lost leadership");
  CAF_CHECK(!mine.leads());
  require(stable);
  CAF_MESSAGE("the next time it leads it begins with nothing to show");
  CAF_CHECK(tell(core_life::elected{}).empty());
}

CAF_TEST(a degraded worker goes back to where it was and catches up) {
  tell(core_life::identified{});
  tell(core_life::id_claimed{{"worker-0"}});
  tell(core_life::store_silent{});
  require(degraded);
  CAF_CHECK(tell(core_life::leader_seen{{"worker-1"}}).empty());
  CAF_CHECK(tell(core_life::store_silent{}).empty());
  auto xs = tell(core_life::store_back{});
  CAF_CHECK_EQUAL(core_test::count<core_life::changed>(xs), 2u);
  require(waiting_assignment);
  CAF_CHECK(tell(core_life::store_back{}).empty());
}

CAF_TEST(a session that is lost while degraded is seen when the store is back) {
  work();
  tell(core_life::store_silent{});
  CAF_CHECK(tell(core_life::session_over{"silence"}).empty());
  require(degraded);
  only<core_life::join>(tell(core_life::work_stopped{}));
  auto xs = tell(core_life::store_back{});
  CAF_CHECK(first<core_life::changed>(xs)->to == claiming_id);
  require(waiting_assignment);
  CAF_MESSAGE("and the next outage knows nothing of it");
  tell(core_life::record_applied{});
  tell(core_life::store_silent{});
  CAF_CHECK(only<core_life::changed>(tell(core_life::store_back{})).to == stable);
}

CAF_TEST(shutdown is the end) {
  work();
  auto xs = tell(core_life::leaving{"asked to stop"});
  CAF_CHECK(only<core_life::changed>(xs).to == shutdown);
  CAF_CHECK(mine.in_session());
  CAF_CHECK(tell(core_life::session_over{"gone"}).empty());
  CAF_CHECK(!mine.in_session());
  for (const core_life::event& x : std::initializer_list<core_life::event>{
           core_life::work_stopped{}, core_life::identified{},
           core_life::id_claimed{{"worker-1"}}, core_life::elected{},
           core_life::store_silent{}, core_life::store_back{},
           core_life::leaving{"again"}})
    CAF_CHECK(tell(x).empty());
  require(shutdown);
}

CAF_TEST(whatever happens only the changes of the design are made) {
  std::set<std::pair<worker_state, worker_state>> met;
  for (std::uint32_t seed = 0; seed < 1000; ++seed) {
    std::mt19937 random{seed};
    mine = {};
    auto before_degraded = init;
    for (int i = 0; i < 100; ++i) {
      auto phase =
          std::array{stable, scaling, rebalancing, worker_state::emergency}[random() % 4];
      const core_life::event events[] = {core_life::identified{},
                                         core_life::doubted{},
                                         core_life::id_claimed{{"worker-0"}},
                                         core_life::id_lost{},
                                         core_life::held_back{now + 1ms},
                                         core_life::session_over{"over"},
                                         core_life::work_stopped{},
                                         core_life::record_applied{},
                                         core_life::leader_seen{{"worker-1"}},
                                         core_life::elected{},
                                         core_life::deposed{},
                                         core_life::phase_changed{phase, "phase"},
                                         core_life::phase_changed{phase, "phase"},
                                         core_life::store_silent{},
                                         core_life::store_back{},
                                         core_life::tick{},
                                         core_life::leaving{"asked"}};
      // Leaving ends a walk, so it is rare.
      auto most = random() % 15 == 0 ? std::size(events) : std::size(events) - 1;
      now += 1ms;
      for (const auto& x : tell(events[random() % most])) {
        const auto* y = std::get_if<core_life::changed>(&x);
        if (!y)
          continue;
        auto is_allowed = allowed.count({y->from, y->to}) == 1
                          || (y->from == degraded && y->to == before_degraded);
        if (!is_allowed)
          CAF_MESSAGE("seed " << seed << ": " << to_string(y->from) << " to "
                              << to_string(y->to));
        CAF_CHECK(is_allowed);
        if (y->to == degraded)
          before_degraded = y->from;
        met.emplace(y->from, y->to);
      }
    }
  }
  CAF_MESSAGE("and all of them are met");
  for (const auto& x : allowed) {
    if (met.count(x) == 0)
      CAF_MESSAGE(to_string(x.first) << " to " << to_string(x.second));
    CAF_CHECK(met.count(x) == 1);
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
