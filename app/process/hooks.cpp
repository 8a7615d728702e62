// SPDX-License-Identifier: Apache-2.0
#include "partita/app/process/hooks.hpp"

#include "partita/actors/shell.hpp"
#include "partita/app/output/event_lines.hpp"
#include "partita/app/output/reporter.hpp"
#include "partita/app/process/child.hpp"
#include "partita/config/duration.hpp"
#include "partita/messages/exceptions.hpp"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <optional>

namespace partita::app {

namespace {

using namespace std::chrono_literals;
using core::hook_kind;
using core::hook_queue;

// A command that needs more reads stdin: Linux takes no variable above 128 KB.
constexpr std::size_t most_names = 64u << 10;

void add_partitions(child_variables& to, const std::vector<grant>& xs) {
  version newest;
  std::string names;
  for (const auto& x : xs) {
    newest.value = std::max(newest.value, x.token.value);
    names += (names.empty() ? "" : " ") + name_of(x.partition);
  }
  to.emplace_back("PARTITA_TOKEN", std::to_string(newest.value));
  if (names.size() <= most_names)
    to.emplace_back("PARTITA_PARTITIONS", std::move(names));
}

child_variables variables_of(const hook_queue::start& x, const std::string& group) {
  child_variables result{{"PARTITA_EVENT", to_string(x.kind)}, {"PARTITA_GROUP", group}};
  std::visit(
      [&](const auto& y) {
        result.emplace_back("PARTITA_WORKER_ID", y.worker_id.value);
        if constexpr (requires { y.partitions; })
          add_partitions(result, y.partitions);
        if constexpr (requires { y.time_left; })
          result.emplace_back("PARTITA_TIME_LEFT_MS",
                              std::to_string(y.time_left.count()));
      },
      x.what);
  return result;
}

std::string line_of(const hook_queue::happening& x, const consumers_given& consumers) {
  auto line = [&](const auto& y) {
    if constexpr (requires { event_line(0, y, consumers); })
      return event_line(wall_clock_ns(), y, consumers);
    else
      return event_line(wall_clock_ns(), y);
  };
  return std::visit(line, x) + '\n';
}

/// What runs for this kind; empty: nothing.
const config::hook_command& command_for(const config::hooks_settings& s, hook_kind x) {
  const auto& lost = s.lost.empty() ? s.revoked : s.lost;
  return *std::array{&s.assigned, &s.revoked, &lost,
                     &s.state}[static_cast<std::size_t>(x)];
}

hook_queue::options options_of(const config::hooks_settings& s) {
  hook_queue::options result;
  for (std::size_t i = 0; i < result.used.size(); ++i)
    result.used[i] = !command_for(s, static_cast<hook_kind>(i)).empty();
  result.timeout = s.timeout;
  return result;
}

struct hooks_state {
  using self_pointer = hooks_actor::stateful_pointer<hooks_state>;

  explicit hooks_state(hooks_actor::pointer me) : self{static_cast<self_pointer>(me)} {}

  struct process {
    child what;
    /// Got SIGTERM or SIGKILL, with all of its group.
    bool told = false;
  };

  self_pointer self;
  config::hooks_settings settings;
  std::string group;
  consumers_given consumers;
  hook_queue queue{{}};
  worker_clock clock;
  alarm next;
  std::map<hook_queue::run_id, process> processes;
  std::map<hook_queue::ticket, caf::typed_response_promise<work_stopped>> waiting;
  hook_queue::ticket last_ticket = 0;
  std::optional<caf::typed_response_promise<hooks_finished>> finished;
  static inline constexpr const char* name = "partita.hooks";

  void feed(const hook_queue::event& what) {
    for (const auto& x : queue.step(what, clock.now(self)))
      std::visit([this](const auto& y) { carry_out(y); }, x);
    next.set(self, clock, 0, queue.wake_at());
  }

  /// Hands the confirmation on when it comes.
  caf::typed_response_promise<work_stopped> ask(hook_queue::happening what) {
    auto promise = self->make_response_promise<work_stopped>();
    waiting.emplace(++last_ticket, promise);
    feed(hook_queue::heard{std::move(what), last_ticket});
    return promise;
  }

