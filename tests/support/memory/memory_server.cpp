// SPDX-License-Identifier: Apache-2.0
#include "memory_server.hpp"

#include "partita/store/watch_feed.hpp"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace partita::store {

namespace {

using server_actor = memory_server_actor::extend<caf::reacts_to<server_tick>>;

struct consumer {
  /// An address, not a handle: the server must not keep the client alive.
  caf::actor_addr inbox;
  std::uint64_t feed = 0;
  std::uint64_t attempt = 0;
  std::string bucket;
  std::string pattern;
  std::uint64_t sequence = 0;
};

struct server_state {
  static inline constexpr const char* name = "partita.memory_server";

  memory_server_options options;
  caf::actor_clock::time_point started;
  std::optional<memory_model> model;
  memory_streams streams;
  std::vector<consumer> consumers;
  /// The client that serves each nonce.
  std::map<std::string, caf::actor_addr> hosts;
  std::set<caf::actor_addr> monitored;
  bool ticking = false;
};

using server_ptr = server_actor::stateful_pointer<server_state>;

/// Sends to a consumer unless its client has gone.
template <class T>
void send_to(server_ptr self, const consumer& x, T what) {
  if (auto inbox = caf::actor_cast<caf::strong_actor_ptr>(x.inbox))
    self->send(caf::actor_cast<consumer_inbox_actor>(inbox), std::move(what));
}

void deliver(server_ptr self, consumer& x, const kv_entry& entry) {
  send_to(self, x, delivery{x.feed, x.attempt, ++x.sequence, entry});
}

kv_written write(server_ptr self, const server_write& x) {
  auto& state = self->state;
  auto done = state.model->write(x.bucket, x.change, self->clock().now());
  if (done.entry)
    for (auto& c : state.consumers)
      if (c.bucket == x.bucket && watch_feed::matches(c.pattern, done.entry->key))
        deliver(self, c, *done.entry);
  return std::move(done.answer);
}

void start_ticking(server_ptr self) {
  auto& state = self->state;
  state.ticking = !state.consumers.empty();
  if (state.ticking)
    self->delayed_send(self, state.options.watch_heartbeat, server_tick{});
}

void forget(server_ptr self, const caf::actor_addr& inbox,
            std::optional<std::uint64_t> feed = std::nullopt) {
  std::erase_if(self->state.consumers, [&](const consumer& x) {
    return x.inbox == inbox && (!feed || x.feed == *feed);
  });
}

/// Deliveries follow the answer, so that the client knows what they belong to.
void consume(server_ptr self, const make_consumer& x,
             caf::typed_response_promise<consumer_made> promise) {
  auto& state = self->state;
  auto identity = state.model->identify(x.bucket);
  forget(self, x.inbox.address(), x.feed);
  if (identity.status != read_status::found) {
    promise.deliver(consumer_made{identity.why, {}});
    return;
  }
  auto entries = state.model->entries(x.bucket, x.pattern, self->clock().now());
  if (state.monitored.insert(x.inbox.address()).second)
    self->monitor(x.inbox);
  consumer made{x.inbox.address(), x.feed, x.attempt, x.bucket, x.pattern, 0};
  auto& c = state.consumers.emplace_back(std::move(made));
  promise.deliver(consumer_made{{}, identity.identity});
  for (const auto& entry : entries)
    deliver(self, c, entry);
  if (!state.ticking)
    start_ticking(self);
}

caf::result<probed> pass_probe_on(server_ptr self, const server_probe& x) {
  auto i = self->state.hosts.find(x.nonce.value);
  if (i != self->state.hosts.end())
    if (auto host = caf::actor_cast<caf::strong_actor_ptr>(i->second))
      return self->delegate(caf::actor_cast<probe_host_actor>(host), x);
  return probed{probe_status::gone, 0, "no client serves this nonce"};
}

/// The server's wall clock, nanoseconds since 1970.
std::int64_t wall_ns(server_ptr self) {
  std::chrono::nanoseconds age = self->clock().now() - self->state.started;
  return self->state.options.wall_start_ns + age.count();
}

server_actor::behavior_type server(server_ptr self, memory_server_options options) {
  auto& state = self->state;
  if (options.wall_start_ns == 0) {
    auto wall = std::chrono::system_clock::now().time_since_epoch();
    options.wall_start_ns =
        std::chrono::duration_cast<std::chrono::nanoseconds>(wall).count();
  }
  state.options = options;
  state.started = self->clock().now();
  state.model.emplace(memory_model::options{state.started, options.wall_start_ns,
                                            options.max_value, options.stated_max_value});
  self->set_down_handler([self](const caf::down_msg& x) {
    self->state.monitored.erase(x.source);
    forget(self, x.source);
    std::erase_if(self->state.hosts,
                  [&](const auto& host) { return host.second == x.source; });
  });
  return {
      [self](const delete_bucket& x) {
        std::erase_if(self->state.consumers,
                      [&](const consumer& c) { return c.bucket == x.name; });
        return self->state.model->delete_bucket(x.name);
      },
      [self](const lose_writes& x) {
        return self->state.model->lose_writes_after(x.bucket, x.last);
      },
      [self](const open_bucket& x) {
        auto done = self->state.model->open(x, self->clock().now());
        return server_opened{done.status, done.identity, std::move(done.why)};
      },
      [self](const server_write& x) { return write(self, x); },
      [self](const server_read& x) {
        return self->state.model->last(x.bucket, x.key, self->clock().now());
      },
      [self](const server_identify& x) { return self->state.model->identify(x.bucket); },
      [self](const make_consumer& x) {
        auto promise = self->make_response_promise<consumer_made>();
        consume(self, x, promise);
        return promise;
      },
      [self](const drop_consumer& x) { forget(self, x.inbox.address(), x.feed); },
      [self](const server_probe& x) { return pass_probe_on(self, x); },
      [self](const server_serve_probe& x) {
        if (self->state.monitored.insert(x.host.address()).second)
          self->monitor(x.host);
        self->state.hosts.insert_or_assign(x.nonce.value, x.host.address());
      },
      [self](const server_end_probe& x) {
        auto i = self->state.hosts.find(x.nonce.value);
        if (i != self->state.hosts.end() && i->second == x.host.address())
          self->state.hosts.erase(i);
      },
      [self](const set_stream& x) { self->state.streams.set(x); },
      [self](const delete_stream& x) { self->state.streams.set(x); },
      [self](const set_consumer& x) { self->state.streams.set(x); },
      [self](const stream_look& x) { return self->state.streams.answer(x); },
      [self](const stream_make& x) {
        return self->state.streams.answer(x, wall_ns(self));
      },
      [self](const consumer_make& x) { return self->state.streams.answer(x); },
      [self](const consumer_remove& x) { return self->state.streams.answer(x); },
      [self](const consumer_look& x) { return self->state.streams.answer(x); },
      [self](const consumer_list& x) { return self->state.streams.answer(x); },
      [self](server_tick) {
        for (const auto& c : self->state.consumers)
          send_to(self, c, consumer_heartbeat{c.feed, c.attempt, c.sequence});
        start_ticking(self);
      },
  };
}

} // namespace

memory_server_actor spawn_memory_server(caf::actor_system& sys,
                                        memory_server_options options) {
  return sys.spawn(server, options);
}

} // namespace partita::store
