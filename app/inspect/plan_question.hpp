// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/strategies/planning.hpp"
#include "partita/core/strategies/strategies.hpp"
#include "partita/messages/codec.hpp"

#include <string>
#include <string_view>

/// What `partita plan` reads and prints.
namespace partita::app {

/// Workers and partitions as given, and the strategy to assign them by.
struct plan_question {
  core::strategy_options strategy;
  core::planning_input input;
};

/// Reads one JSON object: `workers` (ids), `partitions` (objects with `keys` and
/// `weight`), and optionally `strategy` (any spelling), `seed` (a number or decimal
/// digits in a string), `virtual_nodes`, `overload_threshold`, `extreme_threshold`,
/// `default_weight`, `previous` (partition indices by worker; workers that are gone may
/// stand there). What is malformed names the member, what was found and what was expected.
decoded<plan_question> plan_question_from(std::string_view text);

/// `{"assignments":{"worker-0":[1,2]}}`: the indices of each worker's partitions, in the
/// order of the plan; workers in the order of the question.
std::string to_json(const plan_question& question, const core::plan& answer);

} // namespace partita::app
