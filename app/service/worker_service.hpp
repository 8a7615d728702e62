// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/consumers.hpp"
#include "partita/actors/guard_link.hpp"
#include "partita/app/metrics/metrics.hpp"
#include "partita/app/output/event_log.hpp"
#include "partita/app/page/page.hpp"
#include "partita/app/process/application.hpp"
#include "partita/app/process/hooks.hpp"
#include "partita/app/process/process_exit.hpp"
#include "partita/app/process/runtime.hpp"
#include "partita/app/process/signals.hpp"
#include "partita/config/settings.hpp"
#include "partita/messages/interfaces.hpp"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace partita::app {

struct worker_end {
  /// Why the worker gave up; empty after a graceful stop.
  std::string failure;
  /// False: it has not ended, and will not.
  bool in_time = true;
};

/// The process of `partita run`, from its first actor to its exit code: a worker, and all
/// that stands beside it.
///
///   HTTP is served -> the application is started -> joined -> a worker runs -> ended
///         |                     |                                               ^
///         +--port is taken------+--cannot be started---------------------------+
///
/// What was begun before something failed is ended in the same place, in the same order.
class worker_service {
public:
  /// `s` outlives it. `log` may be null: no events are written. `guard` may be null: this
  /// process acts on its own signals, and no guard stops it when it is blocked. `command`: the application
  /// and its arguments; empty: none. Signals are held already (hold_signals); SIGHUP calls
  /// `on_reload`, on a thread that may wait.
  worker_service(const config::settings& s, std::shared_ptr<event_log> log,
                 std::shared_ptr<guard_link> guard, std::vector<std::string> command,
                 std::function<void()> on_reload);
  worker_service(const worker_service&) = delete;
  worker_service& operator=(const worker_service&) = delete;
  /// Ends what run() was kept from ending.
  ~worker_service();

  /// Takes part in the group until an order to stop, or until the worker gives up. To be
  /// called once. Gives the exit code; where threads still run that cannot be ended, it
  /// ends the process itself.
  int run();

private:
  /// Why it cannot be served; empty: it is, or is not wanted.
  std::string serve_http();
  std::optional<start_failure> start_application();
  void join();
  worker_end live();
  supervisor_actor start_worker();
  std::vector<listener_actor> listeners() const;
  void hear_orders();
  std::chrono::milliseconds time_to_leave() const;
  int give_up(const std::string& why, int code);
  int leave(const std::string& failure);
  int end(bool gracefully);
  int exit_with(int code);

  /// The receiver of orders to stop this process.
  caf::actor host() const { return caf::actor_cast<caf::actor>(self_); }

  const config::settings& settings_;
  std::vector<std::string> command_;
  std::shared_ptr<event_log> log_;
  std::shared_ptr<guard_link> guard_;
  std::function<void()> on_reload_;
  runtime_config config_;
  caf::actor_system system_{config_};
  caf::scoped_actor self_{system_};
  listener_actor reporter_;
  metrics_actor metrics_;
  page_actor page_;
  /// In front of the listeners of a worker that consumes a stream; null: it does not.
  consumers_actor consumers_;
  /// Nothing: HTTP is not served.
  std::optional<http_part> http_;
  /// Null: there are none.
  hooks_actor hooks_;
  application_actor application_;
  /// Null before join().
  store_actor store_;
  partition_source_actor source_;
  bool ended_ = false;
  /// A file keeps the thread of the source from ending.
  bool hangs_ = false;
  /// Runs while all is ended: a last signal still ends the process at once.
  std::optional<signal_watch> signals_;
};

} // namespace partita::app
