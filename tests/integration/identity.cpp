// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE integration.identity

#include "support/group.hpp"

#include "../support/process.hpp"

#include <caf/test/unit_test.hpp>

#include <nlohmann/json.hpp>

#include <map>

using namespace partita::test;

namespace {

/// With room in the heartbeat bucket for workers whose heartbeat.ttl is three times as long.
timings with_room() {
  timings result;
  result.restart_hold = 12s;
  result.id_ttl = 6s;
  return result;
}

/// Two servers that know nothing of each other.
struct fixture {
  process_group group{with_room()};
  nats_server other;

  std::vector<std::string> both() {
    return {"--set", "nats.url=" + group.server().url() + "," + other.url()};
  }
  void start_on_both(const std::string& name) { group.start(name, both()); }
  bool says(const std::string& name, std::initializer_list<std::string> words) {
    auto log = group.log(name);
    for (const auto& word : words)
      if (log.find(word) == std::string::npos) {
        CAF_MESSAGE("not said: " << word << "\n" << log);
        return false;
      }
    return true;
  }
  /// Starts a worker that cannot belong to the group.
  void is_refused(const std::string& name, const std::vector<std::string>& arguments,
                  std::initializer_list<std::string> words) {
    group.start(name, arguments);
    CAF_CHECK_NOT_EQUAL(group.wait_for_end(name), 0);
    CAF_CHECK(says(name, words));
  }
  bool owns_all(const std::string& name) {
    return group.journal().wait([&](const auto& all) {
      return all.at(name).owns.size() == group.with().partitions;
    });
  }
  bool owns_nothing(const std::string& name) {
    return group.journal().wait(
        [&](const auto& all) { return all.at(name).owns.empty(); });
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(identity_tests, fixture)

// -- settings ---------------------------------------------------------------------------

CAF_TEST(workers with different heartbeat ttls never work on one partition) {
  const std::vector<std::string> longer = {"--set", "heartbeat.ttl=4500ms"};
  group.use_proxies();
  group.start("long", longer);
  group.start("short");
  group.require_rest();
  CAF_MESSAGE("it works on for seven eighths of its own ttl, the other one waits for it");
  group.proxy("long").set(tcp_proxy::mode::cut);
  CAF_REQUIRE(owns_all("short"));
  group.proxy("long").set(tcp_proxy::mode::open);
  group.require_rest();
  CAF_MESSAGE("the same with a leader that knows of it only what the store says");
  CAF_CHECK_EQUAL(group.stop("short"), 0);
  group.start("short");
  group.require_rest();
  group.proxy("long").set(tcp_proxy::mode::cut);
  CAF_REQUIRE(owns_all("short"));
  group.proxy("long").set(tcp_proxy::mode::open);
  group.require_rest();
  CAF_MESSAGE("a ttl changes in a group that runs");
  CAF_CHECK_EQUAL(group.stop("short"), 0);
  group.start("short", longer);
  group.require_rest();
  CAF_CHECK_EQUAL(group.journal().violations(), "");
}

CAF_TEST(lease and id ttl change in a group that runs as far as its buckets allow) {
  group.start("a");
  group.require_rest();
  group.start("b", {"--set", "election.lease=1500ms", "--set", "worker.id_ttl=9s"});
  group.require_rest();
  is_refused("c", {"--set", "election.lease=1600ms"},
             {"ttl is 3000 ms instead of at least 3200 ms", "`partita buckets update`",
              "election.lease"});
  is_refused("d", {"--set", "worker.id_ttl=10s"},
             {"ttl is 18000 ms instead of at least 20000 ms", "worker.id_ttl"});
  const std::vector<std::string> longer = {"--set", "worker.id_ttl=10s", "--set",
                                           "election.lease=1600ms"};
  using states = std::map<std::string, std::string>;
  auto buckets = [&](const std::string& command, int code) {
    auto words = longer;
    words.insert(words.begin(),
                 {"buckets", command, "-c", group.config_file(), "--json"});
    auto x = run_partita(words);
    CAF_CHECK_EQUAL(x.code, code);
    const auto told = nlohmann::json::parse(x.out);
    states result;
    for (const auto& y : told["buckets"])
      result[y["bucket"]] = y["state"];
    return result;
  };
  CAF_MESSAGE("the buckets are changed under the workers");
  auto of = [](const char* ids, const char* election) {
    return states{{"it-stableid", ids},
                  {"it-election", election},
                  {"it-heartbeat", "fits"},
                  {"it-assignment", "fits"},
                  {"it-control", "fits"}};
  };
  CAF_CHECK(buckets("check", 1) == of("differs", "differs"));
  CAF_CHECK(buckets("update", 0) == of("changed", "changed"));
  CAF_CHECK(buckets("check", 0) == of("fits", "fits"));
  group.start("e", longer);
  group.require_rest();
  CAF_CHECK_EQUAL(group.journal().violations(), "");
}

CAF_TEST(another ownership is refused at the start with both values) {
  group.start("a");
  group.require_rest();
  is_refused("b", {"--set", "group.ownership=available"},
             {"\"available\"", "\"exclusive\"", "it-assignment"});
  group.require_rest();
  CAF_CHECK_EQUAL(group.journal().violations(), "");
}

CAF_TEST(the buckets of another group are refused at the start with both names) {
  group.start("a");
  group.require_rest();
  std::vector<std::string> arguments = {"--set", "group.name=other"};
  for (const char* bucket :
       {"stable_id", "election", "heartbeat", "assignment", "control"}) {
    std::string name = bucket;
    if (name == "stable_id")
      name = "stableid";
    arguments.insert(arguments.end(),
                     {"--set", std::string{"buckets."} + bucket + "=it-" + name});
  }
  is_refused("b", arguments, {"'it'", "'other'", "[buckets]"});
  group.require_rest();
  CAF_CHECK_EQUAL(group.journal().violations(), "");
}

CAF_TEST(settings that should be the same are reported where they differ) {
  group.start("a");
  group.start("b", {"--set", "strategy.name=round_robin"});
  CAF_CHECK(group.journal().wait([](const auto& all) {
    for (const auto& [name, x] : all)
      if (auto i = x.alerts.find("settings_differ"); i != x.alerts.end())
        return i->second.find("round_robin") != std::string::npos
               && i->second.find("sticky") != std::string::npos;
    return false;
  }));
  CAF_CHECK_EQUAL(group.stop("b"), 0);
  CAF_CHECK(group.journal().wait(
      [](const auto& all) { return !all.at("a").alerts.contains("settings_differ"); }));
}

// -- one store --------------------------------------------------------------------------

CAF_TEST(servers of different stores are refused by name) {
  group.start("a");
  group.require_rest();
  CAF_MESSAGE("one that knows the group beside one that does not");
  is_refused("b", both(),
             {group.server().url() + " knows the group", other.url() + " does not"});
  CAF_MESSAGE("one that knows another group of that name");
  group.start("c", {"--set", "nats.url=" + other.url()});
  CAF_CHECK(group.journal().wait(
      [](const auto& all) { return all.at("c").owns.size() == 24; }));
  is_refused("b", both(),
             {group.server().url() + " holds", other.url() + " holds", "group_uid"});
}

CAF_TEST(a group does not begin on two servers at once) {
  group.start("a", both());
  CAF_CHECK_NOT_EQUAL(group.wait_for_end("a"), 0);
  CAF_CHECK(says("a", {group.server().url(), other.url(), "different stores"}));
}

CAF_TEST(a worker that is left with a foreign server does nothing there) {
  other.kill();
  start_on_both("a");
  group.start("b");
  group.require_rest();
  other.start();
  CAF_MESSAGE("a server that does not know the group");
  group.server().kill();
  CAF_CHECK(owns_nothing("a"));
  CAF_CHECK(group.journal().wait([&](const auto&) {
    return group.log("a").find("no entry of this group") != std::string::npos;
  }));
  CAF_MESSAGE("and one that has another group of that name");
  group.start("c", {"--set", "nats.url=" + other.url()});
  CAF_CHECK(owns_all("c"));
  CAF_CHECK(group.journal().wait([&](const auto&) {
    return group.log("a").find("is another store than") != std::string::npos;
  }));
  group.kill("c");
  group.server().start();
  group.require_rest();
  CAF_CHECK_EQUAL(group.journal().violations(), "");
}

CAF_TEST(a server that lost its disk serves its group again) {
  group.start("a");
  group.start("b");
  group.require_rest();
  group.server().kill();
  CAF_CHECK(owns_nothing("a"));
  group.server().wipe();
  group.server().start();
  group.require_rest();
  CAF_MESSAGE("and takes those that come new");
  group.start("c");
  group.require_rest();
  CAF_CHECK_EQUAL(group.journal().violations(), "");
}

CAF_TEST_FIXTURE_SCOPE_END()
