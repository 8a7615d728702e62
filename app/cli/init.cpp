// SPDX-License-Identifier: Apache-2.0
#include "partita/app/cli/commands.hpp"

#include "partita/app/change/init_group.hpp"

#include <memory>

namespace partita::app {

namespace {

constexpr const char* examples = R"help(
Makes the buckets of a new group, waits heartbeat.ttl and 5 %, and declares the group to be new on this
server: as long as the server runs, the first leader then grants at once. Without it the first workers
wait as long. Changes nothing in a group that has worked. Exit code 1: the group is not new, or its
buckets are not kept by one server alone.

Example:
  partita init -c partita.toml && partita run -c partita.toml -- ./application
)help";

} // namespace

void add_init(CLI::App& program, chosen_command& chosen) {
  auto flags = std::make_shared<group_flags>();
  auto* command =
      program.add_subcommand("init", "Declares a new group: its first workers "
                                     "need not wait");
  command->footer(examples);
  add_group_flags(*command, *flags);
  chosen.by(*command,
            [flags] { return with_group(*flags, "partita init", init_group, true); });
}

} // namespace partita::app
