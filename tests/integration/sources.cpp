// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE integration.sources

#include "support/group.hpp"

#include "../support/nats_client.hpp"

#include <nlohmann/json.hpp>

#include <caf/test/unit_test.hpp>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include <sys/wait.h>
#include <unistd.h>

using namespace partita::test;
using nlohmann::json;

namespace {

constexpr const char* alert = "partitions_unknown";

struct answer {
  int code = -1;
  std::string text;
};

/// Runs `partita partitions` as an operator would; stdout and stderr together.
answer operate(const process_group& group, const std::string& arguments) {
  auto command = std::string{PARTITA_PROGRAM} + " partitions " + arguments + " -c "
                 + group.config_file() + " 2>&1";
  answer result;
  auto* pipe = popen(command.c_str(), "r");
  CAF_REQUIRE(pipe != nullptr);
  char buffer[4096];
  for (auto n = fread(buffer, 1, sizeof(buffer), pipe); n > 0;
       n = fread(buffer, 1, sizeof(buffer), pipe))
    result.text.append(buffer, n);
  auto status = pclose(pipe);
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  CAF_MESSAGE("partita partitions " << arguments << ": " << result.text);
  return result;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// A file of that many partitions, one by one.
std::string file_of(std::size_t count) {
  std::string result = "list = [";
  for (std::size_t i = 0; i < count; ++i)
    result += "\"f" + std::to_string(i) + "\", ";
  return result + "]\n";
}

/// A file that gives each of these that weight.
std::string weights_of(const std::set<std::string>& names, int weight) {
  std::string result = "list = [\n";
  for (const auto& name : names)
    result +=
        "  { keys = [\"" + name + "\"], weight = " + std::to_string(weight) + " },\n";
  return result + "]\n";
}

/// Whether the first worker with this alert says `what`; empty: no worker has it.
bool alerts(const journal::views& all, const std::string& what) {
  for (const auto& [name, x] : all)
    if (auto i = x.alerts.find(alert); i != x.alerts.end())
      return !what.empty() && contains(i->second, what);
  return what.empty();
}

std::map<std::string, std::set<std::string>> owners(const process_group& group) {
  std::map<std::string, std::set<std::string>> result;
  for (const auto& [name, x] : group.journal().now())
    result[name] = x.owns;
  return result;
}

timings with_bucket(std::size_t partitions) {
  timings result;
  result.partitions = partitions;
  result.source = "bucket = true";
  return result;
}

} // namespace

CAF_TEST(a file is followed and a broken one moves nothing) {
  timings with;
  with.partitions = 12;
  auto file = std::filesystem::temp_directory_path()
              / ("partita-sources-" + std::to_string(getpid()) + ".toml");
  with.source = "file = \"" + file.string() + "\"";
  std::ofstream{file} << file_of(12);
  process_group group{with};
  group.start_many(2);
  group.require_rest();
  CAF_MESSAGE("more of them");
  std::ofstream{file} << file_of(18);
  group.expect_partitions(18);
  group.require_rest();
  CAF_MESSAGE("nonsense");
  auto before = owners(group);
  std::ofstream{file} << "list = [\n\"f0\",\n";
  CAF_CHECK(group.journal().wait(
      [&](const auto& all) { return alerts(all, file.string() + ":"); }));
  CAF_CHECK(owners(group) == before);
  CAF_MESSAGE("a file that is right again takes its place");
  auto other = file.string() + ".new";
  std::ofstream{other} << file_of(16);
  std::filesystem::rename(other, file);
  group.expect_partitions(16);
  group.require_rest();
  CAF_CHECK(group.journal().wait([](const auto& all) { return alerts(all, ""); }));
  CAF_CHECK_EQUAL(group.journal().violations(), "");
  std::filesystem::remove(file);
}

CAF_TEST(an operator adds and weighs and removes partitions while workers run) {
  process_group group{with_bucket(10)};
  auto list = operate(group, "list");
  CAF_CHECK_EQUAL(list.code, 1);
  CAF_CHECK(contains(list.text, "there is no bucket it-partitions"));
  group.start_many(2);
  CAF_MESSAGE("a new group waits for its list");
  CAF_CHECK(group.journal().wait(
      [](const auto& all) { return alerts(all, "holds no partition"); }));
  std::ofstream{group.server().dir() / "ten.toml"} << "prefix = \"p\"\ncount = 10\n";
  auto file = (group.server().dir() / "ten.toml").string();
  auto dry = operate(group, "import --dry-run " + file);
  CAF_CHECK_EQUAL(dry.code, 0);
  CAF_CHECK(contains(dry.text, "would have 10 added"));
  CAF_CHECK(contains(operate(group, "list").text, "PARTITION"));
  auto made = operate(group, "import --json " + file);
  CAF_CHECK_EQUAL(made.code, 0);
  CAF_CHECK_EQUAL(json::parse(made.text)["added"].size(), 10u);
  group.require_rest();
  CAF_CHECK(group.journal().wait([](const auto& all) { return alerts(all, ""); }));
  auto once_more = json::parse(operate(group, "import --json " + file).text);
  CAF_CHECK_EQUAL(once_more["unchanged"].get<int>(), 10);

  CAF_MESSAGE("two more");
  CAF_CHECK_EQUAL(operate(group, "add p.10 p.11").code, 0);
  group.expect_partitions(12);
  group.require_rest();
  auto again = operate(group, "add p.10 --weight 7");
  CAF_CHECK_EQUAL(again.code, 1);
  CAF_CHECK(contains(again.text, "p.10 is there already, with weight 100"));
  CAF_CHECK_EQUAL(operate(group, "add 'p 1'").code, 2);
  auto unknown = operate(group, "remove p.1o");
  CAF_CHECK_EQUAL(unknown.code, 1);
  CAF_CHECK(contains(unknown.text, "did you mean p.1"));

  CAF_MESSAGE("all that a worker has becomes so heavy that it must give one away");
  auto heavy = (group.server().dir() / "heavy.toml").string();
  std::ofstream{heavy} << weights_of(group.journal().now().at("w0").owns, 300);
  CAF_CHECK_EQUAL(operate(group, "import " + heavy).code, 0);
  CAF_CHECK(group.journal().wait([](const auto& all) {
    return all_owned_once(all, 12) && all.at("w0").owns.size() == 5;
  }));
  CAF_MESSAGE("and as light as all others again");
  std::ofstream{heavy} << "prefix = \"p\"\ncount = 12\n";
  auto light = operate(group, "import " + heavy);
  CAF_CHECK(contains(light.text, "0 added, 0 removed, 6 changed, 6 unchanged"));
  group.require_rest();
  auto weighed = operate(group, "set-weight p.0 150 --json");
  CAF_CHECK(contains(weighed.text, R"("from":100,"name":"p.0","to":150)"));
  CAF_CHECK_EQUAL(operate(group, "set-weight p.0 100").code, 0);
  CAF_CHECK_EQUAL(operate(group, "remove p.10 p.11").code, 0);
  group.expect_partitions(10);
  group.require_rest();
  auto all = json::parse(operate(group, "list --json").text);
  CAF_CHECK_EQUAL(all["partitions"].size(), 10u);
  CAF_CHECK_EQUAL(group.journal().violations(), "");
}

CAF_TEST(a bucket that is deleted takes no partition from its owner) {
  process_group group{with_bucket(6)};
  CAF_REQUIRE_EQUAL(operate(group, "add a b c d e f").code, 0);
  group.start_many(3);
  group.require_rest();
  auto before = owners(group);
  nats_client client{group.server().url()};
  client.delete_bucket("it-partitions");
  CAF_CHECK(group.journal().wait(
      [](const auto& all) { return alerts(all, "deleted and made again"); }));
  CAF_CHECK(owners(group) == before);
  CAF_MESSAGE("not even by a change of leader");
  auto leader = group.leader();
  before.erase(leader);
  group.fail_over();
  CAF_CHECK(group.journal().wait(
      [](const auto& all) { return all_owned_once(all, 6) && alerts(all, "holds no"); }));
  for (const auto& [name, had] : before) {
    auto now = group.journal().now().at(name).owns;
    CAF_CHECK(std::includes(now.begin(), now.end(), had.begin(), had.end()));
  }
  CAF_MESSAGE("the list again");
  CAF_CHECK_EQUAL(operate(group, "add a b c d e f g h").code, 0);
  group.expect_partitions(8);
  group.require_rest();
  CAF_CHECK(group.journal().wait([](const auto& all) { return alerts(all, ""); }));
  CAF_CHECK_EQUAL(group.journal().violations(), "");
}

CAF_TEST(an entry that cannot be read is reported and keeps its partition) {
  process_group group{with_bucket(4)};
  CAF_REQUIRE_EQUAL(operate(group, "add a b c d").code, 0);
  group.start_many(2);
  group.require_rest();
  auto before = owners(group);
  nats_client client{group.server().url()};
  client.put("it-partitions", "p.a", "nonsense");
  CAF_CHECK(
      group.journal().wait([](const auto& all) { return alerts(all, "key 'p.a'"); }));
  CAF_CHECK(owners(group) == before);
  auto list = json::parse(operate(group, "list --json").text);
  CAF_CHECK_EQUAL(list["invalid"].size(), 1u);
  CAF_CHECK_EQUAL(operate(group, "set-weight a 100").code, 0);
  CAF_CHECK(group.journal().wait([](const auto& all) { return alerts(all, ""); }));
}

CAF_TEST(shares follow capacities and change with them) {
  timings with;
  with.partitions = 24;
  process_group group{with};
  auto shares = [&](std::size_t first, std::size_t second) {
    return group.journal().wait([=](const auto& all) {
      return all_owned_once(all, 24) && all.at("w0").owns.size() == first
             && all.at("w1").owns.size() == second;
    });
  };
  group.start("w0", {"--set", "worker.capacity=300", "--set", "worker.zone=east"});
  group.start("w1");
  if (!shares(18, 6))
    CAF_FAIL("shares are not 18 and 6:\n" << group.journal().story());
  CAF_MESSAGE("it restarts with another capacity");
  CAF_CHECK_EQUAL(group.stop("w0"), 0);
  group.start("w0", {"--set", "worker.capacity=100"});
  CAF_CHECK(shares(12, 12));
}
