// SPDX-License-Identifier: Apache-2.0
#include "partita/core/worker/lifecycle.hpp"

namespace partita::core {

namespace {

using enum worker_state;

bool is_busy(worker_state x) {
  return x == scaling || x == rebalancing || x == emergency;
}

} // namespace

bool may_change(worker_state from, worker_state to, worker_state before_degraded) {
  if (from == to || from == shutdown)
    return false;
  if (to == shutdown || to == degraded)
    return true;
  if (from == degraded)
    return to == before_degraded || to == claiming_id;
  if (to == claiming_id)
    return true;
  switch (from) {
  case claiming_id:
    return to == election;
  case election:
    return to == waiting_assignment;
  case waiting_assignment:
    return to == stable;
  case stable:
    return is_busy(to);
  case scaling:
  case rebalancing:
    return to == stable || to == emergency;
  case emergency:
    return to == stable;
  case init:
  case degraded:
  case shutdown:
    return false;
  }
  return false;
}

} // namespace partita::core
