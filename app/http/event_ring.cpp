// SPDX-License-Identifier: Apache-2.0
#include "partita/app/http/event_ring.hpp"

#include <utility>

namespace partita::app {

void event_ring::add(std::string name, std::string line) {
  bytes_ += line.size();
  events_.push_back({++last_id_, std::move(name), std::move(line)});
  // The newest one stays, however long it is.
  while (events_.size() > most_events_ || (bytes_ > most_bytes_ && events_.size() > 1)) {
    bytes_ -= events_.front().line.size();
    events_.pop_front();
  }
}

event_ring::answer event_ring::after(std::uint64_t id) const {
  answer result;
  auto oldest = last_id_ - events_.size();
  result.missed = id < oldest || id > last_id_;
  for (const auto& x : events_)
    if (result.missed || x.id > id)
      result.events.push_back(x);
  return result;
}

} // namespace partita::app
