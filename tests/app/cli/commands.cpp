// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.commands

#include "../../support/process.hpp"

#include "partita/app/cli/build_commit.hpp"

#include <nlohmann/json.hpp>

#include <caf/test/unit_test.hpp>

#include <fstream>

using namespace partita::test;
using nlohmann::json;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// The process ended with `code` and all of `parts` are on its stderr.
void ends(const process_result& x, int code,
          std::initializer_list<const char*> parts = {}) {
  CAF_MESSAGE("stdout: " << x.out << "stderr: " << x.err);
  CAF_CHECK_EQUAL(x.code, code);
  for (const auto* part : parts)
    CAF_CHECK(contains(x.err, part));
}

process_result plan(const std::string& questions) {
  return run_partita({"plan"}, {.input = questions});
}

constexpr const char* good_config = R"(
[group]
name = "orders"
[partitions]
prefix = "p"
count = 4
)";

// No server listens there.
constexpr const char* closed_port = "nats://127.0.0.1:1";

} // namespace

// -- usage ------------------------------------------------------------------------------

CAF_TEST(help explains the program and every command with examples) {
  auto all = run_partita({"--help"});
  ends(all, 0);
  for (const char* command :
       {"run",       "dev",       "status",  "workers", "partitions",
        "explain",   "history",   "plan",    "drain",   "cordon",
        "uncordon",  "pin",       "unpin",   "pause",   "resume",
        "step-down", "rebalance", "buckets", "stream",  "check-config"}) {
    CAF_CHECK(contains(all.out, command));
    auto one = run_partita({command, "--help"});
    ends(one, 0);
    CAF_CHECK(contains(one.out, "Example"));
    CAF_CHECK(contains(one.out, std::string{"partita "} + command));
  }
}

CAF_TEST(a stream needs a key in its subjects and a number of partitions) {
  for (const char* subjects : {"orders", "orders.>", "", "a..*"})
    ends(run_partita({"stream", "init", "--group", "g", subjects, "4"}), 2,
         {"expected tokens joined by dots"});
  for (const char* count : {"0", "-1", "1000001", "x"})
    ends(run_partita({"stream", "init", "--group", "g", "orders.*", count}), 2);
}

CAF_TEST(the versions of the program and its libraries are printed) {
  auto x = run_partita({"--version"});
  ends(x, 0);
  std::string commit{partita::app::build_commit()};
  CAF_CHECK(contains(x.out, "partita " PARTITA_VERSION
                                + (commit.empty() ? "\n" : " (" + commit + ")\n")));
  CAF_CHECK(contains(x.out, "CAF 0.17."));
  CAF_CHECK(contains(x.out, "cnats 3."));
}

CAF_TEST(the help groups the commands and says how durations are written) {
  auto all = run_partita({"--help"}).out;
  std::size_t at = 0;
  for (const char* heading :
       {"partita [OPTIONS] COMMAND", "Run:", "Look:", "Change:", "Check:"}) {
    auto found = all.find(std::string{"\n"} + heading + '\n', at);
    if (at == 0)
      found = all.find(heading);
    CAF_REQUIRE_NOT_EQUAL(found, std::string::npos);
    at = found;
  }
  CAF_CHECK(!contains(all, "Subcommands"));
  CAF_CHECK(contains(all, "A DURATION is a number and its unit"));
  CAF_CHECK(contains(run_partita({"pause", "--help"}).out, "--for DURATION"));
  CAF_CHECK(contains(run_partita({"run", "--help"}).out,
                     "partita run [OPTIONS] [-- COMMAND [ARGUMENTS]]\n"));
}

