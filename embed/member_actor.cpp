// SPDX-License-Identifier: Apache-2.0
#include "partita/embed/member_actor.hpp"

#include "partita/actors/log.hpp"
#include "partita/actors/supervisor/supervisor.hpp"

#include <caf/actor_system.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <exception>
#include <utility>

namespace partita::embed {

/// For the callback thread.
struct callback {
  std::function<void()> run;
  /// Whether it is the last one.
  bool last = false;
};

} // namespace partita::embed

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::embed::callback)

namespace partita::embed {

namespace {

thread_local const host_functions* calling = nullptr;

caf::behavior callback_thread(caf::event_based_actor* self) {
  return {[=](callback& x) {
    x.run();
    if (x.last)
      self->quit();
  }};
}

struct member_state;
using self_pointer = member_actor::stateful_pointer<member_state>;
using stopped_maker =
    std::function<std::function<void()>(caf::actor_addr, std::uint64_t)>;

struct member_state {
  std::shared_ptr<host_functions> host;
  stopped_maker stopped;
  caf::actor callbacks;
  function_source_actor source;
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
void post(self_pointer self, std::function<void()> f, bool last = false) {
  auto guarded = [f = std::move(f), host = self->state.host,
                  me = caf::actor_cast<member_actor>(self)] {
    auto failed = [&](const std::string& why) {
      logger()->error("{}: a callback of the application failed: {}", host->how.group,
                      why);
      caf::anon_send(me, callback_failed{why});
    };
    auto before = std::exchange(calling, host.get());
    try {
      f();
    } catch (const std::exception& x) {
      failed(x.what());
    } catch (...) {
      failed("an exception that is no std::exception");
    }
    calling = before;
  };
  caf::anon_send(self->state.callbacks, callback{std::move(guarded), last});
}

/// Has `f` called with `x`, if the host has one.
template <class F, class T>
void post(self_pointer self, F options::*f, T x) {
  if (self->state.host->how.*f)
    post(self, [host = self->state.host, f, x = std::move(x)] { (host->how.*f)(x); });
}

caf::result<work_stopped> order(self_pointer self,
                                std::function<void(const stop_order&)> options::*f,
                                const worker_id& who,
                                const std::vector<partita::grant>& what,
                                std::chrono::milliseconds time_left, std::string why) {
  auto& s = self->state;
  auto number = ++s.orders;
  auto promise = self->make_response_promise<work_stopped>();
  s.open.emplace(number, promise);
  // Now, not when the callback begins: one before it may take long.
  auto deadline = worker_clock::boottime() + time_left;
  post(self, f,
       stop_order{s.host->how.group, who.value, shown(what), deadline, std::move(why),
                  s.stopped(self->address(), number)});
  return promise;
}

void fail(self_pointer self, const std::string& why) {
  auto& s = self->state;
  if (!s.failure.empty())
    return;
  s.failure = "a callback of the application failed: " + why;
  caf::anon_send(s.worker, stop_worker{partita::leave_mode::stop});
}

void end(self_pointer self, const std::string& failure) {
  auto& s = self->state;
  auto why = s.failure.empty() ? failure : s.failure;
  post(
      self,
      [host = s.host, why] {
        host->use.failure = why;
        if (host->how.ended)
          host->how.ended(why);
      },
      true);
  caf::anon_send_exit(s.source, caf::exit_reason::user_shutdown);
  self->quit();
}

member_actor::behavior_type listen(self_pointer self) {
  auto group = self->state.host->how.group;
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
        auto f = self->state.host->how.lost ? &options::lost : &options::revoke;
        return order(self, f, x.worker_id, x.partitions, x.time_left, x.why);
      },
      [=](const alert_raised& x) {
        post(self, &options::alerted,
             alert{group, x.worker_id.value, to_string(x.level), x.what, x.why, x.over});
      },
      [=](const worker_stopped& x) { end(self, x.failure); },
      [=](const order_stopped& x) {
        if (auto found = self->state.open.extract(x.number))
          found.mapped().deliver(work_stopped{});
      },
      [=](const callback_failed& x) { fail(self, x.why); },
      [=](const stop_worker& x) { caf::anon_send(self->state.worker, x); },
      [=](read_again x) { self->send(self->state.source, x); },
  };
}

member_actor::behavior_type member_body(self_pointer self,
                                        std::shared_ptr<host_functions> host,
                                        worker_options with, store_actor store,
                                        stopped_maker stopped) {
  auto& s = self->state;
  s.host = std::move(host);
  s.stopped = std::move(stopped);
  s.callbacks = self->spawn<caf::detached>(callback_thread);
  s.source = spawn_function_source(
      self->system(),
      [host = s.host] {
        std::vector<partita::partition> result;
        for (auto& x : host->how.partitions())
          result.push_back({std::move(x.keys), x.weight});
        return result;
      },
      s.host->how.partitions_every);
  s.worker = spawn_supervisor(self->system(), std::move(with), std::move(store), s.source,
                              caf::actor_cast<listener_actor>(self));
  return listen(self);
}

} // namespace

member_actor spawn_member(caf::actor_system& sys, std::shared_ptr<host_functions> host,
                          worker_options with, store_actor store, stopped_maker stopped) {
  return sys.spawn(member_body, std::move(host), std::move(with), std::move(store),
                   std::move(stopped));
}

bool in_callback_of(const host_functions* host) {
  return calling == host;
}

} // namespace partita::embed
