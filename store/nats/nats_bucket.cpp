// SPDX-License-Identifier: Apache-2.0
#include "partita/store/nats/nats_bucket.hpp"

#include "partita/messages/exceptions.hpp"
#include "partita/messages/keys.hpp"
#include "partita/store/nats/client/subjects.hpp"
#include "partita/store/nats/nats_requests.hpp"
#include "partita/store/nats/nats_stream.hpp"
#include "partita/store/nats/nats_watches.hpp"
#include "partita/store/request_counters.hpp"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

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

  std::string bucket;
  nats_options options;
  store_actor store;

  nats_requests requests;
  request_counters counters;
  std::optional<nats_stream> stream;
  std::optional<nats_watches> watches;

  /// Keeps this actor alive while requests are under way.
  nats_bucket_actor until_answered;
  bool reviving = false;

  bool closed = false;
  /// Are answered once nothing is under way any more.
  std::vector<caf::typed_response_promise<store_closed>> closers;

  std::uint64_t last_watcher = 0;
  std::map<watch_feed::subscriber, watch> watchers;
  std::set<caf::actor_addr> monitored;
};

using bucket_ptr = nats_bucket_actor::stateful_pointer<bucket_state>;

constexpr const char* why_closed = "not connected: the store was closed";

// -- turns ------------------------------------------------------------------------------

/// Ends every handler: sets the alarm for the next deadline, and answers a store that wants
/// to close once nothing is under way any more.
class turn {
public:
  explicit turn(bucket_ptr self) : self_(self) {}
  turn(const turn&) = delete;
  turn& operator=(const turn&) = delete;

  ~turn() {
    auto& state = state_of(self_);
    state.requests.set_alarm(state.watches->wake_at());
    auto idle = state.requests.empty();
    // The caller may drop its handle to us before the answer.
    state.until_answered = idle ? nats_bucket_actor{} : nats_bucket_actor{self_};
    if (idle)
      for (auto& x : std::exchange(state.closers, {}))
        x.deliver(store_closed{});
  }

private:
  bucket_ptr self_;
};

clock::time_point deadline(bucket_ptr self) {
  return clock::now() + state_of(self).options.request_timeout;
}

/// Counts the answer to a request that began at `began`.
template <class Status>
void count(bucket_ptr self, store_operation what, Status how, clock::time_point began) {
  state_of(self).counters.answered(what, outcome_of(how), clock::now() - began);
}

// -- a bucket that vanished -------------------------------------------------------------

/// After no responders: finds out whether the bucket is gone, and makes it again then.
void explain(bucket_ptr self, std::function<void(bool gone, std::string why)> then) {
  auto& state = state_of(self);
  state.stream->identify([self, then = std::move(then)](const nats_stream::result& x) {
    auto gone = x.status == open_status::missing;
    then(gone, gone ? "there is no bucket '" + state_of(self).bucket
                          + "' any more; all state read from it is discarded"
                    : "no server answers for bucket '" + state_of(self).bucket
                          + "' at the moment" + (x.why.empty() ? "" : ": " + x.why));
    if (!gone || std::exchange(state_of(self).reviving, true))
      return;
    state_of(self).stream->revive(
        [self](const nats_stream::result&) { state_of(self).reviving = false; });
  });
}

// -- writing ----------------------------------------------------------------------------

void publish(bucket_ptr self, const std::string& key, const nats::header_list& headers,
             const std::string& value, clock::time_point until, write_continuation then) {
  auto& state = state_of(self);
  state.requests.ask(
      nats::subject_of(state.bucket, key), headers, value, until,
      [self, key, then = std::move(then)](const nats_outcome& x) {
        if (x.what == nats_outcome::kind::no_responders) {
          explain(self, [then](bool gone, std::string why) {
            then({gone ? write_status::refused : write_status::not_connected,
                  {},
                  std::move(why)});
          });
          return;
        }
        auto written = written_from(x, state_of(self).bucket, key);
        // Before the answer: a watch that the caller makes after it must know of the
        // write.
        if (written.status == write_status::done)
          state_of(self).watches->acknowledged(key, written.revision);
        then(std::move(written));
      });
}

nats::header_list expecting(revision at) {
  return {{"Nats-Expected-Last-Subject-Sequence", std::to_string(at.value)}};
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
    read_last(state_of(self).requests, state_of(self).bucket, what.key, until,
              [=](const kv_read& read) {
                if (read.status == read_status::missing)
                  create(self, what, {}, attempt + 1, until, then);
                else if (read.status == read_status::found && read.entry.removed)
                  create(self, what, read.entry.revision, attempt + 1, until, then);
                else
                  then(written);
              });
  });
}