CAF_TEST(an unknown word is repeated with the nearest one) {
  ends(run_partita({"statsu", "--json"}), 2,
       {"partita: unknown command 'statsu'; did you mean 'status'?\n"});
  ends(run_partita({"partitions", "ad"}), 2,
       {"partita: unknown command 'ad'; did you mean 'add'?\n"});
  ends(run_partita({"status", "--jsno"}), 2,
       {"partita: unknown option '--jsno'; did you mean '--json'?\n"});
  ends(run_partita({"drain", "--timeot=5s"}), 2,
       {"partita: unknown option '--timeot'; did you mean '--timeout'?\n"});
  ends(run_partita({"help"}), 2, {"'help'; did you mean '--help'?\n"});
  ends(run_partita({"status", "orders"}), 2, {"partita: unknown argument 'orders'\n"});
  ends(run_partita({"st\x1b"}), 2, {"partita: unknown command 'st\\x1B'\n"});
  ends(run_partita({}), 2, {"partita: no command given\n"});
  ends(run_partita({"buckets"}), 2, {"partita: no command given\n"});
  CAF_MESSAGE("other mistakes are not hidden");
  ends(run_partita({"drain"}), 2, {"partita: worker is required\n"});
}

CAF_TEST(bad usage ends with exit code 2) {
  ends(run_partita({}), 2);
  ends(run_partita({"frobnicate"}), 2, {"unknown command 'frobnicate'\n"});
  ends(run_partita({"run", "--frobnicate"}), 2, {"--frobnicate"});
  ends(run_partita({"run", "-c", "x", "--"}), 2, {"nothing behind --"});
  ends(run_partita({"dev", "--workers", "0"}), 2, {"--workers"});
  ends(run_partita({"dev", "--workers", "many"}), 2, {"--workers"});
  ends(run_partita({"dev", "--for", "soon"}), 2,
       {"--for", "soon", "expected a duration"});
  ends(run_partita({"status"}), 2, {"no group given"});
  ends(run_partita({"status", "--group", "orders", "--timeout", "0s"}), 2, {"--timeout"});
  ends(run_partita({"check-config"}), 2);
  ends(run_partita({"partitions"}), 2);
  ends(run_partita({"partitions", "list"}), 2, {"no group given"});
  ends(run_partita({"buckets", "update"}), 2, {"no group given"});
  ends(run_partita({"partitions", "add", "--group", "g"}), 2, {"name"});
  ends(run_partita({"partitions", "add", "--group", "g", "a b"}), 2, {"holds ' '"});
  ends(run_partita({"partitions", "set-weight", "--group", "g", "a", "-1"}), 2);
  ends(run_partita({"partitions", "import", "--group", "g", "/nowhere"}), 2,
       {"/nowhere"});
}

CAF_TEST(bad usage of the commands for a group ends with exit code 2) {
  ends(run_partita({"drain", "--group", "orders"}), 2, {"worker"});
  ends(run_partita({"drain", "worker-1"}), 2, {"no group given"});
  ends(run_partita({"drain", "worker-1", "--group", "orders", "--wait=soon"}), 2,
       {"--wait", "soon"});
  ends(run_partita({"pin", "orders.1", "--group", "orders"}), 2, {"worker"});
  ends(run_partita({"pause", "--group", "orders"}), 2, {"--for"});
  ends(run_partita({"pause", "--for", "8d", "--group", "orders"}), 2, {"--for", "8d"});
  ends(run_partita({"pause", "--for", "169h", "--group", "orders"}), 2,
       {"--for", "169h", "at most 168h"});
  ends(run_partita({"resume", "0f3a9c21", "--all", "--group", "orders"}), 2);
  ends(run_partita({"cordon", "worker-1", "--group", "orders", "--reason", "\xff"}), 2,
       {"--reason", "UTF-8"});
  ends(run_partita({"history", "-n", "0", "--group", "orders"}), 2, {"--count"});
  ends(run_partita({"explain", "--group", "orders"}), 2, {"partition"});
  ends(run_partita({"plan", "--group", "orders"}), 2, {"--live"});
  ends(run_partita({"plan", "--workers", "0", "--group", "orders"}), 2, {"--workers"});
  ends(run_partita({"plan", "--strategy", "stiky", "--group", "orders"}), 2,
       {"--strategy", "did you mean sticky?"});
  ends(run_partita({"plan", "--live"}), 2, {"no group given"});
}

