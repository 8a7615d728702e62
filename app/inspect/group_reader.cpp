// SPDX-License-Identifier: Apache-2.0
#include "partita/app/inspect/group_reader.hpp"

#include "partita/app/output/names.hpp"

namespace partita::app {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// -- one bucket -------------------------------------------------------------------------

milliseconds left_until(steady_clock::time_point deadline) {
  auto result = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
  return std::max(result, milliseconds{1});
}

std::string not_shown(const std::string& bucket, const std::string& why) {
  return "the store does not show the whole bucket " + bucket
         + (why.empty() ? "" : ": " + why);
}

bucket_opened open_within(caf::scoped_actor& self, const store_actor& store,
                          const open_bucket& which, milliseconds limit) {
  auto deadline = steady_clock::now() + limit;
  bucket_opened result;
  auto answered = true;
  do {
    progress_line::tick();
    self->request(store, left_until(deadline), which)
        .receive([&](bucket_opened& x) { result = std::move(x); },
                 [&](const caf::error& e) {
                   answered = false;
                   // The earlier answer of the store says more than that the time is
                   // over.
                   if (result.why.empty())
                     result.why = self->system().render(e);
                 });
  } while (answered && result.status == open_status::unknown
           && steady_clock::now() < deadline);
  return result;
}

std::optional<std::string> open_if_there(caf::scoped_actor& self,
                                         const store_actor& store,
                                         const open_bucket& which, milliseconds limit,
                                         bucket_actor& to) {
  auto x = open_within(self, store, which, limit);
  if (x.status == open_status::opened)
    to = std::move(x.bucket);
  if (x.status == open_status::opened || x.status == open_status::missing)
    return std::nullopt;
  return "cannot open the bucket " + which.name + ": "
         + (x.why.empty() ? to_string(x.status) : x.why);
}

std::optional<std::string>
read_bucket(caf::scoped_actor& self, const store_actor& store, const open_bucket& which,
            milliseconds limit, bucket_actor& to,
            const std::function<void(const watch_event&)>& take) {
  if (auto why = open_if_there(self, store, which, limit, to); why || !to)
    return why;
  auto sink = forwarder_to<watch_sink_actor, watch_event>(
      self, caf::actor_cast<caf::actor>(self));
  self->send(to, kv_watch{0, ">", sink});
  auto complete = false;
  auto stopped = false;
  auto late = false;
  std::string why;
  while (!complete && !stopped && !late)
    late = !receive_by(
        self, steady_clock::now() + limit,
        [&](const watch_event& x) {
          complete = x.change == watch_change::replayed;
          if (!x.why.empty())
            why = x.why;
          take(x);
        },
        [&](const stop_worker&) { stopped = true; });
  caf::anon_send_exit(sink, caf::exit_reason::user_shutdown);
  if (stopped)
    return "stopped before anything was written";
  return late ? std::optional{not_shown(which.name, why)} : std::nullopt;
}

// -- the connection ---------------------------------------------------------------------

link_listener_actor listen_to_link(caf::scoped_actor& self, const store_actor& store) {
  auto result = forwarder_to<link_listener_actor, link_changed>(
      self, caf::actor_cast<caf::actor>(self));
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

std::string hint_at_group(caf::scoped_actor& self, const store_actor& store,
                          const std::string& group, milliseconds limit) {
  buckets_listed found;
  self->request(store, limit, list_buckets{})
      .receive([&](buckets_listed& x) { found = std::move(x); },
               [&](const caf::error& e) { found.why = self->system().render(e); });
  if (!found.why.empty())
    return {};
  const auto end = bucket_options::of({}).election;
  std::vector<std::string> groups;
  for (const auto& x : found.names)
    if (x.ends_with(end) && x.size() > end.size() && x != group + end)
      groups.push_back(x.substr(0, x.size() - end.size()));
  std::sort(groups.begin(), groups.end(), by_reading{});
  return groups.empty() ? "; this server has no other group" : name_hint(group, groups);
}

group_follower::group_follower(caf::scoped_actor& self, store_actor store,
                               const std::string& group, const bucket_options& names,
                               const caf::actor& owner)
    : self_(self),
      store_(std::move(store)),
      group_(group),
      buckets_{{{group_bucket::election, names.election, false},
                {group_bucket::heartbeat, names.heartbeat, false},
                {group_bucket::assignment, names.assignment, false},
                {group_bucket::stable_id, names.stable_id, false},
                {group_bucket::control, names.control, true}}},
      view_(group),
      sink_(forwarder_to<watch_sink_actor, watch_event>(
          self, owner ? owner : caf::actor_cast<caf::actor>(self))) {}

group_follower::~group_follower() {
  caf::anon_send_exit(sink_, caf::exit_reason::user_shutdown);
}

std::optional<std::string> group_follower::begin(milliseconds limit) {
  auto deadline = steady_clock::now() + limit;
  std::string missing;
  absent_ = false;
  for (auto& x : buckets_) {
    if (x.actor)
      continue;
    if (auto why = open_if_there(self_, store_, {.name = x.name, .mode = open_mode::look},
                                 left_until(deadline), x.actor))
      return why;
    if (x.actor) {
      view_.found(x.which);
      self_->send(x.actor, kv_watch{static_cast<std::uint64_t>(x.which), ">", sink_});
    } else if (x.optional) {
      view_.missing(x.which);
    } else if (missing.empty()) {
      missing = x.name;
    }
  }
  absent_ = !missing.empty();
  if (absent_) {
    if (!others_)
      others_ = hint_at_group(self_, store_, group_, left_until(deadline));
    return "the group " + group_ + " does not exist: there is no bucket " + missing
           + *others_;
  }
  return std::nullopt;
}

bool group_follower::take(const watch_event& x) {
  return x.watch < buckets_.size() && view_.take(static_cast<group_bucket>(x.watch), x);
}

std::optional<std::string> group_follower::wait_until_complete(milliseconds limit) {
  progress_line line{"reading the group"};
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
