#pragma once

#include "partita/messages/record.hpp"

#include <chrono>
#include <map>
#include <string>
#include <variant>
#include <vector>

/// What stands in the control bucket (docs/protocol.md): what operators wish, and what the
/// leaders planned. Whoever leads carries the wishes out. Keys and text: control_codec.hpp.
namespace partita {

// -- wishes -----------------------------------------------------------------------------

/// Gets no partition that it does not have. `wish.cordon.worker-3`
struct cordon_wish {
  worker_id worker;

  friend bool operator==(const cordon_wish&, const cordon_wish&) = default;
};

/// Gives all its partitions away and gets none; its process stays. `wish.drain.worker-3`
struct drain_wish {
  worker_id worker;

  friend bool operator==(const drain_wish&, const drain_wish&) = default;
};

/// This worker shall own the partition of this name, whenever it takes part.
/// `wish.pin.orders.7`
struct pin_wish {
  std::string partition;
  worker_id worker;

  friend bool operator==(const pin_wish&, const pin_wish&) = default;
};

/// No rebalance for so long after the server stored the entry: only partitions without an
/// owner are dealt. `wish.pause.0f3a9c21`: several may hold at once.
struct pause_wish {
  /// Eight hexadecimal digits, chosen by who asks.
  std::string id;
  std::chrono::seconds lasts{0};

  friend bool operator==(const pause_wish&, const pause_wish&) = default;
};

/// Plan now, without windows and cool-down; the leader removes it when it has planned.
/// `wish.rebalance`
struct rebalance_wish {
  friend bool operator==(const rebalance_wish&, const rebalance_wish&) = default;
};

/// This leader of this epoch shall lead no more; whoever leads removes it when it is
/// carried out or moot. `wish.step_down`
struct step_down_wish {
  worker_id leader;
  partita::epoch epoch;

  friend bool operator==(const step_down_wish&, const step_down_wish&) = default;
};

struct wish {
  using kind = std::variant<cordon_wish, drain_wish, pin_wish, pause_wish, rebalance_wish,
                            step_down_wish>;
  kind what;
  /// Unix time in seconds; for people only, nothing is decided by it.
  std::int64_t at = 0;
  /// Who wishes, as `user@host`, and why; for people. Both may be empty.
  std::string by;
  std::string reason;

  friend bool operator==(const wish&, const wish&) = default;
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
  /// How many partitions each worker got and gave away; those without change are left out.
  std::map<worker_id, std::uint64_t> gains;
  std::map<worker_id, std::uint64_t> losses;
  /// Wishes that could not be followed, and why.
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
