// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE actors.stats

#include "../support/group_fixture.hpp"

#include <algorithm>

using namespace partita;
using namespace std::chrono_literals;

namespace {

std::uint64_t moves_of(const worker_stats& x, lifecycle why) {
  return x.led.moves.at(static_cast<std::size_t>(why));
}

const operation_stats& operation_of(const store_stats& x, store_operation what) {
  return x.operations.at(static_cast<std::size_t>(what));
}

std::uint64_t outcome_of(const store_stats& x, store_operation what, store_outcome how) {
  return operation_of(x, what).outcomes.at(static_cast<std::size_t>(how));
}

struct fixture : partita::test::group_fixture {
  template <class Figures, class Handle, class Request>
  Figures ask(const Handle& whom, Request what) {
    Figures result;
    caf::scoped_actor asker{sys};
    asker->send(whom, std::move(what));
    consume_messages();
    asker->receive([&](const Figures& x) { result = x; });
    return result;
  }

  worker_stats stats(const std::string& name) {
    return ask<worker_stats>(members.at(name).supervisor, get_stats{});
  }

  store_stats of_store(const std::string& name) {
    return ask<store_stats>(members.at(name).client, get_store_stats{});
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(stats_tests, fixture)

// -- a worker ---------------------------------------------------------------------------

CAF_TEST(a worker reports how long its session and its lease still hold) {
  settle({"a", "b"}, 6);
  auto leader = the_leader();
  auto other = follower();
  auto x = stats(leader);
  CAF_CHECK_EQUAL(x.group, "g");
  CAF_CHECK(x.status.leading);
  CAF_CHECK_EQUAL(x.status.partitions.size(), 6u);
  CAF_CHECK(x.epoch == x.status.applied.epoch);
  // Seven eighths of 6 s from the last heartbeat; 0.8 of 3 s from the last renewal.
  CAF_CHECK(x.session_left > 4s && x.session_left <= 5250ms);
  CAF_CHECK(x.lease_left > 1300ms && x.lease_left <= 2400ms);
  auto y = stats(other);
  CAF_CHECK(!y.status.leading);
  CAF_CHECK(y.session_left > 4s && y.session_left <= 5250ms);
  CAF_CHECK_EQUAL(y.lease_left.count(), 0);
  CAF_CHECK(y.epoch == x.epoch);
}

CAF_TEST(without the store the session runs out and an alert lasts until it is over) {
  settle({"a", "b"}, 6);
  auto name = follower();
  fault(name, test::fault_kind::link_down);
  pass(2s);
  auto x = stats(name);
  CAF_CHECK(x.session_left > 2s && x.session_left < 3500ms);
  CAF_REQUIRE(pass_until([&] { return !stats(name).alerts.empty(); }, 60s));
  pass(6s);
  x = stats(name);
  CAF_CHECK_EQUAL(x.session_left.count(), 0);
  CAF_CHECK(x.status.state == worker_state::degraded);
  CAF_REQUIRE(x.alerts.contains("store_away"));
  auto raised = x.alerts_raised;
  CAF_MESSAGE("the store is back");
  fault(name, test::fault_kind::link_down, {}, 0);
  CAF_REQUIRE(pass_until([&] { return stats(name).alerts.empty(); }, 30s));
  CAF_CHECK_EQUAL(stats(name).alerts_raised, raised);
  CAF_CHECK(stats(name).session_left > 4s);
}

// -- the group --------------------------------------------------------------------------

CAF_TEST(the leader has measured the start and the loss of a worker) {
  settle({"a", "b", "c"}, 4);
  auto leader = the_leader();
  auto x = stats(leader);
  CAF_CHECK_EQUAL(x.led.partitions, 12u);
  CAF_CHECK_EQUAL(x.led.unowned, 0u);
  CAF_CHECK(x.led.published >= x.status.applied.version);
  CAF_CHECK_EQUAL(moves_of(x, lifecycle::emergency), 0u);
  auto placed = x.led.unowned_for.count();
  CAF_CHECK(placed >= 12u);
  crash(follower());
  CAF_REQUIRE(pass_until([&] { return settled(12); }, 30s));
  auto y = stats(leader);
  CAF_CHECK_EQUAL(moves_of(y, lifecycle::emergency), 4u);
  CAF_CHECK_EQUAL(y.led.unowned_for.count(), placed + 4);
  auto& rebalance = y.led.rebalance.at(static_cast<std::size_t>(lifecycle::emergency));
  CAF_CHECK_EQUAL(rebalance.count(), 1u);
  CAF_CHECK_EQUAL(y.led.unowned, 0u);
}

CAF_TEST(what was measured outlives the leadership and the group is for its leader) {
  settle({"a", "b", "c"}, 4);
  auto old = the_leader();
  auto before = stats(old).led;
  fault(old, test::fault_kind::link_down);
  CAF_REQUIRE(pass_until([&] { return !heard(old).leading(); }, 30s));
  auto after = stats(old).led;
  CAF_CHECK_EQUAL(after.moves, before.moves);
  CAF_CHECK_EQUAL(after.unowned_for, before.unowned_for);
  CAF_CHECK_EQUAL(after.partitions, 0u);
  CAF_CHECK_EQUAL(after.published.value, 0u);
}

// -- the store --------------------------------------------------------------------------

CAF_TEST(a store counts requests by operation and outcome over all buckets) {
  settle({"a"}, 12);
  auto x = of_store("a");
  CAF_CHECK(x.connected);
  CAF_CHECK_EQUAL(x.reconnects, 0u);
  CAF_CHECK_EQUAL(x.watch_rebuilds, 0u);
  // Its four, and as leader the control bucket.
  CAF_CHECK_EQUAL(outcome_of(x, store_operation::open, store_outcome::done), 5u);
  auto updates = outcome_of(x, store_operation::update, store_outcome::done);
  CAF_CHECK(updates > 10u);
  CAF_CHECK_EQUAL(operation_of(x, store_operation::update).latency.count(), updates);
  CAF_MESSAGE("a lost connection");
  fault("a", test::fault_kind::link_down);
  pass(1500ms);
  auto y = of_store("a");
  CAF_CHECK(!y.connected);
  CAF_CHECK(outcome_of(y, store_operation::update, store_outcome::not_connected) > 0u);
  CAF_CHECK_EQUAL(operation_of(y, store_operation::update).latency.count(),
                  operation_of(x, store_operation::update).latency.count());
  fault("a", test::fault_kind::link_down, {}, 0);
  pass(2s);
  auto z = of_store("a");
  CAF_CHECK(z.connected);
  CAF_CHECK_EQUAL(z.reconnects, 1u);
  CAF_CHECK(z.watch_rebuilds > 0u);
}

CAF_TEST(a lost answer counts as unknown and a late one by its length) {
  settle({"a"}, 12);
  fault("a", test::fault_kind::answer_lost, "g-heartbeat", 1);
  pass(3s);
  auto x = of_store("a");
  CAF_CHECK_EQUAL(outcome_of(x, store_operation::update, store_outcome::unknown), 1u);
  CAF_CHECK(operation_of(x, store_operation::update).latency.sum >= 0.5);
}

CAF_TEST_FIXTURE_SCOPE_END()
