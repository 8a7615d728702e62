// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace partita::app {

/// One event as it goes to a follower: its number, its word and its line.
struct event_text {
  std::uint64_t id = 0;
  std::string name;
  std::string line;

  friend bool operator==(const event_text&, const event_text&) = default;
};

/// The newest events, for those who come back after a break. Bounded by number and by
/// size, for one event may name ten thousand partitions.
class event_ring {
public:
  /// `first_id`: greater than all ids of an earlier ring, so that no client resumes at an
  /// event of another process.
  event_ring(std::uint64_t first_id, std::size_t most_events, std::size_t most_bytes)
      : last_id_{first_id}, most_events_{most_events}, most_bytes_{most_bytes} {}

  void add(std::string name, std::string line) {
    bytes_ += line.size();
    events_.push_back({++last_id_, std::move(name), std::move(line)});
    // The newest one stays, however long it is.
    while (events_.size() > most_events_
           || (bytes_ > most_bytes_ && events_.size() > 1)) {
      bytes_ -= events_.front().line.size();
      events_.pop_front();
    }
  }

  /// The number of the newest event.
  std::uint64_t last_id() const { return last_id_; }

  struct answer {
    /// Some of what came after is not here any more, or `id` is not of this ring.
    bool missed = false;
    std::vector<event_text> events;
  };

  /// What came after event `id`.
  answer after(std::uint64_t id) const {
    answer result;
    auto oldest = last_id_ - events_.size();
    result.missed = id < oldest || id > last_id_;
    for (const auto& x : events_)
      if (result.missed || x.id > id)
        result.events.push_back(x);
    return result;
  }

private:
  std::uint64_t last_id_;
  std::size_t most_events_;
  std::size_t most_bytes_;
  std::size_t bytes_ = 0;
  std::deque<event_text> events_;
};

} // namespace partita::app
