// SPDX-License-Identifier: Apache-2.0
#include "partita/app/cli/commands.hpp"

#include "partita/actors/guard_link.hpp"
#include "partita/actors/worker_clock.hpp"
#include "partita/app/change/dead_worker_writer.hpp"
#include "partita/app/guard/guard_process.hpp"
#include "partita/app/inspect/group_command.hpp"
#include "partita/app/process/runtime.hpp"
#include "partita/app/process/signals.hpp"
#include "partita/app/service/worker_service.hpp"
#include "partita/config/text.hpp"

#include <spdlog/spdlog.h>

#include <cerrno>
#include <csignal>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include <unistd.h>

namespace partita::app {

namespace {

/// What a host may need to end once its workers have left.
constexpr auto time_to_end = std::chrono::seconds{5};

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

constexpr const char* guard_examples = R"help(
Starts HOST, a program that embeds partita, below a guard as that of `partita run`: if HOST is
frozen, blocked or killed and its work has to stop, the guard kills it and all that it has
started. HOST finds the guard by end_process_at_deadline, or its deadline_action::end_process.

With a configuration the guard then says goodbye for its workers of that group, so that others
take over at once; heartbeat.ttl, timeouts.shutdown and buckets must be those of HOST.
Signals are passed to HOST; a second SIGTERM as well, a third one kills. The exit code is that
of HOST (128 and the number of the signal that ended it), 126 or 127 if it cannot be started.

Examples:
  partita guard -- ./host
  partita guard -c partita.toml -- ./host --port 8080
)help";

struct run_options {
  settings_flags settings;
  std::string events;
  /// The application, or the host; empty: none.
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
  auto log = open_events(options.events, settings.group.name);
  if (!start_logging(settings.log, settings.group.name))
    return refuse("log.file: cannot write '" + settings.log.file
                  + "': " + std::generic_category().message(errno));
  // Only where all work ends with the processes below: hooks may have handed some to others.
  if (guard && !options.command.empty() && !settings.hooks.used() && !options.no_goodbye)
    guard->wants_goodbye(settings.heartbeat.ttl);
  auto on_reload = [&options, now = settings, log, guard]() mutable {
    reload(options.settings, now, log.get());
    if (guard)
      guard->reloaded();
  };
  return worker_service{settings, std::move(log), std::move(guard), options.command,
                        std::move(on_reload)}
      .run();
}

/// In a process of its own below the guard, by the same configuration as the worker.
int say_goodbye_for(const core::dead_worker& dead, core::time_point until,
                    const settings_flags& flags) {
  auto settings = load(flags, false);
  start_logging({.level = "off"});
  auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(
      until - worker_clock::boottime());
  return with_store(std::move(settings), limit, "partita goodbye",
                    [&](group_access& x) { return write_for(dead, x); });
}

guarded start_guard(const run_options& options, passing signals) {
  return start_guarded(
      [&options](const core::dead_worker& dead, core::time_point until) {
        return end_code([&] { return say_goodbye_for(dead, until, options.settings); });
      },
      signals);
}

int run(const run_options& options) {
  hold_signals(true);
  ignore_terminal_stop();
  if (options.no_guard)
    return run_worker(options, nullptr);
  // Before there is any other thread.
  auto guarded = start_guard(options, passing::as_messages);
  if (auto* mine = std::get_if<guard_socket>(&guarded))
    return run_worker(options, std::make_shared<guard_link>(std::move(*mine)));
  if (const auto* why = std::get_if<std::string>(&guarded))
    return fail(*why);
  return std::get<int>(guarded);
}

/// Becomes the host; the exit code if it cannot.
int become(const std::vector<std::string>& host, const sigset_t& signals) {
  std::vector<char*> argv;
  for (const auto& x : host)
    argv.push_back(const_cast<char*>(x.c_str()));
  argv.push_back(nullptr);
  std::signal(SIGPIPE, SIG_DFL);
  pthread_sigmask(SIG_SETMASK, &signals, nullptr);
  ::execvp(argv.front(), argv.data());
  auto why = errno;
  fail("cannot start " + host.front() + ": " + std::generic_category().message(why));
  return why == ENOENT ? exit_not_found : exit_not_executable;
}

int guard_host(const run_options& options) {
  if (options.command.empty())
    return refuse("no host is named: partita guard -- ./host");
  auto says_goodbye =
      !options.no_goodbye
      && (!options.settings.file.empty() || !options.settings.group.empty()
          || !options.settings.overrides.empty());
  auto settings = says_goodbye ? load(options.settings, false) : config::settings{};
  sigset_t before;
  pthread_sigmask(SIG_BLOCK, nullptr, &before);
  hold_signals(true);
  ignore_terminal_stop();
  auto guarded = start_guard(options, passing::as_signals);
  if (const auto* why = std::get_if<std::string>(&guarded))
    return fail(*why);
  if (const auto* code = std::get_if<int>(&guarded))
    return *code;
  auto& mine = std::get<guard_socket>(guarded);
  mine.send(core::guard::leaves_within{settings.timeouts.shutdown + time_to_end});
  if (says_goodbye)
    mine.send(core::guard::goodbye_within{settings.heartbeat.ttl});
  mine.hand_over();
  return become(options.command, before);
}

/// The words behind `--` are `what`: the parser never sees them.
void takes_command(CLI::App& command, const char* what) {
  auto usage = std::make_shared<CLI::Formatter>();
  usage->label("OPTIONS", what);
  command.formatter(usage);
}

} // namespace

void add_guard(CLI::App& program, chosen_command& chosen) {
  auto [command, options] =
      chosen.add<run_options>(program, "guard", "Guards a program that embeds partita",
                              guard_examples, guard_host);
  options.command = chosen.application;
  takes_command(command, "OPTIONS] -- HOST [ARGUMENTS");
  add_settings_flags(command, options.settings);
  command.add_flag("--no-goodbye", options.no_goodbye,
                   "For a HOST that hands work to others (docker run, ssh): if it is "
                   "killed, others wait for heartbeat.ttl");
}

void add_run(CLI::App& program, chosen_command& chosen) {
  auto [command, options] =
      chosen.add<run_options>(program, "run", "Runs one worker", examples, run);
  options.command = chosen.application;
  takes_command(command, "OPTIONS] [-- COMMAND [ARGUMENTS]");
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
