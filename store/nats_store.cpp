#include "partita/store/nats_store.hpp"

#include "partita/store/key_rules.hpp"
#include "partita/store/nats/server_info.hpp"
#include "partita/store/nats_bucket.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace partita {

namespace store {

/// INTERNAL: the connection is closed.
struct nats_closed {};

} // namespace store

} // namespace partita

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::store::nats_closed)

namespace partita::store {

namespace {

using nats_store_actor = store_actor::extend<caf::reacts_to<nats_closed>>::extend_with<
    nats_closer_actor>::extend_with<nats_user_actor>;

/// Its replicated compare-and-set has no known race.
constexpr const char* first_good_cluster = "2.9.21";
constexpr std::chrono::milliseconds shortest_ttl{100};
constexpr unsigned most_replicas = 5;
constexpr std::size_t most_denials_logged = 100;

template <class... Ts>
void log(spdlog::level::level_enum level, fmt::format_string<Ts...> text, Ts&&... xs) {
  if (auto logger = spdlog::get("partita"))
    logger->log(level, text, std::forward<Ts>(xs)...);
}

/// Closes a connection on a thread of its own, as that waits for the library's threads.
/// The actor system does not end before it has happened.
template <class Then>
void close_apart(caf::actor_system& sys, std::shared_ptr<nats::connection> connection,
                 Then then) {
  sys.spawn<caf::detached>(
      [](const std::shared_ptr<nats::connection>& x, const Then& done) {
        x->close();
        done();
      },
      std::move(connection), std::move(then));
}

struct store_state {
  static inline constexpr const char* name = "partita.nats_store";

  // Runs wherever the last reference was dropped, a thread of the library included.
  ~store_state() {
    if (!connection)
      return;
    connection->close_port(port);
    if (!closing_connection)
      close_apart(*system, std::move(connection), [] {});
  }

  caf::actor_system* system = nullptr;
  nats_options options;
  std::shared_ptr<nats::connection> connection;
  nats::connection::port port = 0;
  link_changed link;
  /// Not handles: a bucket holds the store, and a listener may.
  std::map<std::string, caf::actor_addr> buckets;
  std::vector<caf::actor_addr> listeners;
  std::set<std::string> denials;

