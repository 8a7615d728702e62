// SPDX-License-Identifier: Apache-2.0
#include "partita/store/request_counters.hpp"

namespace partita::store {

store_outcome outcome_of(write_status x) {
  return x == write_status::done       ? store_outcome::done
         : x == write_status::conflict ? store_outcome::conflict
                                       : failure_as<store_outcome>(x);
}

store_outcome outcome_of(read_status x) {
  auto good = x == read_status::found || x == read_status::missing;
  return good ? store_outcome::done : failure_as<store_outcome>(x);
}

store_outcome outcome_of(open_status x) {
  auto good = x == open_status::opened || x == open_status::missing;
  return good                        ? store_outcome::done
         : x == open_status::foreign ? store_outcome::refused
                                     : failure_as<store_outcome>(x);
}

void request_counters::answered(store_operation what, store_outcome how, duration took) {
  auto& x = stats_.operations.at(static_cast<std::size_t>(what));
  ++x.outcomes.at(static_cast<std::size_t>(how));
  if (how != store_outcome::not_connected)
    x.latency.add(took);
}

void request_counters::watched(std::uint64_t attempt) {
  if (attempt > 1)
    ++stats_.watch_rebuilds;
}

void bucket_stats::told(const std::string& bucket, const store_stats& x) {
  present_[bucket] = x;
}

void bucket_stats::began(const std::string& bucket) {
  if (auto found = present_.extract(bucket))
    past_.add(found.mapped());
}

store_stats bucket_stats::sum() const {
  auto result = past_;
  for (const auto& [name, x] : present_)
    result.add(x);
  return result;
}

} // namespace partita::store
