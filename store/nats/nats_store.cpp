// SPDX-License-Identifier: Apache-2.0
#include "partita/store/nats/nats_store.hpp"

#include "partita/messages/exceptions.hpp"
#include "partita/messages/keys.hpp"
#include "partita/messages/logging/log_context.hpp"
#include "partita/store/nats/client/server_info.hpp"
#include "partita/store/nats/client/subjects.hpp"
#include "partita/store/nats/nats_bucket.hpp"
#include "partita/store/nats/nats_requests.hpp"
#include "partita/store/nats/nats_streams.hpp"
#include "partita/store/request_counters.hpp"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace partita::store {

namespace {

using clock = std::chrono::steady_clock;
using nats_store_actor = store_actor::extend_with<nats_user_actor>;

/// The first version whose replicated compare-and-set has no known race.
constexpr const char* first_good_cluster = "2.9.21";
constexpr std::size_t most_denials_logged = 100;
/// Between two probes where the server does not permit them: it logs each.
constexpr std::chrono::seconds denied_probe_pause{60};

template <class... Ts>
void log(spdlog::level::level_enum level, fmt::format_string<Ts...> text, Ts&&... xs) {
  if (auto logger = spdlog::get("partita")) {
    const log_context context{.component = "store"};
    auto before = std::exchange(logged_context, &context);
    logger->log(level, text, std::forward<Ts>(xs)...);
    logged_context = before;
  }
}

/// Does one thing that waits, for each server or for the library's threads, and ends.
using waiter_actor = caf::typed_actor<handler<servers_surveyed(survey_servers)>,
                                      handler<store_closed(close_store)>>;

waiter_actor::behavior_type waiter(waiter_actor::pointer self,
                                   const std::shared_ptr<nats::connection>& connection) {
  end_on_exception(self);
  return {[self, connection](const survey_servers& x) {
            self->quit();
            return servers_surveyed{connection->survey(
                nats::stream_of(x.bucket), nats::subject_of(x.bucket, x.key))};
          },
          [self, connection](close_store) {
            connection->close();
            self->quit();
            return store_closed{};
          }};
}

/// The actor system does not end before its thread is done.
waiter_actor spawn_waiter(caf::actor_system& sys,
                          const std::shared_ptr<nats::connection>& connection) {
  return sys.spawn<caf::detached>(waiter, connection);
}

struct store_state {
  static inline constexpr const char* name = "partita.nats_store";

  // Runs wherever the last reference was dropped, a thread of the library included.
  ~store_state() {
    if (!connection)
      return;
    requests.leave();
    if (!closing_connection)
      anon_mail(close_store{}).send(spawn_waiter(*system, connection));
  }

  caf::actor_system* system = nullptr;
  nats_options options;
  std::shared_ptr<nats::connection> connection;
  link_changed link;
  /// Since when there is no connection, once a try has failed.
  std::optional<clock::time_point> away_since;
  /// How many links there have been.
  std::uint64_t links = 0;
  bucket_stats stats;
  /// Not handles: a bucket holds the store, and a listener may, too.
  std::map<std::string, caf::actor_addr> buckets;
  std::vector<caf::actor_addr> listeners;
  std::set<std::string> denials;
  /// The callers that wait for a survey, by bucket and key.
  std::map<std::pair<std::string, std::string>,
           std::vector<caf::typed_response_promise<servers_surveyed>>>
      surveys;

  /// The number of the link; 0: there is none.
  std::uint64_t link_number = 0;
  /// Probes and requests for streams.
  nats_requests requests;
  /// Keeps this actor alive while they are under way.
  nats_store_actor until_answered;
  /// Why the server does not permit probes, and until when it is not asked again.
  std::string probes_denied;
  clock::time_point probes_denied_until;
  bool probe_denial_logged = false;
  /// The actor that serves each nonce; no address: it is served until end_probe.
  std::map<std::string, caf::actor_addr> served;

