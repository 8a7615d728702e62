// SPDX-License-Identifier: Apache-2.0
#include "partita/app/cli/check_config.hpp"

#include "partita/app/inspect/settings_flags.hpp"
#include "partita/app/process/exit_codes.hpp"
#include "partita/config/load.hpp"
#include "partita/config/text.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>

namespace partita::app {

namespace {

constexpr const char* examples = R"help(
Says what `partita run -c FILE` would say about its configuration, with the environment
(PARTITA_<SECTION>_<KEY>) in effect. Every mistake stands on stderr, with file, line, key,
what was found and what is allowed; exit code 2 if there is one.

Examples:
  partita check-config partita.toml
  partita check-config partita.toml --show   # every option as it is in effect
)help";

struct check_options {
  settings_flags settings;
  bool show = false;
};

int check(const check_options& options) {
  auto settings = load(options.settings, true);
  if (!settings)
    return exit_usage;
  if (options.show)
    std::cout << config::to_toml(*settings);
  else
    std::cout << config::printable(options.settings.file) << " is good\n";
  return exit_fine;
}

} // namespace

void add_check_config(CLI::App& program, int& code) {
  auto options = std::make_shared<check_options>();
  auto* command = program.add_subcommand("check-config", "Checks a configuration file");
  command->footer(examples);
  command->add_option("file", options->settings.file, "The configuration, a TOML file")
      ->required()
      ->type_name("FILE");
  command->add_flag("--show", options->show, "Prints the configuration in effect");
  command->callback([options, &code] { code = check(*options); });
}

} // namespace partita::app
