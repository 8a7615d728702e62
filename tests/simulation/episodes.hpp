#pragma once

#include "profile.hpp"
#include "world.hpp"

#include <string>
#include <vector>

namespace partita::simulation {

/// A trouble of the store that lasts for a while, and whom it strikes.
struct episode {
  trouble what = trouble::answers_lost;
  /// nobody: all.
  process_id who = nobody;
  /// Empty: all.
  std::string bucket = {};
  /// Of how many it strikes, it strikes one.
  double chance = 1;
  /// At most, and at least; where the trouble is lateness.
  core::duration delay{0};
  core::duration least{std::chrono::milliseconds{1}};
};

/// The present ones.
class episodes {
public:
  using ticket = std::uint64_t;

  explicit episodes(dice& random) : random_(&random) {}

  ticket begin(episode x) {
    present_.push_back({++tickets_, std::move(x)});
    return tickets_;
  }

  void end(ticket x) {
    std::erase_if(present_, [&](const auto& y) { return y.first == x; });
  }

  void end_all() { present_.clear(); }

  /// The one that strikes here and now, if any.
  const episode* strike(trouble what, process_id who, const std::string& bucket) const {
    for (const auto& [number, x] : present_)
      if (x.what == what && (x.who == nobody || x.who == who)
          && (x.bucket.empty() || x.bucket == bucket) && random_->chance(x.chance))
        return &x;
    return nullptr;
  }

private:
  dice* random_;
  ticket tickets_ = 0;
  std::vector<std::pair<ticket, episode>> present_;
};

} // namespace partita::simulation