CAF_TEST(commands for a group that reach no server name the address) {
  for (const auto& words : std::vector<std::vector<std::string>>{{"workers"},
                                                                 {"explain", "orders.1"},
                                                                 {"history"},
                                                                 {"buckets", "check"},
                                                                 {"plan", "--live"},
                                                                 {"status", "--watch"},
                                                                 {"drain", "worker-1"},
                                                                 {"pause", "--for", "1m"},
                                                                 {"rebalance"}}) {
    auto all = words;
    all.insert(all.end(),
               {"--url", closed_port, "--group", "orders", "--timeout", "300ms"});
    auto x = run_partita(all);
    ends(x, 1, {"cannot reach NATS", closed_port});
    CAF_CHECK(x.out.empty());
  }
}

// -- check-config -----------------------------------------------------------------------

CAF_TEST(a good configuration is called good) {
  temporary_folder folder;
  auto file = folder.file("good.toml", good_config);
  auto x = run_partita({"check-config", file});
  ends(x, 0);
  CAF_CHECK_EQUAL(x.out.find(file + " is valid\na leader that has died"), 0u);
  CAF_CHECK_NOT_EQUAL(x.out.find("NATS may be away for 5250ms"), std::string::npos);
}

CAF_TEST(a good configuration says whether the guard says goodbye) {
  temporary_folder folder;
  auto file = folder.file("good.toml", good_config);
  auto says = [&](const std::string& text, std::map<std::string, std::string> set) {
    auto x = run_partita({"check-config", file}, {.environment = std::move(set)});
    CAF_CHECK_NOT_EQUAL(x.out.find(text), std::string::npos);
  };
  says("below `partita run -- COMMAND` its guard says goodbye for it at once", {});
  says("hooks may have handed work to others", {{"PARTITA_HOOKS_STATE", "true"}});
}

CAF_TEST(every mistake is reported with file and line and key) {
  temporary_folder folder;
  auto file = folder.file("bad.toml", "[group]\nname = \"orders\"\ncolour = 1\n"
                                      "[heartbeat]\nttl = \"fast\"\n"
                                      "[partitions]\nprefix = \"p\"\ncount = 4\n");
  auto x = run_partita({"check-config", file});
  ends(x, 2, {"bad.toml:3", "group.colour", "bad.toml:5", "heartbeat.ttl", "fast"});
  CAF_CHECK(x.out.empty());
}

CAF_TEST(mistakes of a file of partitions are reported with that files lines) {
  temporary_folder folder;
  auto list = folder.file("list.toml", "list = [\n\"a\",\n5 ]\n");
  auto file = folder.file("c.toml", "[group]\nname = \"orders\"\n[partitions]\nfile = \""
                                        + list + "\"\n");
  ends(run_partita({"check-config", file}), 2, {"list.toml:3: list[1]: found 5"});
  auto from_stdin =
      run_partita({"partitions", "import", "--group", "g", "-"}, {.input = "lst = []\n"});
  ends(from_stdin, 2, {"standard input:1: lst: unknown key"});
}

CAF_TEST(a hook whose program is missing is reported before anything begins) {
  temporary_folder folder;
  auto file =
      folder.file("partita.toml",
                  std::string{good_config} + "[hooks]\nrevoked = ['/no/such/program']\n");
  for (const auto& words : {std::vector<std::string>{"check-config", file},
                            std::vector<std::string>{"run", "-c", file}})
    ends(run_partita(words), 2, {"partita.toml:8: hooks.revoked", "/no/such/program"});
  CAF_MESSAGE("a command that only reads needs no hooks");
  auto status =
      run_partita({"status", "-c", file, "--url", closed_port, "--timeout", "1s"});
  CAF_CHECK_EQUAL(status.code, 1);
}

CAF_TEST(a configuration is found by PARTITA_CONFIG or in the folder) {
  temporary_folder folder;
  auto here = folder.file("partita.toml", good_config);
  auto elsewhere = folder.file("other.toml", good_config);
  auto check = [](const conversation& talk, std::vector<std::string> words = {}) {
    words.insert(words.begin(), "check-config");
    return run_partita(words, talk).out;
  };
  CAF_CHECK(check({.folder = folder.path()}).starts_with("partita.toml is valid\n"));
  conversation named{.environment = {{"PARTITA_CONFIG", elsewhere}},
                     .folder = folder.path()};
  CAF_CHECK(check(named).starts_with(elsewhere + " is valid\n"));
  CAF_CHECK(check(named, {here}).starts_with(here + " is valid\n"));
  CAF_MESSAGE("an empty one counts as not set");
  named.environment["PARTITA_CONFIG"] = "";
  CAF_CHECK(check(named).starts_with("partita.toml is valid\n"));
  CAF_MESSAGE("so a command needs neither -c nor --group");
  ends(run_partita({"status", "--url", closed_port, "--timeout", "1s"},
                   {.folder = folder.path()}),
       1, {"cannot reach NATS"});
  ends(run_partita({"run"}), 2,
       {"no configuration (-c FILE, PARTITA_CONFIG or "
        "./partita.toml): group.name: is missing"});
}

