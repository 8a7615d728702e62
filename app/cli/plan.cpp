// SPDX-License-Identifier: Apache-2.0
#include "partita/app/cli/commands.hpp"

#include "partita/app/inspect/group_command.hpp"
#include "partita/app/inspect/plan_question.hpp"
#include "partita/app/inspect/what_if.hpp"
#include "partita/app/wiring/wiring.hpp"
#include "partita/config/text.hpp"

#include <iostream>

namespace partita::app {

namespace {

constexpr const char* questions = R"help(
With --live, --workers, --without or --strategy: what a rebalance of a running group would
do, by its records, heartbeats and directives; nothing is changed. Exit code 1 if the group
cannot be read, or there is no such plan.

Without these: reads questions on stdin, one JSON object a line, and prints one answer a
line. Exit code 2 at the first line that is no question.

Members of a question:
  workers             ids: ["worker-0","worker-1"]
  partitions          [{"keys":["orders","7"],"weight":100}]
  strategy            see below (default sticky)
  seed                number or string of digits (default 0)
  virtual_nodes       points of each worker on the ring
  overload_threshold, extreme_threshold, default_weight
  previous            who owned what before: {"worker-0":[0,2]}, indices of partitions

Strategies:
)help";

constexpr const char* examples = R"help(
Examples:
  partita plan --live -c partita.toml
  partita plan -c partita.toml --without worker-3 --without worker-4
  partita plan -c partita.toml --workers 12 --strategy consistent_hash --json
  echo '{"workers":["a","b"],"partitions":[{"keys":["x"]},{"keys":["y"]}]}' | partita plan
)help";

/// What the flags of `partita plan` say about a group that runs.
struct live_flags {
  group_flags group;
  bool live = false;
  /// 0: those that are there.
  std::size_t workers = 0;
  std::vector<std::string> without;
  /// Empty: that of the configuration.
  std::string strategy;
  bool from_records = false;
};

int answer_all(std::istream& in, std::ostream& out) {
  std::string line;
  auto answered = false;
  for (auto number = 1; std::getline(in, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos)
      continue;
    auto read = plan_question_from(line);
    if (const auto* bad = std::get_if<malformed>(&read))
      return refuse("line " + std::to_string(number) + ": " + bad->why);
    const auto& question = std::get<plan_question>(read);
    auto plan = core::make_strategy(question.strategy)(question.input);
    out << to_json(question, plan) << std::endl;
    if (!out)
      return fail("cannot write the answer to standard output");
    answered = true;
  }
  if (answered)
    return exit_fine;
  return refuse("found nothing on stdin, expected one JSON object a line; see "
                "`partita plan --help`");
}

what_if_question question_for(const live_flags& flags, const config::settings& s) {
  what_if_question result;
  result.strategy = s.strategy;
  if (auto name = core::strategy_name_from(flags.strategy))
    result.strategy.name = *name;
  if (!flags.from_records)
    result.partitions = s.partitions.all();
  if (flags.workers > 0)
    result.workers = flags.workers;
  for (const auto& x : flags.without)
    result.without.push_back({x});
  result.id_prefix = s.worker.id_prefix;
  return result;
}

int show(group_access& access, const live_flags& flags) {
  auto x = require(plan_if(examine(read_entries(access), {}, rules_of(access.settings)),
                           question_for(flags, access.settings)));
  return print(flags.group.json ? to_json(x) + '\n' : to_table(x));
}

void add_live_flags(CLI::App& command, live_flags& flags) {
  constexpr std::size_t most = 10'000;
  add_group_flags(command, flags.group);
  command.add_flag("--live", flags.live,
                   "Reads no question: what would a rebalance of the group do now?");
  command
      .add_option("--workers", flags.workers,
                  "As --live, as if there were so many workers of equal capacity")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, most));
  command
      .add_option("--without", flags.without,
                  "As --live, as if this worker had left; may be repeated")
      ->type_name("WORKER")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_option("--strategy", flags.strategy, "As --live, by this strategy")
      ->type_name("NAME");
  command.add_flag("--from-records", flags.from_records,
                   "As --live, with the partitions that the records name, whatever the "
                   "configuration lists");
}

int plan_live(const live_flags& flags) {
  if (!flags.strategy.empty() && !core::strategy_name_from(flags.strategy)) {
    auto names = core::strategy_names();
    auto near = config::nearest(flags.strategy, names);
    return refuse("--strategy: found '" + config::printable(flags.strategy)
                  + "', expected " + config::one_of(names)
                  + (near.empty() ? "" : "; did you mean " + near + '?'));
  }
  return with_group(flags.group, "partita plan",
                    [&](group_access& x) { return show(x, flags); });
}

/// Answers about a group or about what stdin says.
int answer(const live_flags& flags) {
  if (flags.live || flags.workers > 0 || !flags.without.empty() || !flags.strategy.empty()
      || flags.from_records)
    return plan_live(flags);
  if (names_a_group(flags.group) || !flags.group.settings.url.empty())
    return refuse(
        "no query given; use --live, --workers N, --without WORKER or --strategy NAME; "
        "without a group, questions come from stdin");
  return answer_all(std::cin, std::cout);
}

} // namespace

void add_plan(CLI::App& program, chosen_command& chosen) {
  std::string help = questions;
  for (const auto& x : core::strategy_help())
    help += "  " + x + '\n';
  auto [command, flags] = chosen.add<live_flags>(
      program, "plan", "Answers who would own which partition, and what moves",
      help + examples, answer);
  add_live_flags(command, flags);
}

} // namespace partita::app
