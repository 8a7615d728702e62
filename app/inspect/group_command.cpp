// SPDX-License-Identifier: Apache-2.0
#include "partita/app/inspect/group_command.hpp"

#include "partita/app/inspect/group_reader.hpp"
#include "partita/app/process/process_exit.hpp"
#include "partita/app/process/runtime.hpp"
#include "partita/app/process/signals.hpp"
#include "partita/app/wiring/wiring.hpp"
#include "partita/config/duration.hpp"
#include "partita/config/text.hpp"
#include "partita/messages/events.hpp"

#include <caf/actor_system.hpp>

#include <CLI/CLI.hpp>

#include <iostream>

namespace partita::app {

void add_group_flags(CLI::App& command, group_flags& flags) {
  add_settings_flags(command, flags.settings);
  command.add_flag("--json", flags.json, "For programs: JSON");
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

std::optional<group_entries> read_entries(group_access& access) {
  const auto& s = access.settings;
  auto found =
      read_group(access.self, access.store, s.group.name, s.buckets, access.left());
  if (auto* entries = std::get_if<group_entries>(&found))
    return std::move(*entries);
  fail(std::get<std::string>(found));
  return std::nullopt;
}

int fail(const std::string& why) {
  std::cerr << "partita: " << config::printable(why) << '\n';
  return exit_failed;
}

int refuse(const std::string& why) {
  std::cerr << "partita: " << config::printable(why) << '\n';
  return exit_usage;
}

int print(const std::string& text) {
  std::cout << text << std::flush;
  return std::cout ? static_cast<int>(exit_fine)
                   : fail("cannot write to standard output");
}

std::optional<std::chrono::milliseconds> duration_flag(const char* flag,
                                                       const std::string& text) {
  auto result = config::parse_duration(text);
  if (result && result->count() > 0)
    return result;
  refuse(std::string{flag} + ": found '" + text
         + "', expected a duration above 0 like 500ms or 5s");
  return std::nullopt;
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
  auto code = static_cast<int>(exit_failed);
  if (auto why = wait_for_link(self, store, limit))
    fail("cannot reach NATS at " + shown(access.settings.nats.url) + ": " + *why);
  else
    code = work(access);
  close(self, store);
  return code;
}

int with_group(const group_flags& flags, const std::string& name,
               const std::function<int(group_access&)>& work, bool stoppable) {
  auto limit = duration_flag("--timeout", flags.timeout);
  if (!limit)
    return exit_usage;
  if (!names_a_group(flags))
    return refuse("no group given; use -c FILE, or --url URL and --group NAME");
  auto settings = load(flags.settings, false);
  if (!settings)
    return exit_usage;
  // For programs stdout alone counts, for people a log line between would disturb.
  start_logging("off");
  return with_store(std::move(*settings), *limit, name, work, stoppable);
}

} // namespace partita::app
