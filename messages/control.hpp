// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/record.hpp"

#include <chrono>
#include <map>
#include <string>
#include <variant>
#include <vector>

/// The entries of the control bucket (docs/protocol.md): directives of operators, which
/// the leader carries out, and the leaders' plans. Keys and text: control_codec.hpp.
namespace partita {

// -- directives -------------------------------------------------------------------------

/// Gets no partition that it does not have. `directive.cordon.worker-3`
struct cordon_directive {
  worker_id worker;

  friend bool operator==(const cordon_directive&, const cordon_directive&) = default;
};

/// Gives all partitions away and gets none; its process stays. `directive.drain.worker-3`
struct drain_directive {
  worker_id worker;

  friend bool operator==(const drain_directive&, const drain_directive&) = default;
};

/// This worker must own the partition of this name, whenever it takes part.
/// `directive.pin.orders.7`
struct pin_directive {
  std::string partition;
  worker_id worker;

  friend bool operator==(const pin_directive&, const pin_directive&) = default;
};

/// No rebalance for so long after the server stored the entry: only partitions without an
/// owner are assigned. `directive.pause.0f3a9c21`: several may hold at once.
struct pause_directive {
  /// Eight hexadecimal digits, chosen by the caller.
  std::string id;
  std::chrono::seconds lasts{0};

  friend bool operator==(const pause_directive&, const pause_directive&) = default;
};

/// Plan now, without windows and cool-down; the leader removes it when it has planned.
/// `directive.rebalance`
struct rebalance_directive {
  friend bool operator==(const rebalance_directive&,
                         const rebalance_directive&) = default;
};

/// This leader of this epoch must step down; the leader removes it when it is carried out
/// or no longer applies. `directive.step_down`
struct step_down_directive {
  worker_id leader;
  partita::epoch epoch;

  friend bool operator==(const step_down_directive&,
                         const step_down_directive&) = default;
};

struct directive {
  using kind = std::variant<cordon_directive, drain_directive, pin_directive,
                            pause_directive, rebalance_directive, step_down_directive>;
  kind what;
  /// Unix time in seconds; for people only, nothing is decided by it.
  std::int64_t at = 0;
  /// Who gave it, as `user@host`, and why; for people. Both may be empty.
  std::string by;
  std::string reason;

  friend bool operator==(const directive&, const directive&) = default;
};

/// The longest pause that can be asked for: seven days.
inline constexpr std::chrono::seconds longest_pause{7 * 24 * 3600};

// -- history ----------------------------------------------------------------------------

/// One plan that a leader made: the value of `history.<epoch>.<count>`.
struct history_entry {
  /// Unix time in seconds, by the leader's clock; for people.
  std::int64_t at = 0;
  partita::epoch epoch;
  worker_id leader;
  partita::lifecycle lifecycle = lifecycle::empty;
  /// Why it was made.
  std::string reason;
  std::string strategy;
  /// How many there were.
  std::uint64_t workers = 0;
  std::uint64_t partitions = 0;
  /// How many partitions got an owner, or another one.
  std::uint64_t moves = 0;
  /// How many partitions each worker got and gave away; those without change are omitted.
  std::map<worker_id, std::uint64_t> gains;
  std::map<worker_id, std::uint64_t> losses;
  /// Directives that could not be followed, and why.
  std::vector<std::string> trouble;

  friend bool operator==(const history_entry&, const history_entry&) = default;
};

/// Which plan: the leadership, and its number under that, from 1 on. Ordered by time.
struct history_id {
  partita::epoch epoch;
  std::uint64_t count = 0;

  friend auto operator<=>(const history_id&, const history_id&) = default;
};

/// So many of the newest plans are kept.
inline constexpr std::size_t history_kept = 200;

} // namespace partita
