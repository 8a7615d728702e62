// SPDX-License-Identifier: Apache-2.0
#include "partita/core/strategies/strategies.hpp"

#include "partita/core/strategies/consistent_hash.hpp"
#include "partita/core/strategies/round_robin.hpp"
#include "partita/core/strategies/sticky.hpp"
#include "partita/core/strategies/weighted_consistent_hash.hpp"

#include <algorithm>

namespace partita::core {

namespace {

// Not a number is below everything, too.
double at_least(double least, double x) {
  return x >= least ? x : least;
}

} // namespace

std::string_view to_string(strategy_name x) {
  switch (x) {
  case strategy_name::sticky:
    return "sticky";
  case strategy_name::consistent_hash:
    return "consistent_hash";
  case strategy_name::weighted_consistent_hash:
    return "weighted_consistent_hash";
  case strategy_name::round_robin:
    return "round_robin";
  }
  return "?";
}

std::optional<strategy_name> strategy_name_from(std::string_view text) {
  for (auto x : {strategy_name::sticky, strategy_name::consistent_hash,
                 strategy_name::weighted_consistent_hash, strategy_name::round_robin})
    if (text == to_string(x))
      return x;
  if (text == "consistent")
    return strategy_name::consistent_hash;
  if (text == "weighted")
    return strategy_name::weighted_consistent_hash;
  if (text == "roundrobin")
    return strategy_name::round_robin;
  return std::nullopt;
}

strategy_options clamped(strategy_options options) {
  options.virtual_nodes = std::max<std::size_t>(options.virtual_nodes, 1);
  options.overload_threshold =
      at_least(min_overload_threshold, options.overload_threshold);
  options.extreme_threshold = at_least(min_extreme_threshold, options.extreme_threshold);
  options.default_weight = std::max<std::int64_t>(options.default_weight, 1);
  return options;
}

strategy make_strategy(const strategy_options& options) {
  auto valid = clamped(options);
  switch (valid.name) {
  case strategy_name::sticky:
    return [valid](const planning_input& in) { return plan_sticky(in, valid); };
  case strategy_name::consistent_hash:
    return [valid](const planning_input& in) { return plan_consistent_hash(in, valid); };
  case strategy_name::weighted_consistent_hash:
    return [valid](const planning_input& in) {
      return plan_weighted_consistent_hash(in, valid);
    };
  case strategy_name::round_robin:
    return plan_round_robin;
  }
  return plan_round_robin; // no such name exists
}

} // namespace partita::core
