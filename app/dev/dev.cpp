// SPDX-License-Identifier: Apache-2.0
#include "partita/app/dev/dev.hpp"

#include "partita/app/dev/dev_group.hpp"
#include "partita/app/dev/local_nats.hpp"
#include "partita/app/page/page.hpp"
#include "partita/app/process/exit_codes.hpp"
#include "partita/app/process/process_exit.hpp"
#include "partita/app/process/runtime.hpp"
#include "partita/app/process/signals.hpp"
#include "partita/app/wiring/source.hpp"
#include "partita/config/duration.hpp"
#include "partita/config/text.hpp"
#include "partita/messages/message.hpp"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>

#include <iostream>
#include <memory>
#include <optional>

namespace partita::app {

/// A leader was killed some time ago: its slot gets a new worker.
struct slot_due {
  std::size_t slot = 0;
  PARTITA_MESSAGE(slot_due, x.slot)
};

/// Time to kill the leader.
struct kill_due {
  PARTITA_MESSAGE(kill_due)
};

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using namespace std::chrono_literals;

/// What the options say once they are read.
struct dev_plan {
  std::optional<milliseconds> run_for;
  std::optional<milliseconds> kill_every;
  std::shared_ptr<event_log> log;
};

// Short enough to watch; a service's own are in config/partita.toml.
config::settings dev_settings(const dev_options& options) {
  config::settings s;
  s.group.name = "dev";
  s.partitions.prefix = "p";
  s.partitions.count = options.partitions;
  s.heartbeat.interval = 250ms;
  s.heartbeat.ttl = 2s;
  s.election.lease = 1500ms;
  s.worker.id_ttl = 10s;
  s.worker.id_max = static_cast<std::uint32_t>(options.workers) + 9;
  s.rebalance.cold_start_window = 2s;
  s.rebalance.planned_scale_window = 1s;
  s.rebalance.settle_time = 300ms;
  s.rebalance.min_interval = 1s;
  s.rebalance.expected_workers = static_cast<std::uint32_t>(options.workers);
  s.timeouts.request = 250ms;
  s.timeouts.startup = 15s;
  s.timeouts.shutdown = 5s;
  // The whole group leaves together: no worker is left to take over.
  s.worker.shutdown = leave_mode::stop;
  config::name_buckets(s);
  return s;
}

std::string introduction(const dev_options& options, const config::settings& s,
                         const local_nats* server) {
  auto shown = [](milliseconds x) { return config::format_duration(x); };
  return std::to_string(options.workers) + " workers share "
         + std::to_string(options.partitions) + " partitions on "
         + (server ? "a nats-server of their own at " + server->url()
                   : std::string{"the memory store"})
         + "\ntimings: a heartbeat every " + shown(s.heartbeat.interval) + ", gone after "
         + shown(s.heartbeat.ttl) + ", lease " + shown(s.election.lease)
         + ", at most one rebalance in " + shown(s.rebalance.min_interval)
         + "\nCtrl-C ends it\n\n";
}

/// Runs the group until the user or a failure ends it.
class dev_session {
public:
  dev_session(caf::scoped_actor& self, dev_group& group, const dev_plan& plan)
      : self_(self), group_(group), plan_(plan) {}

  int run(std::size_t workers) {
    group_.start(workers);
    left_ = workers;
    if (plan_.run_for)
      self_->delayed_send(self_, *plan_.run_for, stop_worker{});
    plan_kill();
    while (left_ > 0)
      if (!receive_one())
        return exit_failed;
    return failed_ ? exit_failed : exit_fine;
  }

private:
  // What the workers may take beyond their own time-out.
  static constexpr auto a_little = 2s;
  static constexpr auto very_long = std::chrono::hours{24 * 365};

  bool receive_one() {
    auto in_time = true;
    auto left = deadline_ ? std::max(*deadline_ - steady_clock::now(), 0ns) : very_long;
    self_->receive([&](const stop_worker&) { stop(); },
                   [&](const worker_stopped& x) { note_end(x); },
                   [&](const kill_due&) { kill(); },
                   [&](const slot_due& x) { refill(x.slot); },
                   caf::after(left) >> [&] { in_time = false; });
    if (!in_time)
      std::cerr << "partita: " << left_ << " workers did not leave in time\n";
    return in_time;
  }

  void stop() {
    if (deadline_)
      return;
    deadline_ = steady_clock::now() + 5s + a_little;
    group_.stop();
  }

