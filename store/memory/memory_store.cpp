// SPDX-License-Identifier: Apache-2.0
#include "partita/store/memory/memory_store.hpp"

#include "partita/messages/exceptions.hpp"
#include "partita/messages/keys.hpp"
#include "partita/store/memory/memory_bucket.hpp"
#include "partita/store/request_counters.hpp"
#include "partita/store/watch_feed.hpp"

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

/// How often a watch shows that it works.
constexpr std::chrono::milliseconds heartbeat{500};

constexpr const char* why_closed = "not connected: the store was closed";

// -- a bucket ---------------------------------------------------------------------------

using memory_bucket_actor = bucket_actor::extend<
    // From its store.
    handler<bucket_opened(open_bucket)>, handler<store_stats(get_store_stats)>,
    handler<void(close_store)>,
    // INTERNAL: time for signs of life.
    handler<void(wake)>>;

struct watch {
  /// Not a handle: a watcher holds the bucket, so that would be a reference cycle.
  caf::actor_addr sink;
  std::uint64_t number = 0;
  std::string pattern;
  bool signs_of_life = false;
};

struct bucket_state {
  static inline constexpr const char* name = "partita.memory_bucket";

  std::optional<memory_bucket> content;
  /// When it was made.
  memory_bucket::time_point made;
  request_counters counters;
  std::vector<watch> watches;
  std::set<caf::actor_addr> monitored;
  bool ticking = false;
  bool closed = false;
};

using bucket_ptr = memory_bucket_actor::stateful_pointer<bucket_state>;

void tell(bucket_ptr self, const watch& to, watch_change change, kv_entry entry = {},
          std::string why = {}) {
  auto& state = state_of(self);
  auto bucket =
      change == watch_change::replayed ? state.content->identity() : bucket_identity{};
  if (auto sink = caf::actor_cast<caf::strong_actor_ptr>(to.sink))
    mail(self, watch_event{to.number, change, std::move(entry), bucket,
                           self->clock().now(), std::move(why)})
        .send(caf::actor_cast<watch_sink_actor>(sink));
}

void show(bucket_ptr self, const watch& to, const kv_entry& x) {
  tell(self, to, x.removed ? watch_change::removed : watch_change::value, x);
}

/// Counts the request that `work` answers.
template <class Work>
auto counted(bucket_ptr self, store_operation what, Work work) {
  auto began = self->clock().now();
  auto result = work();
  state_of(self).counters.answered(what, outcome_of(result.status),
                                   self->clock().now() - began);
  return result;
}

kv_written write(bucket_ptr self, store_operation how, const kv_change& what) {
  return counted(self, how, [&]() -> kv_written {
    auto& state = state_of(self);
    if (state.closed)
      return {write_status::not_connected, {}, why_closed};
    auto now = self->clock().now();
    std::chrono::nanoseconds age = now - state.made;
    auto wall_ns = state.content->identity().created_at_ns + age.count();
    auto done = state.content->write(what, now, wall_ns);
    if (done.entry)
      for (const auto& x : state.watches)
        if (watch_feed::matches(x.pattern, done.entry->key))
          show(self, x, *done.entry);
    return std::move(done.answer);
  });
}

kv_read read(bucket_ptr self, const std::string& key) {
  return counted(self, store_operation::last, [&]() -> kv_read {
    if (state_of(self).closed)
      return {read_status::not_connected, {}, why_closed};
    if (auto why = key_fault(key); !why.empty())
      return {read_status::refused, {}, std::move(why)};
    return state_of(self).content->last(key, self->clock().now());
  });
}

void show_signs_later(bucket_ptr self) {
  const auto& all = state_of(self).watches;
  auto wanted =
      std::any_of(all.begin(), all.end(), [](const auto& x) { return x.signs_of_life; });
  state_of(self).ticking = wanted;
  if (wanted)
    mail_later(self, heartbeat, wake{});
}

void stop_watch(bucket_ptr self, std::uint64_t number, const caf::actor_addr& sink) {
  std::erase_if(state_of(self).watches,
                [&](const watch& x) { return x.number == number && x.sink == sink; });
}

