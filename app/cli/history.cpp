// SPDX-License-Identifier: Apache-2.0
#include "partita/app/cli/commands.hpp"

#include "partita/app/inspect/group_command.hpp"
#include "partita/app/inspect/plan_history.hpp"

#include <memory>

namespace partita::app {

namespace {

constexpr const char* examples = R"help(
Every leader keeps its plans in the group's control bucket; the newest 200 stay. AT is the
clock of the leader.

Examples:
  partita history -c partita.toml
  partita history -c partita.toml -n 3 --verbose
  partita history -c partita.toml --json | jq '.plans[-1].reason'
)help";

struct history_options {
  group_flags flags;
  std::size_t count = 20;
  bool verbose = false;
};

int show(group_access& access, const history_options& options) {
  auto found = read_entries(access);
  if (!found)
    return exit_failed;
  auto plans = history_of(*found);
  keep_newest(plans, options.count);
  return print(options.flags.json ? to_json(plans) + '\n'
                                  : to_table(plans, options.verbose));
}

} // namespace

void add_history(CLI::App& program, chosen_command& chosen) {
  auto options = std::make_shared<history_options>();
  auto* command =
      program.add_subcommand("history", "Shows the last plans and their reasons");
  command->footer(examples);
  add_group_flags(*command, options->flags);
  command->add_option("-n,--count", options->count, "How many plans (default 20)")
      ->type_name("N")
      ->check(CLI::Range(1, 200));
  command->add_flag("--verbose", options->verbose,
                    "Shows how many partitions each worker gained and lost");
  chosen.by(*command, [options] {
    return with_group(options->flags, "partita history",
                      [options](group_access& x) { return show(x, *options); });
  });
}

} // namespace partita::app
