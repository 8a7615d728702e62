// SPDX-License-Identifier: Apache-2.0
#include "partita/app/dev/dev_console.hpp"

#include "partita/app/dev/ownership_table.hpp"
#include "partita/app/output/event_lines.hpp"
#include "partita/app/output/reporter.hpp"
#include "partita/config/text.hpp"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdio>

namespace partita::app {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

// One plan reaches the workers one by one and must give one table.
constexpr auto pause = 100ms;

struct dev_console_state {
  ownership_table board{0};
  std::shared_ptr<event_log> log;
  std::FILE* out = stdout;
  caf::actor waiting;
  steady_clock::time_point started = steady_clock::now();
  std::uint64_t ticket = 0;
  static inline constexpr const char* name = "partita.console";

  void say(const std::string& text) const {
    std::chrono::duration<double> age = steady_clock::now() - started;
    std::fprintf(out, "%8.3f s  %s\n", age.count(), config::printable(text).c_str());
    std::fflush(out);
  }

  void show_shares() {
    say("shares:");
    std::fputs(board.take_table().c_str(), out);
    std::fflush(out);
  }

  template <class Event>
  void record(const Event& x) {
    if (log)
      log->write(event_line(wall_clock_ns(), x));
  }
};

using self_pointer = dev_console_actor::stateful_pointer<dev_console_state>;

void say_and_plan_table(self_pointer self, const std::string& text) {
  auto& state = self->state;
  if (!text.empty())
    state.say(text);
  if (state.board.changed())
    self->delayed_send(self, pause, console_quiet{++state.ticket});
}

dev_console_actor::behavior_type board(self_pointer self, std::size_t partitions,
                                       std::shared_ptr<event_log> log, bool on_stderr,
                                       caf::actor waiting) {
  auto& state = self->state;
  state.board = ownership_table{partitions};
  state.log = std::move(log);
  state.out = on_stderr ? stderr : stdout;
  state.waiting = std::move(waiting);
  auto hear = [=](const auto& x) {
    self->state.record(x);
    say_and_plan_table(self, self->state.board.apply(x));
  };
  return {
      [=](const worker_id_claimed& x) { hear(x); },
      [=](const state_changed& x) { self->state.record(x); },
      [=](const leadership_changed& x) { hear(x); },
      [=](const calculator_adopted& x) { self->state.record(x); },
      [=](const assignment_changed& x) { hear(x); },
      [=](const partitions_assigned& x) { self->state.record(x); },
      [=](const partitions_revoked& x) {
        self->state.record(x);
        return work_stopped{};
      },
      [=](const partitions_lost& x) {
        self->state.record(x);
        return work_stopped{};
      },
      [=](const alert_raised& x) { self->state.record(x); },
      [=](const worker_stopped& x) {
        hear(x);
        caf::anon_send(self->state.waiting, x);
      },
      [=](const worker_killed& x) {
        say_and_plan_table(self, self->state.board.apply_killed(x.worker_id));
      },
      [=](const console_quiet& x) {
        if (x.ticket == self->state.ticket && self->state.board.changed())
          self->state.show_shares();
      },
  };
}

} // namespace

dev_console_actor spawn_dev_console(caf::actor_system& sys, std::size_t partitions,
                                    std::shared_ptr<event_log> log, bool on_stderr,
                                    caf::actor waiting) {
  return sys.spawn<caf::detached>(board, partitions, std::move(log), on_stderr,
                                  std::move(waiting));
}

} // namespace partita::app
