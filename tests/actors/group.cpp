// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE actors.group

#include "../support/group_fixture.hpp"

#include <algorithm>

using namespace partita;
using namespace std::chrono_literals;

CAF_TEST_FIXTURE_SCOPE(group_tests, partita::test::group_fixture)

CAF_TEST(one worker alone leads and owns everything) {
  start("a");
  CAF_REQUIRE(pass_until([&] { return settled(12); }, 8s));
  CAF_CHECK_EQUAL(heard("a").id(), "worker-0");
  CAF_CHECK_EQUAL(heard("a").owns().size(), 12u);
}

CAF_TEST(three workers share everything and one of them leads) {
  for (auto name : {"a", "b", "c"})
    start(name);
  CAF_REQUIRE(
      pass_until([&] { return settled(12) && heard("a").owns().size() == 4; }, 10s));
  std::set<std::string> ids;
  for (auto& [name, x] : members) {
    ids.insert(x.heard->id());
    CAF_CHECK_EQUAL(x.heard->owns().size(), 4u);
  }
  CAF_CHECK_EQUAL(ids.size(), 3u);
}

CAF_TEST(a leader that scales its group says so until all records are published) {
  settle({"a"}, 12);
  auto before = heard("a").states.size();
  start("b");
  CAF_REQUIRE(pass_until([&] { return balanced(12, 6); }, 15s));
  CAF_MESSAGE("its own record comes in between");
  std::vector<worker_state> since;
  for (auto i = before; i < heard("a").states.size(); ++i)
    since.push_back(heard("a").states[i].to);
  std::vector<worker_state> expected{worker_state::scaling, worker_state::stable};
  CAF_CHECK_EQUAL(since, expected);
}

CAF_TEST(a crashed leader is followed by another one and its partitions find new owners) {
  for (auto name : {"a", "b", "c"})
    start(name);
  CAF_REQUIRE(
      pass_until([&] { return settled(12) && heard("a").owns().size() == 4; }, 10s));
  pass(15s);
  auto leader = the_leader();
  crash(leader);
  std::map<std::string, std::set<std::string>> before;
  for (auto& [name, x] : members)
    before[name] = x.heard->owns();
  CAF_MESSAGE("a lease after the last renewal that was seen, and a little");
  CAF_CHECK(pass_until([&] { return leaders().size() == 1; }, 4s));
  CAF_CHECK(pass_until([&] { return settled(12); }, 8s));
  CAF_MESSAGE("the survivors keep what they had");
  for (auto& [name, x] : members) {
    auto owns = x.heard->owns();
    CAF_CHECK_EQUAL(owns.size(), 6u);
    CAF_CHECK(std::includes(owns.begin(), owns.end(), before[name].begin(),
                            before[name].end()));
  }
}

CAF_TEST(a crashed follower is noticed and its partitions find new owners at once) {
  for (auto name : {"a", "b", "c"})
    start(name);
  CAF_REQUIRE(
      pass_until([&] { return settled(12) && heard("a").owns().size() == 4; }, 10s));
  pass(15s);
  auto leader = the_leader();
  auto victim = leader == "a" ? "b" : "a";
  crash(victim);
  CAF_MESSAGE("heartbeat.ttl and five per cent, and one heartbeat.interval");
  CAF_CHECK(pass_until([&] { return all_owned_once(12); }, 7500ms));
  CAF_CHECK_EQUAL(the_leader(), leader);
  auto& last = heard(leader).assignments.back();
  CAF_CHECK(last.lifecycle == lifecycle::emergency);
}

CAF_TEST(a failover without a change of members moves nothing) {
  for (auto name : {"a", "b", "c"})
    start(name);
  CAF_REQUIRE(
      pass_until([&] { return settled(12) && heard("a").owns().size() == 4; }, 10s));
  std::map<std::string, std::set<std::string>> before;
  for (auto& [name, x] : members)
    before[name] = x.heard->owns();
  auto leader = the_leader();
  auto epoch = heard(leader).adoptions.back().epoch;
  CAF_MESSAGE("the leader key goes to another one; the former leader lives on");
  test::client_fault silent;
  silent.kind = test::fault_kind::write_late;
  silent.bucket = "g-election";
  silent.delay = 8s;
  anon_send(members.at(leader).faults, silent);
  CAF_REQUIRE(
      pass_until([&] { return leaders().size() == 1 && the_leader() != leader; }, 10s));
  pass(20s);
  for (auto& [name, x] : members)
    CAF_CHECK_EQUAL(x.heard->owns(), before[name]);
  CAF_CHECK(heard(the_leader()).adoptions.back().epoch > epoch);
  silent.times = 0;
  anon_send(members.at(leader).faults, silent);
  pass(10s);
}

