// SPDX-License-Identifier: Apache-2.0
// Two workers of one group inside a CAF application: its own partition source, strategy and
// listener, the memory store. Ends with 0 once all topics have an owner, one topic more
// was added at run time, and that has an owner too.
//
// With spawn_nats_store in place of spawn_memory_store the same workers share their
// topics with other processes.

#include "topics.hpp"

#include <partita/embed/host.hpp>
#include <partita/store/memory/memory_store.hpp>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <iostream>
#include <map>
#include <set>

using namespace std::chrono_literals;
using partita::anon_mail;
using partita::mail;
using partita::state_of;

namespace {

// -- the listener: starts and stops the application's work ------------------------------

struct work_state {
  caf::actor main;
  /// What is worked on, by worker and topic, with the fencing token.
  std::map<std::string, std::map<std::string, partita::version>> running;
  static inline constexpr const char* name = "work";

  // A real application passes the token along to where its work takes effect, and has a
  // smaller one refused there.
  void begin(const partita::partitions_assigned& x) {
    for (const auto& granted : x.partitions)
      running[x.worker_id.value][partita::name_of(granted.partition)] = granted.token;
  }

  // Here no work is left when this returns. An application whose work takes time to end
  // keeps a promise and delivers it then (docs/embedding.md).
  partita::work_stopped end(const partita::worker_id& who,
                            const std::vector<partita::grant>& what) {
    for (const auto& granted : what)
      running[who.value].erase(partita::name_of(granted.partition));
    return {};
  }
};

partita::listener_actor::behavior_type
work(partita::listener_actor::stateful_pointer<work_state> self, caf::actor main) {
  state_of(self).main = std::move(main);
  // Events that it does not name are ignored.
  return partita::embed::listener_behavior(
      [](const partita::leadership_changed& x) {
        std::cout << x.worker_id.value << (x.leading ? " leads\n" : " lost leadership\n");
      },
      [=](const partita::assignment_changed& x) {
        anon_mail(x).send(state_of(self).main);
      },
      [=](const partita::partitions_assigned& x) { state_of(self).begin(x); },
      // The answer confirms that no work on these is left: then other workers get them.
      [=](const partita::partitions_revoked& x) {
        return state_of(self).end(x.worker_id, x.partitions);
      },
      // The same, but urgent: after x.time_left other workers may own them.
      [=](const partita::partitions_lost& x) {
        std::cout << x.worker_id.value << " lost its work: " << x.why << '\n';
        return state_of(self).end(x.worker_id, x.partitions);
      },
      [](const partita::alert_raised& x) { std::cout << x.why << '\n'; },
      [](const partita::worker_stopped& x) {
        std::cout << x.worker_id.value << " has left " << x.failure << '\n';
      });
}

// -- the strategy: who gets what --------------------------------------------------------

/// Partition i goes to worker i modulo their number. A real one keeps what it can where it is
/// (x.previous): each move interrupts work.
partita::core::plan in_turn(const partita::core::planning_input& x) {
  partita::core::plan result;
  result.shares.resize(x.workers.size());
  for (std::size_t i = 0; i < x.partitions.size() && !x.workers.empty(); ++i)
    result.shares[i % x.workers.size()].push_back(i);
  return result;
}

// -- main -------------------------------------------------------------------------------

partita::worker_options options_for(int place) {
  partita::worker_options result;
  result.group.name = "embed";
  result.worker.instance = "place-" + std::to_string(place);
  result.rebalance.settle_time = 100ms;
  result.rebalance.min_interval = 200ms;
  result.rebalance.expected_workers = 2;
  result.strategy = in_turn;
  result.strategy_name = "in turn";
  result.on_deadline = partita::end_process_at_deadline();
  return result;
}

/// Receives assignments until `count` topics are owned, none twice, and every worker has
/// some.
bool wait_until_owned(caf::scoped_actor& self, std::size_t count) {
  static std::map<std::string, std::set<std::string>> shares;
  auto deadline = std::chrono::steady_clock::now() + 20s;
  for (;;) {
    std::multiset<std::string> owned;
    auto idle = shares.size() < 2;
    for (const auto& [who, names] : shares) {
      owned.insert(names.begin(), names.end());
      idle = idle || names.empty();
    }
    if (!idle && owned.size() == count
        && std::set(owned.begin(), owned.end()).size() == count)
      break;
    auto late = false;
    self->receive(
        [&](const partita::assignment_changed& x) {
          auto& names = shares[x.worker_id.value];
          names.clear();
          for (const auto& held : x.partitions)
            names.insert(partita::name_of(held.partition));
        },
        caf::after(deadline - std::chrono::steady_clock::now()) >> [&] { late = true; });
    if (late)
      return false;
  }
  for (const auto& [who, names] : shares) {
    std::cout << who << " owns";
    for (const auto& name : names)
      std::cout << ' ' << name;
    std::cout << '\n';
  }
  return true;
}

bool work_together(caf::actor_system& sys, caf::scoped_actor& self,
                   const partita::store_actor& store, const topics_actor& topics) {
  auto listener = sys.spawn(work, caf::actor_cast<caf::actor>(self));
  std::vector<partita::supervisor_actor> workers;
  for (auto place : {0, 1})
    workers.push_back(
        partita::embed::spawn_worker(sys, options_for(place), store, topics, listener));
  auto good = wait_until_owned(self, 4);
  if (good) {
    std::cout << "one topic more\n";
    mail(self, add_topic{"returns"}).send(topics);
    good = wait_until_owned(self, 5);
  }
  for (const auto& failure : partita::embed::stop_workers(sys, workers, store)) {
    std::cout << failure << '\n';
    good = false;
  }
  caf::anon_send_exit(listener, caf::exit_reason::user_shutdown);
  return good;
}

} // namespace

int main() {
  partita::embed::register_messages<caf::id_block::topics>();
  caf::actor_system_config cfg;
  caf::actor_system sys{cfg};
  caf::scoped_actor self{sys};
  auto store = partita::spawn_memory_store(sys);
  auto topics = spawn_topics(sys, {"orders", "payments", "refunds", "shipping"});
  auto good = work_together(sys, self, store, topics);
  caf::anon_send_exit(topics, caf::exit_reason::user_shutdown);
  std::cout << (good ? "all topics are owned\n" : "failed\n");
  return good ? 0 : 1;
}
