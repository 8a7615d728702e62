// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE integration.commands

#include "support/group.hpp"

#include "../support/eventually.hpp"
#include "../support/nats_client.hpp"
#include "../support/process.hpp"

#include <nlohmann/json.hpp>

#include <caf/test/unit_test.hpp>

#include <algorithm>
#include <sstream>

using namespace partita::test;
using nlohmann::json;

namespace {

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// A group of worker processes, and the commands that an operator types.
struct operated_group : process_group {
  process_result type(std::vector<std::string> words) const {
    words.insert(words.end(), {"-c", config_file(), "--timeout", "20s"});
    auto result = run_partita(words);
    CAF_MESSAGE(words[0] << ": " << result.code << ": " << result.out << result.err);
    return result;
  }

  /// It did what it should, and said this.
  json ask(std::vector<std::string> words) const {
    words.push_back("--json");
    auto x = type(std::move(words));
    CAF_REQUIRE_EQUAL(x.code, 0);
    CAF_CHECK_EQUAL(x.out.find('\n') + 1, x.out.size());
    return json::parse(x.out);
  }

  /// It could not, and said why.
  void refuses(std::vector<std::string> words, const std::string& why) const {
    auto x = type(std::move(words));
    CAF_CHECK_EQUAL(x.code, 1);
    CAF_CHECK(holds(x.err, why));
    CAF_CHECK(x.out.empty());
  }

  json worker(const std::string& id) const {
    auto status = ask({"status"});
    for (const auto& x : status["workers"])
      if (x["worker_id"] == id)
        return x;
    CAF_FAIL("no worker " << id);
    return {};
  }
};

} // namespace

CAF_TEST(a group that runs is shown and explained) {
  operated_group group;
  group.start_many(3);
  group.require_rest();
  auto status = group.ask({"status"});
  CAF_CHECK_EQUAL(status["workers"].size(), 3u);
  CAF_CHECK(status["unowned"].empty() && status["hand_offs"].empty());
  auto table = group.type({"status"});
  CAF_CHECK(holds(table.out, group.id_of("w0")));
  std::size_t leaders = 0;
  auto workers = group.ask({"workers"});
  for (const auto& x : workers["workers"]) {
    leaders += x["leader"].get<bool>() ? 1 : 0;
    CAF_CHECK(x["instance"].get<std::string>().starts_with("w"));
    CAF_CHECK_EQUAL(x["partitions"].get<std::size_t>(), 8u);
  }
  CAF_CHECK_EQUAL(leaders, 1u);
  CAF_CHECK(holds(group.type({"workers"}).out, "leader"));
  auto one = group.ask({"explain", "p.3"});
  auto owns = group.worker(one["owner"])["partitions"];
  CAF_CHECK(std::find(owns.begin(), owns.end(), json("p.3")) != owns.end());
  CAF_CHECK(one["token"].get<std::uint64_t>() > 0);
  CAF_CHECK(one["pending"].is_null());
  CAF_CHECK(holds(group.type({"explain", "p.3"}).out, "owner:    worker-"));
  group.refuses({"explain", "p.33"}, "no partition is named 'p.33'; did you mean p.3?");
}

CAF_TEST(what a rebalance would do is shown and then done) {
  operated_group group;
  group.start_many(3);
  group.require_rest();
  CAF_CHECK(group.ask({"plan", "--live"})["moves"].empty());
  auto records = group.ask({"plan", "--live", "--from-records"});
  CAF_CHECK_EQUAL(records["partitions"].get<std::size_t>(), 24u);
  auto victim = group.id_of("w1");
  auto less = group.ask({"plan", "--without", victim});
  CAF_CHECK_EQUAL(less["moves"].size(), 8u);
  CAF_CHECK(holds(group.type({"plan", "--workers", "4"}).out, "new"));
  auto other = group.ask({"plan", "--strategy", "round_robin"});
  CAF_CHECK_EQUAL(other["strategy"].get<std::string>(), "round_robin");
  group.refuses({"plan", "--without", victim + '7'}, "did you mean " + victim + '?');
  CAF_MESSAGE("the same as what happens");
  std::map<std::string, std::string> told;
  auto thought = group.ask({"plan", "--without", victim});
  for (const auto& x : thought["moves"])
    told[x["partition"]] = x["to"];
  CAF_CHECK_EQUAL(group.stop("w1"), 0);
  group.require_rest();
  for (const auto& [partition, to] : told)
    CAF_CHECK_EQUAL(group.ask({"explain", partition})["owner"].get<std::string>(), to);
}

