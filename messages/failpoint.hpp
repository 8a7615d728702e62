// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace partita {

/// A rule of the protocol that a failpoint leaves out, to show that the simulator finds
/// what happens without it (docs/testing.md).
enum class rule : std::uint8_t {
  none,
  deadline_from_answer,
  no_clock_margin,
  own_ttl_for_all,
  nonce_used_again,
  poison_believed,
  no_sealing,
  no_second_seal,
  unseen_revision,
  unknown_settled_by_reading,
  conflict_believed,
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
  vanished_before_adoption_ignored,
  first_vanished_only,
  orphan_freed_if_heard_only,
  revocation_start_kept,
  draining_granted,
  restart_hold_for_any,
  dropped_partition_regranted,
  versions_restarted,
  gap_ignored,
  mark_ends_watch,
  old_replay_accepted,
  drain_ignored,
  cordon_ignored,
  replayed_directives_ignored,
  moot_directive_kept,
  guard_deadline_ignored,
  record_before_parts,
  parts_written_over,
  goodbye_before_the_end,
  other_server_skipped,
  cluster_skipped,
  init_overwrites,
  claim_not_written,
  floor_trusted_alone,
  removed_before_made,
  claim_not_read_again,
  token_not_in_name
};

#ifdef PARTITA_FAILPOINTS
/// The rule that is left out; set before any actor exists.
inline rule active_failpoint = rule::none;

/// Whether the rule `x` is left out.
inline bool failpoint(rule x) {
  return active_failpoint == x;
}
#else
/// Only objects that are compiled for the simulator can leave a rule out.
constexpr bool failpoint(rule) {
  return false;
}
#endif

} // namespace partita
