// SPDX-License-Identifier: Apache-2.0
#include "memory_client.hpp"

#include "partita/messages/keys.hpp"
#include "partita/store/request_counters.hpp"
#include "partita/store/watch_feed.hpp"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <map>
#include <optional>
#include <set>
#include <utility>

namespace partita::store {

namespace {

/// One watch of one sink.
struct watch {
  /// Not a handle: a watcher holds the bucket, so that would be a reference cycle.
  caf::actor_addr sink;
  std::uint64_t number = 0;
  std::uint64_t feed = 0;
};

struct shared_feed {
  std::string pattern;
  watch_feed feed;
  /// The newest attempt that the feed has asked for.
  watch_feed::attempt attempt = 0;
};

/// A write that is not answered yet.
struct open_write {
  caf::typed_response_promise<kv_written> promise;
  store_operation what = store_operation::put;
  watch_feed::time_point began;
};

struct client_state {
  static inline constexpr const char* name = "partita.memory_bucket";

  memory_bucket_options options;
  memory_server_actor server;
  bool connected = true;
  std::string link_why;
  request_counters counters;

  // Writes that are not answered yet, and how many other requests.
  std::map<std::uint64_t, open_write> writes;
  std::size_t reads = 0;
  std::uint64_t tickets = 0;
  bool closed = false;
  std::vector<caf::typed_response_promise<store_closed>> closing;

  std::map<std::uint64_t, shared_feed> feeds;
  std::map<watch_feed::subscriber, watch> watches;
  std::set<caf::actor_addr> monitored;
  std::uint64_t numbers = 0;
  bool ticking = false;
  /// Our last acknowledged write of each key in this bucket incarnation, for new feeds.
  std::map<std::string, revision> own;
};

using client_ptr = memory_bucket_actor::stateful_pointer<client_state>;

std::string not_connected(client_ptr self) {
  return "not connected: " + self->state.link_why + "; retry once the connection is back";
}

/// How long to wait for the server itself.
caf::duration patience(client_ptr self) {
  const auto& options = self->state.options;
  return options.answers_are_certain ? caf::duration{caf::infinite}
                                     : caf::duration{options.request_timeout};
}

void finish_closing(client_ptr self) {
  auto& state = self->state;
  if (!state.closed || !state.writes.empty() || state.reads > 0)
    return;
  for (auto& promise : std::exchange(state.closing, {}))
    promise.deliver(store_closed{});
}

/// Makes a vanished bucket again; the caller that missed it retries anyway.
void revive(client_ptr self) {
  const auto& opened = self->state.options.opened;
  if (opened.makes())
    self->request(self->state.server, patience(self), opened)
        .then([](const server_opened&) {}, [](const caf::error&) {});
}

// -- watching ---------------------------------------------------------------------------

void perform(client_ptr self, std::uint64_t feed, watch_feed::outputs outputs);

/// Gives one input to a feed, if it is still there, and carries out its outputs.
template <class F>
void feed_input(client_ptr self, std::uint64_t id, F f) {
  auto i = self->state.feeds.find(id);
  if (i != self->state.feeds.end())
    perform(self, id, f(i->second.feed));
}

/// The same for all feeds.
template <class F>
void each_feed(client_ptr self, F f) {
  std::vector<std::uint64_t> ids;
  for (const auto& [id, x] : self->state.feeds)
    ids.push_back(id);
  for (auto id : ids)
    feed_input(self, id, f);
}

void make_consumer_now(client_ptr self, std::uint64_t id) {
  const auto& x = self->state.feeds.find(id)->second;
  auto attempt = x.attempt;
  auto failed = [self, id, attempt](std::string why) {
    feed_input(self, id, [&](watch_feed& feed) {
      return feed.failed(attempt, std::move(why), self->clock().now());
    });
  };
  self->request(
          self->state.server, patience(self),
          make_consumer{self->state.options.opened.name, x.pattern, id, attempt, self})
      .then(
          [self, id, attempt, failed](const consumer_made& made) {
            if (!made.why.empty()) {
              revive(self);
              failed(made.why);
              return;
            }
            feed_input(self, id, [&](watch_feed& feed) {
              return feed.attached(attempt, made.bucket, self->clock().now());
            });
          },
          [self, failed](const caf::error& e) { failed(self->system().render(e)); });
}

/// Reads a key or a pattern from the server, and gives the feed what `input` makes of it.
template <class Input>
void read_for_feed(client_ptr self, std::uint64_t id, const std::string& key,
                   Input input) {
  auto answer = [self, id, input](const kv_read& read) {
    feed_input(self, id,
               [&](watch_feed& feed) { return input(feed, read, self->clock().now()); });
  };
  self->request(self->state.server, patience(self),
                server_read{self->state.options.opened.name, key})
      .then(answer, [self, answer](const caf::error& e) {
        answer({read_status::unknown, {}, self->system().render(e)});
      });
}

struct command_executor {
  client_ptr self;
  std::uint64_t id;

