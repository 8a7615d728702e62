// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/leader/epoch_takeover.hpp"

#include <algorithm>
#include <set>
#include <string>

namespace partita::core {

/// What a worker knows about epochs, and since when the store may show less than before.
///
///   +------+ --------- doubt ---------> +----------+
///   | sure |                            | doubtful |
///   +------+ <- a leadership begins --- +----------+
///
/// Promises: a leadership acts only if there was no doubt since it began; the floor is
/// above every epoch that was seen, and above all that may have been granted before the
/// last doubt (epoch_takeover).
class epoch_floor {
public:
  void doubt(epoch_takeover::instant at) {
    doubted_ = at;
    doubtful_ = true;
  }

  /// There is a connection. `process` names the server's process; empty: not known. One
  /// that was met before has run since then and still has all that it has acknowledged.
  void connected(const std::string& process, epoch_takeover::instant at) {
    if (process.empty() || processes_met_.insert(process).second)
      doubt(at);
  }

  void saw(epoch x) { greatest_ = std::max(greatest_, x); }

  /// A leadership begins; its epoch is to be at least this.
  epoch begin(std::int64_t unix_seconds) {
    doubtful_ = false;
    // Bounded, so that a clock that is decades ahead does not use up the numbers.
    auto floor = std::clamp<std::int64_t>(
        std::max(unix_seconds, doubted_.unix_seconds + epoch_takeover::usual_lead), 0,
        std::int64_t{1} << 32);
    return {std::max(static_cast<std::uint64_t>(floor), greatest_.value + 1)};
  }

  /// The store may have lost something since the newest leadership began.
  bool is_doubtful() const { return doubtful_; }
  time_point doubted_at() const { return doubted_.now; }
  epoch greatest() const { return greatest_; }

private:
  epoch_takeover::instant doubted_;
  bool doubtful_ = false;
  std::set<std::string> processes_met_;
  epoch greatest_;
};

} // namespace partita::core
