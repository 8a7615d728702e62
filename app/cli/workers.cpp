// SPDX-License-Identifier: Apache-2.0
#include "partita/app/cli/commands.hpp"

#include "partita/app/inspect/group_command.hpp"
#include "partita/app/inspect/group_status.hpp"
#include "partita/app/inspect/worker_table.hpp"

#include <memory>

namespace partita::app {

namespace {

constexpr const char* examples = R"help(
LOAD is a worker's part of the weight of all partitions, and the part that corresponds to
its capacity. APPLIED is the version of the newest record that took effect there. Workers
that have gone are listed until their entries expire.

Examples:
  partita workers -c partita.toml
  partita workers -c partita.toml --json | jq -r '.workers[] | select(.leader).worker_id'
)help";

int show(group_access& access, bool json) {
  auto found = read_entries(access);
  if (!found)
    return exit_failed;
  auto group = examine(*found);
  return print(json ? workers_json(group) + '\n' : workers_table(group));
}

} // namespace

void add_workers(CLI::App& program, chosen_command& chosen) {
  auto flags = std::make_shared<group_flags>();
  auto* command = program.add_subcommand(
      "workers", "Shows the workers, with all that is known of them");
  command->footer(examples);
  add_group_flags(*command, *flags);
  chosen.by(*command, [flags] {
    return with_group(*flags, "partita workers",
                      [flags](group_access& x) { return show(x, flags->json); });
  });
}

} // namespace partita::app
