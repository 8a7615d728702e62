// SPDX-License-Identifier: Apache-2.0
#include "partita/app/inspect/settings_flags.hpp"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <iostream>
#include <system_error>

namespace partita::app {

CLI::Option* add_file(CLI::App& command, settings_flags& flags, const char* name) {
  constexpr const char* usual = "partita.toml";
  std::error_code unknown;
  if (std::filesystem::exists(usual, unknown))
    flags.file = usual;
  return command
      .add_option(name, flags.file,
                  "The configuration, a TOML file; else ./partita.toml, if there is one")
      ->envname("PARTITA_CONFIG")
      ->type_name("FILE");
}

void add_settings_flags(CLI::App& command, settings_flags& flags) {
  add_file(command, flags, "-c,--config");
  command
      .add_option("--set", flags.overrides,
                  "Sets one option; wins over environment and file; may be repeated")
      ->type_name("SECTION.KEY=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command
      .add_option("--url", flags.url,
                  "Where NATS is; short for --set nats.url=URL,URL; may be repeated")
      ->type_name("URL")
      ->join(',');
  command
      .add_option("--group", flags.group, "The group; short for --set group.name=NAME")
      ->type_name("NAME");
}

void add_instance_flag(CLI::App& command, settings_flags& flags) {
  command
      .add_option("--instance", flags.instance,
                  "The place this worker runs in; short for --set worker.instance=NAME")
      ->type_name("NAME");
}

std::vector<std::string> overrides_of(const settings_flags& flags) {
  auto result = flags.overrides;
  auto add = [&](const char* name, const std::string& value) {
    if (!value.empty())
      result.push_back(std::string{name} + '=' + value);
  };
  add("nats.url", flags.url);
  add("group.name", flags.group);
  add("worker.instance", flags.instance);
  return result;
}

config::load_result read_settings(const settings_flags& flags, bool to_run) {
  config::load_options options;
  options.environment = config::process_environment();
  options.overrides = overrides_of(flags);
  options.partitions_required = to_run;
  options.programs_required = to_run;
  return flags.file.empty() ? config::load_settings_text(
             "", "no configuration (-c FILE, PARTITA_CONFIG or ./partita.toml)", options)
                            : config::load_settings(flags.file, options);
}

std::optional<config::settings> load(const settings_flags& flags, bool to_run) {
  for (const auto& x : config::unknown_variables(config::process_environment()))
    std::cerr << "partita: warning: " << to_string(x) << '\n';
  auto result = read_settings(flags, to_run);
  if (auto* good = std::get_if<config::settings>(&result))
    return std::move(*good);
  for (const auto& x : std::get<std::vector<config::problem>>(result))
    std::cerr << "partita: " << to_string(x) << '\n';
  return std::nullopt;
}

} // namespace partita::app
