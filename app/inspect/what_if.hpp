// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/inspect/group_status.hpp"
#include "partita/core/strategies/planning.hpp"
#include "partita/core/strategies/strategies.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// What a rebalance would do, for a group as its buckets show it, or for one that is
/// thought a little different.
namespace partita::app {

struct what_if_question {
  core::strategy_options strategy;
  /// In the order of their source. Empty: those that the records name.
  std::vector<partition> partitions;
  /// As if there were so many workers of equal capacity: the first of those that are
  /// there, then new ones. Not 0.
  std::optional<std::size_t> workers;
  /// As if these had left.
  std::vector<worker_id> without;
  /// New workers get ids of this prefix.
  std::string id_prefix = "worker";
};

struct what_if_load {
  std::size_t partitions = 0;
  /// Weights <= 0 count as the strategy's default_weight.
  std::int64_t weight = 0;
};

struct what_if_share {
  worker_id id;
  std::int64_t capacity = 100;
  /// Only thought: the group has no such worker.
  bool thought = false;
  /// Takes no part, or is left out.
  bool gone = false;
  bool drained = false;
  bool cordoned = false;
  what_if_load before;
  what_if_load after;
  std::size_t gains = 0;
  std::size_t losses = 0;
};

struct what_if_move {
  std::string partition;
  std::int64_t weight = 0;
  /// Empty: no worker owns it now.
  worker_id from;
  worker_id to;
  /// The directive that decided, if one did.
  std::string reason;
};

struct what_if_answer {
  std::string strategy;
  std::size_t partitions = 0;
  /// Workers that would own something, or could; then those that lose all.
  std::vector<what_if_share> shares;
  std::vector<what_if_move> moves;
  /// What else matters for the plan: directives and why they could not be followed, hand-offs
  /// under way.
  std::vector<std::string> notes;
};

/// The other alternative says why there is no such plan.
std::variant<what_if_answer, std::string> plan_if(const group_status& group,
                                                  const what_if_question& question);

/// For people: shares before and after, and the first of the moves.
std::string to_table(const what_if_answer& x);

/// For programs: one line with all moves.
std::string to_json(const what_if_answer& x);

/// By the load of a worker in parts of its fair share: 1 is fair. Of the fullest and the
/// emptiest of those that are neither gone nor drained.
struct what_if_balance {
  double fullest = 0;
  double emptiest = 0;
};

/// `when`: before or after.
what_if_balance balance_of(const what_if_answer& x, what_if_load what_if_share::*when);

} // namespace partita::app
