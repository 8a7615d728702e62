// SPDX-License-Identifier: Apache-2.0
#include "partita/app/dev/dev.hpp"

#include "partita/actors/supervisor/supervisor.hpp"
#include "partita/app/dev/local_nats.hpp"
#include "partita/app/inspect/group_command.hpp"
#include "partita/app/inspect/group_status.hpp"
#include "partita/app/output/reporter.hpp"
#include "partita/app/page/page.hpp"
#include "partita/app/process/process_exit.hpp"
#include "partita/app/process/runtime.hpp"
#include "partita/app/process/signals.hpp"
#include "partita/app/wiring/wiring.hpp"
#include "partita/config/duration.hpp"
#include "partita/config/text.hpp"
#include "partita/messages/message.hpp"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>

#include <spdlog/fmt/fmt.h>

#include <cstdio>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <vector>

namespace partita::app {

/// A worker has received another record.
PARTITA_SIGNAL(shares_changed);

/// To be done once some time has passed, unless the group leaves by then.
struct dev_task {
  std::function<void()> run;
  PARTITA_MESSAGE(dev_task)
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
  s.name_buckets();
  return s;
}

std::string introduction(const dev_options& options, const config::settings& s,
                         const local_nats* server) {
  auto shown = [](milliseconds x) { return config::format_duration(x); };
  return fmt::format("{} workers share {} partitions on {}\ntimings: a heartbeat every "
                     "{}, gone after {}, "
                     "lease {}, at most one rebalance in {}\nCtrl-C ends it\n\n",
                     options.workers, options.partitions,
                     server ? "a nats-server of their own at " + server->url()
                            : "the memory store",
                     shown(s.heartbeat.interval), shown(s.heartbeat.ttl),
                     shown(s.election.lease), shown(s.rebalance.min_interval));
}

/// Writes for people: on stdout, or on stderr if stdout is for events. May be used by any thread.
class dev_console {
public:
  explicit dev_console(bool on_stderr) : out_{on_stderr ? stderr : stdout} {}

  /// With the time since the start before it, and `after` on lines of its own.
  void say(const std::string& text, const std::string& after = {}) const {
    std::chrono::duration<double> age = steady_clock::now() - started_;
    std::fprintf(out_, "%8.3f s  %s\n%s", age.count(), config::printable(text).c_str(),
                 after.c_str());
    std::fflush(out_);
  }

private:
  std::FILE* out_;
  steady_clock::time_point started_ = steady_clock::now();
};

/// Says what happens, and notifies `main` of other shares.
class dev_observer : public event_observer {
public:
  dev_observer(const dev_console& to, caf::actor main)
      : console_{to}, main_{std::move(main)} {}

  using event_observer::hear;

  void hear(const worker_id_claimed& x) override {
    console_.say(x.worker_id.value + " has joined");
  }

  void hear(const leadership_changed& x) override {
    console_.say(x.worker_id.value + (x.leading ? " leads: " : " lost leadership: ")
                 + x.reason);
  }

  void hear(const assignment_changed&) override {
    caf::anon_send(main_, shares_changed{});
  }

  void hear(const worker_stopped& x) override {
    const auto& id = x.worker_id.value;
    console_.say((id.empty() ? "a worker" : id)
                 + (x.failure.empty() ? " has left" : " gave up: " + x.failure));
  }

private:
  const dev_console& console_;
  caf::actor main_;
};

/// The parts of a group.
struct dev_parts {
  config::settings settings;
  store_actor store;
  partition_source_actor source;
  listener_actor reporter;
  const dev_console& console;
};

/// Runs the workers until the user or a failure ends it. Each has a slot of its own (its
/// `instance`), so that one that comes back gets its former id.
class dev_session {
public:
  dev_session(caf::scoped_actor& self, const dev_parts& parts, const dev_plan& plan)
      : self_(self), parts_(parts), plan_(plan) {}