CAF_TEST(a worker that stops gives its partitions and its id back at once) {
  for (auto name : {"a", "b", "c"})
    start(name);
  CAF_REQUIRE(
      pass_until([&] { return settled(12) && heard("a").owns().size() == 4; }, 10s));
  auto leader = the_leader();
  auto victim = leader == "a" ? "b" : "a";
  anon_send(members.at(victim).supervisor, stop_worker{});
  pass(100ms);
  CAF_REQUIRE_EQUAL(heard(victim).stops.size(), 1u);
  CAF_CHECK_EQUAL(heard(victim).stops.back().failure, "");
  CAF_CHECK(heard(victim).owns().empty());
  members.erase(victim);
  CAF_CHECK(all_owned_once(12));
}

CAF_TEST(a leader that stops is followed within milliseconds) {
  for (auto name : {"a", "b", "c"})
    start(name);
  CAF_REQUIRE(
      pass_until([&] { return settled(12) && heard("a").owns().size() == 4; }, 10s));
  auto leader = the_leader();
  anon_send(members.at(leader).supervisor, stop_worker{});
  pass(20ms);
  CAF_CHECK_EQUAL(heard(leader).stops.size(), 1u);
  CAF_CHECK_EQUAL(leaders().size(), 1u);
  pass(100ms);
  members.erase(leader);
  CAF_CHECK(all_owned_once(12));
}

CAF_TEST(a worker of an instance gets its former id back) {
  start("a", "slot-a");
  start("b", "slot-b");
  CAF_REQUIRE(
      pass_until([&] { return settled(12) && heard("a").owns().size() == 6; }, 10s));
  auto id = heard("b").id();
  pass(5s);
  crash("b");
  start("b", "slot-b");
  CAF_REQUIRE(pass_until([&] { return !heard("b").id().empty(); }, 7s));
  CAF_CHECK_EQUAL(heard("b").id(), id);
  CAF_MESSAGE("its former incarnation must have ended first");
  CAF_CHECK(
      pass_until([&] { return settled(12) && heard("b").owns().size() == 6; }, 60s));
}

CAF_TEST(partitions that come and go at run time are owned and given up) {
  start("a");
  start("b");
  CAF_REQUIRE(
      pass_until([&] { return settled(12) && heard("a").owns().size() == 6; }, 10s));
  anon_send(source, partition_list{partita::test::numbered_partitions(20)});
  CAF_CHECK(pass_until([&] { return all_owned_once(20); }, 3s));
  CAF_CHECK_EQUAL(heard("a").owns().size(), 10u);
  anon_send(source, partition_list{partita::test::numbered_partitions(4)});
  CAF_CHECK(pass_until([&] { return all_owned_once(4); }, 15s));
}

CAF_TEST(versions and epochs never go back at any worker) {
  for (auto name : {"a", "b", "c", "d"})
    start(name);
  CAF_REQUIRE(
      pass_until([&] { return settled(12) && heard("d").owns().size() == 3; }, 10s));
  for (int round = 0; round < 3; ++round) {
    auto leader = the_leader();
    crash(leader);
    CAF_REQUIRE(pass_until([&] { return settled(12); }, 15s));
    start(leader);
    CAF_REQUIRE(
        pass_until([&] { return settled(12) && heard(leader).owns().size() == 3; }, 25s));
  }
  for (auto& [name, x] : members) {
    stamp last;
    for (auto& y : x.heard->assignments) {
      CAF_CHECK((stamp{y.epoch, y.version}) >= last);
      // A record that was only sealed keeps its version.
      if (y.version > last.version)
        CAF_CHECK(y.version.value > y.epoch.value * versions_per_epoch);
      last = {y.epoch, y.version};
    }
  }
}

