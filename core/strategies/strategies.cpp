// SPDX-License-Identifier: Apache-2.0
#include "partita/core/strategies/strategies.hpp"

#include "partita/core/strategies/registry.hpp"

#include <algorithm>
#include <stdexcept>

namespace partita::core {

namespace {

const strategy_entry* find(std::string_view text) {
  for (const auto& x : strategy_table)
    if (!text.empty() && (text == x.name || text == x.synonym))
      return &x;
  return nullptr;
}

// Not a number is below everything, too.
double at_least(double least, double x) {
  return x >= least ? x : least;
}

} // namespace

std::vector<std::string> strategy_names() {
  std::vector<std::string> result;
  for (const auto& x : strategy_table)
    result.emplace_back(x.name);
  return result;
}

std::vector<std::string> strategy_help() {
  std::vector<std::string> result;
  for (const auto& x : strategy_table) {
    auto& line = result.emplace_back(x.name);
    if (!x.synonym.empty())
      line.append(" or ").append(x.synonym);
    line.append(": ").append(x.help);
  }
  return result;
}

std::optional<std::string> strategy_name_from(std::string_view text) {
  const auto* found = find(text);
  return found ? std::optional<std::string>{found->name} : std::nullopt;
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
  const auto* found = find(options.name);
  if (!found)
    throw std::invalid_argument{"no strategy is called '" + options.name + '\''};
  return [valid = clamped(options), run = found->run](const planning_input& in) {
    return run(in, valid);
  };
}

} // namespace partita::core
