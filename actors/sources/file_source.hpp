// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/worker_clock.hpp"
#include "partita/messages/interfaces.hpp"

#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace partita {

/// What a file of partitions says, or why it cannot be used and what to do.
using file_reading = std::variant<std::vector<partition>, std::string>;

struct file_source_options {
  /// Looked at every second while there is a listener; a file that replaces it or the target of a
  /// link counts as well.
  std::string path;
  /// Reads the file as it is now. Called in the source's actor.
  std::function<file_reading()> read;
  worker_clock clock;
};

/// A partition source that follows a file. While the file cannot be read, or names no
/// partition, the last good list stays: a group is not emptied by accident. Any worker
/// may lead, so all need a file of the same content. The source has its own thread: a
/// file system that hangs blocks no other actor, but keeps the actor system from ending.
partition_source_actor spawn_file_source(caf::actor_system& sys,
                                         file_source_options options);

} // namespace partita
