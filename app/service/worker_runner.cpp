// SPDX-License-Identifier: Apache-2.0
#include "partita/app/service/worker_runner.hpp"

#include "partita/app/http/application_messages.hpp"
#include "partita/config/duration.hpp"
#include "partita/core/sidecar/application_presence.hpp"

#include <caf/actor_system.hpp>
#include <caf/system_messages.hpp>

#include <spdlog/spdlog.h>

#include <optional>

namespace partita::app {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

// What the last event needs to arrive.
constexpr auto a_little = 2s;
// For waiting without end: CAF adds it to the present time, so it must not be the
// maximum.
constexpr auto very_long = std::chrono::hours{24 * 365};

class keeper {
public:
  keeper(caf::scoped_actor& self, const worker_runner& life) : self_{self}, life_{life} {}

  worker_end run() {
    if (!life_.waits_for_application)
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
    deadline_ = steady_clock::now() + a_little;
    late_ = "the worker ended without a final event";
  }

  void stopped(const std::string& failure) {
    worker_ = nullptr;
    deadline_.reset();
    life_.ended();
    feed(core::application_presence::stopped{failure});
  }

  void feed(const core::application_presence::event& what) {
    std::visit([this](const auto& x) { carry_out(x); }, application_presence_.step(what));
  }

  void carry_out(const core::application_presence::nothing&) {}

  void carry_out(const core::application_presence::start&) {
    worker_ = life_.start();
    self_->monitor(worker_);
  }

  void carry_out(const core::application_presence::stop& x) {
    // The worker's time runs from the first order to stop.
    if (!deadline_)
      deadline_ = steady_clock::now() + life_.limit + a_little;
    late_ = "the worker did not leave within timeouts.shutdown ("
            + config::format_duration(life_.limit) + ")";
    caf::anon_send(worker_, stop_worker{x.mode});
  }

  void carry_out(const core::application_presence::finish& x) {
    result_ = worker_end{x.failure, true};
  }

  caf::scoped_actor& self_;
  const worker_runner& life_;
  core::application_presence application_presence_;
  supervisor_actor worker_;
  std::optional<worker_end> result_;
  std::optional<steady_clock::time_point> deadline_;
  std::string late_;
  bool told_ = false;
};

} // namespace

worker_end live(caf::scoped_actor& self, const worker_runner& life) {
  return keeper{self, life}.run();
}

} // namespace partita::app
