// SPDX-License-Identifier: Apache-2.0
#include "memory_store_client.hpp"

#include "memory_client.hpp"
#include "partita/messages/keys.hpp"
#include "partita/store/request_counters.hpp"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace partita::store {

namespace {

struct store_state {
  static inline constexpr const char* name = "partita.memory_store";

  // No handle first: CAF would take this aggregate for one that is made from `self`.
  memory_client_options options;
  memory_server_actor server;
  link_changed link{link_state::connected, "memory"};
  /// The number of the last link.
  std::uint64_t links = 1;
  /// The actor that serves each nonce; no address: it is served until end_probe.
  std::map<std::string, caf::actor_addr> served;
  std::map<std::string, memory_bucket_actor> buckets;
  bucket_stats stats;
  /// The requests to open buckets.
  request_counters opens;
  /// Addresses, not handles: the store must not keep a listener alive.
  std::set<caf::actor_addr> listeners;
  /// Buckets being opened and requests for streams, and probes under way.
  std::size_t opening = 0;
  std::size_t probing = 0;
  bool closed = false;
  /// Buckets that have yet to confirm that they are closed.
  std::size_t open_buckets = 0;
  std::vector<caf::typed_response_promise<store_closed>> closing;
};

using store_ptr = memory_store_actor::stateful_pointer<store_state>;

void tell(store_ptr self, const caf::actor_addr& listener) {
  if (auto strong = caf::actor_cast<caf::strong_actor_ptr>(listener))
    self->send(caf::actor_cast<link_listener_actor>(strong), self->state.link);
}

// -- probing ----------------------------------------------------------------------------

void tell_server(store_ptr self, const nonce& x, bool serves) {
  auto host = caf::actor_cast<probe_host_actor>(self);
  if (serves)
    self->send(self->state.server, server_serve_probe{x, host});
  else
    self->send(self->state.server, server_end_probe{x, host});
}

bool connected(store_ptr self) {
  return self->state.link.state == link_state::connected;
}

void serve(store_ptr self, const nonce& x) {
  if (!nonce_fault(x.value).empty() || self->state.closed)
    return;
  caf::actor_addr owner;
  if (auto sender = self->current_sender()) {
    self->monitor(sender);
    owner = caf::actor_cast<caf::actor_addr>(sender);
  }
  self->state.served.insert_or_assign(x.value, owner);
  if (connected(self))
    tell_server(self, x, true);
}

template <class Predicate>
void end_serving(store_ptr self, Predicate chosen) {
  std::erase_if(self->state.served, [&](const auto& x) {
    if (!chosen(x))
      return false;
    tell_server(self, {x.first}, false);
    return true;
  });
}

void finish_closing(store_ptr self);

caf::result<probed> start_probe(store_ptr self, const probe& x) {
  auto& state = self->state;
  if (auto why = nonce_fault(x.nonce.value); !why.empty())
    return probed{probe_status::unknown, connected(self) ? state.links : 0,
                  std::move(why)};
  if (!connected(self))
    return probed{probe_status::unknown, 0, "not connected: " + state.link.why};
  auto promise = self->make_response_promise<probed>();
  ++state.probing;
  auto answer = [self, promise, link = state.links](probed y) mutable {
    y.link = connected(self) ? self->state.links : 0;
    // A probe over a link that has been lost since has no answer.
    if (y.link != link)
      y = {probe_status::unknown, y.link, "the connection was lost"};
    --self->state.probing;
    promise.deliver(std::move(y));
    finish_closing(self);
  };
  self->request(state.server, std::min(state.options.request_timeout, longest_probe),
                server_probe{x.nonce})
      .then([answer](const probed& y) mutable { answer(y); },
            [answer](const caf::error&) mutable {
              answer({probe_status::unknown, 0, "no answer in time"});
            });
  return promise;
}

probed be_probed(store_ptr self, const nonce& x) {
  if (!connected(self) || !self->state.served.contains(x.value))
    return {probe_status::gone, 0, "no client serves this nonce"};
  return {probe_status::alive, 0, {}};
}

// -- the link ---------------------------------------------------------------------------

void change_link(store_ptr self, link_changed x) {
  auto& state = self->state;
  if (state.link.state == x.state)
    return;
  state.link = std::move(x);
  if (connected(self))
    ++state.links;
  for (const auto& [nonce, owner] : state.served)
    tell_server(self, {nonce}, connected(self));
  for (const auto& [name, bucket] : state.buckets)
    self->send(bucket, state.link);
  for (const auto& listener : state.listeners)
    tell(self, listener);
}

// -- closing ----------------------------------------------------------------------------

void finish_closing(store_ptr self) {
  auto& state = self->state;
  if (!state.closed || state.opening > 0 || state.probing > 0 || state.open_buckets > 0)
    return;
  for (auto& promise : std::exchange(state.closing, {}))
    promise.deliver(store_closed{});
}

void close_one(store_ptr self, const memory_bucket_actor& bucket) {
  auto done = [self] {
    --self->state.open_buckets;
    finish_closing(self);
  };
  ++self->state.open_buckets;
  self->request(bucket, caf::infinite, close_bucket{})
      .then([done](store_closed) { done(); }, [done](const caf::error&) { done(); });
}

void close(store_ptr self) {
  auto& state = self->state;
  if (std::exchange(state.closed, true))
    return;
  for (const auto& [name, bucket] : state.buckets)
    close_one(self, bucket);
  state.buckets.clear();
  end_serving(self, [](const auto&) { return true; });
  change_link(self, {link_state::disconnected, "the store was closed"});
}

// -- opening ----------------------------------------------------------------------------

bucket_opened opened(store_ptr self, const open_bucket& what, const server_opened& x) {
  auto& state = self->state;
  bucket_opened result{x.status, {}, x.identity, x.why};
  if (x.status != open_status::opened)
    return result;
  if (state.closed)
    return {open_status::not_connected, {}, {}, state.link.why};
  auto& bucket = state.buckets[what.name];
  if (!bucket) {
    bucket = spawn_memory_bucket(self->home_system(), state.server,
                                 {what, state.options.request_timeout,
                                  state.options.watch_heartbeat,
                                  state.options.answers_are_certain});
    if (state.link.state != link_state::connected)
      self->send(bucket, state.link);
  }
  result.bucket = bucket;
  return result;
}

void count_open(store_ptr self, open_status how, caf::actor_clock::time_point began) {
  self->state.opens.answered(store_operation::open, outcome_of(how),
                             self->clock().now() - began);
}

caf::result<bucket_opened> open(store_ptr self, const open_bucket& x) {
  auto& state = self->state;
  auto began = self->clock().now();
  if (state.link.state != link_state::connected) {
    count_open(self, open_status::not_connected, began);
    return bucket_opened{
        open_status::not_connected, {}, {}, "not connected: " + state.link.why};
  }
  auto promise = self->make_response_promise<bucket_opened>();
  ++state.opening;
  auto answer = [self, promise, began](bucket_opened result) mutable {
    count_open(self, result.status, began);
    --self->state.opening;
    promise.deliver(std::move(result));
    finish_closing(self);
  };
  caf::duration patience = caf::infinite;
  if (!state.options.answers_are_certain)
    patience = caf::duration{state.options.request_timeout};
  self->request(state.server, patience, x)
      .then([self, answer,
             x](const server_opened& y) mutable { answer(opened(self, x, y)); },
            [self, answer](const caf::error& e) mutable {
              answer({open_status::unknown, {}, {}, self->system().render(e)});
            });
  return promise;
}

// -- which store it is ------------------------------------------------------------------

caf::result<servers_surveyed> survey(store_ptr self, const survey_servers& x) {
  auto promise = self->make_response_promise<servers_surveyed>();
  auto answer = [self, promise](const kv_read& y) mutable {
    // Refused: there is no such bucket.
    auto none = y.status == read_status::refused || y.entry.removed;
    auto found = none ? read_status::missing : y.status;
    promise.deliver(servers_surveyed{{{"memory", found, y.entry.value, {}, y.why}}});
    --self->state.opening;
    finish_closing(self);
  };
  ++self->state.opening;
  if (!connected(self)) {
    answer({read_status::not_connected, {}, {}});
    return promise;
  }
  caf::duration patience = caf::infinite;
  if (!self->state.options.answers_are_certain)
    patience = caf::duration{self->state.options.request_timeout};
  self->request(self->state.server, patience, server_read{x.bucket, x.key})
      .then([answer](const kv_read& y) mutable { answer(y); },
            [answer](const caf::error&) mutable {
              answer({read_status::unknown, {}, {}});
            });
  return promise;
}

// -- streams ----------------------------------------------------------------------------

template <class Answer, class Request>
caf::result<Answer> ask(store_ptr self, const Request& x) {
  auto failed = [](stream_status how, std::string why) {
    Answer result;
    result.status = how;
    result.why = std::move(why);
    return result;
  };
  auto& state = self->state;
  if (!connected(self))
    return failed(stream_status::not_connected, "not connected: " + state.link.why);
  auto promise = self->make_response_promise<Answer>();
  ++state.opening;
  auto answer = [self, promise, failed, link = state.links](Answer y) mutable {
    if (!connected(self) || self->state.links != link)
      y = failed(stream_status::unknown, "the connection was lost");
    --self->state.opening;
    promise.deliver(std::move(y));
    finish_closing(self);
  };
  caf::duration patience = caf::infinite;
  if (!state.options.answers_are_certain)
    patience = caf::duration{state.options.request_timeout};
  self->request(state.server, patience, x)
      .then([answer](const Answer& y) mutable { answer(y); },
            [answer, failed](const caf::error&) mutable {
              answer(failed(stream_status::unknown, "no answer in time"));
            });
  return promise;
}

// -- stats ----------------------------------------------------------------------------

caf::result<store_stats> stats(store_ptr self) {
  std::vector<std::pair<std::string, memory_bucket_actor>> buckets{
      self->state.buckets.begin(), self->state.buckets.end()};
  return ask_buckets(self, buckets, [self](store_stats& x) {
    x.add(self->state.opens.stats());
    x.reconnects = self->state.links - 1;
    x.connected = connected(self);
  });
}

// -- the actor --------------------------------------------------------------------------

memory_store_actor::behavior_type memory_store(store_ptr self, memory_server_actor server,
                                               memory_client_options options) {
  self->state.server = std::move(server);
  self->state.options = options;
  self->set_down_handler([self](const caf::down_msg& x) {
    self->state.listeners.erase(x.source);
    end_serving(self, [&](const auto& y) { return y.second == x.source; });
  });
  return {
      [self](const open_bucket& x) { return open(self, x); },
      [self](const link_listener_actor& x) {
        if (self->state.listeners.insert(x.address()).second)
          self->monitor(x);
        tell(self, x.address());
      },
      [self](const survey_servers& x) { return survey(self, x); },
      [](const expect_entry&) {},
      [](list_buckets) {
        return buckets_listed{{}, "not asked for in tests"};
      },
      [self](const serve_probe& x) { serve(self, x.nonce); },
      [self](const end_probe& x) {
        end_serving(self, [&](const auto& y) { return y.first == x.nonce.value; });
      },
      [self](const probe& x) { return start_probe(self, x); },
      [self](const server_probe& x) { return be_probed(self, x.nonce); },
      [self](get_store_stats) { return stats(self); },
      [self](close_store) {
        auto promise = self->make_response_promise<store_closed>();
        self->state.closing.push_back(promise);
        close(self);
        finish_closing(self);
        return promise;
      },
      [self](const stream_look& x) { return ask<stream_answer>(self, x); },
      [self](const stream_make& x) { return ask<stream_answer>(self, x); },
      [self](const consumer_make& x) { return ask<consumer_answer>(self, x); },
      [self](const consumer_remove& x) { return ask<consumer_answer>(self, x); },
      [self](const consumer_look& x) { return ask<consumer_answer>(self, x); },
      [self](const consumer_list& x) { return ask<consumer_names>(self, x); },
      [self](const link_changed& x) {
        if (!self->state.closed)
          change_link(self, x);
      },
  };
}

} // namespace

memory_store_actor spawn_memory_client(caf::actor_system& sys, memory_server_actor server,
                                       memory_client_options options) {
  return sys.spawn(memory_store, std::move(server), options);
}

} // namespace partita::store
