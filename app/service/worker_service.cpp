// SPDX-License-Identifier: Apache-2.0
#include "partita/app/service/worker_service.hpp"

#include "partita/actors/supervisor/supervisor.hpp"
#include "partita/app/output/reporter.hpp"
#include "partita/app/process/exit_codes.hpp"
#include "partita/app/wiring/wiring.hpp"
#include "partita/config/duration.hpp"
#include "partita/config/text.hpp"
#include "partita/core/sidecar/application_presence.hpp"

#include <caf/system_messages.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>
#include <variant>

namespace partita::app {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// The time to kill processes, to notice their end, and to close what is open.
constexpr auto a_little = 15s;
/// How long the end waits for what may never come.
constexpr auto a_moment = 1s;
/// What the last event of a worker needs to arrive.
constexpr auto last_event_limit = 2s;
/// For waiting without end: CAF adds it to the present time, so it must not be the maximum.
constexpr auto very_long = std::chrono::hours{24 * 365};

/// Where HTTP is served; an application of our own finds it wherever that is.
config::http_settings http_wanted(const config::settings& s, bool by_child) {
  auto result = s.http;
  if (result.listen.empty() && by_child)
    result.listen = "127.0.0.1:0";
  return result;
}

/// What the application finds in its environment.
child_variables told_to_application(const config::settings& s, const http_part& http) {
  child_variables result{{"PARTITA_GROUP", s.group.name},
                         {"PARTITA_URL", http.address()}};
  // Calls from this machine need it where http.listen is no loopback address.
  if (!s.http.token.empty())
    result.emplace_back("PARTITA_HTTP_TOKEN", s.http.token);
  return result;
}

/// What is done on each change of the worker's state, besides the events.
class state_observer : public event_observer {
public:
  explicit state_observer(std::shared_ptr<guard_link> guard) : guard_{std::move(guard)} {}

  using event_observer::hear;

  void hear(const state_changed& x) override {
    if (x.to == worker_state::stable && !std::exchange(started_, true))
      return_memory_of_start();
    // Without a session it takes no part yet; it may be degraded before the first one.
    auto joined = x.to > worker_state::election && x.to < worker_state::degraded;
    auto who = x.worker_id.value.empty() ? std::string{} : x.worker_id.value + ' ';
    if (guard_)
      guard_->status(config::printable(who + to_string(x.to) + ": " + x.reason), joined);
  }

private:
  std::shared_ptr<guard_link> guard_;
  bool started_ = false;
};

/// Of no effect on one that was never spawned.
template <class Handle>
void ask_to_end(const Handle& x) {
  caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
}

/// A source may wait for a file system that hangs.
bool ends_in_time(caf::scoped_actor& self, const partition_source_actor& source) {
  if (!source)
    return true;
  self->monitor(source);
  ask_to_end(source);
  auto result = false;
  auto until = steady_clock::now() + a_moment;
  auto over = false;
  while (!result && !over)
    self->receive([&](const caf::down_msg& x) { result = x.source == source.address(); },
                  // Orders and news that come too late to matter.
                  [](const stop_worker&) {}, [](const worker_stopped&) {},
                  caf::after(until - steady_clock::now()) >> [&] { over = true; });
  return result;
}

/// Runs one worker after the other, as core::application_presence decides, until `self` gets
/// stop_worker or a worker gives up. `self` must get the worker's last event (worker_stopped)
/// from one of its listeners.
class worker_runner {
public:
  /// `start` spawns a worker and notifies all parts that need its handle; `ended`: that
  /// worker has ended, and perhaps another one will come.
  worker_runner(caf::scoped_actor& self, const config::settings& s,
                std::function<supervisor_actor()> start, std::function<void()> ended)
      : self_{self}, settings_{s}, start_{std::move(start)}, ended_{std::move(ended)} {}

  worker_end run() {
    // Else a worker takes part only while the application calls.
    if (settings_.http.app_ttl == 0ms)
      feed(core::application_presence::called{});
    while (!result_)
      receive();
    return *result_;
  }

private:
  void receive() {
    auto left = deadline_ ? std::max(*deadline_ - steady_clock::now(), 0ns) : very_long;
    self_->receive(
        [&](const stop_worker& x) {
          spdlog::info(told_ ? "leaving the group at once" : "leaving the group");
          told_ = true;
          feed(core::application_presence::told{x.mode});
        },
        [&](const application_changed& x) {
          if (x.present)
            feed(core::application_presence::called{});
          else
            feed(core::application_presence::silent{});
        },
        [&](const worker_stopped& x) { stopped(x.failure); },
        [&](const caf::down_msg& x) { down(x); },
        caf::after(left) >>
            [&] {
              result_ = worker_end{late_, false};
            });
  }

