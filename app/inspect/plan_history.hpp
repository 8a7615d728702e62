// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/inspect/group_status.hpp"
#include "partita/messages/control.hpp"

#include <string>
#include <vector>

/// The plans that leaders made, as the group's history keeps them.
namespace partita::app {

struct past_plan {
  history_id id;
  history_entry plan;
  /// When the store took it, by the server's clock, nanoseconds since 1970.
  std::int64_t stored_at_ns = 0;
};

struct plan_history {
  std::string group;
  /// The newest is the last.
  std::vector<past_plan> plans;
  std::vector<unreadable_entry> unreadable;
};

/// `3.2`: the second plan of epoch 3.
std::string readable(const history_id& x);

plan_history history_of(const group_entries& entries);

/// Drops all but the newest `count`.
void keep_newest(plan_history& x, std::size_t count);

/// A row for each plan; `verbose`: with who gained and lost, and directives that could not be
/// followed.
std::string to_table(const plan_history& x, bool verbose);

/// One line.
std::string to_json(const plan_history& x);

} // namespace partita::app
