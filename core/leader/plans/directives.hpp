// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/leader/plans/directed_plan.hpp"
#include "partita/core/server_clock.hpp"
#include "partita/messages/store.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace partita::core {

/// The operators' directives, as the leader has seen them: which of them hold, and which
/// must be removed because they were carried out, have expired, or no longer apply.
///
/// Promises:
/// - A directive is removed only by the revision that was seen, so that one that was
///   written again meanwhile stays; an unknown outcome is tried again.
/// - A directive that was carried out no longer counts, even before its removal is done.
/// - Nothing is removed before this leader acts.
class directives {
public:
  struct options {
    worker_id leader;
    partita::epoch epoch;
    /// Between two tries to remove something.
    duration pause{};
  };

  /// Remove this key if it has this revision; answer with removal_answered().
  struct removal {
    std::string key;
    revision at;
  };

  explicit directives(options opts) : options_{std::move(opts)} {}

  // -- what the watch shows; returns what is new for plans, as text ---------------------

  std::string shown(const directive& x, revision at, std::int64_t stored_at_ns);
  std::string gone(const std::string& key);
  /// The bucket was made again: what is not shown again before replayed() is gone.
  void void_all();
  std::string replayed();

  // -- what holds -----------------------------------------------------------------------

  standing_directives standing() const;
  /// Until when a pause holds; nothing: there is none.
  std::optional<time_point> paused_until(const server_clock& clock) const;
  /// The directive that asks for a plan, if there is one.
  std::optional<std::string> asks_for_plan() const;
  /// The directive by which this leader must step down, if there is one.
  std::optional<std::string> asks_to_step_down() const;

  // -- what becomes of them -------------------------------------------------------------

  /// A whole plan was made: what asked for one is carried out.
  void planned();
  /// What is to be removed now; each once, until it is answered.
  std::vector<removal> removals(const server_clock& clock, time_point now);
  /// Returns why it cannot be removed, if so.
  std::string removal_answered(const std::string& key, const kv_written& answer,
                               time_point now);
  std::optional<time_point> wake_at(const server_clock& clock) const;

private:
  struct entry {
    directive what;
    revision at;
    std::int64_t stored_at_ns = 0;
    bool carried_out = false;
    /// Its removal is under way.
    bool asked = false;
    std::optional<time_point> retry_at;
  };

  std::optional<time_point> end_of(const entry& x, const server_clock& clock) const;
  bool means_us(const step_down_directive& x) const;

  options options_;
  std::map<std::string, entry> entries_;
  /// After the bucket was made again: what was shown since.
  std::optional<std::set<std::string>> shown_again_;
};

} // namespace partita::core
