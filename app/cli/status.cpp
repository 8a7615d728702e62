// SPDX-License-Identifier: Apache-2.0
#include "partita/app/cli/commands.hpp"

#include "partita/app/cli/status_watch.hpp"
#include "partita/app/inspect/group_command.hpp"
#include "partita/app/inspect/group_status.hpp"
#include "partita/app/wiring/wiring.hpp"

#include <memory>

namespace partita::app {

namespace {

constexpr const char* examples = R"help(
Reads the group's buckets and changes nothing; sends nothing to workers. HEARTBEAT AGE
counts back from the group's newest entry by the server's time stamps. Exit code 1 if the
server cannot be reached or the group does not exist.

With --watch it follows changes until Ctrl-C: on a terminal the output changes in place,
in a pipe a new one follows at every change. With --json that is one object a line. It waits for a
group that does not exist yet, and says so: on stderr, with --json as an object of its own.

Examples:
  partita status -c partita.toml
  partita status -c partita.toml --watch
  partita status --url nats://127.0.0.1:4222 --group orders --json | jq .workers
)help";

struct status_options {
  group_flags flags;
  bool watch = false;
};

int show_once(group_access& access, bool json) {
  auto found = read_entries(access);
  if (!found)
    return exit_failed;
  auto status = examine(*found, names_of(access.settings.partitions));
  return print(json ? to_json(status) + '\n' : to_table(status));
}

} // namespace

void add_status(CLI::App& program, chosen_command& chosen) {
  auto options = std::make_shared<status_options>();
  auto* command = program.add_subcommand("status", "Shows leader, workers and shares");
  command->footer(examples);
  add_group_flags(*command, options->flags);
  command->add_flag("--watch", options->watch, "Follows, and shows every change");
  chosen.by(*command, [options] {
    auto json = options->flags.json;
    return options->watch
               ? with_group(
                   options->flags, "partita status --watch",
                   [json](group_access& x) { return watch_status(x, json); }, true)
               : with_group(options->flags, "partita status",
                            [json](group_access& x) { return show_once(x, json); });
  });
}

} // namespace partita::app
