// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profile.hpp"
#include "world.hpp"

#include <string>
#include <vector>

namespace partita::simulation {

/// A fault of the store that lasts for a while, and whom it strikes.
struct fault_window {
  fault what = fault::answers_lost;
  /// `no_process`: all.
  process_id who = no_process;
  /// Empty: all.
  std::string bucket = {};
  /// Of how many it strikes, it strikes one.
  double chance = 1;
  /// At most, and at least; where the fault is lateness.
  core::duration delay{0};
  core::duration least{std::chrono::milliseconds{1}};
  /// Late writes: whether other writes of the key meet a conflict until they happen.
  bool conflicts = false;
};

/// The present ones.
class fault_windows {
public:
  using ticket = std::uint64_t;

  explicit fault_windows(rng& random) : random_(&random) {}

  ticket begin(fault_window x) {
    present_.push_back({++tickets_, std::move(x)});
    return tickets_;
  }

  void end(ticket x) {
    std::erase_if(present_, [&](const auto& y) { return y.first == x; });
  }

  void end_all() { present_.clear(); }

  /// The one that strikes here and now, if any.
  const fault_window* strike(fault what, process_id who,
                             const std::string& bucket) const {
    for (const auto& [number, x] : present_)
      if (x.what == what && (x.who == no_process || x.who == who)
          && (x.bucket.empty() || x.bucket == bucket) && random_->chance(x.chance))
        return &x;
    return nullptr;
  }

private:
  rng* random_;
  ticket tickets_ = 0;
  std::vector<std::pair<ticket, fault_window>> present_;
};

} // namespace partita::simulation
