// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/inspect/group_command.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace partita::app {

/// What the flags of `partita plan` say about a group that runs.
struct live_flags {
  group_flags group;
  bool live = false;
  /// 0: those that are there.
  std::size_t workers = 0;
  std::vector<std::string> without;
  /// Empty: that of the configuration.
  std::string strategy;
  bool from_records = false;
};

void add_live_flags(CLI::App& command, live_flags& flags);

/// Whether they ask about a group; else questions come from stdin.
bool asks_for_group(const live_flags& flags);

/// Prints what a rebalance would do; the exit code.
int plan_live(const live_flags& flags);

} // namespace partita::app
