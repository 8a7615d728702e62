// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.coordinator_members

#include "coordinator_fixture.hpp"

// How a leader notices workers that come and go, and which workers it fences.

using namespace core_test;

CAF_TEST_FIXTURE_SCOPE(coordinator_members_tests, coordinator_fixture)

// -- who comes and goes -----------------------------------------------------------------

CAF_TEST(a silent worker is expelled and that is an emergency) {
  cold_start_of(3);
  pass(6200ms, {0, 1});
  CAF_CHECK_EQUAL(writes, 0u);
  CAF_CHECK_EQUAL(count<coordinator::write_mark>(heard), 0u);
  pass(200ms, {0, 1});
  CAF_CHECK_EQUAL(one<coordinator::ending>(heard).who, id(2));
  auto x = one<coordinator::write_mark>(heard);
  CAF_CHECK(x.mark.state == beat_state::expelled);
  CAF_CHECK_EQUAL(x.mark.nonce.value, "n2");
  CAF_CHECK_EQUAL(one<coordinator::planned>(heard).lifecycle, lifecycle::emergency);
  CAF_CHECK_EQUAL(owned(2), 0u);
  all_owned_once(12);
}

CAF_TEST(a silent worker whose mark meets a newer heartbeat keeps everything) {
  cold_start_of(2);
  now += 6300ms;
  auto xs = mine->step(coordinator::tick{}, now);
  for (const auto& x : xs)
    if (const auto* m = std::get_if<coordinator::write_mark>(&x)) {
      auto ys = mine->step(coordinator::mark_answered{m->who, conflict()}, now);
      one<coordinator::read_mark>(ys);
      auto found = beats[m->who].value;
      CAF_CHECK(mine->step(coordinator::mark_looked_at{m->who, holds(999), found}, now)
                    .empty());
    }
  CAF_CHECK_EQUAL(count<coordinator::write_mark>(xs), 2u);
  CAF_CHECK_EQUAL(owned(1), 6u);
  CAF_CHECK_EQUAL(writes, 0u);
}

CAF_TEST(a mark over a heartbeat that cannot be read can be read) {
  cold_start_of(2);
  on(coordinator::beat_unreadable{id(7), {++last}, now});
  beats[id(7)].revision = last;
  pass(6400ms, {0, 1});
  auto found = beat_from(to_text(beats[id(7)].value), 0);
  CAF_REQUIRE(std::holds_alternative<beat>(found));
  CAF_CHECK(std::get<beat>(found).state == beat_state::expelled);
}

CAF_TEST(a mark keeps the incarnation that the expelled one replaced) {
  cold_start_of(2);
  beats[id(1)].value.replaces = {"earlier"};
  beat_of(1);
  pass(6500ms, {0});
  CAF_CHECK(beats[id(1)].value.state == beat_state::expelled);
  CAF_CHECK_EQUAL(beats[id(1)].value.replaces.value, "earlier");
}

CAF_TEST(the partitions of a worker that said goodbye are given away at once) {
  cold_start_of(3);
  beat_of(2, "n2", beat_state::stopped);
  CAF_CHECK_EQUAL(one<coordinator::planned>(heard).lifecycle, lifecycle::planned_scale);
  CAF_CHECK_EQUAL(owned(2), 0u);
  all_owned_once(12);
}

CAF_TEST(a worker that drains gives everything away with confirmation) {
  cold_start_of(3);
  beats[id(2)].deaf = true;
  beat_of(2, "n2", beat_state::draining);
  CAF_CHECK_EQUAL(owned(2), 0u);
  CAF_CHECK_EQUAL(store[id(2)].value.revoking.size(), 4u);
  CAF_CHECK_EQUAL(owned(0), 4u);
  beats[id(2)].deaf = false;
  apply(id(2));
  CAF_CHECK_EQUAL(owned(0), 6u);
  CAF_CHECK(store[id(2)].value.revoking.empty());
  all_owned_once(12);
}

CAF_TEST(the last worker keeps everything although it drains) {
  cold_start_of(1);
  beat_of(0, "n0", beat_state::draining);
  pass(20s, {0});
  CAF_CHECK_EQUAL(owned(0), 12u);
  join(1);
  pass(12s, {0, 1});
  CAF_CHECK_EQUAL(owned(1), 12u);
}

CAF_TEST(the partitions of one that restarts are kept for the hold and no longer) {
  cold_start_of(3);
  beat_of(2, "n2", beat_state::restarting);
  pass(29900ms, {0, 1});
  CAF_CHECK_EQUAL(owned(2), 4u);
  CAF_CHECK_EQUAL(count<coordinator::planned>(heard), 0u);
  pass(100ms, {0, 1});
  CAF_CHECK_EQUAL(owned(2), 0u);
  CAF_CHECK_EQUAL(one<coordinator::planned>(heard).lifecycle, lifecycle::planned_scale);
  all_owned_once(12);
}