  void run_over(const hook_run_over& x) {
    auto failure = x.why;
    if (auto i = processes.find(x.run); i != processes.end()) {
      // A time-out ends everything that the command has started.
      if (i->second.told)
        signal_group(i->second.what, SIGKILL);
      failure = reap_child(i->second.what).failure;
      processes.erase(i);
    }
    feed(hook_queue::ended{x.run, std::move(failure)});
  }

  void carry_out(const hook_queue::start& x) {
    auto started =
        start_child({command_for(settings, x.kind), variables_of(x, group), true, false});
    if (const auto* failure = std::get_if<start_failure>(&started)) {
      self->send(self, hook_run_over{x.run, failure->why});
      return;
    }
    const auto& what = std::get<child>(started);
    spdlog::debug("hooks.{} runs as process {}", to_string(x.kind), what.pid);
    processes[x.run] = {what, false};
    keep_child(self->system(), what, line_of(x.what, consumers),
               [me = caf::actor_cast<hooks_actor>(self), run = x.run] {
                 caf::anon_send(me, hook_run_over{run, {}});
               });
  }

  void carry_out(const hook_queue::terminate& x) { tell(x.run, SIGTERM); }
  void carry_out(const hook_queue::kill& x) { tell(x.run, SIGKILL); }

  void tell(hook_queue::run_id run, int signal) {
    auto i = processes.find(run);
    if (i == processes.end())
      return; // It never began.
    i->second.told = true;
    signal_group(i->second.what, signal);
  }

  void carry_out(const hook_queue::confirm& x) {
    auto i = waiting.find(x.answer);
    if (i == waiting.end())
      return;
    i->second.deliver(work_stopped{});
    waiting.erase(i);
  }

  void carry_out(const hook_queue::failed& x) {
    using ms = std::chrono::milliseconds;
    spdlog::warn("hooks.{} failed{}: {}; it is {}", to_string(x.kind),
                 x.times > 1 ? fmt::format(" {} times in a row", x.times) : "", x.why,
                 x.again_in ? fmt::format("tried again in {} ms", *x.again_in / ms{1})
                            : "not tried again");
  }

  void carry_out(const hook_queue::closed&) {
    if (finished)
      finished->deliver(hooks_finished{});
  }
};

hooks_actor::behavior_type hooks(hooks_actor::stateful_pointer<hooks_state> self,
                                 config::hooks_settings settings, std::string group) {
  end_on_exception(self);
  auto& state = self->state;
  state.queue = hook_queue{options_of(settings)};
  state.settings = std::move(settings);
  state.group = std::move(group);
  return {
      [](const worker_id_claimed&) {},
      [=](const state_changed& x) {
        self->state.feed(hook_queue::heard{x, 0});
      },
      [](const leadership_changed&) {},
      [](const calculator_adopted&) {},
      [](const assignment_changed&) {},
      [=](const partitions_assigned& x) {
        self->state.feed(hook_queue::heard{x, 0});
      },
      [=](const partitions_revoked& x) { return self->state.ask(x); },
      [=](const partitions_lost& x) { return self->state.ask(x); },
      [](const alert_raised&) {},
      [](const worker_stopped&) {},
      [=](get_hook_stats) { return hook_stats{self->state.queue.counts()}; },
      [=](finish_hooks) {
        auto promise = self->make_response_promise<hooks_finished>();
        self->state.finished = promise;
        self->state.feed(hook_queue::close{});
        return promise;
      },
      [=](const consumers_given& x) { self->state.consumers.add(x); },
      [=](const hook_run_over& x) { self->state.run_over(x); },
      [=](const wake& x) {
        if (self->state.next.rings(x, 0))
          self->state.feed(hook_queue::tick{});
      },
  };
}

} // namespace

hooks_actor spawn_hooks(caf::actor_system& sys, const config::hooks_settings& settings,
                        std::string group) {
  return sys.spawn<caf::detached>(hooks, settings, std::move(group));
}

void end_hooks(caf::scoped_actor& self, const hooks_actor& hooks,
               const config::hooks_settings& settings) {
  // One that runs and one that waits, of each kind, and what it takes to kill them.
  auto limit = 2 * settings.timeout + 5s;
  self->request(hooks, limit, finish_hooks{})
      .receive([](hooks_finished) {},
               [&](const caf::error& why) {
                 spdlog::warn("hooks have not ended: {}", self->system().render(why));
               });
  caf::anon_send_exit(hooks, caf::exit_reason::user_shutdown);
}

} // namespace partita::app
