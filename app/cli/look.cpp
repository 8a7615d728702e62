// SPDX-License-Identifier: Apache-2.0
#include "partita/app/cli/commands.hpp"

#include "partita/app/inspect/explanation.hpp"
#include "partita/app/inspect/group_command.hpp"
#include "partita/app/output/terminal.hpp"
#include "partita/app/wiring/wiring.hpp"

#include <unistd.h>

// The commands that read a group once and print what they found.
namespace partita::app {

namespace {

constexpr const char* status_examples = R"help(
Reads the group's buckets and changes nothing; sends nothing to workers. HEARTBEAT AGE
counts back from the group's newest entry by the server's time stamps. Exit code 1 if the
server cannot be reached or the group does not exist.

Of long lists it shows the beginning, and workers that are not as most are before others; --all
shows them whole. Colours on terminals repeat what words say; NO_COLOR turns them off.

With --watch it follows changes until Ctrl-C: on a terminal the output changes in place,
in a pipe a new one follows at every change. With --json that is one object a line. It waits for a
group that does not exist yet, and says so: on stderr, with --json as an object of its own.

With --lag it shows the consumers of the group's partitions on consume.stream (or partitions.stream)
instead: PENDING messages were not delivered yet, UNACKNOWLEDGED ones not acknowledged, and all up to
the sequence FLOOR are.

Examples:
  partita status -c partita.toml
  partita status -c partita.toml --watch
  partita status -c partita.toml --lag
  partita status --url nats://127.0.0.1:4222 --group orders --json | jq .workers
)help";

constexpr const char* workers_examples = R"help(
LOAD is a worker's part of the weight of all partitions, and the part that corresponds to
its capacity. APPLIED is the version of the newest record that took effect there. Workers
that have gone are listed until their entries expire.

Examples:
  partita workers -c partita.toml
  partita workers -c partita.toml --json | jq -r '.workers[] | select(.leader).worker_id'
)help";

constexpr const char* explain_examples = R"help(
Shows who owns a partition, since when, under which token and why, and what is under way or
directed for it. Exit code 1 if no record and no configuration names it.

Examples:
  partita explain orders.7 -c partita.toml
  partita explain orders.7 --url nats://127.0.0.1:4222 --group orders --json
)help";

constexpr const char* history_examples = R"help(
Every leader keeps its plans in the group's control bucket; the newest 200 stay. AT is the
clock of the leader.

Examples:
  partita history -c partita.toml
  partita history -c partita.toml -n 3 --verbose
  partita history -c partita.toml --json | jq '.plans[-1].reason'
)help";

struct look_options {
  group_flags flags;
  bool watch = false;
  bool all = false;
  bool lag = false;
  std::string partition;
  std::size_t count = 20;
  bool verbose = false;
};

/// Prints what a command shows of a group; the exit code. `known`: the partitions of the
/// configuration.
using shower = exit_code(const group_entries& found,
                         const std::vector<std::string>& known,
                         const look_options& options);

exit_code show_status(const group_entries& found, const std::vector<std::string>& known,
                      const look_options& options) {
  auto group = examine(found, known);
  return print(options.flags.json
                   ? to_json(group) + '\n'
                   : to_table(group, {options.all, shows_colours(STDOUT_FILENO)}));
}

exit_code show_workers(const group_entries& found, const std::vector<std::string>&,
                       const look_options& options) {
  auto group = examine(found);
  return print(options.flags.json ? workers_json(group) + '\n'
                                  : workers_table(group, shows_colours(STDOUT_FILENO)));
}

exit_code show_explanation(const group_entries& found,
                           const std::vector<std::string>& known,
                           const look_options& options) {
  auto x = require(
      explain(examine(found, known), history_of(found), options.partition, known));
  return print(options.flags.json ? to_json(x) + '\n' : to_text(x));
}

exit_code show_history(const group_entries& found, const std::vector<std::string>&,
                       const look_options& options) {
  auto plans = history_of(found);
  keep_newest(plans, options.count);
  return print(options.flags.json ? to_json(plans) + '\n'
                                  : to_table(plans, options.verbose));
}

int run(const char* name, shower* show, const look_options& options) {
  auto work = [&](group_access& x) -> int {
    if (options.watch)
      return watch_status(x, options.flags.json, options.all);
    if (options.lag)
      return show_lag(x, options.flags.json);
    return show(read_entries(x), names_of(x.settings.partitions), options);
  };
  return with_group(options.flags,
                    std::string{"partita "} + name + (options.watch ? " --watch" : ""),
                    work, options.watch);
}

} // namespace

void add_look(CLI::App& program, chosen_command& chosen) {
  auto add = [&](const char* name, const char* text, const char* help, shower* show) {
    auto result = chosen.add<look_options>(
        program, name, text, help,
        [=](const look_options& options) { return run(name, show, options); });
    add_group_flags(result.first, result.second.flags);
    return result;
  };
  auto [status, shown] =
      add("status", "Shows leader, workers and shares", status_examples, show_status);
  auto* watch =
      status.add_flag("--watch", shown.watch, "Follows, and shows every change");
  status.add_flag("--all", shown.all, "All workers, names and lines of long lists");
  status
      .add_flag("--lag", shown.lag,
                "Shows how far the consumers of the group's partitions are")
      ->excludes(watch);
  add("workers", "Shows the workers, with all that is known of them", workers_examples,
      show_workers);
  auto [explain, explained] = add("explain", "Shows a partition's owner, and why",
                                  explain_examples, show_explanation);
  explain.add_option("partition", explained.partition, "Its keys, joined by dots")
      ->type_name("PARTITION")
      ->required();
  auto [history, listed] = add("history", "Shows the last plans and their reasons",
                               history_examples, show_history);
  history.add_option("-n,--count", listed.count, "How many plans (default 20)")
      ->type_name("N")
      ->check(CLI::Range(1, 200));
  history.add_flag("--verbose", listed.verbose,
                   "Shows how many partitions each worker gained and lost");
}

} // namespace partita::app
