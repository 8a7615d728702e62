// SPDX-License-Identifier: Apache-2.0
#include "partita/core/sidecar/application_presence.hpp"

namespace partita::core {

application_presence::command application_presence::on(const called&) {
  if (state_ == state::leaving)
    wanted_ = true;
  if (state_ != state::absent)
    return nothing{};
  state_ = state::present;
  return start{};
}

application_presence::command application_presence::on(const silent&) {
  wanted_ = false;
  if (state_ != state::present)
    return nothing{};
  state_ = state::leaving;
  // No application does any work, so there is nothing to drain or to come back to.
  return stop{leave_mode::stop};
}

application_presence::command application_presence::on(const told& what) {
  if (state_ == state::over)
    return nothing{};
  if (state_ == state::absent) {
    state_ = state::over;
    return finish{};
  }
  state_ = state::ending;
  return stop{what.mode};
}

application_presence::command application_presence::on(const stopped& what) {
  // A goodbye that the store did not take is no reason to end: the group notices the
  // silence, and the application may come back.
  if (state_ == state::leaving) {
    state_ = state::absent;
    if (!std::exchange(wanted_, false))
      return nothing{};
    state_ = state::present;
    return start{};
  }
  if (state_ != state::present && state_ != state::ending)
    return nothing{};
  state_ = state::over;
  return finish{what.failure};
}

} // namespace partita::core
