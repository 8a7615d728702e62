// SPDX-License-Identifier: Apache-2.0
#include "partita/app/cli/build_commit.hpp"
#include "partita/app/cli/commands.hpp"
#include "partita/app/inspect/group_command.hpp"
#include "partita/app/process/process_exit.hpp"
#include "partita/config/text.hpp"
#include "partita/store/nats/client/connection.hpp"

#include <caf/config.hpp>

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace partita::app {

namespace {

constexpr const char* description = "partita assigns partitions to a group of workers: "
                                    "every partition has exactly one owner.";

constexpr const char* examples = R"help(
Examples:
  partita dev                                  # a whole group, here and now
  partita check-config partita.toml
  partita run -c partita.toml                  # one worker of a group
  partita run -c partita.toml -- ./application # and the application that does its work
  partita status -c partita.toml
  partita status --url nats://127.0.0.1:4222 --group orders --json
  partita partitions add -c partita.toml orders.64

`partita COMMAND --help` explains a command. A DURATION is a number and its unit, like 500ms,
30s or 5m. Exit codes: 0 success, 1 failed while running, 2 bad usage or configuration.
)help";

std::string versions() {
  std::string caf = std::to_string(CAF_MAJOR_VERSION) + '.'
                    + std::to_string(CAF_MINOR_VERSION) + '.'
                    + std::to_string(CAF_PATCH_VERSION);
  std::string commit{build_commit()};
  if (!commit.empty())
    commit = " (" + commit + ')';
  return "partita " PARTITA_VERSION + commit + "\nCAF " + caf + "\ncnats "
         + nats::library_version();
}

/// The words behind the first `--` of `partita run` and `guard`, which the parser must not see.
std::optional<std::vector<std::string>> take_command(int& argc, const char* const* argv) {
  auto end = argv + argc;
  auto name = argc < 2 ? std::string_view{} : argv[1];
  if (name != "run" && name != "guard")
    return std::nullopt;
  auto split = std::find(argv, end, std::string_view{"--"});
  if (split == end)
    return std::nullopt;
  argc = static_cast<int>(split - argv);
  return std::vector<std::string>{split + 1, end};
}

/// Names a word that `command` does not know, and what may have been meant.
std::string unknown_word(const CLI::App& command, const std::string& text) {
  auto word = text.substr(0, text.find('='));
  std::vector<std::string> names;
  for (const auto* x : command.get_subcommands({}))
    names.push_back(x->get_name());
  const auto* kind = word.starts_with('-') ? "option"
                     : names.empty()       ? "argument"
                                           : "command";
  for (const auto* x : command.get_options())
    for (const auto& name : x->get_lnames())
      names.push_back("--" + name);
  auto result = std::string{"unknown "} + kind + " '" + config::printable(word) + '\'';
  auto near = config::nearest(word, names);
  return near.empty() ? result : result + "; did you mean '" + near + "'?";
}

/// What is wrong with the command line, and where the help is.
std::string complaint(const CLI::App* command, const CLI::Error& e) {
  while (command->remaining().empty() && !command->get_subcommands().empty())
    command = command->get_subcommands().front();
  auto what = config::printable(e.what());
  if (auto rest = command->remaining(); !rest.empty())
    what = unknown_word(*command, rest.front());
  else if (e.get_name() == "RequiredError" && !command->get_subcommands({}).empty())
    what = "no command given";
  return "partita: " + what
         + "\nSee `partita --help`; `partita COMMAND --help` explains a command.\n";
}

/// An exit code if there is nothing to run.
std::optional<int> parse(int argc, const char* const* argv, chosen_command& chosen) {
  CLI::App program{description, "partita"};
  program.set_version_flag("--version", versions(), "Versions of partita, CAF and cnats");
  program.require_subcommand(1);
  program.footer(examples);
  program.get_formatter()->label("SUBCOMMAND", "COMMAND");
  program.failure_message(complaint);
  for (const auto& [group, add] : all_commands) {
    add(program, chosen);
    for (auto* x : program.get_subcommands({}))
      if (x->get_group() == "Subcommands")
        x->group(group);
  }
  try {
    program.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::ParseError& e) {
    return program.exit(e) == 0 ? exit_fine : exit_usage;
  }
}

/// Reads the arguments, does what they ask for, and gives the exit code.
int run_command_line(int argc, const char* const* argv) {
  chosen_command chosen;
  auto application = take_command(argc, argv);
  if (application && (application->empty() || application->front().empty()))
    return refuse("found nothing behind --: name the application to start, as in "
                  "partita run -c partita.toml -- ./application");
  chosen.application = application.value_or(std::vector<std::string>{});
  if (auto code = parse(argc, argv, chosen))
    return *code;
  // No other exception is caught: to unwind would wait for actors and threads that may never
  // end.
  return end_code(chosen.run);
}

} // namespace

} // namespace partita::app

int main(int argc, char** argv) {
  // Else a file or socket gets the number of a stream that is closed, and what is printed.
  for (auto fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
    if (::fcntl(fd, F_GETFD) < 0)
      ::open("/dev/null", O_RDWR);
  partita::app::report_exhaustion();
  return partita::app::run_command_line(argc, argv);
}
