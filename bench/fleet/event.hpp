// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace partita::bench {

/// What happened to one worker of the fleet.
struct event {
  enum class kind : char {
    /// It became the leader.
    leads = 'L',
    /// It no longer leads.
    deposed = 'D',
    /// It works on `partitions` from now on.
    assigned = 'A',
    /// Its work on `partitions` has stopped.
    revoked = 'R',
    /// Its session is over, and with it its work on `partitions`.
    lost = 'X',
    /// It has left the group; `why` is empty after a graceful stop.
    stopped = 'S'
  };

  kind what = kind::stopped;
  /// The fleet's number of the worker, not its id.
  std::size_t worker = 0;
  /// By the system's clock, which all processes share.
  std::int64_t at_ns = 0;
  /// Partition p.7 is 7.
  std::vector<std::uint32_t> partitions = {};
  std::string why = {};
};

std::int64_t now_ns();

/// The number of the partition of this name.
std::uint32_t number_of(const std::string& partition);

/// One line of a host process, with its end.
std::string to_line(const event& x);
event from_line(const std::string& line);

/// A line of `partita run --events -`; nothing if it says something else.
std::optional<event> from_json(const std::string& line, std::size_t worker);

} // namespace partita::bench
