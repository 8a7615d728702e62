// SPDX-License-Identifier: Apache-2.0
#include "partita/app/dev/dev_console.hpp"

#include "partita/app/output/event_lines.hpp"
#include "partita/app/output/names.hpp"
#include "partita/app/output/reporter.hpp"
#include "partita/app/output/table.hpp"
#include "partita/config/text.hpp"
#include "partita/messages/exceptions.hpp"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <cstdio>

namespace partita::app {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

// One plan reaches the workers one by one and must give one table.
constexpr auto pause = 100ms;
constexpr std::size_t names_in_table = 12;

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

  work_stopped stop(const auto& x) {
    record(x);
    return {};
  }
};

using self_pointer = dev_console_actor::stateful_pointer<dev_console_state>;

void say_and_plan_table(self_pointer self, const std::string& text) {
  auto& state = self->state;
  if (!text.empty())
    state.say(text);
  if (state.board.changed())
    self->delayed_send(self, pause, wake{0, ++state.ticket});
}

dev_console_actor::behavior_type board(self_pointer self, std::size_t partitions,
                                       std::shared_ptr<event_log> log, bool on_stderr,
                                       caf::actor waiting) {
  end_on_exception(self);
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
      [=](const partitions_revoked& x) { return self->state.stop(x); },
      [=](const partitions_lost& x) { return self->state.stop(x); },
      [=](const alert_raised& x) { self->state.record(x); },
      [=](const worker_stopped& x) {
        hear(x);
        caf::anon_send(self->state.waiting, x);
      },
      [=](const worker_killed& x) {
        say_and_plan_table(self, self->state.board.apply_killed(x.worker_id));
      },
      [=](const wake& x) {
        if (x.ticket == self->state.ticket && self->state.board.changed())
          self->state.show_shares();
      },
  };
}

} // namespace

std::string ownership_table::apply(const worker_id_claimed& x) {
  shares_[x.worker_id];
  return x.worker_id.value + " has joined";
}

std::string ownership_table::apply(const leadership_changed& x) {
  if (x.leading)
    leader_ = x.worker_id;
  else if (leader_ == x.worker_id)
    leader_ = {};
  return x.worker_id.value + (x.leading ? " leads: " : " lost leadership: ") + x.reason;
}

std::string ownership_table::apply(const assignment_changed& x) {
  auto& mine = shares_[x.worker_id];
  mine.names.clear();
  for (const auto& held : x.partitions)
    mine.names.push_back(name_of(held.partition));
  mine.version = x.version;
  changed_ = true;
  return {};
}

std::string ownership_table::apply(const worker_stopped& x) {
  return forget(x.worker_id, x.failure.empty() ? "has left" : "gave up: " + x.failure);
}

std::string ownership_table::apply_killed(const worker_id& who) {
  return forget(who, "was killed");
}

std::string ownership_table::forget(const worker_id& who, const std::string& how) {
  changed_ = shares_.erase(who) > 0 || changed_;
  if (leader_ == who)
    leader_ = {};
  return (who.value.empty() ? "a worker" : who.value) + ' ' + how;
}

std::string ownership_table::take_table() {
  changed_ = false;
  table rows{{"WORKER", "", ">VERSION", ">PARTITIONS", "SHARE"}};
  for (const auto& [who, mine] : shares_)
    rows.add({who.value, who == leader_ ? "leads" : "", readable(mine.version),
              std::to_string(mine.names.size()), some_of(mine.names, names_in_table)});
  return rows.text() + summary();
}

std::string ownership_table::summary() const {
  std::map<std::string, int> owners;
  for (const auto& [who, mine] : shares_)
    for (const auto& name : mine.names)
      ++owners[name];
  std::size_t twice = 0;
  for (const auto& [name, count] : owners)
    twice += count > 1 ? 1 : 0;
  if (twice > 0)
    return std::to_string(twice) + " partitions are named by two workers\n";
  if (owners.size() < partitions_)
    return std::to_string(partitions_ - owners.size()) + " of "
           + std::to_string(partitions_) + " partitions have no owner yet\n";
  return "all " + std::to_string(partitions_) + " partitions are owned exactly once\n";
}

dev_console_actor spawn_dev_console(caf::actor_system& sys, std::size_t partitions,
                                    std::shared_ptr<event_log> log, bool on_stderr,
                                    caf::actor waiting) {
  return sys.spawn<caf::detached>(board, partitions, std::move(log), on_stderr,
                                  std::move(waiting));
}

} // namespace partita::app