/// Answers with the outcome of `work`, at once or later.
template <class Reply, class Work>
caf::result<Reply> answer(bucket_ptr self, store_operation what, const std::string& key,
                          Work work) {
  auto counted = [self, what, began = clock::now()](Reply x) {
    count(self, what, x.status, began);
    return x;
  };
  using status = decltype(Reply::status);
  if (state_of(self).closed)
    return counted({status::not_connected, {}, why_closed});
  if (auto why = key_fault(key); !why.empty())
    return counted({status::refused, {}, std::move(why)});
  turn end{self};
  auto promise = self->make_response_promise<Reply>();
  work([counted, promise](Reply x) mutable { promise.deliver(counted(std::move(x))); });
  return promise;
}

caf::result<kv_identity> identify(bucket_ptr self) {
  if (state_of(self).closed)
    return kv_identity{read_status::not_connected, {}, why_closed};
  turn end{self};
  auto promise = self->make_response_promise<kv_identity>();
  state_of(self).stream->identify([promise](const nats_stream::result& x) mutable {
    // It is not compared with a configuration, so never foreign.
    auto status = x.status == open_status::opened    ? read_status::found
                  : x.status == open_status::missing ? read_status::missing
                                                     : failure_as<read_status>(x.status);
    promise.deliver(kv_identity{status, x.identity, x.why});
  });
  return promise;
}

// -- watching ---------------------------------------------------------------------------

watch_event trouble(std::string why) {
  return {0, watch_change::restarted, {}, {}, clock::now(), std::move(why)};
}

void tell(bucket_ptr self, watch_feed::subscriber who, watch_event event) {
  auto i = state_of(self).watchers.find(who);
  if (i == state_of(self).watchers.end())
    return;
  event.watch = i->second.number;
  if (auto sink = caf::actor_cast<caf::strong_actor_ptr>(i->second.sink))
    mail(self, std::move(event)).send(caf::actor_cast<watch_sink_actor>(sink));
}

template <class Predicate>
void leave_if(bucket_ptr self, Predicate chosen) {
  std::vector<watch_feed::subscriber> leaving;
  for (const auto& [who, x] : state_of(self).watchers)
    if (chosen(x))
      leaving.push_back(who);
  for (auto who : leaving) {
    state_of(self).watchers.erase(who);
    state_of(self).watches->leave(who);
  }
}

void stop_watch(bucket_ptr self, std::uint64_t number, const caf::actor_addr& sink) {
  leave_if(self, [&](const watch& x) { return x.number == number && x.sink == sink; });
}

void start_watch(bucket_ptr self, const kv_watch& x) {
  if (!x.sink)
    return;
  auto& state = state_of(self);
  auto fault = state.closed ? std::string{why_closed} : pattern_fault(x.pattern);
  if (!fault.empty()) {
    auto event = trouble(std::move(fault));
    event.watch = x.watch;
    mail(self, std::move(event)).send(x.sink);
    return;
  }
  turn end{self};
  auto sink = x.sink.address();
  stop_watch(self, x.watch, sink);
  if (state.monitored.insert(sink).second)
    monitor(self, x.sink,
            [](bucket_ptr me, const caf::actor_addr& gone, const caf::error&) {
              turn work{me};
              state_of(me).monitored.erase(gone);
              leave_if(me, [&](const watch& w) { return w.sink == gone; });
            });
  auto who = ++state.last_watcher;
  state.watchers.emplace(who, watch{sink, x.watch});
  state.watches->join(x.pattern, x.signs_of_life, who);
}

// -- the store and the border -----------------------------------------------------------

caf::result<bucket_opened> open(bucket_ptr self, const open_bucket& what) {
  if (state_of(self).closed)
    return bucket_opened{open_status::not_connected, {}, {}, why_closed};
  turn end{self};
  auto began = clock::now();
  auto promise = self->make_response_promise<bucket_opened>();
  state_of(self).stream->open(what, [=](const nats_stream::result& x) mutable {
    count(self, store_operation::open, x.status, began);
    bucket_opened answer{x.status, {}, x.identity, x.why};
    if (x.status == open_status::opened)
      answer.bucket = bucket_actor{nats_bucket_actor{self}};
    promise.deliver(std::move(answer));
  });
  return promise;
}

