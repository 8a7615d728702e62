#include "partita/app/group_reader.hpp"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <array>
#include <map>

namespace partita::app {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

struct forwarder_state {
  caf::actor to;
  static inline constexpr const char* name = "partita.forwarder";
};

// Watches and links speak to typed actors; whoever waits in main is none.
watch_sink_actor::behavior_type
watch_forwarder(watch_sink_actor::stateful_pointer<forwarder_state> self, caf::actor to) {
  self->state.to = std::move(to);
  return {[=](const watch_event& x) { caf::anon_send(self->state.to, x); }};
}

link_listener_actor::behavior_type
link_forwarder(link_listener_actor::stateful_pointer<forwarder_state> self,
               caf::actor to) {
  self->state.to = std::move(to);
  return {[=](const link_changed& x) { caf::anon_send(self->state.to, x); }};
}

struct bucket_reading {
  const char* role;
  std::string name;
  std::vector<kv_entry> group_entries::*target;
  bucket_actor bucket;
  std::map<std::string, kv_entry> newest;
  bool complete = false;
};

/// Reads some buckets by one watch for each, up to the end of their replays.
class group_reading {
public:
  group_reading(caf::scoped_actor& self, const store_actor& store,
                const bucket_options& names, milliseconds limit)
      : self_(self),
        store_(store),
        deadline_(steady_clock::now() + limit),
        buckets_{{{"election", names.election, &group_entries::election, {}, {}},
                  {"heartbeat", names.heartbeat, &group_entries::heartbeat, {}, {}},
                  {"assignment", names.assignment, &group_entries::assignment, {}, {}}}} {
  }

  std::variant<group_entries, std::string> run(const std::string& group) {
    for (auto& x : buckets_)
      if (auto why = open(x))
        return *why;
    if (!missing_.empty())
      return "the group " + group + " does not exist: there is no bucket " + missing_;
    watch_all();
    while (!complete())
      if (auto why = receive_one())
        return *why;
    return collect(group);
  }

private:
  milliseconds left() const {
    auto result =
        std::chrono::duration_cast<milliseconds>(deadline_ - steady_clock::now());
    return std::max(result, milliseconds{1});
  }

  /// Says why the bucket cannot be read. One that is missing is only
  /// noted.
  std::optional<std::string> open(bucket_reading& x) {
    std::optional<std::string> why;
    open_bucket request;
    request.name = x.name;
    request.create = false;
    self_->request(store_, left(), request)
        .receive(
            [&](bucket_opened& answer) {
              if (answer.status == open_status::opened)
                x.bucket = std::move(answer.bucket);
              else if (answer.status == open_status::missing)
                missing_ = x.name;
              else
                why = "cannot open the bucket " + x.name + ": "
                      + (answer.why.empty() ? to_string(answer.status) : answer.why);
            },
            [&](const caf::error& e) {
              why = "cannot open the bucket " + x.name + ": " + self_->system().render(e);
            });
    return why;
  }

  void watch_all() {
    sink_ = self_->spawn(watch_forwarder, caf::actor_cast<caf::actor>(self_));
    for (std::size_t i = 0; i < buckets_.size(); ++i)
      self_->send(buckets_[i].bucket, kv_watch{i, ">", sink_});
  }

  bool complete() const {
    return std::all_of(buckets_.begin(), buckets_.end(),
                       [](const auto& x) { return x.complete; });
  }

  std::optional<std::string> receive_one() {
    std::optional<std::string> why;
    self_->receive([&](watch_event& x) { take(x); },
                   caf::after(left()) >> [&] { why = late(); });
    return why;
  }

  void take(watch_event& x) {
    if (x.watch >= buckets_.size())
      return;
    auto& to = buckets_[x.watch];
    switch (x.change) {
    case watch_change::value:
      to.newest[x.entry.key] = std::move(x.entry);
      break;
    case watch_change::removed:
      to.newest.erase(x.entry.key);
      break;
    case watch_change::replayed:
      to.complete = true;
      break;
    case watch_change::restarted:
    case watch_change::bucket_changed:
      // A fresh replay follows.
      to.newest.clear();
      to.complete = false;
      break;
    case watch_change::alive:
      break;
    }
  }

  std::string late() const {
    for (const auto& x : buckets_)
      if (!x.complete)
        return "the store did not show the whole bucket " + x.name + " in time";
    return {};
  }

  group_entries collect(const std::string& group) {
    group_entries result;
    result.group = group;
    for (auto& x : buckets_)
      for (auto& [key, entry] : x.newest)
        (result.*x.target).push_back(std::move(entry));
    return result;
  }

  caf::scoped_actor& self_;
  store_actor store_;
  steady_clock::time_point deadline_;
  std::array<bucket_reading, 3> buckets_;
  /// The store keeps no watcher alive.
  watch_sink_actor sink_;
  std::string missing_;
};

} // namespace

std::optional<std::string> wait_for_link(caf::scoped_actor& self,
                                         const store_actor& store, milliseconds limit) {
  auto deadline = steady_clock::now() + limit;
  auto listener = self->spawn(link_forwarder, caf::actor_cast<caf::actor>(self));
  self->send(store, listener);
  link_changed last;
  auto late = false;
  while (last.state != link_state::connected && !late) {
    auto left = std::max(deadline - steady_clock::now(), steady_clock::duration::zero());
    self->receive([&](const link_changed& x) { last = x; },
                  caf::after(left) >> [&] { late = true; });
  }
  caf::anon_send_exit(listener, caf::exit_reason::user_shutdown);
  if (!late)
    return std::nullopt;
  return last.why.empty() ? "no answer" : last.why;
}

std::variant<group_entries, std::string>
read_group(caf::scoped_actor& self, const store_actor& store, const std::string& group,
           const bucket_options& buckets, milliseconds limit) {
  return group_reading{self, store, buckets, limit}.run(group);
}

} // namespace partita::app
