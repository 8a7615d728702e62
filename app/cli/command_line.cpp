// SPDX-License-Identifier: Apache-2.0
#include "partita/app/cli/command_line.hpp"

#include "partita/app/cli/buckets.hpp"
#include "partita/app/cli/build_commit.hpp"
#include "partita/app/cli/check_config.hpp"
#include "partita/app/cli/directives.hpp"
#include "partita/app/cli/explain.hpp"
#include "partita/app/cli/history.hpp"
#include "partita/app/cli/partitions.hpp"
#include "partita/app/cli/plan.hpp"
#include "partita/app/cli/run.hpp"
#include "partita/app/cli/status.hpp"
#include "partita/app/cli/workers.hpp"
#include "partita/app/dev/dev.hpp"
#include "partita/app/process/exit_codes.hpp"
#include "partita/config/text.hpp"
#include "partita/store/nats/client/client_version.hpp"

#include <caf/config.hpp>

#include <CLI/CLI.hpp>

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

} // namespace

int run_command_line(int argc, const char* const* argv) {
  auto code = static_cast<int>(exit_fine);
  auto command = take_command(argc, argv);
  if (command && (command->empty() || command->front().empty())) {
    std::cerr << "partita: found nothing behind --: name the application to start, as in "
                 "partita run -c partita.toml -- ./application\n";
    return exit_usage;
  }
  CLI::App program{description, "partita"};
  program.set_version_flag("--version", versions(), "Versions of partita, CAF and cnats");
  program.require_subcommand(1);
  program.footer(examples);
  add_run(program, command.value_or(std::vector<std::string>{}), code);
  add_dev(program, code);
  add_status(program, code);
  add_workers(program, code);
  add_partitions(program, code);
  add_explain(program, code);
  add_history(program, code);
  add_plan(program, code);
  add_directives(program, code);
  add_buckets(program, code);
  add_check_config(program, code);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return program.exit(e) == 0 ? exit_fine : exit_usage;
  } catch (const std::exception& e) {
    std::cerr << "partita: " << config::printable(e.what()) << '\n';
    return exit_failed;
  }
  return code;
}

} // namespace partita::app
