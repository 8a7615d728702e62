// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <partita/messages/interfaces.hpp>

#include <caf/fwd.hpp>

#include <string>
#include <vector>

/// Makes the group work on one more topic.
struct add_topic {
  std::string name;

  template <class Inspector>
  friend auto inspect(Inspector& f, add_topic& x) {
    return f(caf::meta::type_name("add_topic"), x.name);
  }
};

/// What partita asks of a partition source, and what this application needs beside it.
using topics_actor = partita::partition_source_actor::extend<caf::reacts_to<add_topic>>;

/// The application's own partition source: one partition for each topic.
topics_actor spawn_topics(caf::actor_system& sys, std::vector<std::string> names);
