// SPDX-License-Identifier: Apache-2.0
#include "partita/embed/member_actor.hpp"

#include "partita/actors/shell.hpp"
#include "partita/actors/sources/source_audience.hpp"
#include "partita/actors/supervisor/supervisor.hpp"
#include "partita/messages/exceptions.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <utility>

namespace partita::embed {

namespace {

thread_local const host_functions* calling = nullptr;

caf::behavior callback_thread(caf::event_based_actor* self) {
  end_on_exception(self);
  return {[=](callback& x) {
    if (!x.run)
      return self->quit();
    x.run();
  }};
}

struct member_state;
using self_pointer = member_actor::stateful_pointer<member_state>;

struct member_state {
  std::shared_ptr<host_functions> host;
  std::weak_ptr<void> connection;
  caf::actor callbacks;
  std::optional<source_audience<std::remove_pointer_t<self_pointer>>> audience;
  worker_clock clock;
  /// When the list is read again.
  partita::alarm alarm;
  /// The callback thread has an order to read the list; it reads once more afterwards. More
  /// orders than that would stand before those that stop work.
  bool reading = false;
  bool reads_again = false;
  supervisor_actor worker;
  std::uint64_t orders = 0;
  /// The orders whose end the host has not confirmed yet.
  std::map<std::uint64_t, caf::typed_response_promise<work_stopped>> open;
  /// Of the first callback that failed.
  std::string failure;
  static inline constexpr const char* name = "partita.member";
};

std::vector<grant> shown(const std::vector<partita::grant>& xs) {
  std::vector<grant> result;
  for (const auto& x : xs)
    result.push_back(
        {name_of(x.partition), x.partition.keys.all(), x.token.value, x.reason});
  return result;
}

/// Has `f` called on the callback thread; an exception comes back as callback_failed.
void post(self_pointer self, std::function<void()> f) {
  auto guarded = [f = std::move(f), host = state_of(self).host,
                  me = caf::actor_cast<member_actor>(self)] {
    call_of now{host.get()};
    if (auto why = failure_of(f); !why.empty()) {
      logger()->error("{}: a callback of the application failed: {}", host->how.group,
                      why);
      anon_mail(callback_failed{why}).send(me);
    }
  };
  anon_mail(callback{std::move(guarded)}).send(state_of(self).callbacks);
}

/// Has `f` called with `x`, if the host has one.
template <class F, class T>
void post(self_pointer self, F options::*f, T x) {
  if (state_of(self).host->how.*f)
    post(self, [host = state_of(self).host, f, x = std::move(x)] { (host->how.*f)(x); });
}

caf::result<work_stopped> order(self_pointer self,
                                std::function<void(const stop_order&)> options::*f,
                                const worker_id& who,
                                const std::vector<partita::grant>& what,
                                std::chrono::milliseconds time_left, std::string why) {
  auto& s = state_of(self);
  auto number = ++s.orders;
  auto promise = self->make_response_promise<work_stopped>();
  s.open.emplace(number, promise);
  // Now, not when the callback begins: one before it may take long.
  auto deadline = worker_clock::boottime() + time_left;
  // The host may call it when member and connection are gone.
  auto stopped = [connection = s.connection, me = self->address(), number] {
    auto open = connection.lock();
    if (auto to = open ? caf::actor_cast<member_actor>(me) : member_actor{})
      anon_mail(order_stopped{number}).send(to);
  };
  post(self, f,
       stop_order{s.host->how.group, who.value, shown(what), deadline, std::move(why),
                  stopped});
  return promise;
}

void fail(self_pointer self, const std::string& why) {
  auto& s = state_of(self);
  if (!s.failure.empty())
    return;
  s.failure = "a callback of the application failed: " + why;
  anon_mail(stop_worker{leave_mode::stop}).send(s.worker);
}

/// Throws what the host's function throws, and if it names no partition: a group is not emptied
/// by accident.
partition_list list_of(const options& how) {
  partition_list result;
  for (auto& x : how.partitions())
    result.partitions.push_back({std::move(x.keys), x.weight});
  if (result.partitions.empty())
    throw std::runtime_error{"the application's function returned no partition"};
  return result;
}

/// The list comes back as a message.
void read_partitions(self_pointer self) {
  auto& s = state_of(self);
  if (s.audience->empty())
    return;
  if (auto every = s.host->how.partitions_every; every.count() > 0)
    s.alarm.set(self, s.clock, 0, s.clock.now(self) + every);
  if (std::exchange(s.reading, true)) {
    s.reads_again = true;
    return;
  }
  post(self, [host = s.host, me = caf::actor_cast<member_actor>(self)] {
    auto why = failure_of([&] { anon_mail(list_of(host->how)).send(me); });
    if (!why.empty())
      anon_mail(partitions_unavailable{"the list cannot be read: " + why}).send(me);
  });
}

void has_read(self_pointer self) {
  state_of(self).reading = false;
  if (std::exchange(state_of(self).reads_again, false))
    read_partitions(self);
}

void end(self_pointer self, const std::string& failure) {
  auto& s = state_of(self);
  auto why = s.failure.empty() ? failure : s.failure;
  post(self, [host = s.host, why] {
    host->use.failure = why;
    if (host->how.ended)
      host->how.ended(why);
  });
  anon_mail(callback{}).send(s.callbacks);
  self->quit();
}

member_actor::behavior_type listen(self_pointer self) {
  auto group = state_of(self).host->how.group;
  return {
      [](const worker_id_claimed&) {},
      [=](const state_changed& x) {
        post(self, &options::state,
             state_change{group, x.worker_id.value, to_string(x.from), to_string(x.to),
                          x.reason});
      },
      [](const leadership_changed&) {},
      [](const calculator_adopted&) {},
      [](const assignment_changed&) {},
      [=](const partitions_assigned& x) {
        post(self, &options::assigned,
             work_assigned{group, x.worker_id.value, shown(x.partitions)});
      },
      [=](const partitions_revoked& x) {
        return order(self, &options::revoke, x.worker_id, x.partitions, x.time_left, {});
      },
      [=](const partitions_lost& x) {
        auto f = state_of(self).host->how.lost ? &options::lost : &options::revoke;
        return order(self, f, x.worker_id, x.partitions, x.time_left, x.why);
      },
      [=](const alert_raised& x) {
        post(self, &options::alerted,
             alert{group, x.worker_id.value, to_string(x.level), x.what, x.why, x.over});
      },
      [=](const worker_stopped& x) { end(self, x.failure); },
      [=](const order_stopped& x) {
        if (auto found = state_of(self).open.extract(x.number))
          found.mapped().deliver(work_stopped{});
      },
      [=](const callback_failed& x) { fail(self, x.why); },
      [=](const stop_worker& x) { anon_mail(x).send(state_of(self).worker); },
      [=](read_again) { read_partitions(self); },
      [=](const partition_listener_actor& x) {
        state_of(self).audience->add(x);
        read_partitions(self);
      },
      [=](partition_list& x) {
        if (!state_of(self).audience->empty())
          state_of(self).audience->give(std::move(x.partitions));
        has_read(self);
      },
      [=](const partitions_unavailable& x) {
        if (!state_of(self).audience->empty())
          state_of(self).audience->lack(x.why);
        has_read(self);
      },
      [=](const wake& x) {
        if (state_of(self).alarm.rings(x, 0))
          read_partitions(self);
      },
  };
}

member_actor::behavior_type member_body(self_pointer self,
                                        std::shared_ptr<host_functions> host,
                                        worker_options with, store_actor store,
                                        std::weak_ptr<void> connection) {
  end_on_exception(self);
  auto& s = state_of(self);
  s.host = std::move(host);
  s.connection = std::move(connection);
  s.callbacks = self->spawn<caf::detached>(callback_thread);
  // The next leadership begins with what is true then.
  s.audience.emplace(self, [](self_pointer me) { state_of(me).audience->forget(); });
  s.worker = spawn_supervisor(self->system(), std::move(with), std::move(store),
                              caf::actor_cast<partition_source_actor>(self),
                              caf::actor_cast<listener_actor>(self));
  // One that ends in order has said so before.
  s.worker->attach_functor(
      [me = caf::actor_cast<member_actor>(self)](const caf::error& why) {
        anon_mail(worker_stopped{{}, "the worker failed: " + to_string(why)}).send(me);
      });
  return listen(self);
}

} // namespace

member_actor spawn_member(caf::actor_system& sys, std::shared_ptr<host_functions> host,
                          worker_options with, store_actor store,
                          std::weak_ptr<void> connection) {
  return sys.spawn(member_body, std::move(host), std::move(with), std::move(store),
                   std::move(connection));
}

call_of::call_of(const host_functions* host) : before_{std::exchange(calling, host)} {}

call_of::~call_of() {
  calling = before_;
}

bool in_call_of(const host_functions* host) {
  return calling == host;
}

} // namespace partita::embed
