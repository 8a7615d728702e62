// SPDX-License-Identifier: Apache-2.0
#include "partita/store/nats/nats_bucket.hpp"

#include "partita/messages/keys.hpp"
#include "partita/store/nats/client/subjects.hpp"
#include "partita/store/nats/nats_answers.hpp"
#include "partita/store/nats/nats_requests.hpp"
#include "partita/store/nats/nats_stream.hpp"
#include "partita/store/nats/nats_watches.hpp"
#include "partita/store/request_counters.hpp"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace partita::store {

namespace {

using clock = nats_requests::clock;
using write_continuation = std::function<void(kv_written)>;
using read_continuation = std::function<void(kv_read)>;

/// How often a create reads what it conflicts with: a mark may expire, or be written
/// over, between the read and the write.
constexpr unsigned most_creates = 4;

/// One watch of one sink.
struct watch {
  /// Not a handle: a watcher holds the bucket, so that would be a reference cycle.
  caf::actor_addr sink;
  std::uint64_t number = 0;
};

struct bucket_state {
  static inline constexpr const char* name = "partita.nats_bucket";

  ~bucket_state() {
    watches.reset();
    if (connection)
      connection->close_port(port);
  }

  nats_bucket_options options;
  store_actor store;
  std::shared_ptr<nats::connection> connection;
  nats::connection::port port = 0;

  nats_requests requests;
  request_counters counters;
  std::optional<nats_stream> stream;
  std::optional<nats_watches> watches;

  /// When the connection is to wake us.
  std::optional<clock::time_point> alarm;
  /// Keeps this actor alive while requests are under way.
  nats_bucket_actor until_answered;
  std::uint64_t tickets = 0;
  std::map<std::uint64_t, std::function<void()>> waits;
  bool reviving = false;

  bool closed = false;
  /// Is notified once nothing is under way any more.
  nats_closer_actor closer;

  std::map<watch_feed::subscriber, watch> watchers;
  std::set<caf::actor_addr> monitored;
};

using bucket_ptr = nats_bucket_actor::stateful_pointer<bucket_state>;

constexpr const char* why_closed = "not connected: the store was closed";

// -- turns ------------------------------------------------------------------------------

/// Ends every handler: sets the alarm for the next deadline, and notifies a store that
/// wants to close once nothing is under way any more.
class turn {
public:
  explicit turn(bucket_ptr self) : self_(self) {}
  turn(const turn&) = delete;
  turn& operator=(const turn&) = delete;

  ~turn() {
    auto& state = self_->state;
    auto deadline = state.requests.next_deadline();
    set_alarm(earlier(deadline, state.watches->wake_at()));
    // The caller may drop its handle to us before the answer.
    state.until_answered = deadline ? nats_bucket_actor{self_} : nats_bucket_actor{};
    if (state.closer && state.requests.empty() && state.waits.empty())
      self_->send(std::exchange(state.closer, nullptr),
                  nats_rested{state.options.bucket});
  }

private:
  // The connection's timers, not those of actors: these would keep us alive for as long
  // as they run, and cannot be cancelled.
  void set_alarm(std::optional<clock::time_point> at) {
    auto& state = self_->state;
    if (state.alarm == at)
      return;
    state.alarm = at;
    state.connection->wake_at(state.port, at);
  }

