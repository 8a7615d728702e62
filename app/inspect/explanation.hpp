// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/inspect/group_status.hpp"
#include "partita/app/inspect/plan_history.hpp"

#include <optional>
#include <string>
#include <vector>

/// Who owns one partition, since when and why, as far as the store shows it.
namespace partita::app {

struct explanation {
  std::string partition;
  std::int64_t weight = 0;
  /// The worker whose record names it. Missing: no record does.
  std::optional<worker_id> owner;
  /// Why no worker works on it; empty if one does, as far as is known.
  std::string why_unowned;
  /// Of the owner's grant; grows with every owner.
  version token;
  /// The leadership that granted it.
  partita::epoch granted_in;
  /// When the record that holds the grant was written, by the server's clock, in unix
  /// seconds: the grant is as old or older.
  std::int64_t record_at = 0;
  /// Whether the grant came with exactly that record.
  bool record_granted_it = false;
  /// Why it moved to its owner, by the record.
  std::string reason;
  /// The plans that may have moved it there, the newest last; with one it is that.
  std::vector<past_plan> plans;
  /// It was taken away, and that is not confirmed yet.
  std::optional<hand_off> pending;
  std::optional<pin_status> pin;
  /// In this record as well: a move under way, or a worker that is gone.
  std::vector<worker_id> also_named_by;
};

/// The other alternative: no record names it, and neither does `known`; with the nearest
/// name.
std::variant<explanation, std::string> explain(const group_status& group,
                                               const plan_history& history,
                                               const std::string& partition,
                                               const std::vector<std::string>& known);

std::string to_text(const explanation& x);
std::string to_json(const explanation& x);

} // namespace partita::app