CAF_TEST(a worker that restarted gets its own back at once with new tokens) {
  cold_start_of(2);
  auto before = store[id(1)].value;
  beat_of(1, "n1", beat_state::restarting);
  pass(20s, {0});
  beat_of(1, "again", beat_state::joining);
  const auto& after = store[id(1)].value;
  CAF_CHECK_EQUAL(after.worker_nonce.value, "again");
  CAF_CHECK_EQUAL(after.partitions.size(), before.partitions.size());
  for (const auto& x : after.partitions)
    CAF_CHECK(x.token > before.version);
  CAF_CHECK_EQUAL(count<coordinator::planned>(heard), 0u);
}

CAF_TEST(one that took the place of another waits until that has ended) {
  cold_start_of(2);
  CAF_MESSAGE("it does not say that it replaces it");
  beat_of(1, "other");
  pass(6200ms, {0, 1});
  CAF_CHECK_EQUAL(store[id(1)].value.worker_nonce.value, "n1");
  pass(200ms, {0, 1});
  CAF_CHECK_EQUAL(store[id(1)].value.worker_nonce.value, "other");
  CAF_CHECK_EQUAL(owned(1), 6u);
}

CAF_TEST(the incarnation in the place of an owner that was never seen is looked up) {
  cold_start_of(2);
  beats[id(1)].value.nonce = {"earlier"};
  fail_over_and_lead(4);
  on(coordinator::tick{});
  auto x = one<coordinator::look_at_beat>(heard);
  CAF_CHECK_EQUAL(x.who, id(1));
  CAF_CHECK_EQUAL(x.incarnation.value, "n1");
  on(coordinator::beat_looked_at{id(1), x.incarnation, std::nullopt});
  on(coordinator::beat_looked_at{id(1), x.incarnation, beats[id(1)].value.nonce});
  now += 6299ms;
  on(coordinator::tick{});
  CAF_CHECK_EQUAL(store[id(1)].value.worker_nonce.value, "n1");
}

CAF_TEST(an owner in whose place no incarnation is found has ended after the silence) {
  cold_start_of(2);
  beats[id(1)].value.nonce = {"later"};
  fail_over_and_lead(4);
  on(coordinator::tick{});
  auto x = one<coordinator::look_at_beat>(heard);
  on(coordinator::beat_looked_at{id(1), x.incarnation, partita::nonce{}});
  pass(6200ms, {0, 1});
  CAF_CHECK_EQUAL(store[id(1)].value.worker_nonce.value, "n1");
  pass(200ms, {0, 1});
  CAF_CHECK_EQUAL(store[id(1)].value.worker_nonce.value, "later");
}

CAF_TEST(a worker that joins gets its share after the window) {
  cold_start_of(2);
  join(2);
  CAF_CHECK(store[id(2)].value.partitions.empty());
  pass(900ms, {0, 1});
  CAF_CHECK_EQUAL(owned(2), 0u);
  pass(200ms, {0, 1, 2});
  CAF_CHECK_EQUAL(owned(2), 4u);
  all_owned_once(12);
}

CAF_TEST(a rebalance disturbs only what moves) {
  cold_start_of(3);
  std::map<std::string, std::uint64_t> before;
  for (int n : {0, 1})
    for (const auto& x : store[id(n)].value.partitions)
      before[name_of(x.partition)] = x.token.value;
  beat_of(2, "n2", beat_state::stopped);
  std::size_t kept = 0;
  for (int n : {0, 1})
    for (const auto& x : store[id(n)].value.partitions)
      if (before.contains(name_of(x.partition))) {
        ++kept;
        CAF_CHECK_EQUAL(x.token.value, before[name_of(x.partition)]);
      }
  CAF_CHECK_EQUAL(kept, 8u);
}

CAF_TEST(a worker without partitions whose key vanished is not planned for) {
  cold_start_of(2);
  beats[id(0)].deaf = beats[id(1)].deaf = true;
  join(2);
  pass(2s, {0, 1, 2});
  CAF_CHECK_EQUAL(owned(2), 0u);
  on(coordinator::beat_gone{id(2), {++last}, now});
  beats.erase(id(2));
  beats[id(0)].deaf = beats[id(1)].deaf = false;
  pass(5s, {0, 1});
  all_owned_once(12);
  CAF_CHECK_EQUAL(owned(0), 6u);
}

// -- who does not confirm ---------------------------------------------------------------