CAF_TEST(names that do not exist are refused and nothing is written) {
  operated_group group;
  group.start_many(2);
  group.require_rest();
  // Mostly worker-1; on a busy machine its first claim may go unanswered.
  auto known = group.id_of("w1");
  auto almost = known;
  almost.erase(almost.find('-'), 1);
  group.refuses({"drain", "worker-77"}, "no worker 'worker-77'");
  group.refuses({"cordon", almost}, "did you mean " + known + '?');
  group.refuses({"uncordon", known}, "neither cordoned nor drained");
  group.refuses({"pin", "p.77", known}, "no partition is named 'p.77'");
  group.refuses({"pin", "p.1", "worker-77"}, "no worker 'worker-77'");
  group.refuses({"unpin", "p.1"}, "'p.1' is not pinned");
  group.refuses({"resume"}, "the group is not paused");
  auto x = group.ask({"status"});
  for (const auto& who : x["workers"])
    CAF_CHECK(who["cordoned"].is_null() && who["drained"].is_null());
  CAF_CHECK(x["pins"].empty() && x["pauses"].empty());
}

CAF_TEST(a directive makes no group that does not exist) {
  operated_group group;
  for (auto round = 0; round < 2; ++round)
    group.refuses({"pause", "--for", "1m", "--set", "group.name=another"},
                  "the group another does not exist: there is no bucket "
                  "another-election; this server has no other group\n");
}

CAF_TEST(a group that does not exist is answered with the nearest or with all) {
  operated_group group;
  group.start("w0");
  group.require_rest();
  auto meant = [&](const std::string& typed, const std::string& hint) {
    group.refuses({"status", "--group", typed}, "-election" + hint + '\n');
  };
  meant("itt", "; did you mean it?");
  group.refuses({"pause", "--for", "1m", "--group", "itt"}, "; did you mean it?\n");
  meant("billing", "; found it");
  CAF_MESSAGE("one that lacks a bucket is not another one");
  CAF_CHECK_EQUAL(group.stop("w0"), 0);
  nats_client{group.server().url()}.delete_bucket("it-heartbeat");
  group.refuses({"status"}, "it-heartbeat; this server has no other group\n");
}

CAF_TEST(a user who may not list buckets is only told that the group does not exist) {
  nats_server server{{.config = R"(authorization { users: [ { user: me, password: p,
    permissions: { publish: { deny: "$JS.API.STREAM.NAMES" } } } ] })"}};
  auto x = run_partita(
      {"status", "--url", server.url(), "--group", "it"},
      {.environment = {{"PARTITA_NATS_USER", "me"}, {"PARTITA_NATS_PASSWORD", "p"}}});
  CAF_CHECK_EQUAL(x.code, 1);
  CAF_CHECK_EQUAL(x.err, "partita: the group it does not exist: there is no bucket "
                         "it-election\n");
}

