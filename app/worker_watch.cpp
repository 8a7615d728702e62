#include "partita/app/worker_watch.hpp"

#include "partita/app/exit_codes.hpp"
#include "partita/config/duration.hpp"

#include <caf/actor_system.hpp>
#include <caf/system_messages.hpp>

#include <spdlog/spdlog.h>

#include <cstdlib>
#include <optional>

namespace partita::app {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

// What the last event needs to arrive, and what a close may take.
constexpr auto a_little = 2s;
// For waiting without end: CAF adds it to the present time, so it must not be the
// maximum.
constexpr auto very_long = std::chrono::hours{24 * 365};

} // namespace

worker_end wait_for_end(caf::scoped_actor& self, const supervisor_actor& worker,
                        std::chrono::milliseconds limit) {
  std::optional<worker_end> result;
  std::optional<steady_clock::time_point> deadline;
  std::string late;
  self->monitor(worker);
  while (!result) {
    auto left = deadline ? std::max(*deadline - steady_clock::now(), 0ns) : very_long;
    self->receive(
        [&](const stop_worker& x) {
          spdlog::info(deadline ? "leaving the group at once" : "leaving the group");
          // The time that the worker has runs from the first time that it was told.
          if (!deadline)
            deadline = steady_clock::now() + limit + a_little;
          late = "the worker did not leave within timeouts.shutdown ("
                 + config::format_duration(limit) + ")";
          caf::anon_send(worker, x);
        },
        [&](const worker_stopped& x) {
          result = worker_end{x.failure, true};
        },
        [&](const caf::down_msg& x) {
          // After a normal end the last event is still on its way through the reporter.
          if (x.reason != caf::exit_reason::normal)
            result = worker_end{
                "the supervisor ended: " + self->system().render(x.reason), true};
          deadline = steady_clock::now() + a_little;
          late = "the worker ended without a word";
        },
        caf::after(left) >>
            [&] {
              result = worker_end{late, false};
            });
  }
  return *result;
}

void close(caf::scoped_actor& self, const store_actor& store) {
  self->request(store, a_little, close_store{})
      .receive([](store_closed) {},
               [&](const caf::error& why) {
                 spdlog::debug("closing the store: {}", self->system().render(why));
               });
}

void leave_at_once(const std::string& why) {
  spdlog::critical("giving up: {}", why);
  spdlog::shutdown();
  std::_Exit(exit_failed);
}

} // namespace partita::app
