// SPDX-License-Identifier: Apache-2.0
#include "fault_proxy.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace partita::test {

namespace {

using namespace store;

// -- probing ----------------------------------------------------------------------------

/// Is probed in the place of the client.
using host_actor = probe_host_actor::extend<caf::reacts_to<client_fault>>;

struct host_state {
  static inline constexpr const char* name = "partita.fault_host";

  fault_plan faults;
  /// Not a handle: its proxy must not keep the client alive. None once that has ended.
  caf::actor_addr client;
};

host_actor::behavior_type host(host_actor::stateful_pointer<host_state> self,
                               const memory_store_actor& client) {
  self->state.client = client.address();
  self->monitor(client);
  self->set_down_handler([self](const caf::down_msg&) { self->state.client = nullptr; });
  return {
      [self](const server_probe& x) -> caf::result<probed> {
        // A promise that is dropped is never answered.
        if (self->state.faults.strike(fault_kind::probe_lost))
          return self->make_response_promise<probed>();
        if (auto strong = caf::actor_cast<caf::strong_actor_ptr>(self->state.client))
          return self->delegate(caf::actor_cast<probe_host_actor>(strong), x);
        return probed{probe_status::gone, 0, "no client serves this nonce"};
      },
      [self](const client_fault& x) { self->state.faults.set(x); },
  };
}

// -- the proxy --------------------------------------------------------------------------

/// A consumer of the client. The server knows it under another number, as each bucket
/// numbers its own and the proxy is the inbox of them all.
struct consumer {
  /// Not a handle: see host_state.
  caf::actor_addr inbox;
  std::uint64_t feed = 0;
  std::string bucket;
};

struct proxy_state {
  static inline constexpr const char* name = "partita.fault_proxy";

