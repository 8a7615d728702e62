// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.coordinator_directives

#include "coordinator_fixture.hpp"

#include "partita/messages/control_codec.hpp"

using namespace core_test;

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

struct fixture : coordinator_fixture {
  std::uint64_t directed = 0;

  /// The server's clock shows the same as ours.
  std::int64_t server_ns() const { return (now - time_point{}).count(); }

  void directive_for(directive::kind what) {
    directive x{std::move(what), 0, "ann@box", "why not"};
    on(coordinator::directive_shown{x, {++directed}, server_ns(), now});
  }
  void take_back(const directive::kind& what) {
    on(coordinator::directive_gone{directive_key(what)});
  }

  std::string reason_of_plan() {
    auto all = count<coordinator::planned>(heard);
    CAF_REQUIRE_EQUAL(all, 1u);
    return first<coordinator::planned>(heard)->reason;
  }
  std::size_t plans() { return count<coordinator::planned>(heard); }

  bool owns(int n, int partition) {
    for (const auto& x : store[id(n)].value.partitions)
      if (x.partition == part(partition))
        return true;
    return false;
  }

  std::string reason_at(int n) { return store[id(n)].value.partitions.back().reason; }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(coordinator_directed_plan_tests, fixture)

CAF_TEST(a drained worker gives its partitions away at once and says why) {
  cold_start_of(3);
  directive_for(drain_directive{id(2)});
  CAF_CHECK_EQUAL(owned(2), 0u);
  CAF_CHECK_EQUAL(owned(0), 6u);
  all_owned_once(12);
  CAF_CHECK_EQUAL(reason_of_plan(), "drain of worker-2 by ann@box: why not");
  CAF_CHECK_EQUAL(reason_at(0), "drain of worker-2 by ann@box: why not");
  const auto& told = *first<coordinator::planned>(heard);
  CAF_CHECK_EQUAL(told.moves, 4u);
  CAF_CHECK_EQUAL(told.losses.at(id(2)), 4u);
  CAF_CHECK_EQUAL(told.gains.at(id(0)), 2u);
  CAF_MESSAGE("it gets nothing while others come and go");
  join(3);
  pass(30s, {0, 1, 2, 3});
  CAF_CHECK_EQUAL(owned(2), 0u);
  CAF_CHECK_EQUAL(owned(3), 4u);
  CAF_MESSAGE("until the directive ends");
  take_back(drain_directive{id(2)});
  CAF_CHECK_EQUAL(owned(2), 3u);
  all_owned_once(12);
}

CAF_TEST(a cordoned worker keeps what it has and gets nothing more) {
  cold_start_of(3);
  directive_for(cordon_directive{id(2)});
  CAF_CHECK_EQUAL(owned(2), 4u);
  beat_of(1, nonce(1), beat_state::stopped);
  pass(15s, {0, 2});
  CAF_CHECK_EQUAL(owned(2), 4u);
  CAF_CHECK_EQUAL(owned(0), 8u);
  all_owned_once(12);
}

CAF_TEST(a pinned partition goes to its worker and stays there) {
  cold_start_of(3);
  int mine_to_be = owns(0, 0) ? 1 : 0;
  directive_for(pin_directive{"p.0", id(mine_to_be)});
  CAF_CHECK(owns(mine_to_be, 0));
  CAF_CHECK_EQUAL(owned(0), 4u);
  CAF_CHECK_EQUAL(owned(1), 4u);
  all_owned_once(12);
  join(3);
  join(4);
  pass(30s, {0, 1, 2, 3, 4});
  CAF_CHECK(owns(mine_to_be, 0));
  all_owned_once(12);
}

CAF_TEST(a pin to an absent worker is reported once and holds when that worker joins) {
  cold_start_of(2);
  directive_for(pin_directive{"p.0", id(3)});
  CAF_CHECK_EQUAL(first<coordinator::planned>(heard)->trouble.size(), 1u);
  heard.clear();
  directive_for(rebalance_directive{});
  CAF_CHECK(first<coordinator::planned>(heard)->trouble.empty());
  join(3);
  pass(30s, {0, 1, 3});
  CAF_CHECK(owns(3, 0));
  all_owned_once(12);
}

CAF_TEST(a pause holds a rebalance but no emergency) {
  cold_start_of(3);
  for (int n = 0; n < 3; ++n)
    on(coordinator::beat_shown{id(n), {++last}, beats[id(n)].value, now, server_ns()});
  directive_for(pause_directive{"00000000", 60s});
  join(3);
  pass(30s, {0, 1, 2, 3});
  CAF_CHECK_EQUAL(owned(3), 0u);
  CAF_CHECK_EQUAL(plans(), 0u);
  CAF_MESSAGE("a worker leaves: what it had is assigned, and nothing else");
  beat_of(2, nonce(2), beat_state::stopped);
  all_owned_once(12);
  CAF_CHECK_EQUAL(owned(3), 4u);
  CAF_CHECK_EQUAL(owned(0), 4u);
  CAF_MESSAGE("it expires by itself, and its key is removed");
  heard.clear();
  pass(31s, {0, 1, 3});
  CAF_CHECK_EQUAL(plans(), 1u);
  CAF_CHECK_EQUAL(one<coordinator::remove_directive>(heard).key,
                  "directive.pause.00000000");
}

CAF_TEST(a pause holds a drain) {
  cold_start_of(3);
  directive_for(pause_directive{"00000000", 60s});
  directive_for(drain_directive{id(2)});
  pass(30s, {0, 1, 2});
  CAF_CHECK_EQUAL(owned(2), 4u);
  take_back(pause_directive{"00000000", 60s});
  CAF_CHECK_EQUAL(owned(2), 0u);
}

CAF_TEST(a leader wakes at the end of a pause) {
  cold_start_of(2);
  for (int n = 0; n < 2; ++n)
    on(coordinator::beat_shown{id(n), {++last}, beats[id(n)].value, now, server_ns()});
  directive_for(pause_directive{"00000000", 60s});
  auto end = now + 60s;
  pass(59s, {0, 1});
  CAF_CHECK_EQUAL(count<coordinator::remove_directive>(heard), 0u);
  CAF_CHECK(mine->wake_at() == end);
  now = end;
  on(coordinator::tick{});
  CAF_CHECK_EQUAL(count<coordinator::remove_directive>(heard), 1u);
}

CAF_TEST(a directed rebalance waits for nothing and its directive is removed) {
  cold_start_of(3);
  join(3);
  CAF_CHECK_EQUAL(plans(), 0u);
  directive_for(rebalance_directive{});
  CAF_CHECK_EQUAL(plans(), 1u);
  CAF_CHECK_EQUAL(owned(3), 3u);
  auto gone = one<coordinator::remove_directive>(heard);
  CAF_CHECK_EQUAL(gone.key, "directive.rebalance");
  CAF_CHECK_EQUAL(gone.at.value, directed);
}

CAF_TEST(the leader that a directive names steps down once and removes nothing) {
  cold_start_of(2);
  directive_for(step_down_directive{id(0), {3}});
  on(coordinator::tick{});
  CAF_CHECK_EQUAL(one<coordinator::step_down>(heard).why,
                  "step down of worker-0 by ann@box: why not");
  CAF_CHECK_EQUAL(count<coordinator::remove_directive>(heard), 0u);
}

CAF_TEST(a successor removes the directive that ended its predecessor) {
  cold_start_of(2);
  fail_over(4);
  directive_for(step_down_directive{id(0), {3}});
  CAF_MESSAGE("not before it acts");
  CAF_CHECK_EQUAL(count<coordinator::remove_directive>(heard), 0u);
  give(12);
  replay();
  CAF_CHECK_EQUAL(count<coordinator::step_down>(heard), 0u);
  CAF_CHECK_EQUAL(one<coordinator::remove_directive>(heard).key, "directive.step_down");
}

CAF_TEST(a new leader follows the directives that it finds) {
  cold_start_of(3);
  directive_for(drain_directive{id(2)});
  CAF_CHECK_EQUAL(owned(2), 0u);
  fail_over(4);
  directive_for(drain_directive{id(2)});
  give(12);
  replay();
  CAF_MESSAGE("all is as it should be: no plan");
  CAF_CHECK_EQUAL(plans(), 0u);
  pass(20s, {0, 1, 2});
  CAF_CHECK_EQUAL(owned(2), 0u);
  CAF_MESSAGE("a directive that its predecessor did not carry out is followed at once");
  fail_over(5);
  directive_for(drain_directive{id(1)});
  give(12);
  replay();
  CAF_CHECK_EQUAL(owned(1), 0u);
  CAF_CHECK_EQUAL(owned(0) + owned(2), 12u);
}

CAF_TEST(an old pause counts from its time when a new leader finds it) {
  cold_start_of(2);
  fail_over(4);
  directive x{pause_directive{"00000000", 60s}, 0, "", ""};
  on(coordinator::directive_shown{x, {++directed}, server_ns() - 55 * second_ns, now});
  on(coordinator::beat_shown{id(1), {++last}, beats[id(1)].value, now, server_ns()});
  give(12);
  replay();
  join(2);
  pass(4900ms, {0, 1, 2});
  CAF_CHECK_EQUAL(plans(), 0u);
  pass(200ms, {0, 1, 2});
  CAF_CHECK_EQUAL(plans(), 1u);
  CAF_CHECK_EQUAL(owned(2), 4u);
}

CAF_TEST(a pause that a replay shows late counts from its time as well) {
  cold_start_of(2);
  on(coordinator::beat_shown{id(1), {++last}, beats[id(1)].value, now, server_ns()});
  pass(40s, {0, 1});
  CAF_MESSAGE("the bucket was recreated half a minute ago, and the pause was given then");
  on(coordinator::directives_void{});
  directive x{pause_directive{"00000000", 60s}, 0, "", ""};
  on(coordinator::directive_shown{x, {++directed}, server_ns() - 30 * second_ns, now});
  on(coordinator::directives_replayed{});
  pass(29900ms, {0, 1});
  CAF_CHECK_EQUAL(count<coordinator::remove_directive>(heard), 0u);
  pass(200ms, {0, 1});
  CAF_CHECK_EQUAL(count<coordinator::remove_directive>(heard), 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()