  void note_end(const worker_stopped& x) {
    --left_;
    if (x.failure.empty())
      return;
    failed_ = true;
    std::cerr << "partita: a worker gave up: " << config::printable(x.failure) << '\n';
  }

  void plan_kill() {
    if (plan_.kill_every)
      self_->delayed_send(self_, *plan_.kill_every, kill_due{});
  }

  void kill() {
    if (deadline_)
      return;
    if (auto slot = group_.kill_leader(); slot != dev_group::no_slot) {
      --left_;
      self_->delayed_send(self_, *plan_.kill_every / 2, slot_due{slot});
    }
    plan_kill();
  }

  void refill(std::size_t slot) {
    if (deadline_)
      return;
    group_.restart(slot);
    ++left_;
  }

  caf::scoped_actor& self_;
  dev_group& group_;
  const dev_plan& plan_;
  std::size_t left_ = 0;
  std::optional<steady_clock::time_point> deadline_;
  bool failed_ = false;
};

/// Nothing if it cannot be served: the group runs all the same.
std::optional<page_server> serve_page(caf::actor_system& sys, const config::settings& s,
                                      const store_actor& store, bool quiet) {
  auto started = page_server::start(sys, s, store, "127.0.0.1:0");
  if (const auto* why = std::get_if<std::string>(&started)) {
    std::cerr << "partita: --page: " << config::printable(*why) << '\n';
    return std::nullopt;
  }
  auto& page = std::get<page_server>(started);
  (quiet ? std::cerr : std::cout) << "page: " << page.http.address() << "/\n"
                                  << std::flush;
  return std::move(page);
}

int run_group(const dev_options& options, const dev_plan& plan,
              const local_nats* server) {
  auto settings = dev_settings(options);
  auto quiet = options.events == "-";
  (quiet ? std::cerr : std::cout)
      << introduction(options, settings, server) << std::flush;
  if (server)
    settings.nats.url = {server->url()};
  runtime_config cfg;
  caf::actor_system sys{cfg};
  caf::scoped_actor self{sys};
  auto main = caf::actor_cast<caf::actor>(self);
  auto store = spawn_store(sys, settings, "partita dev",
                           server ? store_kind::nats : store_kind::memory);
  auto source = spawn_source(sys, settings, store);
  auto board = spawn_dev_console(sys, options.partitions, plan.log, quiet, main);
  auto code = 0;
  auto page = options.page ? serve_page(sys, settings, store, quiet) : std::nullopt;
  {
    signal_watch signals{[=] { caf::anon_send(main, stop_worker{}); }};
    dev_group group{self, worker_options_of(settings), store, source, board};
    code = dev_session{self, group, plan}.run(options.workers);
  }
  if (page)
    page->stop();
  close(self, store);
  for (const auto& helper :
       {caf::actor_cast<caf::actor>(board), caf::actor_cast<caf::actor>(source)})
    caf::anon_send_exit(helper, caf::exit_reason::user_shutdown);
  return code;
}

/// Reads an optional duration; reports the mistake.
bool read_duration(const char* flag, const std::string& text,
                   std::optional<milliseconds>& to) {
  if (text.empty())
    return true;
  to = config::parse_duration(text);
  if (to && to->count() > 0)
    return true;
  std::cerr << "partita: " << flag << ": found '" << text
            << "', expected a duration above 0 like 500ms, 30s or 5m\n";
  return false;
}

bool open_events(const std::string& path, std::shared_ptr<event_log>& to) {
  if (path.empty())
    return true;
  auto opened = event_log::open(path);
  if (const auto* why = std::get_if<std::string>(&opened)) {
    std::cerr << "partita: --events: " << config::printable(*why) << '\n';
    return false;
  }
  to = std::make_shared<event_log>(std::move(std::get<event_log>(opened)));
  return true;
}

} // namespace

int run_dev(const dev_options& options) {
  hold_signals();
  dev_plan plan;
  if (!read_duration("--for", options.run_for, plan.run_for)
      || !read_duration("--kill-leader-every", options.kill_every, plan.kill_every)
      || !open_events(options.events, plan.log))
    return exit_usage;
  start_logging(options.log_level);
  if (!options.nats)
    return run_group(options, plan, nullptr);
  auto server = local_nats::start();
  if (const auto* why = std::get_if<std::string>(&server)) {
    std::cerr << "partita: --nats: " << *why << '\n';
    return exit_failed;
  }
  return run_group(options, plan, &std::get<local_nats>(server));
}

} // namespace partita::app
