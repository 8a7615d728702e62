// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/stats.hpp"

namespace partita {

/// The turns of the calling thread, used by it alone: its scheduler adds to them
/// (app/process/runtime.cpp), its workers report them (worker_stats). Empty if the host's
/// scheduler does not measure.
inline turn_stats& turns_here() {
  static thread_local turn_stats result;
  return result;
}

} // namespace partita