  void down(const caf::down_msg& x) {
    if (!worker_ || x.source != worker_.address())
      return;
    if (x.reason != caf::exit_reason::normal) {
      stopped("the supervisor ended: " + self_->system().render(x.reason));
      return;
    }
    // After a normal end the last event is still on its way.
    deadline_ = steady_clock::now() + last_event_limit;
    late_ = "the worker ended without a final event";
  }

  void stopped(const std::string& failure) {
    worker_ = nullptr;
    deadline_.reset();
    ended_();
    feed(core::application_presence::stopped{failure});
  }

  void feed(const core::application_presence::event& what) {
    std::visit([this](const auto& x) { carry_out(x); }, presence_.step(what));
  }

  void carry_out(const core::application_presence::nothing&) {}

  void carry_out(const core::application_presence::start&) {
    worker_ = start_();
    self_->monitor(worker_);
  }

  void carry_out(const core::application_presence::stop& x) {
    // The worker's time runs from the first order to stop.
    if (!deadline_)
      deadline_ = steady_clock::now() + settings_.timeouts.shutdown + last_event_limit;
    late_ = "the worker did not leave within timeouts.shutdown ("
            + config::format_duration(settings_.timeouts.shutdown) + ")";
    caf::anon_send(worker_, stop_worker{x.mode});
  }

  void carry_out(const core::application_presence::finish& x) {
    result_ = worker_end{x.failure, true};
  }

  caf::scoped_actor& self_;
  const config::settings& settings_;
  std::function<supervisor_actor()> start_;
  std::function<void()> ended_;
  core::application_presence presence_;
  supervisor_actor worker_;
  std::optional<worker_end> result_;
  std::optional<steady_clock::time_point> deadline_;
  std::string late_;
  bool told_ = false;
};

} // namespace

worker_service::worker_service(const config::settings& s, std::shared_ptr<event_log> log,
                               std::shared_ptr<guard_link> guard,
                               std::vector<std::string> command,
                               std::function<void()> on_reload)
    : settings_{s},
      command_{std::move(command)},
      log_{std::move(log)},
      guard_{std::move(guard)},
      on_reload_{std::move(on_reload)},
      reporter_{spawn_reporter(system_, log_, host(),
                               std::make_shared<state_observer>(guard_))},
      metrics_{spawn_metrics(system_)},
      page_{spawn_page(system_, s)} {}

worker_service::~worker_service() {
  end(false);
}

int worker_service::run() {
  if (!guard_)
    spdlog::warn(
        "runs without a guard: if this process is blocked, others may work on its "
        "partitions before it stops");
  // Before anything is begun: a port that is taken is soon said.
  if (auto why = serve_http(); !why.empty())
    return give_up(why, exit_failed);
  if (auto failure = start_application())
    return give_up(failure->why, failure->code);
  if (settings_.hooks.used())
    hooks_ = spawn_hooks(system_, settings_.hooks, settings_.group.name);
  join();
  auto last = live();
  if (!last.in_time) {
    if (log_)
      log_->finish(a_moment);
    spdlog::critical("giving up: {}", last.failure);
    end_at_once(exit_failed);
  }
  return leave(last.failure);
}

// -- steps -----------------------------------------------------------------------------

std::string worker_service::serve_http() {
  auto wanted = http_wanted(settings_, !command_.empty());
  if (wanted.listen.empty())
    return {};
  auto pages = pages_of(page_);
  pages.push_back(metrics_page(metrics_));
  auto started = http_part::start(system_, wanted, settings_.group.name,
                                  settings_.group.ownership == ownership::exclusive,
                                  host(), reporter_, std::move(pages));
  if (const auto* why = std::get_if<std::string>(&started))
    return *why;
  http_.emplace(std::move(std::get<http_part>(started)));
  return {};
}

std::optional<start_failure> worker_service::start_application() {
  if (command_.empty())
    return std::nullopt;
  auto over = [main = host(), served = http_->application] {
    caf::anon_send(served, application_died{});
    caf::anon_send(main, stop_worker{leave_mode::stop});
  };
  auto started =
      spawn_application(system_, command_, told_to_application(settings_, *http_), over);
  if (auto* failure = std::get_if<start_failure>(&started))
    return std::move(*failure);
  application_ = std::get<application_actor>(std::move(started));
  return std::nullopt;
}

void worker_service::join() {
  spdlog::info("partita " PARTITA_VERSION ": joining group {} at {}",
               settings_.group.name, shown(settings_.nats.url));
  const auto& instance = settings_.worker.instance;
  store_ = spawn_store(system_, settings_,
                       "partita " + settings_.group.name
                           + (instance.empty() ? "" : ' ' + instance));
  caf::anon_send(page_, store_);
  source_ = spawn_source(system_, settings_, store_);
}

