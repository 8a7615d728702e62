// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/inspect/group_view.hpp"
#include "partita/app/output/progress.hpp"
#include "partita/messages/interfaces.hpp"
#include "partita/messages/options.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace partita::app {

/// Passes events on to `to`, until it is sent an exit. Watches and links speak to typed
/// actors; a caller that waits in main is none.
template <class Listener, class Event>
Listener forwarder_to(caf::scoped_actor& self, caf::actor to) {
  return self->spawn([to = std::move(to)]() -> typename Listener::behavior_type {
    return {[to](const Event& x) { caf::anon_send(to, x); }};
  });
}

/// What is left of a time limit for one more request: at least 1 ms.
std::chrono::milliseconds left_until(std::chrono::steady_clock::time_point deadline);

/// Receives one message with one of these handlers; false: none came by `deadline`. CAF starts
/// the time of caf::after again with each message that no handler takes: it is given in pieces.
template <class... Handlers>
bool receive_by(caf::scoped_actor& self, std::chrono::steady_clock::time_point deadline,
                const Handlers&... handlers) {
  constexpr std::chrono::milliseconds piece{50};
  for (auto late = false;;) {
    progress_line::tick();
    self->receive(
        handlers...,
        caf::after(std::min(left_until(deadline), piece)) >> [&] { late = true; });
    if (!late || std::chrono::steady_clock::now() >= deadline)
      return !late;
    late = false;
  }
}

/// Sends a request to a bucket or store and waits for its answer. None says nothing about
/// what has happened: the result's status is `unknown` then, and `why` the reason.
template <class Answer, class Handle, class Request>
Answer ask(caf::scoped_actor& self, const Handle& whom, std::chrono::milliseconds limit,
           Request what) {
  Answer result;
  self->request(whom, limit, std::move(what))
      .receive([&](Answer& x) { result = std::move(x); },
               [&](const caf::error& e) { result.why = self->system().render(e); });
  return result;
}

/// For people: not all of a bucket could be read. `why` may be empty.
std::string not_shown(const std::string& bucket, const std::string& why);

/// Of a group that does not exist: the nearest one on that server or all, as name_hint says it;
/// empty: that is not known. Groups whose buckets have other names than usual are not found.
std::string hint_at_group(caf::scoped_actor& self, const store_actor& store,
                          const std::string& group, std::chrono::milliseconds limit);

/// Opens a bucket; the request to a slow server is repeated until `limit` is over.
/// `unknown` if there was no answer; `why` is the last reason then.
bucket_opened open_within(caf::scoped_actor& self, const store_actor& store,
                          const open_bucket& which, std::chrono::milliseconds limit);

/// The same; says why that is not possible. One that is missing leaves `to` alone.
std::optional<std::string>
open_if_there(caf::scoped_actor& self, const store_actor& store, const open_bucket& which,
              std::chrono::milliseconds limit, bucket_actor& to);

/// Passes what a watch of the whole bucket shows to `take`, until all has been shown; null in
/// `to`: there is no such bucket. Makes the bucket only if `which` says so. Says why that is
/// not possible: the store was silent for `limit`, or `self` was sent a stop_worker.
std::optional<std::string>
read_bucket(caf::scoped_actor& self, const store_actor& store, const open_bucket& which,
            std::chrono::milliseconds limit, bucket_actor& to,
            const std::function<void(const watch_event&)>& take);

/// Passes link_changed messages of the store on to `self`, for as long as it is held.
link_listener_actor listen_to_link(caf::scoped_actor& self, const store_actor& store);

/// Waits until the store is connected; says why not if it is not within `limit`.
std::optional<std::string> wait_for_link(caf::scoped_actor& self,
                                         const store_actor& store,
                                         std::chrono::milliseconds limit);

/// Follows the buckets of a group by one watch for each; makes none. `owner`, or else `self`,
/// receives the watch_event messages, and hands them to take().
class group_follower {
public:
  group_follower(caf::scoped_actor& self, store_actor store, const std::string& group,
                 const bucket_options& names, const caf::actor& owner = {});
  group_follower(const group_follower&) = delete;
  group_follower& operator=(const group_follower&) = delete;
  /// Ends the watches.
  ~group_follower();

  /// Opens the buckets that are not watched yet, and begins to watch them. Says why that is not
  /// possible: the group does not exist, then absent() is true and it may be tried again, or the
  /// store did not answer within `limit`. The bucket of directives may be missing: it is made
  /// with the first directive, and found by another call.
  std::optional<std::string> begin(std::chrono::milliseconds limit);

  /// Whether the last begin() found that a bucket is missing.
  bool absent() const { return absent_; }

  /// Receives what the watches show until all was shown. Says why not if that is not done
  /// within `limit`.
  std::optional<std::string> wait_until_complete(std::chrono::milliseconds limit);

  /// For people: which bucket is not shown, unless all are, and why.
  std::string why_incomplete() const;

  /// Whether it showed something new.
  bool take(const watch_event& x);

  const group_view& view() const { return view_; }

private:
  struct bucket {
    group_bucket which;
    std::string name;
    /// The group exists without it.
    bool optional;
    bucket_actor actor = {};
  };

  caf::scoped_actor& self_;
  store_actor store_;
  std::string group_;
  std::array<bucket, count_of<group_bucket>> buckets_;
  group_view view_;
  bool absent_ = false;
  /// Which groups there are, for people who have named one that is not; asked for once.
  std::optional<std::string> others_;
  /// The store keeps no watcher alive.
  watch_sink_actor sink_;
};

/// What the group's buckets hold now. The other alternative says why that cannot be read.
std::variant<group_entries, std::string>
read_group(caf::scoped_actor& self, const store_actor& store, const std::string& group,
           const bucket_options& buckets, std::chrono::milliseconds limit);

} // namespace partita::app
