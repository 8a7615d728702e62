// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"
#include "partita/messages/control.hpp"
#include "partita/messages/store.hpp"

#include <map>
#include <optional>
#include <variant>
#include <vector>

namespace partita::core {

/// Writes the history of plans, and keeps it short.
///
/// Nothing waits for it: a plan that cannot be written is retried until the next one is
/// made, then dropped; one that the store refuses is tried twice. The oldest are removed
/// one by one while there are more than history_kept, and only after all were shown.
class plan_log {
public:
  struct options {
    partita::epoch epoch;
    duration pause{};
  };

  /// Create this entry; answer with created().
  struct create {
    history_id id;
    history_entry value;
  };
  /// Remove this entry if it has this revision; answer with removed().
  struct remove {
    history_id id;
    revision at;
  };
  using command = std::variant<create, remove>;
  using commands = std::vector<command>;

  explicit plan_log(options opts) : options_{opts} {}

  /// A plan was made.
  commands planned(history_entry what);
  commands created(const history_id& id, const kv_written& answer, time_point now);
  commands removed(const history_id& id, const kv_written& answer);

  commands shown(const history_id& id, revision at);
  void gone(const history_id& id);
  commands replayed();
  /// The bucket was made again, or cannot be seen.
  void void_all();

  commands tick(time_point now);
  std::optional<time_point> wake_at() const { return retry_at_; }

private:
  commands trim();

  options options_;
  std::uint64_t count_ = 0;
  /// The newest plan, while it is not written.
  std::optional<create> pending_;
  std::optional<time_point> retry_at_;
  /// The pending one was refused once.
  bool refused_ = false;
  std::map<history_id, revision> known_;
  bool complete_ = false;
  bool removing_ = false;
};

} // namespace partita::core