void take_link(bucket_ptr self, const nats::link_event& x) {
  auto& state = state_of(self);
  turn end{self};
  state.stream->server_is({});
  if (x.up) {
    state.stream->message_limit(x.server.max_payload);
    state.watches->link_back();
    return;
  }
  state.requests.link_lost(x.link, x.why);
  state.watches->link_lost(x.why);
}

/// Takes no new requests, answers those under way, and ends the watches.
caf::result<store_closed> close(bucket_ptr self) {
  auto& state = state_of(self);
  turn end{self};
  auto promise = self->make_response_promise<store_closed>();
  state.closers.push_back(promise);
  if (std::exchange(state.closed, true))
    return promise;
  for (const auto& [who, x] : state.watchers)
    tell(self, who, trouble(why_closed));
  leave_if(self, [](const watch&) { return true; });
  return promise;
}

void prepare(bucket_ptr self, std::shared_ptr<nats::connection> connection) {
  auto& state = state_of(self);
  state.requests.use(
      std::move(connection),
      std::make_shared<nats_mailbox>(nats_user_actor{nats_bucket_actor{self}}));
  state.stream.emplace(state.bucket, state.options, state.requests);
  state.watches.emplace(state.bucket, state.options, state.requests, *state.stream,
                        state.counters,
                        [self](watch_feed::subscriber who, watch_event event) {
                          tell(self, who, std::move(event));
                        });
}

nats_bucket_actor::behavior_type bucket(bucket_ptr self, store_actor store,
                                        std::shared_ptr<nats::connection> connection,
                                        std::string name, const nats_options& options) {
  end_on_exception(self);
  state_of(self).bucket = std::move(name);
  state_of(self).options = options;
  state_of(self).store = std::move(store);
  prepare(self, std::move(connection));
  return {
      [self](const kv_put& x) {
        return answer<kv_written>(
            self, store_operation::put, x.key, [&](write_continuation then) {
              publish(self, x.key, {}, x.value, deadline(self), std::move(then));
            });
      },
      [self](const kv_create& x) {
        return answer<kv_written>(
            self, store_operation::create, x.key, [&](write_continuation then) {
              create(self, x, {}, 1, deadline(self), std::move(then));
            });
      },
      [self](const kv_update& x) {
        return answer<kv_written>(self, store_operation::update, x.key,
                                  [&](write_continuation then) {
                                    publish(self, x.key, expecting(x.expected), x.value,
                                            deadline(self), std::move(then));
                                  });
      },
      [self](const kv_remove& x) {
        return answer<kv_written>(
            self, store_operation::remove, x.key, [&](write_continuation then) {
              auto headers = expecting(x.expected);
              headers.emplace_back("KV-Operation", "DEL");
              publish(self, x.key, headers, {}, deadline(self), std::move(then));
            });
      },
      [self](const kv_last& x) {
        return answer<kv_read>(self, store_operation::last, x.key,
                               [&](read_continuation then) {
                                 read_last(state_of(self).requests, state_of(self).bucket,
                                           x.key, deadline(self), std::move(then));
                               });
      },
      [self](kv_identify) { return identify(self); },
      [self](const kv_watch& x) { start_watch(self, x); },
      [self](const kv_unwatch& x, const watch_sink_actor& sink) {
        turn end{self};
        stop_watch(self, x.watch, sink.address());
      },
      [self](const open_bucket& x) { return open(self, x); },
      [self](get_store_stats) { return state_of(self).counters.stats(); },
      [self](close_store) { return close(self); },
      [self](nats::answer_event& x) {
        turn end{self};
        state_of(self).requests.answered(x.ticket, std::move(x.answer));
      },
      [self](nats::news_event& x) {
        turn end{self};
        state_of(self).watches->delivered(x.inbox, std::move(x.news));
      },
      [self](const nats::link_event& x) { take_link(self, x); },
      [self](const nats::denial_event& x) {
        turn end{self};
        state_of(self).requests.denied(x.subject, x.why);
      },
      [self](const nats::server_event& x) { state_of(self).stream->server_is(x.server); },
      [self](nats::wake_event) {
        turn end{self};
        state_of(self).requests.expire(clock::now());
        state_of(self).watches->wake();
      },
  };
}

} // namespace

nats_bucket_actor spawn_nats_bucket(caf::actor_system& sys, store_actor store,
                                    std::shared_ptr<nats::connection> connection,
                                    std::string bucket, const nats_options& options) {
  return sys.spawn(store::bucket, std::move(store), std::move(connection),
                   std::move(bucket), options);
}

} // namespace partita::store
