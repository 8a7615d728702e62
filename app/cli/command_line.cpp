// SPDX-License-Identifier: Apache-2.0
#include "partita/app/cli/command_line.hpp"

#include "partita/app/cli/build_commit.hpp"
#include "partita/app/cli/commands.hpp"
#include "partita/app/process/exit_codes.hpp"
#include "partita/config/text.hpp"
#include "partita/store/nats/client/client_version.hpp"

#include <caf/config.hpp>

#include <algorithm>
#include <exception>
#include <iostream>
#include <optional>
#include <string_view>
#include <vector>

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

`partita COMMAND --help` explains a command. Exit codes: 0 success, 1 failed while running,
2 bad usage or configuration.
)help";

std::string versions() {
  std::string caf = std::to_string(CAF_MAJOR_VERSION) + '.'
                    + std::to_string(CAF_MINOR_VERSION) + '.'
                    + std::to_string(CAF_PATCH_VERSION);
  std::string commit{build_commit()};
  if (!commit.empty())
    commit = " (" + commit + ')';
  return "partita " PARTITA_VERSION + commit + "\nCAF " + caf + "\ncnats "
         + nats_client_version();
}

/// The words behind the first `--` of `partita run`, which the parser must not see.
std::optional<std::vector<std::string>> take_command(int& argc, const char* const* argv) {
  auto end = argv + argc;
  if (argc < 2 || std::string_view{argv[1]} != "run")
    return std::nullopt;
  auto split = std::find(argv, end, std::string_view{"--"});
  if (split == end)
    return std::nullopt;
  argc = static_cast<int>(split - argv);
  return std::vector<std::string>{split + 1, end};
}

/// An exit code if there is nothing to run.
std::optional<int> parse(int argc, const char* const* argv, chosen_command& chosen) {
  CLI::App program{description, "partita"};
  program.set_version_flag("--version", versions(), "Versions of partita, CAF and cnats");
  program.require_subcommand(1);
  program.footer(examples);
  for (auto* add : all_commands)
    add(program, chosen);
  try {
    program.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::ParseError& e) {
    return program.exit(e) == 0 ? exit_fine : exit_usage;
  }
}

} // namespace

int run_command_line(int argc, const char* const* argv) {
  chosen_command chosen;
  auto application = take_command(argc, argv);
  if (application && (application->empty() || application->front().empty())) {
    std::cerr << "partita: found nothing behind --: name the application to start, as in "
                 "partita run -c partita.toml -- ./application\n";
    return exit_usage;
  }
  chosen.application = application.value_or(std::vector<std::string>{});
  if (auto code = parse(argc, argv, chosen))
    return *code;
  try {
    return chosen.run();
  } catch (const std::exception& e) {
    std::cerr << "partita: " << config::printable(e.what()) << '\n';
    return exit_failed;
  }
}

} // namespace partita::app
