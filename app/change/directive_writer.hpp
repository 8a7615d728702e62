// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/change/directive_checks.hpp"
#include "partita/app/inspect/group_command.hpp"

#include <functional>
#include <optional>
#include <string>

/// How directives get into the control bucket.
namespace partita::app {

/// What one command requests.
struct directive_request {
  std::string reason;
  /// Called again when the group has changed while it was written.
  std::function<checked_directive(const group_status&)> check;
  /// Waited for, if set.
  std::function<bool(const group_status&)> fulfilled;
  std::chrono::milliseconds wait_limit{0};
};

/// What became of it.
struct directive_outcome {
  /// Empty: nothing was changed, for `failure`.
  std::optional<directive_change> change;
  /// Why it was not written, or not fulfilled in time; empty if all is well.
  std::string failure;
};

/// Reads the group, checks, and writes by compare-and-set over what was read; makes the
/// control bucket if the group exists and has none. Then waits, if requested.
directive_outcome carry_out(group_access& access, const directive_request& request);

} // namespace partita::app
