// SPDX-License-Identifier: Apache-2.0
#include "application.hpp"

#include "entry_text.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <map>
#include <utility>

namespace partita::simulation {

/// INTERNAL to the application: the work of an order has ended.
struct work_ended {
  std::uint64_t order = 0;
};

} // namespace partita::simulation

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::simulation::work_ended)

namespace partita::simulation {

namespace {

using application_actor = listener_actor::extend<caf::reacts_to<work_ended>>;

struct order {
  std::vector<partition> partitions;
  caf::typed_response_promise<work_stopped> answer;
  /// The session is over: with this, all that was ordered before ends, too.
  bool all = false;
};

struct application_state {
  static inline constexpr const char* name = "application";

  world* where = nullptr;
  work_observer* observer = nullptr;
  application_options options;
  std::map<std::uint64_t, order> orders;
  std::uint64_t numbers = 0;
};

using self_pointer = application_actor::stateful_pointer<application_state>;

std::vector<partition> partitions_of(const std::vector<grant>& xs) {
  std::vector<partition> result;
  for (const auto& x : xs)
    result.push_back(x.partition);
  return result;
}

std::string names_of(const std::vector<partition>& xs) {
  std::string result;
  for (const auto& x : xs)
    result += (result.empty() ? "" : " ") + name_of(x);
  return result;
}

/// For the trace.
template <class... Ts>
void note(self_pointer self, fmt::format_string<Ts...> text, Ts&&... xs) {
  auto& where = *self->state.where;
  where.log().note(where.name(self->state.options.owner), text, std::forward<Ts>(xs)...);
}

void finish(self_pointer self, std::uint64_t number) {
  auto& orders = self->state.orders;
  auto found = orders.extract(number);
  if (found.empty())
    return;
  auto& x = found.mapped();
  while (x.all && !orders.empty() && orders.begin()->first < number)
    finish(self, orders.begin()->first);
  note(self, "no longer works on {}", names_of(x.partitions));
  for (const auto& y : x.partitions)
    self->state.observer->ends(self->state.options.owner, y);
  x.answer.deliver(work_stopped{});
}

caf::result<work_stopped> stop_work(self_pointer self, const std::vector<grant>& what,
                                    core::duration time_left, bool lost) {
  auto& s = self->state;
  const auto& o = s.options;
  auto manner = o.peace && *o.peace ? listener_manner::prompt : o.manner;
  note(self, "{} {}, {} ms left", lost ? "has lost" : "is to stop",
       names_of(partitions_of(what)), time_left / std::chrono::milliseconds{1});
  for (const auto& x : what)
    s.observer->told_to_stop(o.owner, x.partition, lost);
  auto number = ++s.numbers;
  auto answer = self->make_response_promise<work_stopped>();
  s.orders.emplace(number, order{partitions_of(what), answer, lost});
  core::duration pause{0};
  if (manner != listener_manner::prompt && !s.where->just_thawed(o.owner))
    pause = s.where->random().between(
        core::duration{0}, std::max(core::duration{0}, std::min(time_left, o.slowest)));
  if (manner == listener_manner::stubborn && !lost)
    return answer; // Until the session is over.
  if (pause.count() == 0)
    finish(self, number);
  else
    self->delayed_send(self, o.clock.on_actor_clock(pause), work_ended{number});
  return answer;
}

void follow_record(self_pointer self, const assignment_changed& x) {
  auto& s = self->state;
  note(self, "its record {} says: {}", short_text(x.version),
       names_of(partitions_of(x.partitions)));
  for (const auto& y : x.removed)
    s.observer->ends(s.options.owner, y);
  for (const auto& y : x.partitions)
    s.observer->begins(s.options.owner, y, {x.epoch, x.version});
}

application_actor::behavior_type application(self_pointer self, world* where,
                                             application_options options,
                                             work_observer* observer) {
  auto& s = self->state;
  s.where = where;
  s.observer = observer;
  s.options = options;
  auto me = options.owner;
  return {
      [=](const worker_id_claimed& x) { note(self, "has the id {}", x.worker_id.value); },
      [=](const state_changed& x) {
        note(self, "{} -> {}: {}", to_string(x.from), to_string(x.to), x.reason);
      },
      [=](const leadership_changed& x) {
        note(self, "{}: {}", x.leading ? "leads" : "lost leadership", x.reason);
        observer->leads(me, x.leading);
      },
      [=](const calculator_adopted& x) {
        note(self, "acts under epoch {}", x.epoch.value);
      },
      [=](const assignment_changed& x) {
        if (options.by_record)
          follow_record(self, x);
      },
      [=](const partitions_assigned& x) {
        note(self, "is to work on {} by {}", names_of(partitions_of(x.partitions)),
             short_text(x.granted_by.version));
        for (const auto& y : x.partitions)
          observer->begins(me, y, x.granted_by);
      },
      [=](const partitions_revoked& x) {
        return stop_work(self, x.partitions, x.time_left, false);
      },
      [=](const partitions_lost& x) {
        return stop_work(self, x.partitions, x.time_left, true);
      },
      [=](const alert_raised& x) {
        note(self, "alert {} {}{}: {}", to_string(x.level), x.what,
             x.over ? " (over)" : "", x.why);
      },
      [=](const worker_stopped& x) {
        note(self, "stopped {}", x.failure);
        observer->stopped(me, x.failure);
      },
      [=](work_ended x) { finish(self, x.order); },
  };
}

struct source_state {
  static inline constexpr const char* name = "source";

  std::vector<partition> now;
  std::vector<partition_listener_actor> listeners;
};

source_actor::behavior_type source(source_actor::stateful_pointer<source_state> self,
                                   std::vector<partition> first) {
  self->state.now = std::move(first);
  return {
      [=](const partition_listener_actor& who) {
        self->state.listeners.push_back(who);
        self->send(who, partition_list{self->state.now});
      },
      [=](const partition_list& x) {
        self->state.now = x.partitions;
        for (const auto& who : self->state.listeners)
          self->send(who, x);
      },
  };
}

} // namespace

listener_actor spawn_application(world& w, application_options options,
                                 work_observer& observer) {
  return w.system().spawn(application, &w, options, &observer);
}

source_actor spawn_source(world& w, std::vector<partition> first) {
  return w.system().spawn(source, std::move(first));
}

} // namespace partita::simulation
