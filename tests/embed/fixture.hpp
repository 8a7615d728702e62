// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/embed/member.hpp"

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>

namespace partita::test {

using namespace std::chrono_literals;

/// What the callbacks of some members have received.
class journal {
public:
  /// Changes it, on any thread.
  template <class F>
  void note(F f) {
    std::lock_guard lock{mutex_};
    f(*this);
    changed_.notify_all();
  }

  /// Waits until `f` holds; false if it does not in time.
  template <class F>
  bool shows(F f) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, 20s, [&] { return f(*this); });
  }

  /// What each of them works on, with the tokens.
  std::map<std::string, std::map<std::string, std::uint64_t>> work;
  std::vector<embed::stop_order> orders;
  std::vector<embed::alert> alerts;
  std::set<std::string> states;
  std::vector<std::string> ends;

  std::size_t count(const std::string& who) const {
    auto found = work.find(who);
    return found == work.end() ? 0 : found->second.size();
  }

  bool owns(const std::string& who, const std::string& name) const {
    return count(who) > 0 && work.at(who).contains(name);
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

inline std::vector<embed::partition> numbered(int count) {
  std::vector<embed::partition> result;
  for (int i = 0; i < count; ++i)
    result.push_back({{"p", std::to_string(i)}});
  return result;
}

/// Options of a member that notes what happens as `who`, and confirms at once.
inline embed::options quick(journal& to, const std::string& who) {
  embed::options result{.group = "orders", .on_deadline = embed::deadline_action::none()};
  // A new group waits for a little more than ttl.
  result.heartbeat.ttl = 3s;
  result.rebalance.settle_time = 100ms;
  result.rebalance.min_interval = 100ms;
  result.worker.instance = who;
  result.partitions = [] { return numbered(4); };
  result.assigned = [&to, who](const embed::work_assigned& x) {
    to.note([&](journal& j) {
      for (const auto& y : x.partitions)
        j.work[who][y.name] = y.token;
    });
  };
  result.revoke = [&to, who](const embed::stop_order& x) {
    to.note([&](journal& j) {
      for (const auto& y : x.partitions)
        j.work[who].erase(y.name);
      j.orders.push_back(x);
    });
    x.stopped();
  };
  result.state = [&to](const embed::state_change& x) {
    to.note([&](journal& j) { j.states.insert(x.group + ' ' + x.to); });
  };
  result.alerted = [&to](const embed::alert& x) {
    to.note([&](journal& j) { j.alerts.push_back(x); });
  };
  result.ended = [&to](const std::string& failure) {
    to.note([&](journal& j) { j.ends.push_back(failure); });
  };
  return result;
}

} // namespace partita::test
