// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ownership.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace partita::test {

using namespace std::chrono_literals;

/// What one worker has said so far, by its events.
struct worker_view {
  std::string id;
  std::string state;
  bool leading = false;
  bool stopped = false;
  std::string failure;
  std::set<std::string> owns;
  std::uint64_t version = 0;
  std::uint64_t epoch = 0;
  /// All assignments in order: (epoch, version).
  std::vector<std::pair<std::uint64_t, std::uint64_t>> stamps;
  /// Names of what each assignment was for, in order.
  std::vector<std::string> lifecycles;
  /// Epochs of its calculators.
  std::vector<std::uint64_t> adopted;
  std::vector<std::string> ids;
  std::vector<std::string> states;
  /// Why, of those that are not over.
  std::map<std::string, std::string> alerts;
  /// How often it was notified of partitions that came or went.
  std::size_t gained = 0;
  std::size_t lost = 0;
};

/// Collects the events of all workers of a test, from any thread, and wakes the threads
/// that wait for something to become true.
class journal {
public:
  using views = std::map<std::string, worker_view>;

  /// `line`: one JSON object as `--events` writes it.
  void add(const std::string& worker, const std::string& line);
  /// The worker's process or tree is gone: it works on nothing any more, since `since_ns` of
  /// the wall clock (0: since now).
  void gone(const std::string& worker, std::int64_t since_ns = 0);
  /// It is started (again): what it said before is history.
  void begun(const std::string& worker);

  /// Waits until `holds` is true of the living workers; false if that takes too long.
  bool wait(const std::function<bool(const views&)>& holds,
            std::chrono::milliseconds at_most = 30s);
  views now() const;
  /// A line for the story alone.
  void remark(const std::string& what);
  /// The worker's process did nothing between these two moments of the wall clock.
  void slept(const std::string& worker, std::int64_t from_ns, std::int64_t to_ns);
  /// What was wrong with the work on partitions, a line each; empty if all is well.
  std::string violations() const;
  std::vector<ownership::gap> gaps() const;
  /// Everything, for a person who looks at a failure.
  std::string story() const;

private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  views views_;
  std::vector<std::string> story_;
  // On a busy machine it takes a woken process so long to look at its clock.
  ownership ownership_{1'000'000'000};
};

/// The wall clock, nanoseconds since 1970: that of the events.
std::int64_t wall_ns();

// -- questions that many tests ask ------------------------------------------------------

/// The worker that leads; empty if none or several do.
std::string leader_of(const journal::views& all);
/// Whether `count` partitions are owned, each exactly once.
bool all_owned_once(const journal::views& all, std::size_t count);
/// Whether the group has come to rest: one leader, all stable, all owned once, and no two
/// workers differ by more than one partition.
bool settled(const journal::views& all, std::size_t workers, std::size_t partitions);
/// What went back or was said twice, if anything did: versions and epochs only grow.
std::string went_back(const journal::views& all);

} // namespace partita::test
