// SPDX-License-Identifier: Apache-2.0
#include "partita/app/cli/commands.hpp"

#include "partita/app/cli/plan_live.hpp"
#include "partita/app/inspect/plan_question.hpp"
#include "partita/config/text.hpp"

#include <iostream>
#include <memory>

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

int answer_all(std::istream& in, std::ostream& out) {
  std::string line;
  auto answered = false;
  for (auto number = 1; std::getline(in, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos)
      continue;
    auto read = plan_question_from(line);
    if (const auto* why = std::get_if<std::string>(&read)) {
      std::cerr << "partita: line " << number << ": " << config::printable(*why) << '\n';
      return exit_usage;
    }
    const auto& question = std::get<plan_question>(read);
    auto plan = core::make_strategy(question.strategy)(question.input);
    out << to_json(question, plan) << std::endl;
    if (!out) {
      std::cerr << "partita: cannot write the answer to standard output\n";
      return exit_failed;
    }
    answered = true;
  }
  if (answered)
    return exit_fine;
  std::cerr << "partita: found nothing on stdin, expected one JSON object a line; see "
               "`partita plan --help`\n";
  return exit_usage;
}

} // namespace

void add_plan(CLI::App& program, chosen_command& chosen) {
  auto* command = program.add_subcommand(
      "plan", "Answers who would own which partition, and what moves");
  std::string footer = questions;
  for (const auto& x : core::strategy_help())
    footer += "  " + x + '\n';
  command->footer(footer + examples);
  auto flags = std::make_shared<live_flags>();
  add_live_flags(*command, *flags);
  chosen.by(*command, [flags] {
    if (asks_for_group(*flags))
      return plan_live(*flags);
    else if (names_a_group(flags->group) || !flags->group.settings.url.empty())
      return refuse(
          "no query given; use --live, --workers N, --without WORKER or --strategy NAME; "
          "without a group, questions come from stdin");
    else
      return answer_all(std::cin, std::cout);
  });
}

} // namespace partita::app