void start_watch(bucket_ptr self, const kv_watch& x) {
  auto& state = state_of(self);
  watch made{x.sink.address(), x.watch, x.pattern, x.signs_of_life};
  if (auto why = state.closed ? why_closed : pattern_fault(x.pattern); !why.empty()) {
    tell(self, made, watch_change::restarted, {}, std::move(why));
    return;
  }
  stop_watch(self, x.watch, made.sink);
  if (state.monitored.insert(made.sink).second)
    monitor(self, x.sink,
            [](bucket_ptr me, const caf::actor_addr& gone, const caf::error&) {
              state_of(me).monitored.erase(gone);
              std::erase_if(state_of(me).watches,
                            [&](const watch& y) { return y.sink == gone; });
            });
  for (const auto& entry : state.content->entries(x.pattern, self->clock().now()))
    show(self, made, entry);
  tell(self, made, watch_change::replayed);
  state.watches.push_back(std::move(made));
  if (!state.ticking)
    show_signs_later(self);
}

void close(bucket_ptr self) {
  state_of(self).closed = true;
  for (const auto& x : std::exchange(state_of(self).watches, {}))
    tell(self, x, watch_change::restarted, {}, why_closed);
}

memory_bucket_actor::behavior_type bucket(bucket_ptr self, const open_bucket& config) {
  end_on_exception(self);
  std::chrono::nanoseconds wall = std::chrono::system_clock::now().time_since_epoch();
  state_of(self).content.emplace(config, wall.count());
  state_of(self).made = self->clock().now();
  return {
      [self](const kv_put& x) { return write(self, store_operation::put, x); },
      [self](const kv_create& x) { return write(self, store_operation::create, x); },
      [self](const kv_update& x) { return write(self, store_operation::update, x); },
      [self](const kv_remove& x) { return write(self, store_operation::remove, x); },
      [self](const kv_last& x) { return read(self, x.key); },
      [self](kv_identify) {
        if (state_of(self).closed)
          return kv_identity{read_status::not_connected, {}, why_closed};
        return kv_identity{read_status::found, state_of(self).content->identity(), {}};
      },
      [self](const kv_watch& x) {
        if (x.sink)
          start_watch(self, x);
      },
      [self](const kv_unwatch& x, const watch_sink_actor& sink) {
        stop_watch(self, x.watch, sink.address());
      },
      [self](const open_bucket& x) {
        return counted(self, store_operation::open, [&] {
          auto why = state_of(self).content->open(x);
          bucket_opened result{open_status::foreign,
                               {},
                               state_of(self).content->identity(),
                               std::move(why)};
          if (result.why.empty()) {
            result.status = open_status::opened;
            result.bucket = bucket_actor{memory_bucket_actor{self}};
          }
          return result;
        });
      },
      [self](get_store_stats) { return state_of(self).counters.stats(); },
      [self](close_store) { close(self); },
      [self](wake) {
        for (const auto& x : state_of(self).watches)
          if (x.signs_of_life)
            tell(self, x, watch_change::alive);
        show_signs_later(self);
      },
  };
}

// -- the store --------------------------------------------------------------------------

struct store_state {
  static inline constexpr const char* name = "partita.memory_store";

  std::map<std::string, memory_bucket_actor> buckets;
  bucket_stats stats;
  /// The requests to open buckets that no bucket has answered.
  request_counters opens;
  /// The actor that serves each nonce; no address: it is served until end_probe.
  std::map<std::string, caf::actor_addr> served;
  /// Addresses, not handles: the store must not keep a listener alive.
  std::set<caf::actor_addr> listeners;
  bool closed = false;
};

using store_ptr = store_actor::stateful_pointer<store_state>;

void tell_link(store_ptr self, const caf::actor_addr& listener) {
  link_changed link{link_state::connected, "memory"};
  if (state_of(self).closed)
    link = {link_state::disconnected, "the store was closed"};
  if (auto to = caf::actor_cast<caf::strong_actor_ptr>(listener))
    mail(self, std::move(link)).send(caf::actor_cast<link_listener_actor>(to));
}

caf::result<bucket_opened> open(store_ptr self, const open_bucket& x) {
  auto& state = state_of(self);
  auto failed = [&](open_status how, std::string why) {
    state.opens.answered(store_operation::open, outcome_of(how), {});
    return bucket_opened{how, {}, {}, std::move(why)};
  };
  if (state.closed)
    return failed(open_status::not_connected, why_closed);
  if (auto why = bucket_fault(x); !why.empty())
    return failed(open_status::refused, std::move(why));
  auto i = state.buckets.find(x.name);
  if (i == state.buckets.end()) {
    if (!x.makes())
      return failed(open_status::missing, "there is no bucket '" + x.name + "'");
    i = state.buckets.emplace(x.name, self->spawn(bucket, x)).first;
  }
  return mail(self, x).delegate(i->second);
}

