// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE actors.control

#include "../support/group_fixture.hpp"

#include "partita/messages/control_codec.hpp"

using namespace partita;
using namespace std::chrono_literals;

namespace {

/// A group, and an operator who writes into its control bucket.
struct fixture : test::group_fixture {
  bucket_actor control() { return bucket("g-control"); }

  void put(const std::string& key, const std::string& value) {
    anon_send(control(), kv_put{key, value});
    consume_messages();
  }
  void directive_for(directive::kind what) {
    auto key = directive_key(what);
    put(key, to_text(directive{std::move(what), 0, "ann@box", "why not"}));
  }

  kv_read read(const std::string& key) {
    auto from = control();
    kv_read result;
    auto pending = self->request(from, caf::infinite, kv_last{key});
    consume_messages();
    pending.receive([&](const kv_read& x) { result = x; },
                    [](const caf::error&) { CAF_FAIL("an error"); });
    return result;
  }
  bool stands(const std::string& key) {
    auto x = read(key);
    return x.status == read_status::found && !x.entry.removed;
  }
  void take_back(const directive::kind& what) {
    auto key = directive_key(what);
    auto at = read(key).entry.revision;
    anon_send(control(), kv_remove{key, at});
    consume_messages();
  }

  /// Who holds this id.
  std::string name_of(const std::string& id) {
    for (auto& [name, x] : members)
      if (x.heard->id() == id)
        return name;
    return {};
  }
  std::uint64_t epoch() { return heard(the_leader()).adoptions.back().epoch.value; }
  std::size_t owned(const std::string& name) { return heard(name).owns().size(); }

  /// The entries of the history under this epoch.
  std::vector<history_entry> history(std::uint64_t of_epoch) {
    std::vector<history_entry> result;
    for (std::uint64_t i = 1;; ++i) {
      auto key = history_key({{of_epoch}, i});
      if (!stands(key))
        return result;
      auto x = history_from(read(key).entry.value);
      CAF_REQUIRE(std::holds_alternative<history_entry>(x));
      result.push_back(std::get<history_entry>(x));
    }
  }

