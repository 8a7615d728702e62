// SPDX-License-Identifier: Apache-2.0
#include "partita/app/cli/commands.hpp"

#include "partita/actors/worker_clock.hpp"
#include "partita/app/change/dead_worker_writer.hpp"
#include "partita/actors/guard_link.hpp"
#include "partita/app/guard/guard_process.hpp"
#include "partita/app/inspect/group_command.hpp"
#include "partita/app/process/runtime.hpp"
#include "partita/app/process/signals.hpp"
#include "partita/app/service/worker_service.hpp"
#include "partita/config/text.hpp"

#include <spdlog/spdlog.h>

#include <cerrno>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace partita::app {

namespace {

constexpr const char* examples = R"help(
Takes part in its group until SIGTERM or SIGINT, or until its terminal closes, then leaves as
worker.shutdown says (drain: others take its partitions over first). At a second signal it
stops work and leaves without waiting for others, at a third one it ends at once, with all that
it has started. Exit codes: 0 left gracefully, 1 failed, 2 bad usage or configuration.

With -- COMMAND it starts your application, too. SIGTERM and SIGINT reach that once
the worker has left; SIGHUP, SIGUSR1 and SIGUSR2 at once. SIGHUP also opens the
files of --events and log.file again, takes over log.level, and logs what else changed. When the
application ends, the worker leaves at once. The exit code is then the application's (128 and the
number of the signal that ended it), 126 or 127 if it cannot be started.

The process that you start is a small guard; it starts the worker as its child. If the worker
is frozen, blocked or killed and its work has to stop, the guard kills it and all that it has
started. --no-guard runs the worker alone: for debuggers, strace and core dumps.
With -- COMMAND, and no hooks, it then says goodbye for the worker, so that others take over
at once.

Examples:
  partita run -c partita.toml
  partita run -c partita.toml --instance "$(hostname)" --events /var/log/partita.jsonl
  partita run -c partita.toml --set log.level=debug --events - | jq .
  partita run -c partita.toml -- python3 work.py --verbose
)help";

struct run_options {
  settings_flags settings;
  std::string events;
  /// The application; empty: none.
  std::vector<std::string> command;
  bool no_guard = false;
  bool no_goodbye = false;
};

/// Opens the files of lines again, takes over log.level, and says what needs a restart.
void reload(const settings_flags& flags, config::settings& now, event_log* events) {
  reopen_log();
  if (events)
    events->reopen();
  auto read = read_settings(flags, true);
  auto* next = std::get_if<config::settings>(&read);
  if (!next) {
    for (const auto& x : std::get<std::vector<config::problem>>(read))
      spdlog::error("{}", to_string(x));
    return spdlog::error(
        "SIGHUP: files were opened again; the configuration is wrong and "
        "was not taken over");
  }
  auto changed = config::differences(now, *next);
  std::erase(changed, "log.level");
  auto restart = config::joined(changed, [](const auto& x) { return x; });
  now.log.level = next->log.level;
  start_logging(now.log);
  if (restart.empty())
    spdlog::info("SIGHUP: files were opened again; log.level is {}", now.log.level);
  else
    spdlog::warn(
        "SIGHUP: files were opened again; log.level is {}; what changed in {} needs "
        "a restart",
        now.log.level, restart);
}

int run_worker(const run_options& options, std::shared_ptr<guard_link> guard) {
  auto settings = load(options.settings, true);
  if (!settings)
    return exit_usage;
  std::shared_ptr<event_log> log;
  if (!options.events.empty()) {
    auto opened = event_log::open(options.events, settings->group.name);
    if (const auto* why = std::get_if<std::string>(&opened))
      return refuse("--events: " + *why);
    log = std::make_shared<event_log>(std::move(std::get<event_log>(opened)));
  }
  if (!start_logging(settings->log, settings->group.name))
    return refuse("log.file: cannot write '" + settings->log.file
                  + "': " + std::generic_category().message(errno));
  // Only where all work ends with the processes below: hooks may have handed some to others.
  if (guard && !options.command.empty() && !settings->hooks.used() && !options.no_goodbye)
    guard->wants_goodbye(settings->heartbeat.ttl);
  auto on_reload = [&options, now = *settings, log, guard]() mutable {
    reload(options.settings, now, log.get());
    if (guard)
      guard->reloaded();
  };
  return worker_service{*settings, std::move(log), std::move(guard), options.command,
                        std::move(on_reload)}
      .run();
}

/// In a process of its own below the guard, by the same configuration as the worker.
int say_goodbye_for(const core::dead_worker& dead, core::time_point until,
                    const settings_flags& flags) {
  auto settings = load(flags, false);
  if (!settings)
    return exit_usage;
  start_logging({.level = "off"});
  auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(
      until - worker_clock::boottime());
  return with_store(std::move(*settings), limit, "partita goodbye",
                    [&](group_access& x) { return write_for(dead, x); });
}

int run(const run_options& options) {
  hold_signals(true);
  ignore_terminal_stop();
  if (options.no_guard)
    return run_worker(options, nullptr);
  // Before there is any other thread.
  auto guarded =
      start_guarded([&options](const core::dead_worker& dead, core::time_point until) {
        return say_goodbye_for(dead, until, options.settings);
      });
  if (auto* mine = std::get_if<guard_socket>(&guarded))
    return run_worker(options, std::make_shared<guard_link>(std::move(*mine)));
  if (const auto* why = std::get_if<std::string>(&guarded))
    return fail(*why + "; --no-guard runs the worker without it");
  return std::get<int>(guarded);
}

} // namespace

void add_run(CLI::App& program, chosen_command& chosen) {
  auto [command, options] =
      chosen.add<run_options>(program, "run", "Runs one worker", examples, run);
  options.command = chosen.application;
  // The parser never sees the words behind `--`, so it knows of no such argument.
  auto usage = std::make_shared<CLI::Formatter>();
  usage->label("OPTIONS", "OPTIONS] [-- COMMAND [ARGUMENTS]");
  command.formatter(usage);
  add_settings_flags(command, options.settings);
  add_instance_flag(command, options.settings);
  command
      .add_option("--events", options.events,
                  "Appends one JSON object a line for all that happens; - is stdout")
      ->type_name("FILE");
  command.add_flag("--no-guard", options.no_guard,
                   "Without the process that stops the work where the worker cannot");
  command.add_flag("--no-goodbye", options.no_goodbye,
                   "For a COMMAND that hands work to others (docker run, ssh): if the "
                   "worker is killed, others wait for heartbeat.ttl");
}

} // namespace partita::app
