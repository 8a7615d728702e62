// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/interfaces.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <string>
#include <vector>

namespace partita::test {

inline std::vector<partition> numbered_partitions(std::size_t n) {
  std::vector<partition> result;
  for (std::size_t i = 0; i < n; ++i)
    result.push_back({{"p", std::to_string(i)}, 100});
  return result;
}

/// A partition source whose list the test changes by sending a partition_list, or
/// partitions_unavailable.
using test_source_actor =
    partition_source_actor::extend<caf::reacts_to<partition_list>,
                                   caf::reacts_to<partitions_unavailable>>;

struct test_source_state {
  std::vector<partition> now;
  std::string why_not;
  std::vector<partition_listener_actor> listeners;
};

inline test_source_actor::behavior_type
test_source(test_source_actor::stateful_pointer<test_source_state> self,
            std::vector<partition> first) {
  self->state.now = std::move(first);
  return {
      [=](const partition_listener_actor& who) {
        self->state.listeners.push_back(who);
        if (self->state.why_not.empty())
          self->send(who, partition_list{self->state.now});
        else
          self->send(who, partitions_unavailable{self->state.why_not});
      },
      [=](const partition_list& x) {
        self->state.now = x.partitions;
        self->state.why_not.clear();
        for (const auto& who : self->state.listeners)
          self->send(who, x);
      },
      [=](const partitions_unavailable& x) {
        self->state.why_not = x.why;
        for (const auto& who : self->state.listeners)
          self->send(who, x);
      },
  };
}

} // namespace partita::test
