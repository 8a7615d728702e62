// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <partita/messages/interfaces.hpp>

#include <caf/fwd.hpp>

#include <string>
#include <vector>

/// Makes the group work on one more topic.
struct add_topic {
  std::string name;
  PARTITA_MESSAGE(add_topic, x.name)
};

CAF_BEGIN_TYPE_ID_BLOCK(topics, caf::first_custom_type_id)
CAF_ADD_TYPE_ID(topics, (add_topic))
CAF_END_TYPE_ID_BLOCK(topics)

/// What partita asks of a partition source, and what this application needs beside it.
using topics_actor =
    partita::partition_source_actor::extend<partita::handler<void(add_topic)>>;

/// The application's own partition source: one partition for each topic.
topics_actor spawn_topics(caf::actor_system& sys, std::vector<std::string> names);