CAF_TEST(an unknown variable is a warning and those of a Service are none) {
  temporary_folder folder;
  auto file = folder.file("good.toml", good_config);
  auto x = run_partita({"check-config", file},
                       {.environment = {{"PARTITA_HEARTBEAT_TTLS", "8s"},
                                        {"PARTITA_NATS_PORT", "tcp://10.96.7.31:4222"},
                                        {"PARTITA_NATS_SERVICE_HOST", "10.96.7.31"}}});
  CAF_CHECK_EQUAL(x.code, 0);
  CAF_CHECK_EQUAL(x.err, "partita: warning: environment variable PARTITA_HEARTBEAT_TTLS: "
                         "names no setting and is ignored: did you mean "
                         "PARTITA_HEARTBEAT_TTL?\n");
}

CAF_TEST(a configuration that is not there is named) {
  ends(run_partita({"check-config", "/nowhere/partita.toml"}), 2,
       {"/nowhere/partita.toml"});
}

CAF_TEST(the configuration in effect is itself a good configuration without secrets) {
  temporary_folder folder;
  auto file = folder.file("good.toml", good_config);
  auto x = run_partita({"check-config", file, "--show"},
                       {.environment = {{"PARTITA_NATS_USER", "me"},
                                        {"PARTITA_NATS_PASSWORD", "swordfish"},
                                        {"PARTITA_ELECTION_LEASE", "4s"}}});
  ends(x, 0);
  CAF_CHECK(!contains(x.out, "swordfish"));
  CAF_CHECK(contains(x.out, "4s"));
  auto again = run_partita({"check-config", folder.file("again.toml", x.out)},
                           {.environment = {{"PARTITA_NATS_PASSWORD", "swordfish"}}});
  ends(again, 0);
}

// -- plan -------------------------------------------------------------------------------

CAF_TEST(plans are those of the reference cases) {
  std::ifstream cases{"tests/data/strategy-vectors.jsonl"};
  CAF_REQUIRE(cases.good());
  std::string questions;
  std::vector<json> expected;
  for (std::string line; std::getline(cases, line);) {
    auto one = json::parse(line);
    questions += one["input"].dump() + '\n';
    expected.push_back(one["expected"]);
  }
  CAF_REQUIRE(!expected.empty());
  auto x = plan(questions);
  CAF_CHECK_EQUAL(x.code, 0);
  std::istringstream answers{x.out};
  std::size_t count = 0;
  for (std::string line; std::getline(answers, line) && count < expected.size();
       ++count) {
    auto answer = json::parse(line);
    CAF_CHECK(answer["assignments"] == expected[count]["assignments"]);
  }
  CAF_CHECK_EQUAL(count, expected.size());
}

CAF_TEST(both spellings of a strategy give the same plan) {
  auto ask = [](const std::string& name) {
    return plan(R"({"workers":["a","b"],"partitions":[{"keys":["x"]},)"
                R"({"keys":["y"]},{"keys":["z"]}],"strategy":")"
                + name + "\"}\n")
        .out;
  };
  CAF_CHECK(!ask("round_robin").empty());
  CAF_CHECK_EQUAL(ask("round_robin"), ask("roundrobin"));
  CAF_CHECK_EQUAL(ask("consistent_hash"), ask("consistent"));
  CAF_CHECK_EQUAL(ask("weighted_consistent_hash"), ask("weighted"));
}