  bool closing = false;
  /// While closing: buckets that still have requests under way.
  std::set<std::string> busy;
  bool closing_connection = false;
  bool closed = false;
  std::vector<caf::typed_response_promise<store_closed>> closers;
};

using store_ptr = nats_store_actor::stateful_pointer<store_state>;

// -- the link ---------------------------------------------------------------------------

void tell(store_ptr self, const caf::actor_addr& listener) {
  if (auto to = caf::actor_cast<caf::strong_actor_ptr>(listener))
    self->send(caf::actor_cast<link_listener_actor>(to), self->state.link);
}

void set_link(store_ptr self, link_state state, const std::string& why) {
  link_changed x{state, why};
  if (self->state.link == x)
    return;
  self->state.link = std::move(x);
  for (const auto& listener : self->state.listeners)
    tell(self, listener);
}

void take_link(store_ptr self, const nats_link& x) {
  if (self->state.closing)
    return;
  if (x.up) {
    log(spdlog::level::info, "connected to NATS at {}", x.text);
    set_link(self, link_state::connected, x.text);
    return;
  }
  auto never = self->state.link.state == link_state::connecting && x.link == 0;
  log(spdlog::level::warn, "no connection to NATS: {}", x.text);
  set_link(self, never ? link_state::connecting : link_state::disconnected, x.text);
}

void take_program(const nats_program& x) {
  if (x.clustered && nats::is_older(x.version, first_good_cluster))
    log(spdlog::level::warn,
        "the NATS cluster runs version {}, whose replicated compare-and-set has a race: "
        "two "
        "workers may both win one write; use {} or later",
        x.version, first_good_cluster);
}

// -- buckets ----------------------------------------------------------------------------

std::string why_impossible(const open_bucket& x) {
  if (auto why = bucket_name_fault(x.name); !why.empty())
    return why;
  if (x.ttl.count() != 0 && x.ttl < shortest_ttl)
    return "bucket '" + x.name + "': ttl is " + std::to_string(x.ttl.count())
           + " ms, NATS takes none below " + std::to_string(shortest_ttl.count())
           + " ms; choose 0 (for ever) or a longer one";
  if (x.replicas < 1 || x.replicas > most_replicas)
    return "bucket '" + x.name + "': replicas is " + std::to_string(x.replicas)
           + ", allowed are 1 to " + std::to_string(most_replicas);
  return {};
}

/// The bucket's actor, if it lives.
nats_bucket_actor living(store_ptr self, const std::string& name) {
  auto i = self->state.buckets.find(name);
  if (i != self->state.buckets.end())
    if (auto found = caf::actor_cast<caf::strong_actor_ptr>(i->second))
      return caf::actor_cast<nats_bucket_actor>(found);
  return {};
}

nats_bucket_actor bucket_for(store_ptr self, const std::string& name) {
  auto& state = self->state;
  auto result = living(self, name);
  if (result)
    return result;
  result = spawn_nats_bucket(self->system(), store_actor{nats_store_actor{self}},
                             state.connection,
                             {.bucket = name,
                              .request_timeout = state.options.request_timeout,
                              .watch_heartbeat = state.options.watch_heartbeat});
  self->monitor(result);
  state.buckets.insert_or_assign(name, result.address());
  return result;
}

caf::result<bucket_opened> open(store_ptr self, const open_bucket& x) {
  if (self->state.closing)
    return bucket_opened{open_status::not_connected, {}, {}, "the store was closed"};
  if (auto why = why_impossible(x); !why.empty())
    return bucket_opened{open_status::refused, {}, {}, std::move(why)};
  return self->delegate(bucket_for(self, x.name), x);
}

// -- closing ----------------------------------------------------------------------------

/// When all buckets are at rest, the connection goes.
void close_connection(store_ptr self) {
  auto& state = self->state;
  if (!state.closing || !state.busy.empty()
      || std::exchange(state.closing_connection, true))
    return;
  close_apart(self->system(), state.connection,
              [to = nats_store_actor{self}] { caf::anon_send(to, nats_closed{}); });
}

void connection_closed(store_ptr self) {
  self->state.closed = true;
  set_link(self, link_state::disconnected, "the store was closed");
  for (auto& promise : std::exchange(self->state.closers, {}))
    promise.deliver(store_closed{});
}

caf::result<store_closed> close(store_ptr self) {
  auto& state = self->state;
  if (state.closed)
    return store_closed{};
  auto promise = self->make_response_promise<store_closed>();
  state.closers.push_back(promise);
  if (std::exchange(state.closing, true))
    return promise;
  for (const auto& [name, addr] : state.buckets)
    if (auto bucket = living(self, name)) {
      state.busy.insert(name);
      self->send(bucket, nats_finish{nats_store_actor{self}});
    }
  close_connection(self);
  return promise;
}

/// The bucket has nothing under way: it said so, or it has gone.
void rested(store_ptr self, const std::string& bucket) {
  self->state.busy.erase(bucket);
  close_connection(self);
}

// -- the actor --------------------------------------------------------------------------

nats_store_actor::behavior_type nats_store(store_ptr self, nats_options options) {
  auto& state = self->state;
  state.system = &self->system();
  state.options = options;
  state.link = {link_state::connecting, "not connected yet"};
  state.connection = std::make_shared<nats::connection>(std::move(options));
  state.port = state.connection->open_port(
      std::make_shared<nats_mailbox>(nats_user_actor{nats_store_actor{self}}));
  self->set_down_handler([self](const caf::down_msg& x) {
    std::erase(self->state.listeners, x.source);
    auto& buckets = self->state.buckets;
    auto i = std::find_if(buckets.begin(), buckets.end(),
                          [&](const auto& y) { return y.second == x.source; });
    if (i == buckets.end())
      return;
    auto name = i->first;
    buckets.erase(i);
    rested(self, name);
  });
  return {
      [self](const open_bucket& x) { return open(self, x); },
      [self](const link_listener_actor& x) {
        self->monitor(x);
        self->state.listeners.push_back(x.address());
        tell(self, x.address());
      },
      [self](close_store) { return close(self); },
      [self](nats_closed) { connection_closed(self); },
      [self](const nats_rested& x) { rested(self, x.bucket); },
      [](const nats_answer&) {},
      [](const nats_news&) {},
      [self](const nats_link& x) { take_link(self, x); },
      [self](const nats_denial& x) {
        auto& seen = self->state.denials;
        if (seen.size() < most_denials_logged && seen.insert(x.why).second)
          log(spdlog::level::warn, "NATS complains: {}", x.why);
      },
      [](const nats_program& x) { take_program(x); },
      [](nats_wake) {},
  };
}

} // namespace

} // namespace partita::store

namespace partita {

store_actor spawn_nats_store(caf::actor_system& sys, nats_options options) {
  return sys.spawn(store::nats_store, std::move(options));
}

} // namespace partita
