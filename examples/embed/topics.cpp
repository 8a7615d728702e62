// SPDX-License-Identifier: Apache-2.0
#include "topics.hpp"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>

using namespace partita;

namespace {

struct topics_state {
  partition_list list;
  std::vector<partition_listener_actor> listeners;
  static inline constexpr const char* name = "topics";

  void add(std::string topic) {
    list.partitions.push_back({{"topics", std::move(topic)}});
  }

  void forget(const caf::actor_addr& who) {
    auto gone = [&](const auto& x) { return x.address() == who; };
    listeners.erase(std::remove_if(listeners.begin(), listeners.end(), gone),
                    listeners.end());
  }
};

topics_actor::behavior_type topics(topics_actor::stateful_pointer<topics_state> self,
                                   std::vector<std::string> names) {
  for (auto& x : names)
    state_of(self).add(std::move(x));
  return {
      [=](const partition_listener_actor& listener) {
        // A leader that has ended must not be kept.
        monitor(self, listener, [](auto* me, const caf::actor_addr& who, const auto&) {
          state_of(me).forget(who);
        });
        state_of(self).listeners.push_back(listener);
        mail(self, state_of(self).list).send(listener);
      },
      [=](const add_topic& x) {
        state_of(self).add(x.name);
        for (const auto& listener : state_of(self).listeners)
          mail(self, state_of(self).list).send(listener);
      },
  };
}

} // namespace

topics_actor spawn_topics(caf::actor_system& sys, std::vector<std::string> names) {
  return sys.spawn(topics, std::move(names));
}
