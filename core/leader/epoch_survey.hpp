// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/entries.hpp"
#include "partita/messages/store.hpp"

#include <cstdint>

namespace partita::core {

/// Collects the epochs that records and heartbeats name, for a leader that does not find the
/// key `epoch` (core::epoch_takeover). Both buckets are replayed.
class epoch_survey {
public:
  enum class source : std::uint8_t { records, heartbeats };

  /// An entry that cannot be read names none.
  void shown(const kv_entry& entry);
  /// A replay is complete. True, once: with this one both are.
  bool replayed(source from);

  partita::epoch greatest() const { return greatest_; }
  /// The newest time stamp of the server, nanoseconds since 1970.
  std::int64_t newest_ns() const { return newest_ns_; }

private:
  partita::epoch greatest_;
  std::int64_t newest_ns_ = 0;
  bool records_ = false;
  bool heartbeats_ = false;
};

} // namespace partita::core