CAF_TEST(a worker that does not confirm is forced to end and waited for) {
  cold_start_of(2);
  beats[id(1)].deaf = true;
  join(2);
  CAF_CHECK(one<coordinator::show_phase>(heard).phase == worker_state::scaling);
  pass(2s, {0, 1, 2});
  CAF_CHECK_EQUAL(store[id(1)].value.revoking.size(), 2u);
  CAF_CHECK_EQUAL(owned(2), 2u);
  heard.clear();
  pass(28900ms, {0, 1, 2});
  CAF_CHECK_EQUAL(count<coordinator::ending>(heard), 0u);
  pass(200ms, {0, 1, 2});
  CAF_CHECK_EQUAL(one<coordinator::ending>(heard).who, id(1));
  CAF_CHECK(beats[id(1)].value.state == beat_state::forced);
  CAF_CHECK_EQUAL(beats[id(1)].value.nonce.value, "n1");
  CAF_MESSAGE("now the wait for the end of the forced incarnation");
  pass(6100ms, {0, 2});
  CAF_CHECK_EQUAL(owned(2), 2u);
  CAF_CHECK_EQUAL(store[id(1)].value.revoking.size(), 2u);
  pass(300ms, {0, 2});
  CAF_CHECK_EQUAL(owned(1), 0u);
  all_owned_once(12);
}

CAF_TEST(another incarnation that does not confirm either is reported as well) {
  cold_start_of(2);
  auto endings = [&] { return count<coordinator::ending>(heard); };
  beats[id(1)].deaf = true;
  join(2);
  pass(32s, {0, 1, 2});
  CAF_CHECK_EQUAL(endings(), 1u);
  beat_of(1, "again", beat_state::joining);
  beats[id(1)].deaf = false;
  beats[id(1)].value.replaces = {"n1"};
  show_beat(id(1));
  for (int i = 0; i < 150; ++i) {
    now += 100ms;
    on(coordinator::tick{});
    beat_of(0);
    beat_of(2);
    beat_of(1, "again");
  }
  all_owned_once(12);
  CAF_REQUIRE(owned(1) > 0);
  beats[id(1)].deaf = true;
  join(3);
  for (int i = 0; i < 400; ++i) {
    now += 100ms;
    on(coordinator::tick{});
    for (int n : {0, 2, 3})
      beat_of(n);
    if (is_living(beats[id(1)].value.state))
      beat_of(1, "again");
  }
  CAF_CHECK_EQUAL(endings(), 2u);
}

CAF_TEST(a worker under another ownership gets nothing) {
  join(0);
  beats[id(1)].value.nonce = {"n1"};
  beats[id(1)].value.terms.ownership = ownership::available;
  join(1);
  beats[id(2)].value.nonce = {"n2"};
  beats[id(2)].value.terms.ownership = ownership::exclusive;
  join(2);
  give(12);
  replay();
  pass(60s, {0, 1, 2});
  CAF_CHECK_EQUAL(owned(1), 0u);
  all_owned_once(12);
  CAF_CHECK_EQUAL(settings_told(),
                  "group.ownership is 'available' at worker-1, 'exclusive' at worker-2");
}

CAF_TEST(an incarnation that replaces another one under another ownership gets nothing) {
  cold_start_of(3);
  CAF_CHECK_EQUAL(owned(1), 4u);
  auto& e = beats[id(1)];
  e.value = {};
  e.value.nonce = {"later"};
  e.value.replaces = {nonce(1)};
  e.value.state = beat_state::working;
  e.value.terms.ownership = ownership::available;
  show_beat(id(1));
  pass(30s, {0, 1, 2});
  CAF_CHECK_EQUAL(owned(1), 0u);
  all_owned_once(12);
}

CAF_TEST(settings that differ are reported once and again when they agree) {
  auto with = [this](int n, const std::string& strategy) {
    beats[id(n)].value.nonce = {nonce(n)};
    beats[id(n)].value.settings = {{"strategy", strategy}, {"restart_hold", "30 s"}};
    join(n);
  };
  for (int n = 0; n < 5; ++n)
    with(n, n == 2 ? "round_robin" : "sticky");
  give(12);
  replay();
  pass(20s, {0, 1, 2, 3, 4});
  CAF_CHECK_EQUAL(
      settings_told(),
      "strategy is 'round_robin' at worker-2, 'sticky' at worker-0, worker-1, "
      "worker-3 and 1 more");
  heard.clear();
  beat_of(2, "n2", beat_state::stopped);
  pass(5s, {0, 1, 3, 4});
  CAF_CHECK_EQUAL(settings_told(), "");
}

CAF_TEST_FIXTURE_SCOPE_END()