CAF_TEST(a sticky plan keeps what the balance allows) {
  auto x = plan(R"({"workers":["a","b"],"partitions":[{"keys":["w"]},)"
                R"({"keys":["x"]},{"keys":["y"]},{"keys":["z"]}],)"
                R"("previous":{"a":[0,1,2],"gone":[3]}})"
                "\n");
  ends(x, 0);
  auto shares = json::parse(x.out)["assignments"];
  CAF_CHECK_EQUAL(shares["a"].size(), 2u);
  CAF_CHECK_EQUAL(shares["b"].size(), 2u);
  CAF_CHECK(std::find(shares["b"].begin(), shares["b"].end(), json(3))
            != shares["b"].end());
}

CAF_TEST(an invalid question is refused with its line and member) {
  ends(plan(""), 2, {"found nothing on stdin"});
  ends(plan("{\n"), 2, {"line 1", "not JSON"});
  auto x = plan(R"({"workers":[],"partitions":[]})"
                "\n\n"
                R"({"workers":[],"partitions":3})"
                "\n");
  ends(x, 2, {"line 3", "'partitions'", "found 3"});
  CAF_CHECK_EQUAL(x.out, "{\"assignments\":{}}\n");
}

// -- run and status without a server ----------------------------------------------------

CAF_TEST(a worker without a server says so and gives up after its time) {
  temporary_folder folder;
  auto events = folder.path() + "/events";
  auto x =
      run_partita({"run", "-c", folder.file("good.toml", good_config), "--url",
                   closed_port, "--set", "timeouts.startup=1500ms", "--events", events});
  ends(x, 1,
       {"no connection to NATS: cannot connect to ", closed_port, ": Connection refused",
        "giving up"});
  CAF_MESSAGE("one line for an outage");
  CAF_CHECK_EQUAL(x.err.find("no connection to NATS"),
                  x.err.rfind("no connection to NATS"));
  std::ifstream lines{events};
  std::string last;
  for (std::string line; std::getline(lines, line);)
    last = line;
  auto stopped = json::parse(last, nullptr, false);
  CAF_REQUIRE(stopped.is_object());
  CAF_CHECK_EQUAL(stopped["event"].get<std::string>(), "stopped");
  CAF_CHECK(stopped.contains("failure"));
}

CAF_TEST(what a worker opens never takes the place of a stream that is closed) {
  temporary_folder folder;
  auto events = folder.path() + "/events";
  conversation talk;
  talk.closed = {0, 1, 2};
  run_partita({"run", "--url", closed_port, "--group", "orders", "--events", events,
               "--set", "timeouts.startup=500ms", "--set", "partitions.prefix=p", "--set",
               "partitions.count=3"},
              talk);
  std::ifstream in{events};
  std::string last;
  for (std::string line; std::getline(in, line); last = line)
    CAF_CHECK(line.starts_with('{'));
  CAF_MESSAGE("the last one is an event");
  CAF_CHECK(contains(last, R"("event":"stopped","group":"orders")"));
}

CAF_TEST(a worker with a bad configuration does not start) {
  temporary_folder folder;
  ends(run_partita({"run", "-c", folder.file("bad.toml", "[group]\n")}), 2,
       {"group.name"});
  ends(run_partita({"run", "-c", "/nowhere/partita.toml"}), 2, {"/nowhere/partita.toml"});
  ends(run_partita({"run", "-c", folder.file("good.toml", good_config), "--set",
                    "heartbeat.ttl=fast"}),
       2, {"heartbeat.ttl", "fast"});
}

CAF_TEST(events that cannot be written are an error at the start) {
  temporary_folder folder;
  auto x = run_partita({"run", "-c", folder.file("good.toml", good_config), "--events",
                        "/nowhere/events"});
  ends(x, 2, {"--events", "/nowhere/events"});
}

CAF_TEST(a status that reaches no server names the address) {
  auto x = run_partita(
      {"status", "--url", closed_port, "--group", "orders", "--timeout", "300ms"});
  ends(x, 1, {"cannot reach NATS", closed_port});
  CAF_CHECK(x.out.empty());
  ends(run_partita({"partitions", "add", "--url", closed_port, "--group", "orders", "a",
                    "--timeout", "300ms"}),
       1, {"cannot reach NATS", closed_port});
}
