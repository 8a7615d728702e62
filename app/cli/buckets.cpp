// SPDX-License-Identifier: Apache-2.0
#include "partita/app/cli/commands.hpp"

#include "partita/app/change/init_group.hpp"
#include "partita/app/output/json_text.hpp"
#include "partita/app/output/table.hpp"
#include "partita/config/text.hpp"
#include "partita/core/worker/wanted_buckets.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

namespace partita::app {

using namespace std::string_view_literals;

namespace {

constexpr const char* init_examples = R"help(
Makes the buckets of a new group, waits heartbeat.ttl and 5 %, and declares the group to be new on this
server: as long as the server runs, the first leader then grants at once. Without it the first workers
wait as long. Changes nothing in a group that has worked. Exit code 1: the group is not new, or its
buckets are not kept by one server alone.

Example:
  partita init -c partita.toml && partita run -c partita.toml -- ./application
)help";

constexpr const char* buckets_examples = R"help(
A worker ends at its start where a bucket does not fit its configuration. `update` changes ttl and
replicas, which disturbs no worker, and makes what is missing. Exit code 1: something does not fit.

Examples:
  partita buckets check -c partita.toml
  partita buckets update -c partita.toml
  partita buckets check -c partita.toml --json | jq '.buckets[] | select(.state == "differs")'
)help";

struct finding {
  std::string bucket;
  const char* state;
  /// For people, where it does not fit.
  std::string why = {};
};

finding examine(group_access& access, open_bucket which, bool update) {
  auto open = [&](open_mode mode) {
    which.mode = mode;
    return open_within(access.self, access.store, which, access.left());
  };
  auto found = open(open_mode::compare);
  auto missing = found.status == open_status::missing;
  if (found.status == open_status::opened)
    return {which.name, "fits"};
  if (!missing && found.status != open_status::foreign)
    return {which.name, "failed", found.why};
  if (!update)
    return missing ? finding{which.name, "missing", "the first worker makes it"}
                   : finding{which.name, "differs", found.why};
  auto changed = open(open_mode::change);
  if (changed.status != open_status::opened)
    return {which.name, "failed", changed.why};
  return missing ? finding{which.name, "made"}
                 : finding{which.name, "changed", "before, " + found.why};
}

std::string to_json(const std::vector<finding>& xs) {
  auto buckets = json_list(xs, [](const finding& x) -> nlohmann::ordered_json {
    return {{"bucket", x.bucket}, {"state", x.state}, {"why", config::printable(x.why)}};
  });
  return nlohmann::ordered_json{{"buckets", std::move(buckets)}}.dump(2);
}

int show(group_access& access, bool json, bool update) {
  std::vector<finding> found;
  auto code = exit_fine;
  const auto& s = access.settings;
  note_absent_group(access);
  std::optional<progress_line> line{"comparing the buckets"};
  for (const auto& x : core::wanted_buckets(s.buckets, s.worker.id_ttl, s.election,
                                            s.heartbeat, s.rebalance)) {
    if (x.wanted.name == s.buckets.partitions && !s.partitions.bucket)
      continue;
    found.push_back(examine(access, x.wanted, update));
    if (found.back().state == "differs"sv || found.back().state == "failed"sv)
      code = exit_failed;
  }
  line.reset();
  if (json)
    return std::max<int>(code, print(to_json(found) + '\n'));
  table result{{"BUCKET", "STATE", "WHY"}};
  for (const auto& x : found)
    result.add({x.bucket, x.state, config::printable(x.why)});
  return std::max<int>(code, print(result.text()));
}

} // namespace

void add_init(CLI::App& program, chosen_command& chosen) {
  auto [command, flags] = chosen.add<group_flags>(
      program, "init", "Declares a new group: its first workers need not wait",
      init_examples, [](const group_flags& x) {
        return with_group(x, "partita init", init_group, true);
      });
  add_group_flags(command, flags);
}

void add_buckets(CLI::App& program, chosen_command& chosen) {
  auto* group = program.add_subcommand(
      "buckets", "Compares the group's buckets with the configuration, or changes them");
  group->footer(buckets_examples);
  group->require_subcommand(1);
  for (auto update : {false, true}) {
    auto run = [update](const group_flags& flags) {
      return with_group(flags, "partita buckets",
                        [&](group_access& x) { return show(x, flags.json, update); });
    };
    auto [command, flags] = chosen.add<group_flags>(
        *group, update ? "update" : "check",
        update ? "Changes ttl and replicas of those that do not fit, makes missing ones"
               : "Shows which buckets do not fit the configuration",
        buckets_examples, run);
    add_group_flags(command, flags);
  }
}

} // namespace partita::app
