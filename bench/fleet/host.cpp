// SPDX-License-Identifier: Apache-2.0
#include "host.hpp"

#include "event.hpp"

#include "partita/actors/supervisor/supervisor.hpp"
#include "partita/app/process/runtime.hpp"
#include "partita/app/wiring/wiring.hpp"
#include "partita/config/load.hpp"

#include <caf/actor_system.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <stdexcept>

namespace partita::bench {

namespace {

/// Lines of all workers, each written as a whole by the thread that runs them.
void report(const event& x) {
  auto line = to_line(x);
  for (std::size_t at = 0; at < line.size();) {
    auto n = write(STDOUT_FILENO, line.data() + at, line.size() - at);
    if (n < 0)
      std::_Exit(1);
    at += static_cast<std::size_t>(n);
  }
}

void report(event::kind what, std::size_t worker, const std::vector<grant>& grants) {
  event x{.what = what, .worker = worker, .at_ns = now_ns()};
  x.partitions.reserve(grants.size());
  for (const auto& granted : grants)
    x.partitions.push_back(number_of(name_of(granted.partition)));
  report(x);
}

/// An application whose work stops at once.
listener_actor::behavior_type reporter(std::size_t worker) {
  using kind = event::kind;
  return {
      [](const worker_id_claimed&) {},
      [](const state_changed&) {},
      [=](const leadership_changed& x) {
        report(x.leading ? kind::leads : kind::deposed, worker, {});
      },
      [](const calculator_adopted&) {},
      [](const assignment_changed&) {},
      [=](const partitions_assigned& x) { report(kind::assigned, worker, x.partitions); },
      [=](const partitions_revoked& x) {
        report(kind::revoked, worker, x.partitions);
        return work_stopped{};
      },
      [=](const partitions_lost& x) {
        report(kind::lost, worker, x.partitions);
        return work_stopped{};
      },
      [](const alert_raised&) {},
      [=](const worker_stopped& x) {
        report({.what = kind::stopped,
                .worker = worker,
                .at_ns = now_ns(),
                .why = x.failure});
      }};
}

config::settings load(const std::string& file) {
  auto result = config::load_settings(file, {});
  if (auto* wrong = std::get_if<std::vector<config::problem>>(&result))
    throw std::runtime_error{to_string(wrong->front())};
  return std::get<config::settings>(result);
}

} // namespace

int run_host(const std::string& config_file) {
  auto settings = load(config_file);
  app::start_logging(settings.log);
  app::runtime_config cfg;
  caf::actor_system sys{cfg};
  auto store = app::spawn_store(sys, settings, "fleet");
  auto source = app::spawn_source(sys, settings, store);
  std::map<std::size_t, supervisor_actor> workers;
  std::string order;
  std::size_t worker = 0;
  while (std::cin >> order >> worker) {
    if (order == "add")
      workers[worker] =
          spawn_supervisor(sys, app::worker_options_of(settings), store, source,
                           sys.spawn([worker] { return reporter(worker); }));
    else if (auto known = workers.find(worker); known != workers.end())
      caf::anon_send(known->second, stop_worker{});
  }
  // The rest of the group goes on: nothing is given back.
  std::_Exit(0);
}

} // namespace partita::bench