CAF_TEST(a drained worker gives everything away until it is uncordoned) {
  operated_group group;
  group.start_many(3);
  group.require_rest();
  auto name = group.a_follower();
  auto id = group.id_of(name);
  auto done = group.ask({"drain", id, "--reason", "disk is full", "--wait=25s"});
  CAF_CHECK(done["done"].get<bool>());
  CAF_CHECK_EQUAL(done["set"][0].get<std::string>(), "directive.drain." + id);
  auto drained = group.worker(id);
  CAF_CHECK(drained["partitions"].empty());
  CAF_CHECK_EQUAL(drained["drained"]["reason"].get<std::string>(), "disk is full");
  CAF_CHECK(all_owned_once(group.journal().now(), group.with().partitions));
  CAF_CHECK(group.ask({"plan", "--live"})["moves"].empty());
  CAF_CHECK(holds(group.type({"status"}).out, "drained: " + id));
  auto plans = group.ask({"history"})["plans"];
  CAF_REQUIRE(!plans.empty());
  CAF_CHECK_EQUAL(plans.back()["losses"][id].get<std::size_t>(), 8u);
  CAF_CHECK(holds(group.type({"history", "--verbose"}).out, id + " -8"));
  CAF_CHECK_EQUAL(group.ask({"history", "-n", "1"})["plans"].size(), 1u);
  group.ask({"uncordon", id});
  group.require_rest();
  CAF_CHECK(!group.worker(id)["partitions"].empty());
  CAF_CHECK_EQUAL(group.journal().violations(), "");
}

CAF_TEST(the only worker that could own anything is not drained) {
  operated_group group;
  group.start("w0");
  group.require_rest();
  group.refuses({"drain", group.id_of("w0")}, "no other worker could own");
}

CAF_TEST(a pinned partition goes to its worker and says so) {
  operated_group group;
  group.start_many(3);
  group.require_rest();
  auto name = group.a_follower();
  auto id = group.id_of(name);
  auto owns = group.journal().now().at(name).owns;
  std::string partition;
  for (std::size_t i = 0; i < group.with().partitions && partition.empty(); ++i)
    if (auto x = "p." + std::to_string(i); !owns.contains(x))
      partition = x;
  group.ask({"pin", partition, id, "--reason", "has the cache"});
  CAF_CHECK(group.journal().wait(
      [&](const auto& all) { return all.at(name).owns.contains(partition); }));
  auto why = group.ask({"explain", partition});
  CAF_CHECK_EQUAL(why["owner"].get<std::string>(), id);
  CAF_CHECK_EQUAL(why["pin"]["reason"].get<std::string>(), "has the cache");
  CAF_CHECK(holds(why["reason"].get<std::string>(), "has the cache"));
  group.ask({"unpin", partition});
  CAF_CHECK(group.ask({"status"})["pins"].empty());
}

CAF_TEST(a pause holds newcomers off until it is resumed) {
  operated_group group;
  group.start_many(2);
  group.require_rest();
  group.ask({"pause", "--for", "30m", "--reason", "deploying"});
  auto pauses = group.ask({"status"})["pauses"];
  CAF_REQUIRE_EQUAL(pauses.size(), 1u);
  CAF_CHECK(pauses[0]["left_ms"].get<int>() > 1'700'000);
  CAF_CHECK(holds(group.type({"status"}).out, "deploying"));
  group.refuses({"rebalance"}, "the group is paused");
  auto id = pauses[0]["id"].get<std::string>();
  group.ask({"pause", "--for", "20m"});
  group.refuses({"resume"}, "several pauses are in force");
  group.ask({"resume", id});
  group.start("w2");
  CAF_CHECK(group.journal().wait(
      [](const auto& all) { return all.contains("w2") && !all.at("w2").id.empty(); }));
  CAF_CHECK(!group.rest(3s));
  group.ask({"resume", "--all"});
  group.require_rest();
}

CAF_TEST(a rebalance that is asked for is planned at once) {
  operated_group group;
  group.start_many(2);
  group.require_rest();
  auto before = group.ask({"history"})["plans"].size();
  auto x = group.ask({"rebalance", "--reason", "to see it", "--wait=25s"});
  CAF_CHECK(x["done"].get<bool>());
  CAF_CHECK(group.ask({"status"})["rebalance"].is_null());
  CAF_CHECK(group.ask({"history"})["plans"].size() > before);
}