worker_end worker_service::live() {
  hear_orders();
  if (guard_ && settings_.http.app_ttl != 0ms)
    guard_->status("waits for its application to call", true);
  return worker_runner{self_, settings_, [this] { return start_worker(); },
                       [this] {
                         if (http_)
                           http_->attach({});
                         ask_to_end(std::exchange(consumers_, {}));
                       }}
      .run();
}

void worker_service::hear_orders() {
  auto tell = [main = host()](leave_mode mode) {
    return [main, mode] { caf::anon_send(main, stop_worker{mode}); };
  };
  std::function<void(int)> pass_on;
  if (application_)
    pass_on = [to = application_](int signal) {
      caf::anon_send(to, pass_signal{signal});
    };
  signal_watch::teller guards;
  if (guard_) {
    guard_->leaves_within(time_to_leave());
    guards = [guard = guard_] { return guard->next_signal(); };
  }
  signals_.emplace(tell(leave_mode::configured), tell(leave_mode::stop), pass_on,
                   on_reload_, guard_ ? guard_->fd() : -1, guards);
}

/// What each part may take at most, and what it takes to notice that.
std::chrono::milliseconds worker_service::time_to_leave() const {
  auto result = settings_.timeouts.shutdown + a_little;
  if (!command_.empty())
    result += settings_.timeouts.shutdown + a_little;
  if (settings_.hooks.used())
    result += 2 * settings_.hooks.timeout + a_little;
  return result;
}

supervisor_actor worker_service::start_worker() {
  auto options = worker_options_of(settings_);
  // Work that cannot be stopped in time ends with its process.
  options.end_if_work_goes_on = true;
  options.on_deadline = guard_;
  // It waits for the confirmations of all of its listeners.
  auto all = listeners();
  if (!settings_.consume.stream.empty()) {
    consumers_ =
        spawn_consumers(system_, consumers_options_of(settings_), store_, std::move(all));
    all = {consumers_};
  }
  auto worker =
      spawn_supervisor(system_, std::move(options), store_, source_, all.front());
  caf::anon_send(metrics_, observe{store_, worker, hooks_, consumers_});
  if (http_)
    http_->attach(worker, !consumers_);
  for (auto i = all.begin() + 1; i != all.end(); ++i)
    caf::anon_send(worker, *i);
  return worker;
}

/// All but the application state where the worker itself has it as a listener.
std::vector<listener_actor> worker_service::listeners() const {
  std::vector<listener_actor> result{reporter_};
  if (http_ && !settings_.consume.stream.empty())
    result.emplace_back(http_->application);
  if (hooks_)
    result.emplace_back(hooks_);
  return result;
}

// -- the end ---------------------------------------------------------------------------

/// Nothing has joined a group.
int worker_service::give_up(const std::string& why, int code) {
  end(false);
  spdlog::critical("{}", why);
  return exit_with(code);
}

/// The last worker has ended.
int worker_service::leave(const std::string& failure) {
  auto code = end(failure.empty());
  if (!failure.empty())
    spdlog::critical("giving up: {}", failure);
  else
    spdlog::info("left gracefully");
  return exit_with(code);
}

/// Gives `code`; ends the process itself if threads are blocked.
int worker_service::exit_with(int code) {
  if (log_ && !log_->finish(a_moment))
    spdlog::warn("the last events were not read, and are lost");
  if (hangs_)
    end_at_once(code);
  return code;
}

/// Ends what was begun, once. Gives the exit code after a worker has ended in this way.
int worker_service::end(bool gracefully) {
  if (std::exchange(ended_, true))
    return exit_failed;
  if (guard_)
    guard_->leaving();
  auto code = static_cast<int>(gracefully ? exit_fine : exit_failed);
  // While it ends, the application may still call. If the worker has failed, others may own
  // its partitions, and the application is killed.
  if (application_ && gracefully)
    code = end_in_order(self_, application_, settings_.timeouts.shutdown);
  caf::anon_send_exit(application_, caf::exit_reason::kill);
  if (hooks_)
    end_hooks(self_, hooks_, settings_.hooks);
  // Those who look at the page wait for news.
  ask_to_end(page_);
  if (http_)
    http_->stop();
  hangs_ = store_ && !close(self_, store_);
  ask_to_end(reporter_);
  ask_to_end(metrics_);
  hangs_ = !ends_in_time(self_, source_) || hangs_;
  return code;
}

} // namespace partita::app
