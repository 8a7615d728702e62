// SPDX-License-Identifier: Apache-2.0
#include "partita/app/service/worker_service.hpp"

#include "partita/actors/supervisor/supervisor.hpp"
#include "partita/app/output/reporter.hpp"
#include "partita/app/page/page.hpp"
#include "partita/app/process/exit_codes.hpp"
#include "partita/app/process/memory.hpp"
#include "partita/app/service/worker_runner.hpp"
#include "partita/app/wiring/source.hpp"
#include "partita/app/wiring/wiring.hpp"

#include <spdlog/spdlog.h>

#include <utility>
#include <variant>

namespace partita::app {

namespace {

using namespace std::chrono_literals;

/// The time to kill processes, to notice their end, and to close what is open.
constexpr auto a_little = 15s;
/// How long the end waits for what may never come.
constexpr auto a_moment = 1s;

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

/// What the application finds in its environment.
child_variables told_to_application(const config::settings& s, const http_part& http) {
  child_variables result{{"PARTITA_GROUP", s.group.name},
                         {"PARTITA_URL", http.address()}};
  // Calls from this machine need it where http.listen is no loopback address.
  if (!s.http.token.empty())
    result.emplace_back("PARTITA_HTTP_TOKEN", s.http.token);
  return result;
}

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
  auto until = std::chrono::steady_clock::now() + a_moment;
  auto over = false;
  while (!result && !over)
    self->receive([&](const caf::down_msg& x) { result = x.source == source.address(); },
                  // Orders and news that come too late to matter.
                  [](const stop_worker&) {}, [](const worker_stopped&) {},
                  caf::after(until - std::chrono::steady_clock::now()) >>
                      [&] { over = true; });
  return result;
}

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
      reporter_{spawn_reporter(system_, log_, host(), return_memory_of_start)},
      metrics_{spawn_metrics(system_)},
      page_{spawn_page(system_, s)},
      beside_{s} {}

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
  beside_.start_hooks(system_);
  join();
  auto last = live();
  if (!last.in_time) {
    if (log_)
      log_->finish(a_moment);
    leave_at_once(last.failure);
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
  auto started =
      http_part::start(system_, wanted, settings_.group.ownership == ownership::exclusive,
                       host(), reporter_, std::move(pages));
  if (const auto* why = std::get_if<std::string>(&started))
    return *why;
  http_.emplace(std::move(std::get<http_part>(started)));
  return {};
}

std::optional<start_failure> worker_service::start_application() {
  if (command_.empty())
    return std::nullopt;
  return beside_.start_application(
      self_, command_, told_to_application(settings_, *http_), http_->farewell());
}

void worker_service::join() {
  spdlog::info("partita " PARTITA_VERSION ": joining group {} at {}",
               settings_.group.name, shown(settings_.nats.url));
  store_ = spawn_store(system_, settings_, client_name_of(settings_));
  caf::anon_send(page_, page_store{store_});
  source_ = spawn_source(system_, settings_, store_);
}

worker_end worker_service::live() {
  worker_runner life;
  life.start = [this] { return start_worker(); };
  life.ended = [this] {
    if (http_)
      http_->detach();
  };
  life.waits_for_application = settings_.http.app_ttl.count() > 0;
  life.limit = settings_.timeouts.shutdown;
  hear_orders();
  return app::live(self_, life);
}

void worker_service::hear_orders() {
  auto tell = [main = host()](leave_mode mode) {
    return [main, mode] { caf::anon_send(main, stop_worker{mode}); };
  };
  if (!guard_) {
    signals_.emplace(tell(leave_mode::configured), tell(leave_mode::stop),
                     beside_.signal_passer(), on_reload_);
    return;
  }
  guard_->leaves_within(time_to_leave());
  signals_.emplace(
      guard_->fd(), [guard = guard_] { return guard->next_signal(); },
      tell(leave_mode::configured), tell(leave_mode::stop), beside_.signal_passer(),
      on_reload_);
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
  auto worker = spawn_supervisor(system_, std::move(options), store_, source_, reporter_);
  caf::anon_send(metrics_, observe{store_, worker, beside_.hooks()});
  if (http_)
    http_->attach(worker);
  beside_.listen_to(worker);
  return worker;
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
  // While it ends, the application may still call.
  auto code = beside_.end(self_, gracefully);
  // Those who look at the page wait for news.
  ask_to_end(page_);
  if (http_)
    http_->stop();
  if (store_)
    close(self_, store_);
  ask_to_end(reporter_);
  ask_to_end(metrics_);
  hangs_ = !ends_in_time(self_, source_);
  return code;
}

} // namespace partita::app