caf::result<servers_surveyed> survey(store_ptr self, const survey_servers& x) {
  auto answer = [](read_status how, std::string value) {
    return servers_surveyed{{{"memory", how, std::move(value), {}, {}}}};
  };
  auto i = state_of(self).buckets.find(x.bucket);
  if (state_of(self).closed || i == state_of(self).buckets.end())
    return answer(
        state_of(self).closed ? read_status::not_connected : read_status::missing, {});
  auto promise = self->make_response_promise<servers_surveyed>();
  mail(self, kv_last{x.key})
      .request(i->second, caf::infinite)
      .then([promise, answer](const kv_read& y) mutable {
        auto how = y.entry.removed ? read_status::missing : y.status;
        promise.deliver(answer(how, y.entry.value));
      });
  return promise;
}

/// A listener, or a caller whose nonce is served.
void ended(store_ptr self, const caf::actor_addr& who, const caf::error&) {
  state_of(self).listeners.erase(who);
  std::erase_if(state_of(self).served, [&](const auto& x) { return x.second == who; });
}

void serve(store_ptr self, const nonce& x) {
  if (!nonce_fault(x.value).empty() || state_of(self).closed)
    return;
  caf::actor_addr owner;
  if (auto sender = self->current_sender()) {
    monitor(self, sender, ended);
    owner = caf::actor_cast<caf::actor_addr>(sender);
  }
  state_of(self).served.insert_or_assign(x.value, owner);
}

probed look_for(store_ptr self, const nonce& x) {
  if (state_of(self).closed)
    return {probe_status::unknown, 0, why_closed};
  if (auto why = nonce_fault(x.value); !why.empty())
    return {probe_status::unknown, 1, std::move(why)};
  if (!state_of(self).served.contains(x.value))
    return {probe_status::gone, 1, "no client serves this nonce"};
  return {probe_status::alive, 1, {}};
}

caf::result<store_stats> stats(store_ptr self) {
  std::vector<std::pair<std::string, memory_bucket_actor>> buckets{
      state_of(self).buckets.begin(), state_of(self).buckets.end()};
  return ask_buckets(self, buckets, [self](store_stats& x) {
    x.add(state_of(self).opens.stats());
    x.connected = !state_of(self).closed;
  });
}

/// The answer to every request for streams.
template <class Answer>
Answer no_streams() {
  return {stream_status::refused,
          {},
          "the store in memory has no streams: use a NATS server"};
}

/// Buckets have answered what they were asked before this reaches them.
store_closed close_all(store_ptr self) {
  auto& state = state_of(self);
  if (std::exchange(state.closed, true))
    return {};
  for (const auto& [name, x] : state.buckets)
    mail(self, close_store{}).send(x);
  state.served.clear();
  for (const auto& x : state.listeners)
    tell_link(self, x);
  return {};
}

store_actor::behavior_type memory_store(store_ptr self) {
  end_on_exception(self);
  return {
      [self](const open_bucket& x) { return open(self, x); },
      [self](const link_listener_actor& x) {
        if (state_of(self).listeners.insert(x.address()).second)
          monitor(self, x, ended);
        tell_link(self, x.address());
      },
      [self](const survey_servers& x) { return survey(self, x); },
      [](const expect_entry&) {},
      [self](list_buckets) {
        buckets_listed result;
        for (const auto& x : state_of(self).buckets)
          result.names.push_back(x.first);
        return result;
      },
      [self](const serve_probe& x) { serve(self, x.nonce); },
      [self](const end_probe& x) { state_of(self).served.erase(x.nonce.value); },
      [self](const probe& x) { return look_for(self, x.nonce); },
      [self](get_store_stats) { return stats(self); },
      [self](close_store) { return close_all(self); },
      [](const stream_look&) { return no_streams<stream_answer>(); },
      [](const stream_make&) { return no_streams<stream_answer>(); },
      [](const consumer_make&) { return no_streams<consumer_answer>(); },
      [](const consumer_remove&) { return no_streams<consumer_answer>(); },
      [](const consumer_look&) { return no_streams<consumer_answer>(); },
      [](const consumer_list&) { return no_streams<consumer_names>(); },
  };
}

} // namespace

} // namespace partita::store

namespace partita {

store_actor spawn_memory_store(caf::actor_system& sys) {
  require_registered<open_bucket>();
  return sys.spawn(store::memory_store);
}

} // namespace partita
