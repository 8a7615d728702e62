// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/events.hpp"
#include "partita/messages/ids.hpp"

#include <map>
#include <string>
#include <vector>

namespace partita::app {

/// What an observer of a whole group needs: who leads, and who owns what. Fed with the
/// events of the workers' listeners; has no clock and prints nothing.
class ownership_table {
public:
  explicit ownership_table(std::size_t partitions) : partitions_(partitions) {}

  // -- what happened: each gives a line for people, or nothing --------------------------

  std::string apply(const worker_id_claimed& x);
  std::string apply(const leadership_changed& x);
  std::string apply(const assignment_changed& x);
  std::string apply(const worker_stopped& x);
  /// The worker was ended without a chance to say anything.
  std::string apply_killed(const worker_id& who);

  // -- what is --------------------------------------------------------------------------

  /// Shares have changed since the last table.
  bool changed() const { return changed_; }

  /// One row for each worker and a line that says whether all is owned.
  std::string take_table();

private:
  struct share {
    std::vector<std::string> names;
    partita::version version;
  };

  std::string forget(const worker_id& who, const std::string& how);
  std::string summary() const;

  std::size_t partitions_;
  bool changed_ = false;
  worker_id leader_;
  std::map<worker_id, share, by_number> shares_;
};

} // namespace partita::app