  void operator()(watch_feed::tell& x) {
    auto& state = self->state;
    if (x.event.change == watch_change::bucket_changed)
      state.own.clear();
    auto i = state.watches.find(x.to);
    if (i == state.watches.end())
      return;
    x.event.watch = i->second.number;
    if (auto sink = caf::actor_cast<caf::strong_actor_ptr>(i->second.sink))
      self->send(caf::actor_cast<watch_sink_actor>(sink), std::move(x.event));
  }

  void operator()(const watch_feed::attach& x) {
    self->state.counters.watched(x.number);
    self->state.feeds.find(id)->second.attempt = x.number;
    if (x.delay.count() == 0)
      make_consumer_now(self, id);
    else
      self->delayed_send(self, x.delay, attach_due{id, x.number});
  }

  void operator()(const watch_feed::find_end& x) {
    read_for_feed(self, id, self->state.feeds.find(id)->second.pattern,
                  [x](watch_feed& feed, const kv_read& read, auto now) {
                    return feed.end_found(x, read, now);
                  });
  }

  void operator()(const watch_feed::confirm& x) {
    read_for_feed(self, id, x.key, [x](watch_feed& feed, const kv_read& read, auto now) {
      return feed.confirmed(x.number, x.key, read, now);
    });
  }

  void operator()(const watch_feed::detach&) {
    self->send(self->state.server, drop_consumer{id, self});
    self->state.feeds.erase(id);
  }
};

void perform(client_ptr self, std::uint64_t feed, watch_feed::outputs outputs) {
  for (auto& x : outputs)
    std::visit(command_executor{self, feed}, x);
}

std::uint64_t feed_of(client_ptr self, const std::string& pattern) {
  auto& state = self->state;
  for (const auto& [id, x] : state.feeds)
    if (x.pattern == pattern)
      return id;
  auto id = ++state.numbers;
  watch_feed feed{pattern, state.options.watch_heartbeat};
  auto now = self->clock().now();
  for (const auto& [key, at] : state.own)
    feed.acknowledged(key, at, now);
  if (!state.connected)
    feed.link_lost(state.link_why, now);
  state.feeds.emplace(id, shared_feed{pattern, std::move(feed)});
  return id;
}

void leave(client_ptr self, watch_feed::subscriber who) {
  auto found = self->state.watches.extract(who);
  feed_input(self, found.mapped().feed,
             [&](watch_feed& feed) { return feed.leave(who); });
}

template <class Predicate>
void leave_if(client_ptr self, Predicate pred) {
  std::vector<watch_feed::subscriber> leaving;
  for (const auto& [who, x] : self->state.watches)
    if (pred(x))
      leaving.push_back(who);
  for (auto who : leaving)
    leave(self, who);
}

void tick_later(client_ptr self) {
  self->state.ticking = !self->state.feeds.empty();
  if (self->state.ticking)
    self->delayed_send(self, self->state.options.watch_heartbeat / 2, client_tick{});
}

void stop_watch(client_ptr self, std::uint64_t number, const caf::actor_addr& sink) {
  leave_if(self, [&](const watch& x) { return x.number == number && x.sink == sink; });
}

void start_watch(client_ptr self, const kv_watch& x) {
  auto& state = self->state;
  if (!x.sink)
    return;
  auto fault = state.closed ? "the store was closed" : pattern_fault(x.pattern);
  if (!fault.empty()) {
    watch_event event;
    event.watch = x.watch;
    event.change = watch_change::restarted;
    event.at = self->clock().now();
    event.why = std::move(fault);
    self->send(x.sink, std::move(event));
    return;
  }
  auto sink = x.sink.address();
  stop_watch(self, x.watch, sink);
  if (state.monitored.insert(sink).second)
    self->monitor(x.sink);
  auto id = feed_of(self, x.pattern);
  auto who = ++state.numbers;
  state.watches.emplace(who, watch{sink, x.watch, id});
  feed_input(self, id, [&](watch_feed& feed) {
    return feed.join(who, x.signs_of_life, self->clock().now());
  });
  if (!state.ticking)
    tick_later(self);
}

// -- requests ---------------------------------------------------------------------------

void acknowledge(client_ptr self, const std::string& key, revision at) {
  self->state.own[key] = at;
  each_feed(self, [&](watch_feed& feed) {
    return feed.acknowledged(key, at, self->clock().now());
  });
}

store_operation operation_of(const kv_change& x) {
  return std::visit(
      [](const auto& y) {
        using change = std::decay_t<decltype(y)>;
        if constexpr (std::is_same_v<change, kv_create>)
          return store_operation::create;
        else if constexpr (std::is_same_v<change, kv_update>)
          return store_operation::update;
        else if constexpr (std::is_same_v<change, kv_remove>)
          return store_operation::remove;
        else
          return store_operation::put;
      },
      x);
}

/// Counts the answer to a request that began at `began`.
template <class Status>
void count(client_ptr self, store_operation what, Status how,
           watch_feed::time_point began) {
  self->state.counters.answered(what, outcome_of(how), self->clock().now() - began);
}

void answer_write(client_ptr self, open_write& write, kv_written x) {
  count(self, write.what, x.status, write.began);
  write.promise.deliver(std::move(x));
}

/// Answers a write unless that has been done.
void settle(client_ptr self, std::uint64_t ticket, const std::string& key, kv_written x) {
  auto found = self->state.writes.extract(ticket);
  if (found.empty())
    return;
  // Before the answer: a watch that the caller makes after it must know of the write.
  if (x.status == write_status::done)
    acknowledge(self, key, x.revision);
  answer_write(self, found.mapped(), std::move(x));
  finish_closing(self);
}

kv_written unknown(std::string why) {
  return {
      write_status::unknown, {}, why + "; write the same again until an answer comes"};
}

/// A write was refused: makes the bucket again if it has vanished.
void look_for_bucket(client_ptr self) {
  auto& state = self->state;
  self->request(state.server, patience(self), server_identify{state.options.opened.name})
      .then(
          [self](const kv_identity& x) {
            if (x.status == read_status::missing)
              revive(self);
          },
          [](const caf::error&) {});
}

void send_write(client_ptr self, kv_change what, std::uint64_t ticket) {
  auto& state = self->state;
  auto key = key_of(what);
  self->request(state.server, patience(self),
                server_write{state.options.opened.name, std::move(what)})
      .then(
          [self, ticket, key](kv_written& x) {
            if (x.status == write_status::refused)
              look_for_bucket(self);
            settle(self, ticket, key, std::move(x));
          },
          [self, ticket, key](const caf::error& e) {
            settle(self, ticket, key, unknown(self->system().render(e)));
          });
}

caf::result<kv_written> write(client_ptr self, kv_change what) {
  auto& state = self->state;
  auto began = self->clock().now();
  auto operation = operation_of(what);
  if (!state.connected) {
    count(self, operation, write_status::not_connected, began);
    return kv_written{write_status::not_connected, {}, not_connected(self)};
  }
  if (auto why = key_fault(key_of(what)); !why.empty()) {
    count(self, operation, write_status::refused, began);
    return kv_written{write_status::refused, {}, std::move(why)};
  }
  auto promise = self->make_response_promise<kv_written>();
  auto ticket = ++state.tickets;
  state.writes.emplace(ticket, open_write{promise, operation, began});
  send_write(self, std::move(what), ticket);
  return promise;
}

/// Asks the server; `Reply` is its answer: a status, a value and a reason. Counted if
/// `what` is given.
template <class Reply, class Request>
caf::result<Reply> ask(client_ptr self, Request request,
                       std::optional<store_operation> what = std::nullopt) {
  auto& state = self->state;
  auto began = self->clock().now();
  if (!state.connected) {
    if (what)
      count(self, *what, read_status::not_connected, began);
    return Reply{read_status::not_connected, {}, not_connected(self)};
  }
  auto promise = self->make_response_promise<Reply>();
  ++state.reads;
  auto answer = [self, promise, what, began](Reply x) mutable {
    --self->state.reads;
    if (what)
      count(self, *what, x.status, began);
    promise.deliver(std::move(x));
    finish_closing(self);
  };
  self->request(state.server, patience(self), std::move(request))
      .then(answer, [self, answer](const caf::error& e) mutable {
        answer(Reply{read_status::unknown, {}, self->system().render(e)});
      });
  return promise;
}

caf::result<kv_read> read(client_ptr self, const std::string& key) {
  auto& state = self->state;
  auto what = store_operation::last;
  if (auto why = key_fault(key); state.connected && !why.empty()) {
    count(self, what, read_status::refused, self->clock().now());
    return kv_read{read_status::refused, {}, std::move(why)};
  }
  return ask<kv_read>(self, server_read{state.options.opened.name, key}, what);
}

// -- the link ---------------------------------------------------------------------------

void link_lost(client_ptr self, const std::string& why) {
  auto& state = self->state;
  state.connected = false;
  state.link_why = why;
  for (auto& [ticket, x] : std::exchange(state.writes, {}))
    answer_write(self, x, unknown("the connection was lost: " + why));
  each_feed(self,
            [&](watch_feed& feed) { return feed.link_lost(why, self->clock().now()); });
}

void link_back(client_ptr self) {
  auto& state = self->state;
  if (state.closed || state.connected)
    return;
  state.connected = true;
  each_feed(self, [&](watch_feed& feed) { return feed.link_back(self->clock().now()); });
}

/// Takes no new requests, answers those under way, and ends the watches.
void close(client_ptr self) {
  auto& state = self->state;
  if (std::exchange(state.closed, true))
    return;
  state.connected = false;
  state.link_why = "the store was closed";
  each_feed(self, [&](watch_feed& feed) {
    return feed.link_lost(state.link_why, self->clock().now());
  });
  leave_if(self, [](const watch&) { return true; });
}

// -- the actor --------------------------------------------------------------------------

memory_bucket_actor::behavior_type client(client_ptr self, memory_server_actor server,
                                          memory_bucket_options options) {
  self->state.server = std::move(server);
  self->state.options = std::move(options);
  self->set_down_handler([self](const caf::down_msg& x) {
    self->state.monitored.erase(x.source);
    leave_if(self, [&](const watch& w) { return w.sink == x.source; });
  });
  return {
      [self](const kv_put& x) { return write(self, x); },
      [self](const kv_create& x) { return write(self, x); },
      [self](const kv_update& x) { return write(self, x); },
      [self](const kv_remove& x) { return write(self, x); },
      [self](const kv_last& x) { return read(self, x.key); },
      [self](kv_identify) {
        return ask<kv_identity>(self, server_identify{self->state.options.opened.name});
      },
      [self](const kv_watch& x) { start_watch(self, x); },
      [self](const kv_unwatch& x, const watch_sink_actor& sink) {
        stop_watch(self, x.watch, sink.address());
      },
      [self](const delivery& x) {
        feed_input(self, x.feed, [&](watch_feed& feed) {
          return feed.delivered(x.attempt, x.sequence, x.entry, self->clock().now());
        });
      },
      [self](const consumer_heartbeat& x) {
        feed_input(self, x.feed, [&](watch_feed& feed) {
          return feed.heartbeat(x.attempt, x.last_sequence, self->clock().now());
        });
      },
      [self](const link_changed& x) {
        if (x.state == link_state::connected)
          link_back(self);
        else
          link_lost(self, x.why);
      },
      [self](get_store_stats) { return self->state.counters.stats(); },
      [self](close_bucket) {
        auto promise = self->make_response_promise<store_closed>();
        self->state.closing.push_back(promise);
        close(self);
        finish_closing(self);
        return promise;
      },
      [self](client_tick) {
        each_feed(self, [&](watch_feed& feed) { return feed.tick(self->clock().now()); });
        tick_later(self);
      },
      [self](const attach_due& x) {
        auto i = self->state.feeds.find(x.feed);
        if (i != self->state.feeds.end() && i->second.attempt == x.attempt
            && self->state.connected)
          make_consumer_now(self, x.feed);
      },
  };
}

} // namespace

memory_bucket_actor spawn_memory_bucket(caf::actor_system& sys,
                                        memory_server_actor server,
                                        memory_bucket_options options) {
  return sys.spawn(client, std::move(server), std::move(options));
}

} // namespace partita::store
