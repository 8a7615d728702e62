// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/events.hpp"
#include "partita/messages/record.hpp"

#include <optional>

namespace partita::core {

/// The newest record of a worker's session, and what listeners receive about its changes.
class applied_record {
public:
  /// Whether it is newer than the present one: a watcher that was started again shows
  /// what is known.
  bool is_news(const record& x) const;

  assignment_changed apply(const worker_id& self, const record& x);

  /// The session is over; nothing if there was no partition to lose.
  std::optional<assignment_changed> drop(const worker_id& self);

  const std::optional<record>& get() const { return record_; }

private:
  std::optional<record> record_;
};

} // namespace partita::core
