// SPDX-License-Identifier: Apache-2.0
#include "partita/app/process/application.hpp"

#include "partita/app/process/exit_codes.hpp"
#include "partita/config/duration.hpp"
#include "partita/messages/exceptions.hpp"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <spdlog/spdlog.h>

#include <csignal>
#include <optional>

namespace partita::app {

namespace {

using namespace std::chrono_literals;

// The time to kill a process and to notice its end.
constexpr auto a_little = 5s;

struct application_state {
  child process;
  std::function<void()> ended_by_itself;
  /// Sent to end it.
  int end_with = SIGTERM;
  /// Once it has ended.
  std::optional<child_end> end;
  std::optional<caf::typed_response_promise<int>> asked;
  static inline constexpr const char* name = "partita.application";

  application_state() = default;
  application_state(const application_state&) = delete;
  application_state& operator=(const application_state&) = delete;
  ~application_state() {
    if (process.pid != 0 && !end)
      signal_group(process, SIGKILL);
  }

  void pass(int signal) {
    if (end)
      return;
    if (signal != SIGTERM && signal != SIGINT) {
      signal_child(process, signal);
      return;
    }
    end_with = signal;
    if (asked)
      signal_group(process, signal);
  }

  void over() {
    // What it has started must not keep working without it.
    signal_group(process, SIGKILL);
    end = reap_child(process);
    auto how = end->failure.empty() ? "exit code 0" : end->failure;
    if (asked) {
      spdlog::info("the application has ended: {}", how);
      asked->deliver(end->code);
      return;
    }
    spdlog::warn("the application has ended by itself: {}", how);
    ended_by_itself();
  }
};

application_actor::behavior_type
application(application_actor::stateful_pointer<application_state> self, child process,
            std::function<void()> over) {
  end_on_exception(self);
  self->state.process = process;
  self->state.ended_by_itself = std::move(over);
  return {
      [=](application_over) { self->state.over(); },
      [=](const pass_signal& x) { self->state.pass(x.number); },
      [=](const end_application& x) {
        auto& state = self->state;
        auto promise = self->make_response_promise<int>();
        if (state.end) {
          promise.deliver(state.end->code);
          return promise;
        }
        state.asked = promise;
        signal_group(state.process, state.end_with);
        self->delayed_send(self, x.limit, wake{});
        return promise;
      },
      [=](const wake&) {
        if (self->state.end)
          return;
        spdlog::error("the application has not ended within timeouts.shutdown; it is "
                      "killed");
        signal_group(self->state.process, SIGKILL);
      },
  };
}

} // namespace

std::variant<application_actor, start_failure>
spawn_application(caf::actor_system& sys, std::vector<std::string> argv,
                  child_variables environment, std::function<void()> over) {
  auto name = argv.front();
  auto started = start_child({std::move(argv), std::move(environment), false, true});
  if (const auto* failure = std::get_if<start_failure>(&started))
    return *failure;
  const auto& process = std::get<child>(started);
  spdlog::info("{} runs as process {}", name, process.pid);
  application_actor result = sys.spawn(application, process, std::move(over));
  keep_child(sys, process, {}, [result] { caf::anon_send(result, application_over{}); });
  return result;
}

int end_in_order(caf::scoped_actor& self, const application_actor& application,
                 std::chrono::milliseconds limit) {
  auto result = static_cast<int>(exit_failed);
  self->request(application, limit + a_little, end_application{limit})
      .receive([&](int code) { result = code; },
               [&](const caf::error& why) {
                 spdlog::error("the application has not ended: {}",
                               self->system().render(why));
               });
  return result;
}

} // namespace partita::app
