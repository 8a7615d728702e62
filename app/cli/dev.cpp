// SPDX-License-Identifier: Apache-2.0
#include "partita/app/dev/dev.hpp"

#include "partita/app/cli/commands.hpp"

namespace partita::app {

namespace {

constexpr const char* examples = R"help(
Runs a whole group in this process, with short timings, and shows what happens: who joins,
who leads, and a table of the shares whenever they change. Ends on SIGTERM, SIGINT or after
--for.

Examples:
  partita dev
  partita dev --page
  partita dev --workers 5 --partitions 100 --nats
  partita dev --for 30s --kill-leader-every 6s
  partita dev --for 10s --events - | jq 'select(.event == "leadership")'
)help";

} // namespace

void add_dev(CLI::App& program, chosen_command& chosen) {
  auto [command, options] = chosen.add<dev_options>(
      program, "dev", "Runs a whole group in one process", examples, run_dev);
  command.add_option("--workers", options.workers, "How many workers (default 3)")
      ->check(CLI::Range(1, 1000))
      ->type_name("N");
  command
      .add_option("--partitions", options.partitions, "How many partitions (default 32)")
      ->check(CLI::Range(1, 100'000))
      ->type_name("N");
  command.add_flag("--nats", options.nats, "On a nats-server of its own, on a free port");
  command.add_flag("--page", options.page, "Serves a page that shows the group");
  command.add_option("--for", options.run_for, "Ends after this time, like 30s or 5m")
      ->type_name("DURATION");
  command
      .add_option(
          "--kill-leader-every", options.kill_every,
          "Ends the leader without a goodbye, again and again after this time, like 6s; "
          "it comes back half that time later")
      ->type_name("DURATION");
  command
      .add_option("--events", options.events,
                  "Appends one JSON object a line for all that happens; - is stdout")
      ->type_name("FILE");
  command
      .add_option("--log-level", options.log_level, "Log lines on stderr (default warn)")
      ->check(
          CLI::IsMember({"trace", "debug", "info", "warn", "error", "critical", "off"}))
      ->type_name("LEVEL");
}

} // namespace partita::app
