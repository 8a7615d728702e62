// SPDX-License-Identifier: Apache-2.0
#include "partita/store/request_counters.hpp"

namespace partita::store {

store_outcome outcome_of(write_status x) {
  switch (x) {
  case write_status::done:
    return store_outcome::done;
  case write_status::conflict:
    return store_outcome::conflict;
  case write_status::not_connected:
    return store_outcome::not_connected;
  case write_status::refused:
    return store_outcome::refused;
  case write_status::unknown:
    break;
  }
  return store_outcome::unknown;
}

store_outcome outcome_of(read_status x) {
  switch (x) {
  case read_status::found:
  case read_status::missing:
    return store_outcome::done;
  case read_status::not_connected:
    return store_outcome::not_connected;
  case read_status::refused:
    return store_outcome::refused;
  case read_status::unknown:
    break;
  }
  return store_outcome::unknown;
}

store_outcome outcome_of(open_status x) {
  switch (x) {
  case open_status::opened:
  case open_status::missing:
    return store_outcome::done;
  case open_status::not_connected:
    return store_outcome::not_connected;
  case open_status::foreign:
  case open_status::refused:
    return store_outcome::refused;
  case open_status::unknown:
    break;
  }
  return store_outcome::unknown;
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
