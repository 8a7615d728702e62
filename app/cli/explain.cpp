// SPDX-License-Identifier: Apache-2.0
#include "partita/app/cli/commands.hpp"

#include "partita/app/inspect/explanation.hpp"
#include "partita/app/inspect/group_command.hpp"
#include "partita/app/wiring/wiring.hpp"

#include <memory>

namespace partita::app {

namespace {

constexpr const char* examples = R"help(
Shows who owns a partition, since when, under which token and why, and what is under way or
directed for it. Exit code 1 if no record and no configuration names it.

Examples:
  partita explain orders.7 -c partita.toml
  partita explain orders.7 --url nats://127.0.0.1:4222 --group orders --json
)help";

struct explain_options {
  group_flags flags;
  std::string partition;
};

int show(group_access& access, const explain_options& options) {
  auto found = read_entries(access);
  if (!found)
    return exit_failed;
  auto known = names_of(access.settings.partitions);
  auto answer =
      explain(examine(*found, known), history_of(*found), options.partition, known);
  if (const auto* why = std::get_if<std::string>(&answer))
    return fail(*why);
  const auto& x = std::get<explanation>(answer);
  return print(options.flags.json ? to_json(x) + '\n' : to_text(x));
}

} // namespace

void add_explain(CLI::App& program, chosen_command& chosen) {
  auto options = std::make_shared<explain_options>();
  auto* command = program.add_subcommand("explain", "Shows a partition's owner, and why");
  command->footer(examples);
  command->add_option("partition", options->partition, "Its keys, joined by dots")
      ->type_name("PARTITION")
      ->required();
  add_group_flags(*command, options->flags);
  chosen.by(*command, [options] {
    return with_group(options->flags, "partita explain",
                      [options](group_access& x) { return show(x, *options); });
  });
}

} // namespace partita::app
