// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/leader/epoch_takeover.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace partita::core {

/// What a worker knows about epochs, and since when the store may show less than before.
///
///   +------+ --------- doubt ---------> +----------+
///   | sure |                            | doubtful |
///   +------+ <- a leadership begins --- +----------+
///
/// Promises: a leadership acts only if there was no doubt since it began; the floor is
/// above every epoch that was seen, and above all that may have been granted before the
/// last doubt (epoch_takeover). A doubt that only a new connection gave is kept apart: it is
/// void where the key `epoch` names the server that the connection leads to.
class epoch_floor {
public:
  void doubt(epoch_takeover::instant at) {
    doubted_ = at;
    doubtful_ = true;
  }

  /// There is a connection. `process` names the server's process; empty: not known. One
  /// that was met before has run since then and still has all that it has acknowledged.
  void connected(const std::string& process, epoch_takeover::instant at) {
    if (!process.empty() && !processes_met_.insert(process).second)
      return;
    connected_ = at;
    doubtful_ = true;
  }

  void saw(epoch x) { greatest_ = std::max(greatest_, x); }

  /// A leadership begins: what it starts from, and where the server is a known one.
  std::pair<epoch_takeover::start, epoch_takeover::start>
  begin(std::int64_t unix_seconds) {
    doubtful_ = false;
    auto newest = !doubted_ || (connected_ && connected_->now > doubted_->now)
                      ? connected_
                      : doubted_;
    return {from(newest, unix_seconds), from(doubted_, unix_seconds)};
  }

  /// The store may have lost something since the newest leadership began.
  bool is_doubtful() const { return doubtful_; }
  epoch greatest() const { return greatest_; }

private:
  using doubt_time = std::optional<epoch_takeover::instant>;

  epoch_takeover::start from(const doubt_time& doubted, std::int64_t unix_seconds) const {
    auto least = doubted ? doubted->unix_seconds + epoch_takeover::usual_lead : 0;
    // Bounded, so that a clock that is decades ahead does not use up the numbers.
    auto floor =
        std::clamp<std::int64_t>(std::max(unix_seconds, least), 0, std::int64_t{1} << 32);
    epoch_takeover::start result{
        {std::max(static_cast<std::uint64_t>(floor), greatest_.value + 1)}, {}};
    if (doubted)
      result.doubted_since = doubted->now;
    return result;
  }

  doubt_time doubted_;
  doubt_time connected_;
  bool doubtful_ = false;
  std::set<std::string> processes_met_;
  epoch greatest_;
};

} // namespace partita::core
