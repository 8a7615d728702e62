// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE actors.identity

#include "../support/group_fixture.hpp"

#include "partita/messages/codec.hpp"
#include "partita/messages/keys.hpp"

using namespace partita;
using namespace partita::test;
using namespace std::chrono_literals;

namespace {

struct fixture : group_fixture {
  kv_read look(const std::string& bucket_name, const std::string& key) {
    caf::scoped_actor asker{sys};
    kv_read result;
    asker->send(bucket(bucket_name), kv_last{key});
    consume_messages();
    asker->receive([&](const kv_read& x) { result = x; });
    return result;
  }

  void put(const std::string& key, const std::string& value) {
    caf::scoped_actor asker{sys};
    asker->send(bucket("g-assignment"), kv_put{key, value});
    consume_messages();
  }

  std::optional<group_entry> entry() {
    auto found = group_from(look("g-assignment", keys::group).entry.value);
    const auto* x = std::get_if<group_entry>(&found);
    return x ? std::optional{*x} : std::nullopt;
  }

  /// Why a worker ended.
  std::string failure_of(const std::string& name) {
    CAF_REQUIRE(pass_until([&] { return !heard(name).stops.empty(); }, 60s));
    return heard(name).stops.back().failure;
  }

  static bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(identity_tests, fixture)

CAF_TEST(the first worker names the group and the others take that over) {
  settle({"a", "b"}, 6);
  auto x = entry();
  CAF_REQUIRE(x);
  CAF_CHECK_EQUAL(x->group, "g");
  CAF_CHECK_EQUAL(x->group_uid.value.size(), 32u);
  CAF_CHECK(x->ownership == ownership::exclusive);
  start("c");
  pass(30s);
  CAF_CHECK(entry() == x);
}

CAF_TEST(a worker of another group or ownership ends at the start) {
  settle({"a"}, 12);
  base.group.ownership = ownership::available;
  start("b");
  CAF_CHECK(contains(failure_of("b"), "\"available\""));
  base.group.ownership = ownership::exclusive;
  base.group.name = "other";
  start("c");
  CAF_CHECK(contains(failure_of("c"), "belongs to the group 'g'"));
  CAF_CHECK_EQUAL(heard("a").owns().size(), 12u);
}

CAF_TEST(an entry that is gone
         or cannot be read is written again before the next session) {
  settle({"a"}, 12);
  auto before = entry();
  for (const char* text : {"", "no json"}) {
    put(keys::group, text);
    CAF_MESSAGE("a session that lasts is not disturbed");
    pass(20s);
    CAF_CHECK(!entry());
    CAF_CHECK_EQUAL(heard("a").owns().size(), 12u);
    fault("a", fault_kind::link_down);
    pass(10s);
    CAF_CHECK(heard("a").owns().empty());
    fault("a", fault_kind::link_down, "", 0);
    CAF_CHECK(pass_until([&] { return heard("a").owns().size() == 12; }, 60s));
    CAF_CHECK(entry() == before);
  }
}

CAF_TEST(the only server may belong to another store after an outage) {
  settle({"a"}, 12);
  auto other = *entry();
  other.group_uid = {"another"};
  fault("a", fault_kind::link_down);
  pass(10s);
  put(keys::group, to_text(other));
  fault("a", fault_kind::link_down, "", 0);
  CAF_CHECK(pass_until([&] { return heard("a").owns().size() == 12; }, 60s));
  CAF_CHECK(entry() == other);
}

CAF_TEST(heartbeats and records state the terms of their incarnation) {
  base.shared_settings = {{"strategy", "sticky"}};
  settle({"a"}, 12);
  auto found = beat_from(look("g-heartbeat", "heartbeat.worker-0").entry.value, 0);
  const auto& pulse = std::get<beat>(found);
  CAF_CHECK(pulse.terms == (session_terms{6s, ownership::exclusive}));
  CAF_CHECK_EQUAL(pulse.settings.at("strategy"), "sticky");
  CAF_CHECK_EQUAL(pulse.settings.at("rebalance.restart_hold"), "30000 ms");
  auto there = record_from(look("g-assignment", "assignment.worker-0").entry.value, 0);
  CAF_CHECK(std::get<record>(there).terms == pulse.terms);
}

CAF_TEST(a worker with a longer ttl is waited for and keeps its work meanwhile) {
  start("a");
  pass(20s);
  base.heartbeat.ttl = 9s;
  start("long");
  CAF_REQUIRE(pass_until([&] { return balanced(12, 6); }, 60s));
  pass(12s);
  fault("long", fault_kind::link_down);
  CAF_MESSAGE("seven eighths of its own ttl, less at most one interval");
  pass(6500ms);
  CAF_CHECK_EQUAL(heard("long").works.size(), 6u);
  CAF_CHECK_EQUAL(heard("a").works.size(), 6u);
  CAF_REQUIRE(pass_until([&] { return heard("a").works.size() == 12; }, 10s));
  CAF_CHECK(heard("long").works.empty());
}

CAF_TEST(a bucket whose entries live too short for a longer ttl is refused) {
  settle({"a"}, 12);
  base.heartbeat.ttl = 20s;
  start("long");
  CAF_CHECK(contains(failure_of("long"), "g-heartbeat"));
}

CAF_TEST(heartbeats state the digest of the source where that is wanted) {
  base.states_partitions = true;
  settle({"a"}, 12);
  auto stated = [this] {
    auto found = beat_from(look("g-heartbeat", "heartbeat.worker-0").entry.value, 0);
    const auto& settings = std::get<beat>(found).settings;
    auto i = settings.find("partitions");
    return i == settings.end() ? std::string{} : i->second;
  };
  CAF_CHECK_EQUAL(stated(), "");
  for (const auto* digest : {"14 of digest x", "14 of digest y"}) {
    anon_send(source, partition_list{partita::test::numbered_partitions(14), "", digest});
    CAF_CHECK(pass_until([&] { return stated() == digest; }, 5s));
  }
}

CAF_TEST(settings that differ are an alert of the leader) {
  base.shared_settings = {{"strategy", "sticky"}};
  start("a");
  pass(20s);
  base.shared_settings = {{"strategy", "round_robin"}};
  start("b");
  pass(20s);
  auto told = [&] {
    std::vector<alert_raised> result;
    for (const auto& x : heard("a").alerts)
      if (x.what == "settings_differ")
        result.push_back(x);
    return result;
  };
  CAF_REQUIRE_EQUAL(told().size(), 1u);
  CAF_CHECK(told()[0].level == alert_level::warn && !told()[0].over);
  CAF_CHECK(contains(told()[0].why, "'round_robin' at worker-1"));
  anon_send(members.at("b").supervisor, stop_worker{});
  pass(20s);
  CAF_REQUIRE_EQUAL(told().size(), 2u);
  CAF_CHECK(told()[1].over);
}

CAF_TEST_FIXTURE_SCOPE_END()
