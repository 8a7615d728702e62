// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE actors.faults

#include "../support/group_fixture.hpp"

#include "partita/messages/codec.hpp"

using namespace partita;
using namespace std::chrono_literals;

namespace {

struct fixture : partita::test::group_fixture {
  // What the lease alone promises. A probe may cost a leader its leadership before its
  // deadline, while it still believes that it leads (actors.probe).
  fixture() { base.election.probe_grace = 0ms; }

  bool balanced(std::size_t each) { return group_fixture::balanced(12, each); }

  void put(const std::string& where, const std::string& key, const std::string& value) {
    auto to = bucket(where);
    anon_send(to, kv_put{key, value});
    consume_messages();
  }

  /// Lets time pass; at no moment two of them lead.
  void pass_with_one_leader(core::duration how_long) {
    for (core::duration passed{0}; passed < how_long; passed += 100ms) {
      pass(100ms);
      CAF_REQUIRE(leaders().size() <= 1);
    }
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(fault_tests, fixture)

CAF_TEST(
    answers that get lost in any bucket lead to no second leader and no lost partition) {
  settle({"a", "b", "c"}, 4);
  for (auto where : {"g-stableid", "g-election", "g-heartbeat", "g-assignment"}) {
    CAF_MESSAGE(where);
    for (auto& [name, x] : members)
      fault(name, test::fault_kind::answer_lost, where, 3);
    start("d");
    pass_with_one_leader(15s);
    crash("d");
    pass_with_one_leader(20s);
    CAF_CHECK(pass_until([&] { return balanced(4); }, 40s));
  }
}

CAF_TEST(
    writes that come late in any bucket lead to no second leader and no lost partition) {
  settle({"a", "b", "c"}, 4);
  for (auto where : {"g-stableid", "g-election", "g-heartbeat", "g-assignment"}) {
    CAF_MESSAGE(where);
    for (auto& [name, x] : members)
      fault(name, test::fault_kind::write_late, where, 4, 1500ms);
    start("d");
    pass_with_one_leader(15s);
    crash("d");
    pass_with_one_leader(20s);
    CAF_CHECK(pass_until([&] { return balanced(4); }, 40s));
  }
}

CAF_TEST(a follower that was cut off past its heartbeat comes back and gets its share) {
  settle({"a", "b", "c"}, 4);
  auto victim = follower();
  auto id = heard(victim).id();
  fault(victim, test::fault_kind::link_down, "", test::for_ever);
  CAF_MESSAGE("the others share what it had");
  CAF_CHECK(pass_until(
      [&] {
        std::size_t others = 0;
        for (auto& [name, x] : members)
          if (name != victim)
            others += x.heard->owns().size();
        return others == 12;
      },
      9s));
  pass(10s);
  fault(victim, test::fault_kind::link_down, "", 0);
  CAF_CHECK(pass_until([&] { return balanced(4); }, 30s));
  CAF_CHECK_EQUAL(heard(victim).id(), id);
}

CAF_TEST(a leader that is cut off stops leading before its successor starts) {
  settle({"a", "b", "c"}, 4);
  auto old = the_leader();
  fault(old, test::fault_kind::link_down, "", test::for_ever);
  bool gap = false;
  for (int i = 0; i < 600 && (the_leader().empty() || the_leader() == old); ++i) {
    pass(10ms);
    CAF_REQUIRE(leaders().size() <= 1);
    gap = gap || leaders().empty();
  }
  CAF_CHECK(gap);
  CAF_CHECK_NOT_EQUAL(the_leader(), old);
  fault(old, test::fault_kind::link_down, "", 0);
  pass_with_one_leader(20s);
  CAF_CHECK(pass_until([&] { return balanced(4); }, 30s));
}

CAF_TEST(a worker whose watches fell silent comes back and gets its share) {
  settle({"a", "b", "c"}, 4);
  auto victim = follower();
  fault(victim, test::fault_kind::silence, "", test::for_ever);
  pass_with_one_leader(20s);
  fault(victim, test::fault_kind::silence, "", 0);
  pass_with_one_leader(20s);
  CAF_CHECK(pass_until([&] { return balanced(4); }, 30s));
}

CAF_TEST(entries that cannot be read are ignored and counted once) {
  settle({"a", "b"}, 6);
  auto leader = the_leader();
  auto other = follower();
  auto before = status(leader).invalid_entries + status(other).invalid_entries;
  put("g-heartbeat", "heartbeat.worker-77", "no heartbeat");
  put("g-heartbeat", "heartbeat.worker-77", "no heartbeat");
  pass(1s);
  CAF_CHECK_EQUAL(status(leader).invalid_entries, before + 1);
  put("g-heartbeat", "heartbeat.worker-77", "{\"nonce\":3}");
  pass(1s);
  CAF_CHECK_EQUAL(status(leader).invalid_entries, before + 2);
  CAF_MESSAGE("and the group is not disturbed");
  pass_with_one_leader(20s);
  CAF_CHECK(balanced(6));
  CAF_CHECK_EQUAL(the_leader(), leader);
}

CAF_TEST(an epoch key that cannot be read is counted and its leader goes on) {
  settle({"a", "b"}, 6);
  auto leader = the_leader();
  auto before = status(leader).invalid_entries;
  put("g-assignment", "epoch", "no epoch");
  pass_with_one_leader(5s);
  CAF_CHECK_EQUAL(status(leader).invalid_entries, before + 1);
  CAF_CHECK_EQUAL(the_leader(), leader);
  auto epoch = heard(leader).adoptions.back().epoch;
  CAF_MESSAGE("the next leader finds its epoch by what is in the records");
  crash(leader);
  CAF_REQUIRE(pass_until([&] { return settled(12); }, 20s));
  CAF_CHECK(heard(the_leader()).adoptions.back().epoch > epoch);
}

CAF_TEST(a leader key that cannot be read is taken over like one that is not renewed) {
  settle({"a", "b"}, 6);
  auto counted = [&] {
    return status("a").invalid_entries + status("b").invalid_entries;
  };
  auto before = counted();
  put("g-election", "leader", "?");
  pass_with_one_leader(2s);
  CAF_CHECK_EQUAL(counted(), before + 2);
  CAF_CHECK(leaders().empty());
  pass_with_one_leader(5s);
  CAF_CHECK_EQUAL(leaders().size(), 1u);
  CAF_CHECK(pass_until([&] { return balanced(6); }, 20s));
}

CAF_TEST(a claim that cannot be read is left alone by newcomers and counted) {
  settle({"a"}, 12);
  put("g-stableid", "worker-1", "no claim");
  start("b");
  CAF_REQUIRE(pass_until([&] { return !heard("b").id().empty(); }, 5s));
  CAF_CHECK_EQUAL(heard("b").id(), "worker-2");
  CAF_CHECK_EQUAL(status("b").invalid_entries, 1u);
}

CAF_TEST(a claim that was swept during an outage is written again
         and not counted as invalid) {
  settle({"a"}, 12);
  auto id = heard("a").id();
  fault("a", test::fault_kind::link_down);
  pass(4 * base.worker.id_ttl);
  fault("a", test::fault_kind::link_down, {}, 0);
  CAF_CHECK(pass_until([&] { return balanced(12); }, 60s));
  pass(base.worker.id_ttl);
  CAF_CHECK_EQUAL(heard("a").id(), id);
  CAF_CHECK_EQUAL(status("a").invalid_entries, 0u);
  CAF_CHECK(heard("a").stops.empty());
}

CAF_TEST(a worker whose claim was overwritten loses its id and claims another one) {
  settle({"a", "b"}, 6);
  auto victim = follower();
  auto id = heard(victim).id();
  claim theirs;
  theirs.nonce = {"another"};
  put("g-stableid", id, to_text(theirs));
  CAF_CHECK(pass_until([&] { return heard(victim).id() != id; }, 12s));
  CAF_CHECK(pass_until([&] { return balanced(6); }, 40s));
}

CAF_TEST(a worker that has worked waits for an id without end and says why) {
  base.worker.id_max = 0;
  settle({"a"}, 12);
  auto id = heard("a").id();
  claim theirs;
  theirs.nonce = {"another"};
  for (core::duration passed{0}; passed < 3 * base.timeouts.startup; passed += 10s) {
    theirs.renewed_at += 10;
    put("g-stableid", id, to_text(theirs));
    pass(10s);
  }
  CAF_CHECK(heard("a").stops.empty());
  CAF_REQUIRE(!heard("a").alerts.empty());
  CAF_CHECK_EQUAL(heard("a").alerts.back().what, "store_trouble");
  CAF_CHECK_NOT_EQUAL(status("a").store_trouble.find("are in use"), std::string::npos);
  CAF_MESSAGE("until one is free");
  CAF_CHECK(pass_until([&] { return balanced(12); }, 2 * base.worker.id_ttl));
  CAF_CHECK_EQUAL(status("a").store_trouble, "");
}

CAF_TEST(rapid churn of leaders leaves one leader and every partition owned once) {
  settle({"a", "b", "c", "d", "e", "f"}, 2);
  std::uint64_t epoch = 0;
  for (int round = 0; round < 5; ++round) {
    auto leader = the_leader();
    CAF_REQUIRE(!leader.empty());
    crash(leader);
    CAF_REQUIRE(pass_until([&] { return leaders().size() == 1; }, 6s));
    pass(200ms);
    auto now_leads = the_leader();
    CAF_REQUIRE(!now_leads.empty());
    if (!heard(now_leads).adoptions.empty()) {
      CAF_CHECK(heard(now_leads).adoptions.back().epoch.value > epoch);
      epoch = heard(now_leads).adoptions.back().epoch.value;
    }
  }
  CAF_CHECK(pass_until([&] { return balanced(12); }, 30s));
}

CAF_TEST_FIXTURE_SCOPE_END()
