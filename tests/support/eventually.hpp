// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <thread>

namespace partita::test {

/// Looks again and again, for what announces nothing: another process, or a counter of
/// another thread. False: it did not happen within `patience`. Where there is an event, wait
/// for that.
template <class Predicate>
bool eventually(std::chrono::milliseconds patience, Predicate happened) {
  using clock = std::chrono::steady_clock;
  for (auto until = clock::now() + patience; !happened();
       std::this_thread::sleep_for(std::chrono::milliseconds{1}))
    if (clock::now() >= until)
      return false;
  return true;
}

} // namespace partita::test