CAF_TEST(a leader steps down and another epoch begins) {
  operated_group group;
  group.start_many(3);
  group.require_rest();
  auto before = group.ask({"status"})["epoch"].get<std::uint64_t>();
  CAF_CHECK(group.ask({"step-down", "--wait=25s"})["done"].get<bool>());
  group.require_rest();
  CAF_CHECK(group.ask({"status"})["epoch"].get<std::uint64_t>() > before);
  CAF_CHECK_EQUAL(group.journal().violations(), "");
}

CAF_TEST(a wait that is too short says so and the directive stands) {
  operated_group group;
  group.without_guard();
  group.start_many(2);
  group.require_rest();
  CAF_MESSAGE("the workers that would carry it out do nothing");
  group.freeze("w0");
  group.freeze("w1");
  auto x = group.type({"rebalance", "--wait=100ms"});
  CAF_CHECK_EQUAL(x.code, 1);
  CAF_CHECK(holds(x.err, "not carried out within 100ms"));
  CAF_CHECK(holds(group.type({"status"}).out, "requested: a rebalance"));
  group.thaw("w0");
  group.thaw("w1");
}

// -- status that goes on ----------------------------------------------------------------

namespace {

std::vector<json> lines_of(const std::string& text) {
  std::vector<json> result;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line) && !in.eof();)
    result.push_back(json::parse(line));
  return result;
}

} // namespace

CAF_TEST(a status that goes on shows each change and survives the loss of the server) {
  operated_group group;
  group.start_many(2);
  group.require_rest();
  auto step = 0;
  auto x = run_partita({"status", "--watch", "--json", "-c", group.config_file()},
                       {.stop_when = [&](const std::string& out) {
                         auto all = lines_of(out);
                         if (all.empty())
                           return false;
                         const auto& last = all.back();
                         if (step == 0) {
                           step = 1;
                           group.start("w2");
                         } else if (step == 1 && last["workers"].size() == 3) {
                           step = 2;
                           group.server().kill();
                         } else if (step == 2 && !last["connected"].get<bool>()) {
                           step = 3;
                           group.server().start();
                         } else if (step == 3 && last["connected"].get<bool>()) {
                           step = 4;
                         }
                         return step == 4;
                       }});
  CAF_CHECK_EQUAL(x.code, 0);
  CAF_CHECK_EQUAL(step, 4);
  CAF_CHECK_EQUAL(x.err, "");
  auto all = lines_of(x.out);
  for (std::size_t i = 1; i < all.size(); ++i)
    CAF_CHECK(all[i] != all[i - 1]);
}

namespace {

/// A group without workers, on a server that logs what it is asked.
struct absent_group : operated_group {
  absent_group() { server().reload("trace: true"); }

  /// Whether the server was asked for the group so often in its present run.
  bool looked_for(std::size_t times) {
    return eventually(20s, [&] {
      const std::string question = "<<- [PUB $JS.API.STREAM.INFO.KV_it-election ";
      auto log = server().log();
      std::size_t found = 0;
      for (auto i = log.find(question); i != std::string::npos;
           i = log.find(question, i + 1))
        ++found;
      return found >= times;
    });
  }
};

} // namespace

