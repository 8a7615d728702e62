// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/options.hpp"
#include "partita/actors/shell.hpp"
#include "partita/core/leader/epoch_floor.hpp"
#include "partita/core/worker/duties.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <random>
#include <vector>

namespace partita {

class worker;

struct supervisor_state {
  std::unique_ptr<partita::worker> worker;
  static inline constexpr const char* name = "partita.supervisor";
};

using supervisor_pointer = supervisor_actor::stateful_pointer<supervisor_state>;

/// A child or a listener of the worker has ended.
void actor_ended(supervisor_pointer self, const caf::actor_addr& who,
                 const caf::error& why);

/// The listeners of a worker, which do its work, and the last events, which a listener
/// that is added later receives first. Each has a number, by which core::duties knows it.
class listeners {
public:
  using id = core::duties::listener_id;

  /// `group` is that of the worker, which every event names.
  listeners(supervisor_pointer self, std::string group)
      : self_{self}, group_{std::move(group)} {}

  /// Its number; nothing if it is null or already a listener.
  std::optional<id> add(const listener_actor& who) {
    auto known = std::any_of(all_.begin(), all_.end(),
                             [&](const entry& x) { return x.who == who; });
    if (!who || known)
      return std::nullopt;
    all_.push_back({++last_, who});
    // Once it has ended, its work is not done any more, and the worker must not go on.
    monitor(self_, who, actor_ended);
    if (claimed_)
      mail(self_, *claimed_).send(who);
    if (state_)
      mail(self_, *state_).send(who);
    if (leadership_ && leadership_->leading)
      mail(self_, *leadership_).send(who);
    if (assignment_) {
      auto news = *assignment_;
      news.removed.clear();
      news.added.clear();
      for (const auto& x : news.partitions)
        news.added.push_back(x.partition);
      mail(self_, std::move(news)).send(who);
    }
    return last_;
  }

  /// Forgets a listener that has ended; its number if it was one.
  std::optional<id> remove(const caf::actor_addr& who) {
    auto i = std::find_if(all_.begin(), all_.end(),
                          [&](const entry& x) { return x.who.address() == who; });
    if (i == all_.end())
      return std::nullopt;
    auto result = i->number;
    all_.erase(i);
    return result;
  }

  /// To one, or to all.
  template <class T>
  void tell(T x, std::optional<id> to = std::nullopt) {
    x.group = group_;
    keep(x);
    for (const auto& y : all_)
      if (!to || *to == y.number)
        mail(self_, x).send(y.who);
  }

  /// Orders all listeners to stop work; `stopped` gets the number of each that has. Waits
  /// without limit for one that does not answer; the monitor notices one that ends.
  template <class Order, class F>
  void ask(Order x, F stopped) {
    x.group = group_;
    for (const auto& y : all_)
      mail(self_, x)
          .request(y.who, caf::infinite)
          .then([stopped, number = y.number](work_stopped) { stopped(number); },
                [](const caf::error&) {});
  }

private:
  struct entry {
    id number;
    listener_actor who;
  };

  void keep(const worker_id_claimed& x) { claimed_ = x; }
  void keep(const state_changed& x) { state_ = x; }
  void keep(const leadership_changed& x) { leadership_ = x; }
  void keep(const assignment_changed& x) { assignment_ = x; }
  template <class T>
  void keep(const T&) {}

  supervisor_pointer self_;
  std::string group_;
  std::vector<entry> all_;
  id last_ = 0;
  std::optional<worker_id_claimed> claimed_;
  std::optional<state_changed> state_;
  std::optional<leadership_changed> leadership_;
  std::optional<assignment_changed> assignment_;
};

enum bucket_index : std::size_t {
  stable_id,
  election,
  heartbeats,
  assignments,
  bucket_count
};

/// What the parts of a worker share. Used on the supervisor's thread only.
struct worker_context {
  worker_context(supervisor_pointer self_, worker_options options_, store_actor store_,
                 partition_source_actor source_);

  core::time_point now() const { return options.clock.now(self); }
  bool exclusive() const { return options.group.ownership == ownership::exclusive; }
  worker_log log() const { return {"worker", id.value}; }
  nonce make_nonce();
  /// The same, for an alert.
  void log(alert_level level, const std::string& text) const;

  supervisor_pointer self;
  worker_options options;
  store_actor store;
  partition_source_actor source;
  partita::listeners listeners;
  std::mt19937_64 random;
  std::array<bucket_actor, bucket_count> buckets;
  worker_id id;
  /// Names the claim, for the worker's life; `incarnation` names the present session.
  nonce claim_nonce;
  nonce incarnation;
  /// The earlier incarnations of this process, the newest last; all their work has ended.
  std::vector<nonce> past;
  core::applied_record applied;
  /// A record has been applied: from now on the worker waits for the store without limit.
  bool has_worked = false;
  core::epoch_floor epochs;
  /// The longest heartbeat.ttl that any incarnation was seen to state.
  std::chrono::milliseconds longest_ttl;
};

} // namespace partita
