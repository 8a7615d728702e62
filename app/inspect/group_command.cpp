// SPDX-License-Identifier: Apache-2.0
#include "partita/app/inspect/group_command.hpp"

#include "partita/app/process/process_exit.hpp"
#include "partita/app/process/runtime.hpp"
#include "partita/app/process/signals.hpp"
#include "partita/app/wiring/wiring.hpp"
#include "partita/config/duration.hpp"
#include "partita/config/text.hpp"
#include "partita/messages/events.hpp"

#include <caf/actor_system.hpp>

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

config::settings load(const settings_flags& flags, bool to_run) {
  for (const auto& x : config::unknown_variables(config::process_environment()))
    fail("warning: " + to_string(x));
  auto result = read_settings(flags, to_run);
  if (auto* good = std::get_if<config::settings>(&result))
    return std::move(*good);
  for (const auto& x : std::get<std::vector<config::problem>>(result))
    fail(to_string(x));
  throw command_ended{exit_usage};
}

void add_group_flags(CLI::App& command, group_flags& flags) {
  add_settings_flags(command, flags.settings);
  command.add_flag("--json", flags.json, "For programs: JSON");
  add_timeout(command, flags);
}

void add_timeout(CLI::App& command, group_flags& flags) {
  command
      .add_option("--timeout", flags.timeout,
                  "How long the server may take (default " + flags.timeout + ")")
      ->type_name("DURATION");
}

core::planning_view::rules rules_of(const config::settings& x) {
  return {x.heartbeat.ttl, x.rebalance.restart_hold, x.group.ownership};
}

bool names_a_group(const group_flags& flags) {
  const auto& s = flags.settings;
  return !s.file.empty() || !s.group.empty() || !s.overrides.empty();
}

void note_absent_group(group_access& access) {
  const auto& group = access.settings.group.name;
  open_bucket election{.name = access.settings.buckets.election, .mode = open_mode::look};
  if (open_within(access.self, access.store, election, access.left()).status
      != open_status::missing)
    return;
  auto hint = hint_at_group(access.self, access.store, group, access.left());
  if (!hint.empty())
    std::cerr << "partita: note: the group " << group << " does not exist" << hint
              << '\n';
}

group_entries read_entries(group_access& access) {
  const auto& s = access.settings;
  return require(
      read_group(access.self, access.store, s.group.name, s.buckets, access.left()));
}

int end_code(const std::function<int()>& command) {
  try {
    return command();
  } catch (const command_ended& x) {
    return x.code;
  }
}

exit_code fail(const std::string& why) {
  std::cerr << "partita: " << config::printable(why) << '\n';
  return exit_failed;
}

exit_code refuse(const std::string& why) {
  fail(why);
  return exit_usage;
}

exit_code print(const std::string& text) {
  std::cout << text << std::flush;
  return std::cout ? exit_fine : fail("cannot write to standard output");
}

std::chrono::milliseconds duration_flag(const char* flag, const std::string& text) {
  auto result = config::parse_duration(text);
  if (result && result->count() > 0)
    return *result;
  throw command_ended{refuse(std::string{flag} + ": found '" + text
                             + "', expected a duration above 0 like 500ms or 5s")};
}

std::shared_ptr<event_log> open_events(const std::string& path,
                                       const std::string& group) {
  if (path.empty())
    return nullptr;
  auto opened = event_log::open(path, group);
  if (const auto* why = std::get_if<std::string>(&opened))
    throw command_ended{refuse("--events: " + *why)};
  return std::make_shared<event_log>(std::get<event_log>(std::move(opened)));
}

int with_store(config::settings settings, std::chrono::milliseconds limit,
               const std::string& name, const std::function<int(group_access&)>& work,
               bool stoppable) {
  if (stoppable)
    hold_signals();
  auto deadline = std::chrono::steady_clock::now() + limit;
  runtime_config cfg;
  caf::actor_system sys{cfg};
  caf::scoped_actor self{sys};
  std::optional<signal_watch> signals;
  if (stoppable)
    // A second one changes nothing: what was begun ends in order, and soon.
    signals.emplace(
        [to = caf::actor_cast<caf::actor>(self)] { caf::anon_send(to, stop_worker{}); },
        [] {});
  auto store = spawn_store(sys, settings, name);
  group_access access{std::move(settings), limit, deadline, self, store};
  const auto server = shown(access.settings.nats.url);
  std::optional<progress_line> line{"connecting to NATS at " + config::printable(server)};
  auto why = wait_for_link(self, store, limit);
  line.reset();
  auto code = why ? fail("cannot reach NATS at " + server + ": " + *why)
                  : end_code([&] { return work(access); });
  if (!close(self, store))
    end_at_once(code);
  return code;
}

int with_group(const group_flags& flags, const std::string& name,
               const std::function<int(group_access&)>& work, bool stoppable) {
  auto limit = duration_flag("--timeout", flags.timeout);
  if (!names_a_group(flags))
    return refuse("no group given; use -c FILE, or --url URL and --group NAME");
  auto settings = load(flags.settings, false);
  // For programs stdout alone counts, for people a log line between would disturb.
  start_logging({.level = "off"});
  return with_store(std::move(settings), limit, name, work, stoppable);
}

} // namespace partita::app