CAF_TEST(a status that goes on waits for a group that does not exist yet) {
  absent_group group;
  auto step = 0;
  auto x = run_partita({"status", "--watch", "--json", "-c", group.config_file()},
                       {.stop_when = [&](const std::string& out) {
                         auto all = lines_of(out);
                         if (all.empty())
                           return false;
                         const auto& last = all.back();
                         auto connected = last["connected"].get<bool>();
                         if (step == 0) {
                           step = 1;
                           CAF_CHECK(group.looked_for(3));
                           group.server().kill();
                         } else if (step == 1 && !connected) {
                           step = 2;
                           group.server().start();
                         } else if (step == 2 && connected) {
                           step = 3;
                           group.start("w0");
                         } else if (step == 3 && last.contains("workers")
                                    && last["workers"].size() == 1
                                    && last["unowned"].empty()) {
                           step = 4;
                         }
                         return step == 4;
                       }});
  CAF_CHECK_EQUAL(x.code, 0);
  CAF_CHECK_EQUAL(step, 4);
  CAF_CHECK_EQUAL(x.err, "");
  auto all = lines_of(x.out);
  CAF_REQUIRE(all.size() > 3);
  json waiting = {{"connected", true},
                  {"group", "it"},
                  {"exists", false},
                  {"reason",
                   "the group it does not exist: there is no bucket it-election; this "
                   "server has no other group"},
                  {"waits_for", "its first worker"}};
  auto away = waiting;
  away["connected"] = false;
  CAF_CHECK(all[0] == waiting);
  CAF_CHECK(all[1] == away);
  CAF_CHECK(all[2] == waiting);
  for (std::size_t i = 3; i < all.size(); ++i)
    CAF_CHECK(!all[i].contains("exists") && all[i].contains("workers"));
}

CAF_TEST(a status that waits for a group ends when it is asked to and makes nothing) {
  absent_group group;
  auto x =
      run_partita({"status", "--watch", "--json", "-c", group.config_file()},
                  {.stop_when = [](const std::string& out) { return !out.empty(); }});
  CAF_CHECK_EQUAL(x.code, 0);
  CAF_CHECK_EQUAL(lines_of(x.out).size(), 1u);
  group.refuses({"status"}, "the group it does not exist");
}

CAF_TEST(people read once what a status waits for and then see the group) {
  absent_group group;
  auto started = false;
  auto x = run_partita({"status", "--watch", "-c", group.config_file()},
                       {.stop_when = [&](const std::string& out) {
                         // Asked for the first time by what stands on stderr.
                         if (!std::exchange(started, true)) {
                           CAF_CHECK(group.looked_for(3));
                           group.start("w0");
                         }
                         return !out.empty();
                       }});
  CAF_CHECK_EQUAL(x.code, 0);
  CAF_CHECK_EQUAL(x.err,
                  "partita status: the group it does not exist: there is no bucket "
                  "it-election; this server has no other group; waiting for its first "
                  "worker\n");
  CAF_CHECK(x.out.starts_with("group it:"));
}

CAF_TEST(a status that goes on does not wait for what it may never see) {
  nats_server server{{.config = R"(authorization { users: [ { user: me, password: p,
    permissions: { publish: { deny: "$JS.API.STREAM.INFO.KV_it-heartbeat" } } } ] })"}};
  auto watch = [&](const std::string& password) {
    auto x = run_partita({"status", "--watch", "--json", "--url", server.url(), "--group",
                          "it", "--timeout", "2s"},
                         {.environment = {{"PARTITA_NATS_USER", "me"},
                                          {"PARTITA_NATS_PASSWORD", password}}});
    CAF_MESSAGE(x.err);
    CAF_CHECK_EQUAL(x.code, 1);
    CAF_CHECK_EQUAL(x.out, "");
    return x.err;
  };
  CAF_CHECK(holds(watch("wrong"), "cannot reach NATS at"));
  CAF_CHECK(holds(watch("p"), "cannot open the bucket it-heartbeat: "));
}

CAF_TEST(in a pipe one picture follows another without the words of a terminal) {
  operated_group group;
  group.start("w0");
  group.require_rest();
  auto started = false;
  auto x = run_partita({"status", "--watch", "-c", group.config_file()},
                       {.stop_when = [&](const std::string& out) {
                         if (!out.empty() && !std::exchange(started, true))
                           group.start("w1");
                         auto all = group.journal().now();
                         return holds(out, "\n\ngroup it:") && all.contains("w1")
                                && !all.at("w1").id.empty()
                                && holds(out, all.at("w1").id);
                       }});
  CAF_CHECK_EQUAL(x.code, 0);
  CAF_CHECK(!holds(x.out, "\x1b"));
}