  // No handle first: CAF would take this aggregate for one that is made from `self`.
  /// What strikes each bucket that is known, and what will strike the others.
  std::map<std::string, fault_plan> plans;
  fault_plan everywhere;
  memory_server_actor server;
  /// Not a handle: see host_state.
  caf::actor_addr client;
  host_actor host;
  std::map<std::uint64_t, consumer> consumers;
  std::uint64_t numbers = 0;
  std::set<caf::actor_addr> monitored;
};

using proxy_ptr = fault_proxy_actor::stateful_pointer<proxy_state>;

fault_plan& plan_of(proxy_ptr self, const std::string& bucket) {
  return self->state.plans.try_emplace(bucket, self->state.everywhere).first->second;
}

/// Asks the server for the client, who gets the answer unless `passes` says no.
template <class Reply, class Request, class Predicate>
void relay(proxy_ptr self, caf::typed_response_promise<Reply> promise, Request what,
           Predicate passes) {
  self->request(self->state.server, caf::infinite, std::move(what))
      .then(
          [promise, passes](Reply& x) mutable {
            if (passes())
              promise.deliver(std::move(x));
          },
          [promise](caf::error& x) mutable { promise.deliver(std::move(x)); });
}

template <class Reply, class Request>
caf::typed_response_promise<Reply> relay(proxy_ptr self, Request what) {
  auto promise = self->make_response_promise<Reply>();
  relay(self, promise, std::move(what), [] { return true; });
  return promise;
}

// -- writing and reading ----------------------------------------------------------------

void write_now(proxy_ptr self, write_under_way x) {
  relay(self, x.promise, std::move(x.what), [lost = x.answer_lost] { return !lost; });
}

caf::typed_response_promise<kv_written> write(proxy_ptr self, const server_write& what) {
  auto& plan = plan_of(self, what.bucket);
  auto late = plan.strike(fault_kind::write_late, key_of(what.change));
  auto lost = plan.strike(fault_kind::answer_lost, key_of(what.change)).has_value();
  auto promise = self->make_response_promise<kv_written>();
  write_under_way x{what, promise, lost};
  if (late)
    self->delayed_send(self, late->delay, std::move(x));
  else
    write_now(self, std::move(x));
  return promise;
}

/// A request that changes a stream: its answer may get lost as that of a write; its key is
/// the consumer's name.
template <class Reply, class Request>
caf::typed_response_promise<Reply> change(proxy_ptr self, const Request& what,
                                          const std::string& key) {
  auto lost = plan_of(self, what.stream).strike(fault_kind::answer_lost, key).has_value();
  auto promise = self->make_response_promise<Reply>();
  relay(self, promise, what, [lost] { return !lost; });
  return promise;
}

// -- watching ---------------------------------------------------------------------------

std::uint64_t number_of(proxy_ptr self, const consumer& x) {
  auto& state = self->state;
  for (const auto& [number, y] : state.consumers)
    if (y.inbox == x.inbox && y.feed == x.feed)
      return number;
  state.consumers.emplace(++state.numbers, x);
  return state.numbers;
}

caf::typed_response_promise<consumer_made> consume(proxy_ptr self, make_consumer what) {
  auto inbox = what.inbox.address();
  if (self->state.monitored.insert(inbox).second)
    self->monitor(what.inbox);
  what.feed = number_of(self, {inbox, what.feed, what.bucket});
  what.inbox = self;
  auto promise = self->make_response_promise<consumer_made>();
  auto passes = [self, bucket = what.bucket] {
    return !plan_of(self, bucket).strike(fault_kind::silence);
  };
  relay(self, promise, std::move(what), passes);
  return promise;
}

template <class Predicate>
void drop(proxy_ptr self, Predicate chosen) {
  std::erase_if(self->state.consumers, [&](const auto& x) {
    if (!chosen(x.second))
      return false;
    self->send(self->state.server, drop_consumer{x.first, self});
    return true;
  });
}

/// A delivery of `key`, or a heartbeat, which has none.
template <class T>
void deliver(proxy_ptr self, T what, const std::string& key = {}) {
  auto i = self->state.consumers.find(what.feed);
  if (i == self->state.consumers.end())
    return;
  const auto& [inbox, feed, bucket] = i->second;
  auto strong = caf::actor_cast<caf::strong_actor_ptr>(inbox);
  if (!strong)
    return;
  auto to = caf::actor_cast<consumer_inbox_actor>(strong);
  what.feed = feed;
  auto& plan = plan_of(self, bucket);
  if (plan.strike(fault_kind::silence))
    return;
  if (auto late = plan.strike(fault_kind::delivery_late, key))
    self->delayed_send(to, late->delay, std::move(what));
  else if (key.empty() || !plan.strike(fault_kind::delivery_lost, key))
    self->send(to, std::move(what));
}

// -- faults -----------------------------------------------------------------------------

void change_link(proxy_ptr self, bool up) {
  if (auto client = caf::actor_cast<caf::strong_actor_ptr>(self->state.client))
    self->send(caf::actor_cast<memory_store_actor>(client),
               up ? link_changed{link_state::connected, "memory"}
                  : link_changed{link_state::disconnected, "a fault was injected"});
}

void set(proxy_ptr self, const client_fault& x) {
  auto& state = self->state;
  if (x.kind == fault_kind::link_down) {
    change_link(self, x.times == 0);
  } else if (x.kind == fault_kind::probe_lost) {
    self->send(state.host, x);
  } else if (x.bucket.empty()) {
    state.everywhere.set(x);
    for (auto& [bucket, plan] : state.plans)
      plan.set(x);
  } else {
    plan_of(self, x.bucket).set(x);
  }
}

// -- the actor --------------------------------------------------------------------------

fault_proxy_actor::behavior_type proxy(proxy_ptr self, memory_server_actor server) {
  self->state.server = std::move(server);
  // The server would see the end of a bucket by itself, but its inbox lives on.
  self->set_down_handler([self](const caf::down_msg& x) {
    self->state.monitored.erase(x.source);
    drop(self, [&](const consumer& y) { return y.inbox == x.source; });
  });
  return {
      [self](const delete_bucket& x) { return self->delegate(self->state.server, x); },
      [self](const lose_writes& x) { return self->delegate(self->state.server, x); },
      [self](const open_bucket& x) { return relay<server_opened>(self, x); },
      [self](const server_write& x) { return write(self, x); },
      [self](const server_read& x) { return relay<kv_read>(self, x); },
      [self](const server_identify& x) { return relay<kv_identity>(self, x); },
      [self](const make_consumer& x) { return consume(self, x); },
      [self](const drop_consumer& x) {
        drop(self, [&](const consumer& y) {
          return y.inbox == x.inbox.address() && y.feed == x.feed;
        });
      },
      [self](const server_probe& x) { return self->delegate(self->state.server, x); },
      [self](const server_serve_probe& x) {
        self->send(self->state.server, server_serve_probe{x.nonce, self->state.host});
      },
      [self](const server_end_probe& x) {
        self->send(self->state.server, server_end_probe{x.nonce, self->state.host});
      },
      [self](const set_stream& x) { self->send(self->state.server, x); },
      [self](const delete_stream& x) { self->send(self->state.server, x); },
      [self](const set_consumer& x) { self->send(self->state.server, x); },
      [self](const stream_look& x) { return relay<stream_answer>(self, x); },
      [self](const stream_make& x) { return change<stream_answer>(self, x, {}); },
      [self](const consumer_make& x) {
        return change<consumer_answer>(self, x, x.consumer.name);
      },
      [self](const consumer_remove& x) {
        return change<consumer_answer>(self, x, x.name);
      },
      [self](const consumer_look& x) { return relay<consumer_answer>(self, x); },
      [self](const consumer_list& x) { return relay<consumer_names>(self, x); },
      [self](const client_fault& x) { set(self, x); },
      [self](const delivery& x) { deliver(self, x, x.entry.key); },
      [self](const consumer_heartbeat& x) { deliver(self, x); },
      [self](const memory_store_actor& x) {
        self->state.client = x.address();
        self->state.host = self->spawn(host, x);
      },
      [self](const write_under_way& x) { write_now(self, x); },
  };
}

} // namespace

faulty_client spawn_faulty_client(caf::actor_system& sys, memory_server_actor server,
                                  memory_client_options options) {
  options.answers_are_certain = false;
  auto faults = sys.spawn(proxy, std::move(server));
  auto client = spawn_memory_client(sys, faults, options);
  caf::anon_send(faults, client);
  return {client, faults};
}

} // namespace partita::test