  bucket_ptr self_;
};

clock::time_point deadline(bucket_ptr self) {
  return clock::now() + self->state.options.request_timeout;
}

/// Counts the answer to a request that began at `began`.
template <class Status>
void count(bucket_ptr self, store_operation what, Status how, clock::time_point began) {
  self->state.counters.answered(what, outcome_of(how), clock::now() - began);
}

void wait(bucket_ptr self, std::chrono::milliseconds delay, std::function<void()> then) {
  auto ticket = ++self->state.tickets;
  self->state.waits.emplace(ticket, std::move(then));
  self->delayed_send(self, delay, nats_waited{ticket});
}

// -- a bucket that vanished -------------------------------------------------------------

/// After no responders: finds out whether the bucket is gone, and makes it again then.
void explain(bucket_ptr self, std::function<void(bool gone, std::string why)> then) {
  auto& state = self->state;
  state.stream->identify([self, then = std::move(then)](const nats_stream::result& x) {
    auto gone = x.status == open_status::missing;
    then(gone, gone ? "there is no bucket '" + self->state.options.bucket
                          + "' any more; all state read from it is discarded"
                    : "no server answers for bucket '" + self->state.options.bucket
                          + "' at the moment" + (x.why.empty() ? "" : ": " + x.why));
    if (!gone || std::exchange(self->state.reviving, true))
      return;
    self->state.stream->revive(
        [self](const nats_stream::result&) { self->state.reviving = false; });
  });
}

// -- writing ----------------------------------------------------------------------------

void publish(bucket_ptr self, const std::string& key, const nats::header_list& headers,
             const std::string& value, clock::time_point until, write_continuation then) {
  auto& state = self->state;
  state.requests.ask(
      nats::subject_of(state.options.bucket, key), headers, value, until,
      [self, key, then = std::move(then)](const nats_outcome& x) {
        if (x.what == nats_outcome::kind::no_responders) {
          explain(self, [then](bool gone, std::string why) {
            then({gone ? write_status::refused : write_status::not_connected,
                  {},
                  std::move(why)});
          });
          return;
        }
        auto written = written_from(x, self->state.options.bucket, key);
        // Before the answer: a watch that the caller makes after it must know of the
        // write.
        if (written.status == write_status::done)
          self->state.watches->acknowledged(key, written.revision);
        then(std::move(written));
      });
}

nats::header_list expecting(revision at) {
  return {{"Nats-Expected-Last-Subject-Sequence", std::to_string(at.value)}};
}

void read_last(bucket_ptr self, const std::string& key, clock::time_point until,
               read_continuation then) {
  auto& state = self->state;
  state.requests.ask(
      "$JS.API.STREAM.MSG.GET." + nats::stream_of(state.options.bucket), {},
      nats::last_message_request(nats::subject_of(state.options.bucket, key)), until,
      [self, then = std::move(then)](nats_outcome x) {
        then(read_from(std::move(x), self->state.options.bucket));
      });
}

/// Writes where `over` is the newest revision. After a conflict the stream's leader is
/// asked what is there: a delete mark may be written over.
void create(bucket_ptr self, const kv_create& what, revision over, unsigned attempt,
            clock::time_point until, write_continuation then) {
  publish(self, what.key, expecting(over), what.value, until, [=](kv_written written) {
    if (written.status != write_status::conflict || attempt >= most_creates) {
      then(std::move(written));
      return;
    }
    read_last(self, what.key, until, [=](const kv_read& read) {
      if (read.status == read_status::missing)
        create(self, what, {}, attempt + 1, until, then);
      else if (read.status == read_status::found && read.entry.removed)
        create(self, what, read.entry.revision, attempt + 1, until, then);
      else
        then(written);
    });
  });
}

/// Why no request for this key can be sent; `done`: one can.
kv_written objection(bucket_ptr self, const std::string& key) {
  if (self->state.closed)
    return {write_status::not_connected, {}, why_closed};
  if (auto why = key_fault(key); !why.empty())
    return {write_status::refused, {}, std::move(why)};
  return {write_status::done, {}, {}};
}

/// Answers with the outcome of `work`, at once or later.
template <class Work>
caf::result<kv_written> write(bucket_ptr self, store_operation what,
                              const std::string& key, Work work) {
  auto began = clock::now();
  auto why_not = objection(self, key);
  if (why_not.status != write_status::done) {
    count(self, what, why_not.status, began);
    return why_not;
  }
  turn end{self};
  auto promise = self->make_response_promise<kv_written>();
  work([self, what, began, promise](kv_written x) mutable {
    count(self, what, x.status, began);
    promise.deliver(std::move(x));
  });
  return promise;
}

// -- reading ----------------------------------------------------------------------------

template <class Work>
caf::result<kv_read> read(bucket_ptr self, store_operation what, const std::string& key,
                          Work work) {
  auto began = clock::now();
  auto why_not = objection(self, key);
  if (why_not.status != write_status::done) {
    auto status = why_not.status == write_status::refused ? read_status::refused
                                                          : read_status::not_connected;
    count(self, what, status, began);
    return kv_read{status, {}, std::move(why_not.why)};
  }
  turn end{self};
  auto promise = self->make_response_promise<kv_read>();
  work([self, what, began, promise](kv_read x) mutable {
    count(self, what, x.status, began);
    promise.deliver(std::move(x));
  });
  return promise;
}

caf::result<kv_identity> identify(bucket_ptr self) {
  if (self->state.closed)
    return kv_identity{read_status::not_connected, {}, why_closed};
  turn end{self};
  auto promise = self->make_response_promise<kv_identity>();
  self->state.stream->identify([promise](const nats_stream::result& x) mutable {
    auto status = [&] {
      switch (x.status) {
      case open_status::opened:
        return read_status::found;
      case open_status::missing:
        return read_status::missing;
      case open_status::not_connected:
        return read_status::not_connected;
      case open_status::foreign:
      case open_status::refused:
        return read_status::refused;
      case open_status::unknown:
        break;
      }
      return read_status::unknown;
    };
    promise.deliver(kv_identity{status(), x.identity, x.why});
  });
  return promise;
}

// -- watching ---------------------------------------------------------------------------

watch_event trouble(std::string why) {
  watch_event result;
  result.change = watch_change::restarted;
  result.at = clock::now();
  result.why = std::move(why);
  return result;
}

void tell(bucket_ptr self, watch_feed::subscriber who, watch_event event) {
  auto i = self->state.watchers.find(who);
  if (i == self->state.watchers.end())
    return;
  event.watch = i->second.number;
  if (auto sink = caf::actor_cast<caf::strong_actor_ptr>(i->second.sink))
    self->send(caf::actor_cast<watch_sink_actor>(sink), std::move(event));
}

template <class Predicate>
void leave_if(bucket_ptr self, Predicate chosen) {
  std::vector<watch_feed::subscriber> leaving;
  for (const auto& [who, x] : self->state.watchers)
    if (chosen(x))
      leaving.push_back(who);
  for (auto who : leaving) {
    self->state.watchers.erase(who);
    self->state.watches->leave(who);
  }
}

void stop_watch(bucket_ptr self, std::uint64_t number, const caf::actor_addr& sink) {
  leave_if(self, [&](const watch& x) { return x.number == number && x.sink == sink; });
}

void start_watch(bucket_ptr self, const kv_watch& x) {
  if (!x.sink)
    return;
  auto& state = self->state;
  auto fault = state.closed ? std::string{why_closed} : pattern_fault(x.pattern);
  if (!fault.empty()) {
    auto event = trouble(std::move(fault));
    event.watch = x.watch;
    self->send(x.sink, std::move(event));
    return;
  }
  turn end{self};
  auto sink = x.sink.address();
  stop_watch(self, x.watch, sink);
  if (state.monitored.insert(sink).second)
    self->monitor(x.sink);
  auto who = ++state.tickets;
  state.watchers.emplace(who, watch{sink, x.watch});
  state.watches->join(x.pattern, x.signs_of_life, who);
}

// -- the store and the border -----------------------------------------------------------

caf::result<bucket_opened> open(bucket_ptr self, const open_bucket& what) {
  if (self->state.closed)
    return bucket_opened{open_status::not_connected, {}, {}, why_closed};
  turn end{self};
  auto began = clock::now();
  auto promise = self->make_response_promise<bucket_opened>();
  self->state.stream->open(what, [=](const nats_stream::result& x) mutable {
    count(self, store_operation::open, x.status, began);
    bucket_opened answer{x.status, {}, x.identity, x.why};
    if (x.status == open_status::opened)
      answer.bucket = bucket_actor{nats_bucket_actor{self}};
    promise.deliver(std::move(answer));
  });
  return promise;
}

void take_link(bucket_ptr self, const nats_link& x) {
  auto& state = self->state;
  turn end{self};
  state.stream->server_is({});
  if (x.up) {
    state.stream->message_limit(x.max_payload);
    state.watches->link_back();
    return;
  }
  state.requests.link_lost(x.link, x.text);
  state.watches->link_lost(x.text);
}

/// Takes no new requests, answers those under way, and ends the watches.
void finish(bucket_ptr self, const nats_closer_actor& closer) {
  auto& state = self->state;
  turn end{self};
  state.closer = closer;
  if (std::exchange(state.closed, true))
    return;
  for (const auto& [who, x] : state.watchers)
    tell(self, who, trouble(why_closed));
  leave_if(self, [](const watch&) { return true; });
}

void prepare(bucket_ptr self) {
  auto& state = self->state;
  const auto& options = state.options;
  state.port = state.connection->open_port(
      std::make_shared<nats_mailbox>(nats_user_actor{nats_bucket_actor{self}}));
  state.requests.use(state.connection, state.port);
  state.stream.emplace(options.bucket, options.request_timeout, options.max_bytes,
                       state.requests,
                       [self](std::chrono::milliseconds delay, std::function<void()> f) {
                         wait(self, delay, std::move(f));
                       });
  nats_watches::setup with;
  with.bucket = options.bucket;
  with.request_timeout = options.request_timeout;
  with.heartbeat = options.watch_heartbeat;
  with.connection = state.connection;
  with.port = state.port;
  with.tell = [self](watch_feed::subscriber who, watch_event event) {
    tell(self, who, std::move(event));
  };
  with.attaching = [self](watch_feed::attempt number) {
    self->state.counters.watched(number);
  };
  with.read = [self](const std::string& key, clock::time_point until,
                     read_continuation then) {
    read_last(self, key, until, std::move(then));
  };
  state.watches.emplace(std::move(with), state.requests, *state.stream);
  self->set_down_handler([self](const caf::down_msg& x) {
    turn end{self};
    self->state.monitored.erase(x.source);
    leave_if(self, [&](const watch& w) { return w.sink == x.source; });
  });
}

nats_bucket_actor::behavior_type bucket(bucket_ptr self, store_actor store,
                                        std::shared_ptr<nats::connection> connection,
                                        nats_bucket_options options) {
  self->state.options = std::move(options);
  self->state.store = std::move(store);
  self->state.connection = std::move(connection);
  prepare(self);
  return {
      [self](const kv_put& x) {
        return write(self, store_operation::put, x.key, [&](write_continuation then) {
          publish(self, x.key, {}, x.value, deadline(self), std::move(then));
        });
      },
      [self](const kv_create& x) {
        return write(self, store_operation::create, x.key, [&](write_continuation then) {
          create(self, x, {}, 1, deadline(self), std::move(then));
        });
      },
      [self](const kv_update& x) {
        return write(self, store_operation::update, x.key, [&](write_continuation then) {
          publish(self, x.key, expecting(x.expected), x.value, deadline(self),
                  std::move(then));
        });
      },
      [self](const kv_remove& x) {
        return write(self, store_operation::remove, x.key, [&](write_continuation then) {
          auto headers = expecting(x.expected);
          headers.emplace_back("KV-Operation", "DEL");
          publish(self, x.key, headers, {}, deadline(self), std::move(then));
        });
      },
      [self](const kv_last& x) {
        return read(self, store_operation::last, x.key, [&](read_continuation then) {
          read_last(self, x.key, deadline(self), std::move(then));
        });
      },
      [self](kv_identify) { return identify(self); },
      [self](const kv_watch& x) { start_watch(self, x); },
      [self](const kv_unwatch& x, const watch_sink_actor& sink) {
        turn end{self};
        stop_watch(self, x.watch, sink.address());
      },
      [self](const open_bucket& x) { return open(self, x); },
      [self](get_store_stats) { return self->state.counters.stats(); },
      [self](const nats_finish& x) { finish(self, x.tell); },
      [self](const nats_waited& x) {
        turn end{self};
        if (auto found = self->state.waits.extract(x.ticket))
          found.mapped()();
      },
      [self](nats_answer& x) {
        turn end{self};
        self->state.requests.answered(x.ticket, std::move(x.answer));
      },
      [self](nats_news& x) {
        turn end{self};
        self->state.watches->delivered(x.inbox, std::move(x.news));
      },
      [self](const nats_link& x) { take_link(self, x); },
      [self](const nats_denial& x) {
        turn end{self};
        self->state.requests.denied(x.subject, x.why);
      },
      [self](const nats_program& x) { self->state.stream->server_is(x.server); },
      [self](nats_wake) {
        turn end{self};
        auto& state = self->state;
        auto now = clock::now();
        state.alarm.reset();
        state.requests.expire(now);
        state.watches->wake();
      },
  };
}

} // namespace

nats_bucket_actor spawn_nats_bucket(caf::actor_system& sys, store_actor store,
                                    std::shared_ptr<nats::connection> connection,
                                    nats_bucket_options options) {
  return sys.spawn(bucket, std::move(store), std::move(connection), std::move(options));
}

} // namespace partita::store