  std::size_t alerts(const std::string& name, bool over) {
    std::size_t result = 0;
    for (const auto& x : heard(name).alerts)
      result += x.what == "control_unknown" && x.over == over ? 1 : 0;
    return result;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(control_tests, fixture)

CAF_TEST(a drain moves everything away and the history shows it) {
  settle({"a", "b", "c"}, 4);
  auto victim = follower();
  directive_for(drain_directive{{heard(victim).id()}});
  CAF_CHECK(pass_until([&] { return owned(victim) == 0 && all_owned_once(12); }, 2s));
  auto plans = history(epoch());
  CAF_REQUIRE(!plans.empty());
  const auto& last = plans.back();
  CAF_CHECK_EQUAL(last.reason, "drain of " + heard(victim).id() + " by ann@box: why not");
  CAF_CHECK_EQUAL(last.leader.value, heard(the_leader()).id());
  CAF_CHECK_EQUAL(last.losses.at({heard(victim).id()}), 4u);
  CAF_CHECK_EQUAL(last.workers, 3u);
  CAF_CHECK_EQUAL(last.partitions, 12u);
  CAF_CHECK(last.lifecycle == lifecycle::rebalance);
  CAF_MESSAGE("the directive outlives the leader");
  auto leader = the_leader();
  crash(leader);
  CAF_CHECK(pass_until([&] { return settled(12); }, 30s));
  pass(20s);
  CAF_CHECK_EQUAL(owned(victim), 0u);
  take_back(drain_directive{{heard(victim).id()}});
  CAF_CHECK(pass_until([&] { return owned(victim) == 6; }, 2s));
}

CAF_TEST(an entry that is no directive is reported and kept out) {
  settle({"a", "b"}, 6);
  auto before = status(the_leader()).invalid_entries;
  put("directive.drain.worker-0", "not JSON");
  put("something.else", "{}");
  put("history.x", "{}");
  pass(1s);
  CAF_CHECK_EQUAL(status(the_leader()).invalid_entries, before + 3);
  CAF_CHECK(balanced(12, 6));
  CAF_MESSAGE("it takes back what stood there");
  directive_for(drain_directive{{"worker-0"}});
  auto drained = name_of("worker-0");
  CAF_CHECK(pass_until([&] { return owned(drained) == 0; }, 2s));
  put("directive.drain.worker-0", "[]");
  CAF_CHECK(pass_until([&] { return owned(drained) == 6; }, 2s));
}

CAF_TEST(a pause holds a rebalance and not an emergency) {
  settle({"a", "b", "c"}, 4);
  directive_for(pause_directive{"00000000", 60s});
  start("d");
  pass(30s);
  CAF_CHECK_EQUAL(owned("d"), 0u);
  auto victim = follower();
  if (victim == "d")
    victim = the_leader() == "a" ? "b" : "a";
  crash(victim);
  CAF_CHECK(pass_until([&] { return all_owned_once(12); }, 10s));
  CAF_CHECK_EQUAL(owned("d"), 4u);
  CAF_MESSAGE("it ends by itself");
  CAF_CHECK(pass_until([&] { return !stands("directive.pause.00000000"); }, 40s));
}

CAF_TEST(a directed rebalance is made at once and its directive removed) {
  settle({"a", "b", "c"}, 4);
  start("d");
  CAF_CHECK(pass_until([&] { return heard("d").state() == worker_state::stable; }, 3s));
  directive_for(rebalance_directive{});
  CAF_CHECK(pass_until([&] { return balanced(12, 3); }, 500ms));
  CAF_CHECK(!stands("directive.rebalance"));
}

CAF_TEST(a leader that is asked to steps down and its successor removes the directive) {
  settle({"a", "b", "c"}, 4);
  auto leader = the_leader();
  directive_for(step_down_directive{{heard(leader).id()}, {epoch()}});
  CAF_CHECK(
      pass_until([&] { return !the_leader().empty() && the_leader() != leader; }, 2s));
  CAF_CHECK(pass_until([&] { return !stands("directive.step_down"); }, 5s));
  CAF_CHECK(pass_until([&] { return balanced(12, 4); }, 5s));
  CAF_MESSAGE("a moot directive is removed and has no effect");
  auto next = the_leader();
  directive_for(step_down_directive{{heard(next).id()}, {epoch() - 1}});
  pass(5s);
  CAF_CHECK_EQUAL(the_leader(), next);
  CAF_CHECK(!stands("directive.step_down"));
}

CAF_TEST(no group waits for a control bucket whose watch is silent) {
  start("a");
  fault("a", test::fault_kind::silence, "g-control");
  CAF_CHECK(pass_until([&] { return settled(12); }, 20s));
  pass(10s);
  start("b");
  CAF_CHECK(pass_until([&] { return balanced(12, 6); }, 30s));
}

CAF_TEST(a foreign control bucket is an alert and no group waits for it) {
  // As if an operator had created it by hand, with a TTL.
  operator_ = store::spawn_memory_client(sys, server);
  open_bucket foreign;
  foreign.name = "g-control";
  foreign.ttl = 5s;
  anon_send(operator_, foreign);
  consume_messages();
  start("a");
  CAF_CHECK(pass_until([&] { return settled(12); }, 20s));
  CAF_CHECK_EQUAL(alerts("a", false), 1u);
  CAF_CHECK_EQUAL(alerts("a", true), 0u);
  start("b");
  CAF_CHECK(pass_until([&] { return balanced(12, 6); }, 30s));
}

CAF_TEST(the history is bounded) {
  settle({"a", "b"}, 6);
  auto leader = the_leader();
  history_entry old;
  old.epoch = {1};
  for (std::uint64_t i = 0; i < history_kept + 5; ++i)
    put(history_key({{1}, i}), to_text(old));
  pass(1s);
  auto plans = history(epoch()).size();
  for (std::uint64_t i = 0; i < history_kept + 5; ++i)
    CAF_CHECK_EQUAL(stands(history_key({{1}, i})), i >= plans + 5);
  CAF_CHECK_EQUAL(the_leader(), leader);
}

CAF_TEST_FIXTURE_SCOPE_END()
