// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/inspect/group_status.hpp"
#include "partita/messages/control.hpp"

#include <string>
#include <variant>
#include <vector>

/// What operators' commands change in the control bucket, and whether the group's state
/// allows it.
namespace partita::app {

struct directive_change {
  /// To be written, whatever was there.
  std::vector<directive::kind> set;
  /// To be removed.
  std::vector<directive::kind> removed;
  /// For people: what follows from it.
  std::string meaning;
};

/// The other alternative says why not, and what to do.
using checked_directive = std::variant<directive_change, std::string>;

/// `force` lets pass what may become right: workers and partitions that are not there
/// yet, workers that could not take what they would get.
checked_directive drain(const group_status& x, const worker_id& who, bool force);
checked_directive cordon(const group_status& x, const worker_id& who, bool force);
/// Takes both marks away.
checked_directive uncordon(const group_status& x, const worker_id& who);
/// `known`: partitions that the group has besides those in the records.
checked_directive pin(const group_status& x, const std::string& partition,
                      const worker_id& who, const std::vector<std::string>& known,
                      bool force);
checked_directive unpin(const group_status& x, const std::string& partition);
checked_directive pause(const group_status& x, const std::string& id,
                        std::chrono::seconds lasts);
/// Ends the pause of this id; an empty one means the only pause.
checked_directive resume(const group_status& x, const std::string& id);
checked_directive resume_all(const group_status& x);
checked_directive step_down(const group_status& x);
checked_directive rebalance(const group_status& x);

/// Whether a drained worker has given everything away, with confirmation.
bool owns_nothing(const group_status& x, const worker_id& who);

} // namespace partita::app
