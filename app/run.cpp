#include "partita/app/run.hpp"

#include "partita/actors/supervisor.hpp"
#include "partita/app/exit_codes.hpp"
#include "partita/app/http_part.hpp"
#include "partita/app/metrics_page.hpp"
#include "partita/app/reporter.hpp"
#include "partita/app/runtime.hpp"
#include "partita/app/settings_flags.hpp"
#include "partita/app/side_parts.hpp"
#include "partita/app/signals.hpp"
#include "partita/app/source.hpp"
#include "partita/app/wiring.hpp"
#include "partita/app/worker_life.hpp"
#include "partita/app/worker_watch.hpp"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>

#include <CLI/CLI.hpp>

#include <spdlog/spdlog.h>

#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace partita::app {

namespace {

constexpr const char* examples = R"help(
Takes part in its group until SIGTERM or SIGINT, then leaves as worker.shutdown says
(drain: others take its partitions over first). At a second signal it stops work and
leaves without waiting for others, at a third one it ends at once. Exit codes: 0 left
gracefully, 1 could not go on, 2 bad usage or configuration.

With -- COMMAND ARGS... it starts your application, too. SIGTERM and SIGINT reach that once
the worker has left; SIGHUP, SIGUSR1 and SIGUSR2 at once. When the application ends, the
worker leaves at once. The exit code is then the application's (128 and the number of the
signal that ended it), 126 or 127 if it cannot be started.

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
};

std::string client_name_of(const config::settings& s) {
  auto result = "partita " + s.group.name;
  return s.worker.instance.empty() ? result : result + ' ' + s.worker.instance;
}

/// Where HTTP is served; an application of our own finds it wherever that is.
config::http_settings http_wanted(const config::settings& s, bool by_child) {
  auto result = s.http;
  if (result.listen.empty() && by_child)
    result.listen = "127.0.0.1:0";
  return result;
}

/// Why HTTP cannot be served, or nothing; also nothing where none is wanted.
std::string start_http(std::optional<http_part>& to, caf::actor_system& sys,
                       const config::http_settings& s, const caf::actor& main,
                       const listener_actor& reporter, const metrics_actor& metrics) {
  if (s.listen.empty())
    return {};
  auto started = http_part::start(sys, s, main, reporter, {metrics_page(sys, metrics)});
  if (const auto* why = std::get_if<std::string>(&started))
    return *why;
  to.emplace(std::move(std::get<http_part>(started)));
  return {};
}

/// What the application finds in its environment.
child_variables told_to_application(const config::settings& s, const http_part& http) {
  return {{"PARTITA_GROUP", s.group.name}, {"PARTITA_URL", http.address()}};
}

int run_worker(const config::settings& s, std::shared_ptr<event_log> log,
               const std::vector<std::string>& command) {
  runtime_config cfg;
  caf::actor_system sys{cfg};
  caf::scoped_actor self{sys};
  auto main = caf::actor_cast<caf::actor>(self);
  auto reporter = spawn_reporter(sys, std::move(log), main);
  auto metrics = spawn_metrics(sys);
  // Before anything is begun: a port that is taken is soon said.
  std::optional<http_part> http;
  auto no_http =
      start_http(http, sys, http_wanted(s, !command.empty()), main, reporter, metrics);
  if (!no_http.empty()) {
    caf::anon_send_exit(reporter, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(metrics, caf::exit_reason::user_shutdown);
    spdlog::critical("{}", no_http);
    return exit_failed;
  }
  side_parts beside{s};
  if (!command.empty()) {
    auto failure = beside.start_application(self, command, told_to_application(s, *http),
                                            http->farewell());
    if (failure) {
      http->stop();
      caf::anon_send_exit(reporter, caf::exit_reason::user_shutdown);
      caf::anon_send_exit(metrics, caf::exit_reason::user_shutdown);
      spdlog::critical("{}", failure->why);
      return failure->code;
    }
  }
  beside.start_hooks(sys);
  auto urls = shown(s.nats.url);
  spdlog::info("partita " PARTITA_VERSION ": joining group {} at {}", s.group.name, urls);
  auto store = spawn_nats_store(sys, nats_options_of(s, client_name_of(s)));
  auto link = spawn_link_reporter(sys, urls, s.timeouts.startup);
  caf::anon_send(store, link);
  auto source = spawn_source(sys, s, store);
  auto options = worker_options_of(s);
  // Work that cannot be stopped in time ends with its process.
  options.end_if_work_goes_on = true;
  worker_life life;
  life.start = [&] {
    auto worker = spawn_supervisor(sys, options, store, source, reporter);
    caf::anon_send(metrics, observe{store, worker, beside.hooks()});
    if (http)
      http->attach(worker);
    beside.listen_to(worker);
    return worker;
  };
  life.ended = [&] {
    if (http)
      http->detach();
  };
  life.waits_for_application = s.http.app_ttl.count() > 0;
  life.limit = s.timeouts.shutdown;
  auto tell = [main](leave_mode mode) {
    return [main, mode] { caf::anon_send(main, stop_worker{mode}); };
  };
  signal_watch signals{tell(leave_mode::configured), tell(leave_mode::stop),
                       beside.signal_passer()};
  auto end = live(self, life);
  if (!end.in_time)
    leave_at_once(end.failure);
  // While it ends, the application may still ask.
  auto code = beside.end(self, end.failure.empty());
  if (http && http->broken())
    code = exit_failed;
  auto http_stopped = !http || http->stop();
  // Before the store closes: that would look like a loss.
  caf::anon_send_exit(link, caf::exit_reason::user_shutdown);
  close(self, store);
  for (const auto& helper :
       {caf::actor_cast<caf::actor>(reporter), caf::actor_cast<caf::actor>(source),
        caf::actor_cast<caf::actor>(metrics)})
    caf::anon_send_exit(helper, caf::exit_reason::user_shutdown);
  if (!end.failure.empty())
    spdlog::critical("giving up: {}", end.failure);
  else
    spdlog::info("left gracefully");
  if (!http_stopped)
    end_at_once(code);
  return code;
}

int run(const run_options& options) {
  hold_signals(!options.command.empty());
  auto settings = load(options.settings, true);
  if (!settings)
    return exit_usage;
  std::shared_ptr<event_log> log;
  if (!options.events.empty()) {
    auto opened = event_log::open(options.events);
    if (const auto* why = std::get_if<std::string>(&opened)) {
      std::cerr << "partita: --events: " << *why << '\n';
      return exit_usage;
    }
    log = std::make_shared<event_log>(std::move(std::get<event_log>(opened)));
  }
  start_logging(settings->log.level);
  return run_worker(*settings, std::move(log), options.command);
}

} // namespace

void add_run(CLI::App& program, std::vector<std::string> command_words, int& code) {
  auto options = std::make_shared<run_options>();
  options->command = std::move(command_words);
  auto* command = program.add_subcommand("run", "Runs one worker");
  command->footer(examples);
  add_settings_flags(*command, options->settings);
  add_instance_flag(*command, options->settings);
  command
      ->add_option("--events", options->events,
                   "Appends one JSON object a line for all that happens; - is stdout")
      ->type_name("FILE");
  command->callback([options, &code] { code = run(*options); });
}

} // namespace partita::app