  int run(std::size_t workers) {
    workers_.resize(workers);
    for (std::size_t i = 0; i < workers; ++i)
      start(i);
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
  // A supervisor never blocks: one that does not answer for this long is stuck.
  static constexpr auto answer_limit = 1s;
  // One plan reaches the workers one by one and must give one table.
  static constexpr auto table_pause = 100ms;

  bool receive_one() {
    auto in_time = true;
    auto left = deadline_ ? std::max(*deadline_ - steady_clock::now(), 0ns) : very_long;
    self_->receive([&](const stop_worker&) { stop(); },
                   [&](const worker_stopped& x) { note_end(x); },
                   [&](const shares_changed&) { plan_table(); },
                   [&](const dev_task& x) {
                     if (!deadline_)
                       x.run();
                   },
                   [](const watch_event&) {}, // Of a group that was read.
                   caf::after(left) >> [&] { in_time = false; });
    if (!in_time)
      fail(std::to_string(left_) + " workers did not leave in time");
    return in_time;
  }

  void after(milliseconds pause, std::function<void()> what) {
    self_->delayed_send(self_, pause, dev_task{std::move(what)});
  }

  /// Of the shares that nothing has changed since.
  void plan_table() {
    after(table_pause, [this, number = ++shares_] {
      if (number == shares_)
        show_shares();
    });
  }

  void start(std::size_t slot) {
    auto options = worker_options_of(parts_.settings);
    options.worker.instance = "slot-" + std::to_string(slot);
    workers_[slot] = spawn_supervisor(self_->system(), std::move(options), parts_.store,
                                      parts_.source, parts_.reporter);
    ++left_;
  }

  /// What `partita status` shows.
  void show_shares() {
    const auto& s = parts_.settings;
    auto found = read_group(self_, parts_.store, s.group.name, s.buckets, answer_limit);
    if (const auto* why = std::get_if<std::string>(&found))
      return parts_.console.say("the group cannot be read: " + *why);
    auto names = names_of(s.partitions);
    auto group = examine(std::get<group_entries>(found), names);
    auto complete =
        group.unowned.empty() && group.named_twice.empty() && group.hand_offs.empty();
    parts_.console.say(
        "shares:", to_table(group)
                       + (complete ? fmt::format("all {} partitions are owned exactly "
                                                 "once\n",
                                                 names.size())
                                   : ""));
  }

  /// The reporter passes the worker_stopped of each on.
  void stop() {
    if (deadline_)
      return;
    deadline_ = steady_clock::now() + 5s + a_little;
    for (const auto& x : workers_)
      if (x)
        caf::anon_send(x, stop_worker{});
  }

  void note_end(const worker_stopped& x) {
    --left_;
    if (x.failure.empty())
      return;
    failed_ = true;
    fail("a worker gave up: " + x.failure);
  }

  void plan_kill() {
    if (plan_.kill_every)
      after(*plan_.kill_every, [this] { kill(); });
  }

  void kill() {
    for (std::size_t i = 0; i < workers_.size(); ++i)
      if (kill_if_leader(workers_[i])) {
        --left_;
        after(*plan_.kill_every / 2, [this, i] { start(i); });
        break;
      }
    plan_kill();
  }

  /// Without a goodbye; its slot stays empty.
  bool kill_if_leader(supervisor_actor& worker) {
    worker_status status;
    if (worker)
      self_->request(worker, answer_limit, get_status{})
          .receive([&](worker_status& x) { status = std::move(x); },
                   [](const caf::error&) {});
    if (!status.leading)
      return false;
    caf::anon_send_exit(worker, caf::exit_reason::kill);
    worker = nullptr;
    parts_.console.say(status.worker_id.value + " was killed");
    return true;
  }

  caf::scoped_actor& self_;
  const dev_parts& parts_;
  const dev_plan& plan_;
  /// By slot; null: empty.
  std::vector<supervisor_actor> workers_;
  /// How many have not ended.
  std::size_t left_ = 0;
  std::uint64_t shares_ = 0;
  std::optional<steady_clock::time_point> deadline_;
  bool failed_ = false;
};

/// Nothing if it cannot be served: the group runs all the same.
std::optional<page_server> serve_page(caf::actor_system& sys, const config::settings& s,
                                      const store_actor& store, bool quiet) {
  auto started = page_server::start(sys, s, store, "127.0.0.1:0");
  if (const auto* why = std::get_if<std::string>(&started)) {
    fail("--page: " + *why);
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
  // Outlives the reporter, which ends with the actor system.
  dev_console console{quiet};
  runtime_config cfg;
  caf::actor_system sys{cfg};
  caf::scoped_actor self{sys};
  auto main = caf::actor_cast<caf::actor>(self);
  auto store = spawn_store(sys, settings, "partita dev",
                           server ? store_kind::nats : store_kind::memory);
  dev_parts parts{
      settings, store, spawn_source(sys, settings, store),
      spawn_reporter(sys, plan.log, main, std::make_shared<dev_observer>(console, main)),
      console};
  auto code = 0;
  auto page = options.page ? serve_page(sys, settings, store, quiet) : std::nullopt;
  {
    signal_watch signals{[=] { caf::anon_send(main, stop_worker{}); }};
    code = dev_session{self, parts, plan}.run(options.workers);
  }
  if (page)
    page->stop();
  if (!close(self, store))
    end_at_once(code);
  caf::anon_send_exit(parts.reporter, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(parts.source, caf::exit_reason::user_shutdown);
  return code;
}

std::optional<milliseconds> optional_duration(const char* flag, const std::string& text) {
  return text.empty() ? std::nullopt : std::optional{duration_flag(flag, text)};
}

} // namespace

int run_dev(const dev_options& options) {
  hold_signals();
  dev_plan plan{optional_duration("--for", options.run_for),
                optional_duration("--kill-leader-every", options.kill_every),
                open_events(options.events, dev_settings(options).group.name)};
  start_logging({.level = options.log_level});
  if (!options.nats)
    return run_group(options, plan, nullptr);
  auto server = local_nats::start();
  if (const auto* why = std::get_if<std::string>(&server))
    return fail("--nats: " + *why);
  return run_group(options, plan, &std::get<local_nats>(server));
}

} // namespace partita::app
