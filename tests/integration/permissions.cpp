// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE integration.permissions

#include "support/group.hpp"

#include "../support/eventually.hpp"
#include "../support/process.hpp"

#include <caf/test/unit_test.hpp>

#include <fstream>
#include <sstream>
#include <utility>

using namespace partita::test;

namespace {

/// The permissions that are shipped, for the test's group.
std::string shipped() {
  std::ifstream in{PARTITA_NATS_PERMISSIONS};
  std::ostringstream text;
  text << in.rdbuf();
  auto result = text.str();
  for (auto at = result.find("demo-"); at != std::string::npos; at = result.find("demo-"))
    result.replace(at, 5, "it-");
  return result;
}

std::string without(std::string text, const std::string& line, const std::string& other) {
  auto at = text.find(line);
  if (at == std::string::npos)
    throw std::runtime_error{"the shipped permissions do not have " + line};
  return text.replace(at, line.size(), other);
}

struct fixture {
  process_group group;

  void serve(const std::string& permissions) {
    group.server().configure(permissions + R"(
authorization { users: [
  { user: worker, password: p, permissions: $PARTITA_WORKER }
  { user: operator, password: p, permissions: $PARTITA_OPERATOR }
  { user: observer, password: p, permissions: $PARTITA_OBSERVER }
] })");
    group.server().restart();
  }

  void start_workers(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
      group.start("w" + std::to_string(i),
                  {"--set", "nats.user=worker", "--set", "nats.password=p"});
  }

  process_result type(const std::string& user, std::vector<std::string> words) const {
    words.insert(words.end(), {"-c", group.config_file(), "--timeout", "20s"});
    auto result = run_partita(words, {.environment = {{"PARTITA_NATS_USER", user},
                                                      {"PARTITA_NATS_PASSWORD", "p"}}});
    CAF_MESSAGE(user << ": " << words[0] << ": " << result.code << ": " << result.err);
    return result;
  }

  bool log_says(const std::string& text) const {
    return group.log("w0").find(text) != std::string::npos
           || group.log("w1").find(text) != std::string::npos;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(permission_tests, fixture)

CAF_TEST(each role can do its work and nothing else) {
  serve(shipped());
  start_workers(2);
  group.require_rest();
  for (const auto& words : std::vector<std::vector<std::string>>{{"status"},
                                                                 {"workers"},
                                                                 {"explain", "p.0"},
                                                                 {"history"},
                                                                 {"plan", "--live"},
                                                                 {"buckets", "check"}})
    for (auto user : {"observer", "operator"})
      CAF_CHECK_EQUAL(type(user, words).code, 0);
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"cordon", group.id_of("w0")},
           {"uncordon", group.id_of("w0")},
           {"pin", "p.0", group.id_of("w1")},
           {"pause", "--for", "1s"},
           {"resume"},
           {"rebalance"},
           {"partitions", "add", "more.1"},
           {"partitions", "list"},
           {"buckets", "update", "--set", "worker.id_ttl=30s"},
           {"step-down"}})
    CAF_CHECK_EQUAL(type("operator", words).code, 0);
  CAF_CHECK_EQUAL(type("observer", {"partitions", "list"}).code, 0);
  group.require_rest();
  group.fail_over();
  group.require_rest();
  CAF_MESSAGE("nothing of that was more than is permitted");
  CAF_CHECK_EQUAL(group.server().log().find("Violation"), std::string::npos);
  for (const auto& [words, lacks] :
       {std::pair{
            std::vector<std::string>{"drain", "--force", group.id_of(group.leader())},
            R"(publish: "$KV.it-control.>")"},
        {std::vector<std::string>{"partitions", "add", "more.2"},
         R"(publish: "$KV.it-partitions.>")"},
        {std::vector<std::string>{"buckets", "update", "--set", "worker.id_ttl=60s"},
         R"(publish: "$JS.API.STREAM.UPDATE.KV_it-stableid")"}}) {
    auto x = type("observer", words);
    CAF_CHECK_EQUAL(x.code, 1);
    CAF_CHECK((x.err + x.out).find(lacks) != std::string::npos);
  }
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST(a line that is missing is named) {
  constexpr auto none = R"("none")";
  for (const auto& [line, other, lacks] :
       {std::tuple{R"("$KV.it-stableid.>")", none, R"(publish: "$KV.it-stableid.>")"},
        {R"("$KV.it-election.>")", none, R"(publish: "$KV.it-election.>")"},
        {R"("$KV.it-heartbeat.>")", none, R"(publish: "$KV.it-heartbeat.>")"},
        {R"("$KV.it-assignment.>")", none, R"(publish: "$KV.it-assignment.>")"},
        {R"("$KV.it-control.>")", none, R"(publish: "$KV.it-control.>")"},
        {R"("$JS.API.STREAM.CREATE.KV_it-heartbeat")", none,
         R"(publish: "$JS.API.STREAM.CREATE.KV_it-heartbeat")"},
        {R"("$JS.API.STREAM.INFO.KV_it-heartbeat")", none,
         R"(publish: "$JS.API.STREAM.INFO.KV_it-heartbeat")"},
        {R"("$JS.API.STREAM.MSG.GET.KV_it-assignment")", none,
         R"(publish: "$JS.API.STREAM.MSG.GET.KV_it-assignment")"},
        {R"("$JS.API.STREAM.MSG.GET.KV_it-heartbeat")", none,
         R"(publish: "$JS.API.STREAM.MSG.GET.KV_it-heartbeat")"},
        {R"("$JS.API.CONSUMER.CREATE.KV_it-assignment")", none,
         R"(publish: "$JS.API.CONSUMER.CREATE.KV_it-assignment")"},
        {R"("$JS.API.CONSUMER.CREATE.KV_it-heartbeat")", none,
         R"(publish: "$JS.API.CONSUMER.CREATE.KV_it-heartbeat")"},
        {"    \"partita.probe.>\"\n", "", R"(publish: "partita.probe.>")"},
        {R"("_INBOX.>", "partita.probe.>")", R"("_INBOX.>")",
         R"(subscribe: "partita.probe.>")"},
        {R"("_INBOX.>", "partita.probe.>")", R"("partita.probe.>")",
         R"(subscribe: "_INBOX.>")"},
        {"allow_responses: true", "allow_responses: false", "allow_responses: true"}}) {
    CAF_MESSAGE("lacks " << lacks);
    fixture x;
    x.serve(without(shipped(), line, other));
    x.start_workers(2);
    CAF_CHECK(eventually(20s, [&] {
      return x.log_says(std::string{"the permissions of this user lack "} + lacks);
    }));
  }
}
