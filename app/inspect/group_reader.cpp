// SPDX-License-Identifier: Apache-2.0
#include "partita/app/inspect/group_reader.hpp"

#include "partita/app/inspect/bucket_reader.hpp"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>

namespace partita::app {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// -- the connection ---------------------------------------------------------------------

link_listener_actor listen_to_link(caf::scoped_actor& self, const store_actor& store) {
  auto result = forwarder_to<link_listener_actor, link_changed>(self);
  self->send(store, result);
  return result;
}

std::optional<std::string> wait_for_link(caf::scoped_actor& self,
                                         const store_actor& store, milliseconds limit) {
  auto deadline = steady_clock::now() + limit;
  auto listener = listen_to_link(self, store);
  link_changed last;
  auto late = false;
  while (last.state != link_state::connected && !late)
    late = !receive_by(self, deadline, [&](const link_changed& x) { last = x; });
  caf::anon_send_exit(listener, caf::exit_reason::user_shutdown);
  if (!late)
    return std::nullopt;
  return last.why.empty() ? "no answer" : last.why;
}

// -- the buckets ------------------------------------------------------------------------

group_follower::group_follower(caf::scoped_actor& self, store_actor store,
                               const std::string& group, const bucket_options& names)
    : self_(self),
      store_(std::move(store)),
      group_(group),
      buckets_{{{group_bucket::election, names.election, false},
                {group_bucket::heartbeat, names.heartbeat, false},
                {group_bucket::assignment, names.assignment, false},
                {group_bucket::stable_id, names.stable_id, false},
                {group_bucket::control, names.control, true}}},
      view_(group),
      sink_(forwarder_to<watch_sink_actor, watch_event>(self)) {}

group_follower::~group_follower() {
  caf::anon_send_exit(sink_, caf::exit_reason::user_shutdown);
}

std::optional<std::string> group_follower::begin(milliseconds limit) {
  auto deadline = steady_clock::now() + limit;
  std::string missing;
  absent_ = false;
  for (auto& x : buckets_) {
    if (auto why = x.actor ? std::nullopt : open(x, left_until(deadline)))
      return why;
    if (!x.actor && !x.optional && missing.empty())
      missing = x.name;
  }
  absent_ = !missing.empty();
  if (absent_)
    return "the group " + group_ + " does not exist: there is no bucket " + missing;
  for (const auto& x : buckets_)
    watch(x);
  return std::nullopt;
}

std::optional<std::string> group_follower::look_for_missing(milliseconds limit) {
  for (auto& x : buckets_)
    if (!x.actor) {
      if (auto why = open(x, limit))
        return why;
      if (x.actor) {
        view_.found(x.which);
        watch(x);
      }
    }
  return std::nullopt;
}

/// Says why the bucket cannot be read. One that is missing is only noted.
std::optional<std::string> group_follower::open(bucket& x, milliseconds limit) {
  open_bucket request;
  request.name = x.name;
  request.mode = open_mode::look;
  return open_if_there(self_, store_, request, limit, x.actor);
}

void group_follower::watch(const bucket& x) {
  if (x.actor)
    self_->send(x.actor, kv_watch{static_cast<std::uint64_t>(x.which), ">", sink_});
  else
    view_.missing(x.which);
}

bool group_follower::take(const watch_event& x) {
  return x.watch < buckets_.size() && view_.take(static_cast<group_bucket>(x.watch), x);
}

const bucket_actor& group_follower::control() const {
  return buckets_[static_cast<std::size_t>(group_bucket::control)].actor;
}

std::optional<std::string> group_follower::wait_until_complete(milliseconds limit) {
  auto deadline = steady_clock::now() + limit;
  auto late = false;
  while (!view_.complete() && !late)
    late = !receive_by(self_, deadline, [&](const watch_event& x) { take(x); });
  return late ? std::optional{why_incomplete()} : std::nullopt;
}

std::string group_follower::why_incomplete() const {
  return not_shown(buckets_[static_cast<std::size_t>(view_.incomplete())].name,
                   view_.why_incomplete());
}

std::variant<group_entries, std::string>
read_group(caf::scoped_actor& self, const store_actor& store, const std::string& group,
           const bucket_options& buckets, milliseconds limit) {
  auto deadline = steady_clock::now() + limit;
  group_follower follower{self, store, group, buckets};
  auto why = follower.begin(limit);
  if (!why)
    why = follower.wait_until_complete(left_until(deadline));
  if (why)
    return *why;
  auto result = follower.view().entries(steady_clock::now());
  result.since_newest_ns = 0;
  return result;
}

} // namespace partita::app
