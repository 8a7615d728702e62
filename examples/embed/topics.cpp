// SPDX-License-Identifier: Apache-2.0
#include "topics.hpp"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>

namespace {

struct topics_state {
  partita::partition_list list;
  std::vector<partita::partition_listener_actor> listeners;
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
    self->state.add(std::move(x));
  // The leader listens; a leader that has ended must not be kept.
  self->set_down_handler([=](const caf::down_msg& x) { self->state.forget(x.source); });
  return {
      [=](const partita::partition_listener_actor& listener) {
        self->monitor(listener);
        self->state.listeners.push_back(listener);
        self->send(listener, self->state.list);
      },
      [=](const add_topic& x) {
        self->state.add(x.name);
        for (const auto& listener : self->state.listeners)
          self->send(listener, self->state.list);
      },
  };
}

} // namespace

topics_actor spawn_topics(caf::actor_system& sys, std::vector<std::string> names) {
  return sys.spawn(topics, std::move(names));
}
