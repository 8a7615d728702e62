#pragma once

#include "partita/messages/interfaces.hpp"

#include <caf/scoped_actor.hpp>

#include <chrono>
#include <map>
#include <string>
#include <variant>

namespace partita::app {

/// What a bucket holds.
struct bucket_content {
  /// To write to it; null if there is no such bucket.
  bucket_actor bucket;
  /// Those that have a value, by key.
  std::map<std::string, kv_entry> entries;
};

/// Reads every key of a bucket; makes the bucket only with `which.create`. The other
/// alternative says why that is not possible, or not within `limit`.
std::variant<bucket_content, std::string> read_bucket(caf::scoped_actor& self,
                                                      const store_actor& store,
                                                      const open_bucket& which,
                                                      std::chrono::milliseconds limit);

} // namespace partita::app
