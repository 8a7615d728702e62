// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE store.memory_probes

#include "memory_store_fixture.hpp"

/// Probes of clients that are cut off, killed or frozen.
using namespace partita;
using namespace partita::store;
using namespace partita::test;

namespace {

constexpr auto alive = probe_status::alive;
constexpr auto gone = probe_status::gone;
constexpr auto unknown = probe_status::unknown;

} // namespace

CAF_TEST_FIXTURE_SCOPE(memory_probes_tests, memory_store_fixture)

CAF_TEST(a client whose link is down serves nothing and knows nothing) {
  give(store, serve_probe{{"me"}});
  give(other_store, serve_probe{{"other"}});
  CAF_CHECK(answer_of<probed>(other_store, probe{{"me"}}) == (probed{alive, 1, {}}));
  strike({.kind = fault_kind::link_down});
  CAF_CHECK_EQUAL(answer_of<probed>(other_store, probe{{"me"}}).status, gone);
  auto cut_off = answer_of<probed>(store, probe{{"other"}});
  CAF_CHECK_EQUAL(cut_off.status, unknown);
  CAF_CHECK_EQUAL(cut_off.link, 0u);
  CAF_MESSAGE("what is begun and ended without a link counts when it is back");
  give(store, serve_probe{{"second"}});
  give(store, end_probe{{"me"}});
  CAF_CHECK_EQUAL(answer_of<probed>(other_store, probe{{"second"}}).status, gone);
  heal(fault_kind::link_down);
  CAF_CHECK_EQUAL(answer_of<probed>(other_store, probe{{"second"}}).status, alive);
  CAF_CHECK_EQUAL(answer_of<probed>(other_store, probe{{"me"}}).status, gone);
  CAF_CHECK(answer_of<probed>(store, probe{{"other"}}) == (probed{alive, 2, {}}));
}

CAF_TEST(a client that was killed serves nothing any more) {
  give(store, serve_probe{{"me"}});
  CAF_CHECK_EQUAL(answer_of<probed>(other_store, probe{{"me"}}).status, alive);
  anon_send_exit(store, caf::exit_reason::kill);
  CAF_CHECK_EQUAL(answer_of<probed>(other_store, probe{{"me"}}).status, gone);
}

CAF_TEST(a client that does not answer is unknown after a tenth of a second) {
  give(store, serve_probe{{"me"}});
  strike({.kind = fault_kind::probe_lost, .times = 1});
  auto in_flight = send(other_store, probe{{"me"}});
  pass(longest_probe - 10ms);
  CAF_CHECK(!answered());
  pass(10ms);
  CAF_CHECK_EQUAL(take<probed>(in_flight).status, unknown);
  CAF_CHECK_EQUAL(answer_of<probed>(other_store, probe{{"me"}}).status, alive);
}

CAF_TEST(a client that is frozen is unknown and alive again once it is thawed) {
  give(store, serve_probe{{"me"}});
  auto in_flight = self->request(other_store, caf::infinite, probe{{"me"}});
  CAF_MESSAGE("its actor does not run: its jobs are put aside");
  std::vector<caf::resumable*> parked;
  auto* frozen =
      dynamic_cast<caf::resumable*>(caf::actor_cast<caf::abstract_actor*>(store));
  CAF_REQUIRE(frozen != nullptr);
  auto run_others = [&] {
    for (;;) {
      for (auto i = sched.jobs.begin(); i != sched.jobs.end();)
        if (*i == frozen) {
          parked.push_back(*i);
          i = sched.jobs.erase(i);
        } else {
          ++i;
        }
      if (!sched.try_run_once())
        return;
    }
  };
  run_others();
  CAF_CHECK(!answered());
  for (int i = 0; i < 20; ++i) {
    sched.advance_time(10ms);
    run_others();
  }
  CAF_CHECK_EQUAL(take<probed>(in_flight).status, unknown);
  CAF_CHECK(!parked.empty());
  for (auto* job : parked)
    sched.jobs.push_back(job);
  CAF_CHECK_EQUAL(answer_of<probed>(other_store, probe{{"me"}}).status, alive);
}

CAF_TEST(a probe whose link was lost meanwhile is unknown) {
  give(other_store, serve_probe{{"other"}});
  give(other_faults, client_fault{.kind = fault_kind::probe_lost});
  auto in_flight = send(store, probe{{"other"}});
  strike({.kind = fault_kind::link_down});
  heal(fault_kind::link_down);
  pass(200ms);
  auto x = take<probed>(in_flight);
  CAF_CHECK_EQUAL(x.status, unknown);
  CAF_CHECK_EQUAL(x.link, 2u);
}

CAF_TEST(closing waits for the answer to a probe) {
  give(other_store, serve_probe{{"other"}});
  give(other_faults, client_fault{.kind = fault_kind::probe_lost});
  auto in_flight = send(store, probe{{"other"}});
  auto closing = send(store, close_store{});
  CAF_CHECK(!answered());
  pass(200ms);
  CAF_CHECK_EQUAL(take<probed>(in_flight).status, unknown);
  take<store_closed>(closing);
}

CAF_TEST_FIXTURE_SCOPE_END()
