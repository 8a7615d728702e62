#include "partita/app/run.hpp"

#include "partita/actors/supervisor.hpp"
#include "partita/app/exit_codes.hpp"
#include "partita/app/reporter.hpp"
#include "partita/app/runtime.hpp"
#include "partita/app/settings_flags.hpp"
#include "partita/app/signals.hpp"
#include "partita/app/source.hpp"
#include "partita/app/wiring.hpp"
#include "partita/app/worker_watch.hpp"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>

#include <CLI/CLI.hpp>

#include <spdlog/spdlog.h>

#include <iostream>
#include <memory>

namespace partita::app {

namespace {

constexpr const char* examples = R"help(
Takes part in its group until SIGTERM or SIGINT, then leaves as worker.shutdown says
(drain: others take its partitions over first). At a second signal it stops work and
leaves without waiting for others, at a third one it ends at once. Exit codes: 0 left
gracefully, 1 could not go on, 2 bad usage or configuration.

Examples:
  partita run -c partita.toml
  partita run -c partita.toml --instance "$(hostname)" --events /var/log/partita.jsonl
  partita run -c partita.toml --set log.level=debug --events - | jq .
)help";

struct run_options {
  settings_flags settings;
  std::string events;
};

std::string client_name_of(const config::settings& s) {
  auto result = "partita " + s.group.name;
  return s.worker.instance.empty() ? result : result + ' ' + s.worker.instance;
}

int run_worker(const config::settings& s, std::shared_ptr<event_log> log) {
  runtime_config cfg;
  caf::actor_system sys{cfg};
  caf::scoped_actor self{sys};
  auto urls = shown(s.nats.url);
  spdlog::info("partita " PARTITA_VERSION ": joining group {} at {}", s.group.name, urls);
  auto store = spawn_nats_store(sys, nats_options_of(s, client_name_of(s)));
  auto link = spawn_link_reporter(sys, urls, s.timeouts.startup);
  caf::anon_send(store, link);
  auto source = spawn_source(sys, s, store);
  auto reporter = spawn_reporter(sys, std::move(log), caf::actor_cast<caf::actor>(self));
  auto options = worker_options_of(s);
  // Work that cannot be stopped in time ends with its process.
  options.end_if_work_goes_on = true;
  auto worker = spawn_supervisor(sys, options, store, source, reporter);
  auto tell = [main = caf::actor_cast<caf::actor>(self)](leave_mode mode) {
    return [main, mode] { caf::anon_send(main, stop_worker{mode}); };
  };
  signal_watch signals{tell(leave_mode::configured), tell(leave_mode::stop)};
  auto end = wait_for_end(self, worker, s.timeouts.shutdown);
  if (!end.in_time)
    leave_at_once(end.failure);
  // Before the store closes: that would look like a loss.
  caf::anon_send_exit(link, caf::exit_reason::user_shutdown);
  close(self, store);
  for (const auto& helper :
       {caf::actor_cast<caf::actor>(reporter), caf::actor_cast<caf::actor>(source)})
    caf::anon_send_exit(helper, caf::exit_reason::user_shutdown);
  if (!end.failure.empty()) {
    spdlog::critical("giving up: {}", end.failure);
    return exit_failed;
  }
  spdlog::info("left gracefully");
  return exit_fine;
}

int run(const run_options& options) {
  hold_signals();
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
  return run_worker(*settings, std::move(log));
}

} // namespace

void add_run(CLI::App& program, int& code) {
  auto options = std::make_shared<run_options>();
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
