// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"

#include <algorithm>
#include <random>

namespace partita::core {

/// Growing pauses between tries: doubles from `first` up to `most`, each time with up to
/// a quarter of jitter, so that many workers that failed together do not come back
/// together.
class backoff {
public:
  backoff(duration first, duration most) : first_{first}, most_{most} {}

  template <class Random>
  duration next(Random& random) {
    pause_ = pause_ == duration{0} ? first_ : std::min(pause_ * 2, most_);
    std::uniform_int_distribution<duration::rep> jitter{0, pause_.count() / 4};
    return pause_ + duration{jitter(random)};
  }

  void reset() { pause_ = duration{0}; }

private:
  duration first_;
  duration most_;
  duration pause_{0};
};

} // namespace partita::core