CAF_TEST(a worker that lost its record joins again) {
  start("a");
  start("b");
  CAF_REQUIRE(
      pass_until([&] { return settled(12) && heard("a").owns().size() == 6; }, 10s));
  auto victim = heard("a").leading() ? "b" : "a";
  CAF_MESSAGE("an operator removes the record of " << victim);
  auto key = "assignment." + heard(victim).id();
  inject((kv_put), from(self).to(bucket("g-assignment")).with(kv_put{key, "no record"}));
  CAF_CHECK(pass_until([&] { return heard(victim).owns().empty(); }, 1s));
  CAF_CHECK(
      pass_until([&] { return settled(12) && heard("a").owns().size() == 6; }, 30s));
}

CAF_TEST(when all ids are taken the newcomer says which range was full) {
  base.worker.id_max = 1;
  start("a");
  start("b");
  CAF_REQUIRE(pass_until([&] { return settled(12); }, 10s));
  start("c");
  CAF_REQUIRE(pass_until([&] { return !heard("c").stops.empty(); }, 31s));
  auto why = heard("c").stops.back().failure;
  CAF_MESSAGE(why);
  CAF_CHECK_NOT_EQUAL(why.find("0 to 1"), std::string::npos);
}

CAF_TEST(fifty workers at once find fifty ids and one leader) {
  for (int i = 0; i < 50; ++i)
    start("w" + std::to_string(i));
  source_list(200);
  CAF_REQUIRE(
      pass_until([&] { return settled(200) && heard("w0").owns().size() == 4; }, 20s));
  std::set<std::string> ids;
  for (auto& [name, x] : members)
    ids.insert(x.heard->id());
  CAF_CHECK_EQUAL(ids.size(), 50u);
}

CAF_TEST(no server for too long is a failure with a reason) {
  auto& x = start("a");
  test::client_fault cut;
  cut.kind = test::fault_kind::link_down;
  anon_send(x.faults, cut);
  pass(29s);
  CAF_CHECK(x.heard->stops.empty());
  pass(2s);
  CAF_REQUIRE_EQUAL(x.heard->stops.size(), 1u);
  CAF_MESSAGE(x.heard->stops.back().failure);
}

CAF_TEST(workers give up their work in time when the store is away and come back) {
  start("a");
  start("b");
  CAF_REQUIRE(
      pass_until([&] { return settled(12) && heard("a").owns().size() == 6; }, 10s));
  pass(12s);
  test::client_fault cut;
  cut.kind = test::fault_kind::link_down;
  for (auto& [name, x] : members)
    anon_send(x.faults, cut);
  CAF_MESSAGE("7/8 of heartbeat.ttl after a heartbeat that may be an interval old");
  pass(4200ms);
  CAF_CHECK(all_owned_once(12));
  pass(1100ms);
  CAF_CHECK(owners().empty());
  pass(30s);
  CAF_CHECK_EQUAL(leaders().size(), 0u);
  cut.times = 0;
  for (auto& [name, x] : members)
    anon_send(x.faults, cut);
  CAF_CHECK(pass_until([&] { return leaders().size() == 1; }, 5s));
  CAF_CHECK(pass_until([&] { return all_owned_once(12); }, 30s));
}

CAF_TEST(a new leader waits for owners without heartbeats before it replaces them) {
  for (auto name : {"a", "b", "c"})
    start(name);
  CAF_REQUIRE(
      pass_until([&] { return settled(12) && heard("a").owns().size() == 4; }, 10s));
  pass(15s);
  CAF_MESSAGE("two die, and their heartbeats are swept before another worker leads");
  auto leader = the_leader();
  std::string other = leader == "a" ? "b" : "a";
  std::string last = leader != "c" && other != "c" ? "c" : "b";
  test::client_fault cut;
  cut.kind = test::fault_kind::link_down;
  anon_send(members.at(last).faults, cut);
  crash(leader);
  crash(other);
  pass(30s);
  cut.times = 0;
  anon_send(members.at(last).faults, cut);
  CAF_REQUIRE(pass_until([&] { return the_leader() == last; }, 5s));
  CAF_MESSAGE("heartbeat.ttl and five per cent after it could notice their silence");
  auto all = [&] { return heard(last).owns().size() == 12; };
  CAF_CHECK(!pass_until([&] { return !heard(last).owns().empty(); }, 3s));
  CAF_CHECK(pass_until(all, 5s));
}

CAF_TEST_FIXTURE_SCOPE_END()
