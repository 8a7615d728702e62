#pragma once

#include <cstdint>

namespace partita::core {

/// Known mistakes that the simulator's tests bring in, one at a time, to show that the
/// simulator finds them (docs/testing.md). Each names the rule that is left out.
enum class mistake : std::uint8_t {
  none,
  deadline_from_answer,
  no_clock_margin,
  no_sealing,
  no_second_seal,
  unseen_revision,
  unknown_settled_by_reading,
  grant_before_confirmation,
  grant_before_emptied,
  no_expel,
  expel_any_revision,
  missing_beat_is_end,
  forced_without_wait,
  joiner_overwrites_record,
  joiner_beats_over_live_beat,
  vanished_record_ignored,
  no_newborn_wait,
  dropped_partition_regranted,
  versions_restarted,
  gap_ignored,
  mark_ends_watch,
  old_replay_accepted,
  drain_ignored,
  cordon_ignored,
  replayed_wishes_ignored,
  moot_wish_kept
};

/// The mistake that is made; set before any actor exists, and only by tests.
inline mistake planted_mistake = mistake::none;

/// Whether the rule that `x` names is left out. Always false but in the simulator.
inline bool planted(mistake x) {
  return planted_mistake == x;
}

} // namespace partita::core
