// SPDX-License-Identifier: Apache-2.0
#include "partita/embed/function_strategy.hpp"

#include "partita/actors/log.hpp"

#include <exception>

namespace partita::embed {

namespace {

planning question_of(const core::planning_input& x) {
  planning result;
  for (const auto& worker : x.workers)
    result.workers.push_back({worker.id.value, worker.capacity, worker.zone});
  for (const auto& partition : x.partitions)
    result.partitions.push_back({partition.keys.all(), partition.weight});
  result.previous = x.previous;
  return result;
}

/// Throws std::out_of_range if `owners` is no plan for this question.
core::plan plan_of(const std::vector<std::size_t>& owners,
                   const core::planning_input& x) {
  if (owners.size() != x.partitions.size())
    throw std::out_of_range{"it gave " + std::to_string(owners.size()) + " owners for "
                            + std::to_string(x.partitions.size()) + " partitions"};
  core::plan result;
  result.shares.resize(x.workers.size());
  for (std::size_t i = 0; i < owners.size(); ++i) {
    if (owners[i] >= x.workers.size())
      throw std::out_of_range{"it gave " + name_of(x.partitions[i]) + " to worker "
                              + std::to_string(owners[i]) + " of "
                              + std::to_string(x.workers.size())};
    result.shares[owners[i]].push_back(i);
  }
  return result;
}

} // namespace

core::strategy
function_strategy(std::function<std::vector<std::size_t>(const planning&)> assign,
                  core::strategy otherwise, std::string group) {
  return [=](const core::planning_input& x) {
    std::string why = "threw no std::exception";
    try {
      return x.workers.empty() ? otherwise(x) : plan_of(assign(question_of(x)), x);
    } catch (const std::exception& error) {
      why = error.what();
    } catch (...) {
    }
    logger()->error(
        "{}: the application's strategy failed, and the built-in one plans: {}", group,
        why);
    return otherwise(x);
  };
}

} // namespace partita::embed