  bool closing = false;
  /// While closing: how many buckets still have requests under way.
  std::size_t busy = 0;
  bool closing_connection = false;
  bool closed = false;
  std::vector<caf::typed_response_promise<store_closed>> closers;
};

using store_ptr = nats_store_actor::stateful_pointer<store_state>;

/// Ends the answers for those nonces of which `chosen` is true.
template <class Predicate>
void end_serving(store_ptr self, Predicate chosen) {
  std::erase_if(state_of(self).served, [&](const auto& x) {
    if (!chosen(x))
      return false;
    state_of(self).connection->answer_no_more(nats::probe_subject_of(x.first));
    return true;
  });
}

/// A bucket, a listener or a caller whose nonce is served.
void ended(store_ptr self, const caf::actor_addr& who, const caf::error&) {
  std::erase(state_of(self).listeners, who);
  end_serving(self, [&](const auto& x) { return x.second == who; });
  std::erase_if(state_of(self).buckets, [&](const auto& x) { return x.second == who; });
}

// -- the link ---------------------------------------------------------------------------

void tell(store_ptr self, const caf::actor_addr& listener) {
  if (auto to = caf::actor_cast<caf::strong_actor_ptr>(listener))
    mail(self, state_of(self).link).send(caf::actor_cast<link_listener_actor>(to));
}

void set_link(store_ptr self, link_changed x) {
  if (state_of(self).link == x)
    return;
  state_of(self).link = std::move(x);
  for (const auto& listener : state_of(self).listeners)
    tell(self, listener);
}

void take_link(store_ptr self, const nats::link_event& x) {
  state_of(self).link_number = x.up ? x.link : 0;
  state_of(self).links = std::max(state_of(self).links, x.link);
  if (x.up)
    state_of(self).probes_denied.clear();
  else
    state_of(self).requests.link_lost(x.link, x.why);
  if (state_of(self).closing)
    return;
  auto& since = state_of(self).away_since;
  if (x.up) {
    using seconds = std::chrono::duration<double>;
    log(spdlog::level::info, "connected to NATS at {}{}", x.server.url,
        since ? fmt::format(", after {:.1f} s without a connection",
                            seconds{clock::now() - *since}.count())
              : std::string{});
    since.reset();
    set_link(self, {link_state::connected, x.server.url, false, x.server.process});
    return;
  }
  auto never = state_of(self).link.state == link_state::connecting && x.link == 0;
  // One line for an outage, whatever each try finds; that a server is foreign needs action.
  log(since && !x.foreign ? spdlog::level::debug : spdlog::level::warn,
      "no connection to NATS: {}", x.why);
  since = since.value_or(clock::now());
  set_link(self,
           {never ? link_state::connecting : link_state::disconnected, x.why, x.foreign});
}

void take_program(const nats::server_event& x) {
  if (!x.server.cluster.empty() && nats::is_older(x.server.version, first_good_cluster))
    log(spdlog::level::warn,
        "the NATS cluster runs version {}, whose replicated compare-and-set has a race: "
        "two "
        "workers may both win one write; use {} or later",
        x.server.version, first_good_cluster);
}

// -- buckets ----------------------------------------------------------------------------

/// The bucket's actor, if it is running.
nats_bucket_actor living(store_ptr self, const std::string& name) {
  auto i = state_of(self).buckets.find(name);
  if (i != state_of(self).buckets.end())
    if (auto found = caf::actor_cast<caf::strong_actor_ptr>(i->second))
      return caf::actor_cast<nats_bucket_actor>(found);
  return {};
}

nats_bucket_actor bucket_for(store_ptr self, const std::string& name) {
  auto& state = state_of(self);
  auto result = living(self, name);
  if (result)
    return result;
  result = spawn_nats_bucket(self->system(), store_actor{nats_store_actor{self}},
                             state.connection, name, state.options);
  monitor(self, result, ended);
  state.stats.began(name);
  state.buckets.insert_or_assign(name, result.address());
  return result;
}

caf::result<bucket_opened> open(store_ptr self, const open_bucket& x) {
  if (state_of(self).closing)
    return bucket_opened{open_status::not_connected, {}, {}, "the store was closed"};
  if (auto why = bucket_fault(x); !why.empty())
    return bucket_opened{open_status::refused, {}, {}, std::move(why)};
  return mail(self, x).delegate(bucket_for(self, x.name));
}

caf::result<store_stats> stats(store_ptr self) {
  std::vector<std::pair<std::string, nats_bucket_actor>> buckets;
  for (const auto& [name, addr] : state_of(self).buckets)
    if (auto bucket = living(self, name))
      buckets.emplace_back(name, std::move(bucket));
  return ask_buckets(self, buckets, [self](store_stats& x) {
    x.reconnects =
        state_of(self).links - std::min<std::uint64_t>(state_of(self).links, 1);
    x.connected = state_of(self).link.state == link_state::connected;
  });
}

// -- which store it is ------------------------------------------------------------------

/// Workers of one process that ask for the same share the answer.
caf::result<servers_surveyed> survey(store_ptr self, const survey_servers& x) {
  if (state_of(self).closing)
    return servers_surveyed{};
  auto promise = self->make_response_promise<servers_surveyed>();
  auto what = std::pair{x.bucket, x.key};
  auto& asking = state_of(self).surveys[what];
  asking.push_back(promise);
  if (asking.size() > 1)
    return promise;
  auto answer = [self, what](const servers_surveyed& found) {
    for (auto& y : std::exchange(state_of(self).surveys[what], {}))
      y.deliver(found);
  };
  mail(self, x)
      .request(spawn_waiter(self->system(), state_of(self).connection), caf::infinite)
      .then(answer, [answer](const caf::error&) { answer({}); });
  return promise;
}

void expect(store_ptr self, const expect_entry& x) {
  if (!state_of(self).closing)
    state_of(self).connection->expect(nats::stream_of(x.bucket),
                                      nats::subject_of(x.bucket, x.key), x.value);
}

// -- probing ----------------------------------------------------------------------------

void serve(store_ptr self, const nonce& x) {
  auto& state = state_of(self);
  if (!nonce_fault(x.value).empty() || state.closing)
    return;
  caf::actor_addr owner;
  if (auto sender = self->current_sender()) {
    monitor(self, sender, ended);
    owner = caf::actor_cast<caf::actor_addr>(sender);
  }
  state.served.insert_or_assign(x.value, owner);
  state.connection->answer(state.requests.port(), nats::probe_subject_of(x.value));
}

probed verdict(store_ptr self, const nats_outcome& x) {
  auto status = x.what == nats_outcome::kind::answered        ? probe_status::alive
                : x.what == nats_outcome::kind::no_responders ? probe_status::gone
                                                              : probe_status::unknown;
  return {status, state_of(self).link_number, x.why};
}

void close_connection(store_ptr self);

/// Ends every handler that touches requests: sets the alarm for their next deadline.
void watch_requests(store_ptr self) {
  auto& state = state_of(self);
  state.requests.set_alarm();
  // The caller may drop its handle to us before the answer.
  state.until_answered =
      state.requests.empty() ? nats_store_actor{} : nats_store_actor{self};
  if (state.closing)
    close_connection(self);
}

caf::result<probed> start_probe(store_ptr self, const probe& x) {
  auto& state = state_of(self);
  if (auto why = nonce_fault(x.nonce.value); !why.empty())
    return probed{probe_status::unknown, state.link_number, std::move(why)};
  if (state.closing)
    return probed{probe_status::unknown, 0, "the store was closed"};
  auto now = clock::now();
  if (!state.probes_denied.empty() && now < state.probes_denied_until)
    return probed{probe_status::unknown, state.link_number, state.probes_denied};
  auto promise = self->make_response_promise<probed>();
  auto deadline = now + std::min(state.options.request_timeout, longest_probe);
  state.requests.ask(nats::probe_subject_of(x.nonce.value), {}, {}, deadline,
                     [self, promise](const nats_outcome& outcome) mutable {
                       promise.deliver(verdict(self, outcome));
                     });
  watch_requests(self);
  return promise;
}

/// Whether the denial is about probes: sending them, or answering them.
bool take_probe_denial(store_ptr self, const nats::denial_event& x) {
  if (x.why.find(nats::probe_prefix) == std::string::npos)
    return false;
  auto& state = state_of(self);
  if (!std::exchange(state.probe_denial_logged, true))
    log(spdlog::level::warn,
        "NATS does not permit leader probes, so a dead leader is replaced only when its "
        "lease runs out; permit publishing and subscribing to {}> ({})",
        nats::probe_prefix, x.why);
  if (!x.subject.empty()) {
    state.probes_denied = "NATS does not permit it: " + x.why;
    state.probes_denied_until = clock::now() + denied_probe_pause;
  }
  return true;
}

// -- streams ----------------------------------------------------------------------------

template <class Facts, class Request>
caf::result<stream_reply<Facts>> ask(store_ptr self, const Request& x) {
  using answer = stream_reply<Facts>;
  auto& state = state_of(self);
  if (state.closing)
    return answer{
        stream_status::not_connected, {}, "not connected: the store was closed"};
  auto promise = self->make_response_promise<answer>();
  ask_streams<Facts>(state.requests, x, clock::now() + state.options.request_timeout,
                     [promise](answer y) mutable { promise.deliver(std::move(y)); });
  watch_requests(self);
  return promise;
}

// -- closing ----------------------------------------------------------------------------

void connection_closed(store_ptr self) {
  state_of(self).closed = true;
  set_link(self, {link_state::disconnected, "the store was closed"});
  for (auto& promise : std::exchange(state_of(self).closers, {}))
    promise.deliver(store_closed{});
}

/// Has `whom` close; calls `then` when it has, or has ended.
template <class Handle>
void request_close(store_ptr self, const Handle& whom, void (*then)(store_ptr)) {
  mail(self, close_store{})
      .request(whom, caf::infinite)
      .then([self, then](store_closed) { then(self); },
            [self, then](const caf::error&) { then(self); });
}

/// Closes the connection once no bucket has requests under way, nor the store itself.
void close_connection(store_ptr self) {
  auto& state = state_of(self);
  if (state.busy == 0 && state.requests.empty()
      && !std::exchange(state.closing_connection, true))
    request_close(self, spawn_waiter(self->system(), state.connection),
                  connection_closed);
}

caf::result<store_closed> close(store_ptr self) {
  auto& state = state_of(self);
  if (state.closed)
    return store_closed{};
  auto promise = self->make_response_promise<store_closed>();
  state.closers.push_back(promise);
  if (std::exchange(state.closing, true))
    return promise;
  for (const auto& [name, addr] : state.buckets)
    if (auto bucket = living(self, name)) {
      ++state.busy;
      request_close(self, bucket, [](store_ptr x) {
        --state_of(x).busy;
        close_connection(x);
      });
    }
  close_connection(self);
  return promise;
}

// -- the actor --------------------------------------------------------------------------

nats_store_actor::behavior_type nats_store(store_ptr self, nats_options options) {
  end_on_exception(self);
  auto& state = state_of(self);
  state.system = &self->system();
  state.options = options;
  state.link = {link_state::connecting, "not connected yet"};
  state.connection = std::make_shared<nats::connection>(std::move(options));
  state.requests.use(state.connection, std::make_shared<nats_mailbox>(
                                           nats_user_actor{nats_store_actor{self}}));
  return {
      [self](const open_bucket& x) { return open(self, x); },
      [self](const link_listener_actor& x) {
        monitor(self, x, ended);
        state_of(self).listeners.push_back(x.address());
        tell(self, x.address());
      },
      [self](const survey_servers& x) { return survey(self, x); },
      [self](const expect_entry& x) { expect(self, x); },
      [self](list_buckets) {
        auto promise = self->make_response_promise<buckets_listed>();
        auto& s = state_of(self);
        ask_for_buckets(
            s.requests, s.options.request_timeout,
            [promise](buckets_listed x) mutable { promise.deliver(std::move(x)); });
        watch_requests(self);
        return promise;
      },
      [self](const serve_probe& x) { serve(self, x.nonce); },
      [self](const end_probe& x) {
        end_serving(self, [&](const auto& y) { return y.first == x.nonce.value; });
      },
      [self](const probe& x) { return start_probe(self, x); },
      [self](get_store_stats) { return stats(self); },
      [self](close_store) { return close(self); },
      [self](const stream_look& x) { return ask<stream_facts>(self, x); },
      [self](const stream_make& x) { return ask<stream_facts>(self, x); },
      [self](const consumer_make& x) { return ask<consumer_facts>(self, x); },
      [self](const consumer_remove& x) { return ask<consumer_facts>(self, x); },
      [self](const consumer_look& x) { return ask<consumer_facts>(self, x); },
      [self](const consumer_list& x) { return ask<consumer_page>(self, x); },
      [self](nats::answer_event& x) {
        state_of(self).requests.answered(x.ticket, std::move(x.answer));
        watch_requests(self);
      },
      [](const nats::news_event&) {},
      [self](const nats::link_event& x) {
        take_link(self, x);
        watch_requests(self);
      },
      [self](const nats::denial_event& x) {
        state_of(self).requests.denied(x.subject, x.why);
        watch_requests(self);
        if (take_probe_denial(self, x))
          return;
        auto violation = nats::parse_violation(x.why);
        auto& seen = state_of(self).denials;
        if (seen.size() < most_denials_logged
            && seen.insert(violation ? violation->wanted : x.why).second)
          log(spdlog::level::warn, "NATS reported an error: {}", x.why);
      },
      [](const nats::server_event& x) { take_program(x); },
      [self](nats::wake_event) {
        state_of(self).requests.expire(clock::now());
        watch_requests(self);
      },
  };
}

} // namespace

} // namespace partita::store

namespace partita {

store_actor spawn_nats_store(caf::actor_system& sys, nats_options options) {
  require_registered<nats::link_event>();
  return sys.spawn(store::nats_store, std::move(options));
}

} // namespace partita
