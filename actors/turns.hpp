// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/stats.hpp"

namespace partita {

/// The turns of the thread that asks, which alone uses them: its scheduler adds to them
/// (app/process/runtime.cpp), and its workers show them (worker_stats). Empty where the host's
/// scheduler does not measure.
inline turn_stats& turns_here() {
  static thread_local turn_stats result;
  return result;
}

} // namespace partita
