// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/key_writer.hpp"
#include "partita/messages/entries.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace partita::core {

/// A new leader's first act: it writes the key `epoch`, one more than what it holds. That
/// write is the change of power (docs/protocol.md).
///
///   read -> found:   write
///        -> missing: survey all records and heartbeats, then write
///   written by us:      acceded
///   written by another: read again
///
/// An entry that names the server which we are connected to, and which alone keeps the
/// bucket, shows that nothing was lost since its writer granted: what a new connection
/// makes doubtful (options::usual) does not count then, and our entry names the server
/// from the start. Otherwise it names it once we may grant (note()).
///
/// No epoch under which something was granted is given again, even if the store has lost
/// all. Let D be `lead` seconds, the same in the whole group whatever its settings are:
/// - nothing is granted under an epoch before the wall clock's second is more than the
///   epoch less D;
/// - where the key is missing, the new epoch is above all that the survey shows, and at
///   least the wall clock's second and D. The worker gives the same as `floor` where it
///   could be that the store has lost the newest epochs.
/// So that the first costs no time, no epoch is taken that is more than D ahead of the
/// clock: where leaders change more often than once a second they come to wait for it. A
/// clock that is further off than `clock_difference` is not waited for.
class epoch_takeover {
public:
  /// What the wall clocks of a group may differ by.
  static constexpr std::int64_t clock_difference = 10;
  /// How far ahead of the clock an epoch may be, in seconds: far more than leaders change
  /// in a row while the store is in doubt.
  static constexpr std::int64_t usual_lead = 60;

  /// What a leadership starts from.
  struct start {
    /// The new epoch is at least this.
    epoch floor{};
    /// What happened before may not show in the store.
    std::optional<time_point> doubted_since{};
  };

  struct options {
    worker_id leader;
    /// Names this leadership.
    nonce self;
    duration pause{};
    start usual{};
    /// Where the entry names our server.
    start on_known_server{};
    /// In seconds.
    std::int64_t lead = usual_lead;
  };

  /// The time of an input, on the monotonic clock and on the wall clock.
  struct instant {
    time_point now;
    std::int64_t unix_seconds = 0;
  };

  /// Identify the bucket, then read the epoch key from the stream's leader; answer with
  /// looked().
  struct read {};
  /// Read all records and heartbeats; pass the epochs in them to surveyed().
  struct survey {};
  /// Write with this expected revision (0: create); answer with answered().
  struct write {
    epoch_entry value;
    revision expected;
  };
  struct acceded {
    partita::epoch epoch;
    /// Nothing may be granted under it before.
    time_point may_grant_at;
    std::optional<time_point> doubted_since;
  };
  using command = std::variant<read, survey, write, acceded>;
  using commands = std::vector<command>;

  explicit epoch_takeover(options opts)
      : options_{std::move(opts)}, writer_{options_.pause} {}

  commands begin();
  commands looked(const kv_read& answer, const bucket_identity& bucket, instant at);
  /// `greatest`: of all epochs in records and heartbeats; `newest_ns`: the newest time
  /// stamp of the server among them.
  commands surveyed(partita::epoch greatest, std::int64_t newest_ns, instant at);
  commands answered(const kv_written& answer, instant at);
  commands tick(instant at);
  /// Only after `acceded`: the entry names our server, if there is one, as grants may begin.
  commands granting(instant at);
  /// Only after `acceded`: the entry says what grants wait for, if it is known how long.
  commands waiting(duration how_long, std::string why, instant at);
  std::optional<time_point> wake_at() const;

private:
  const start& from() const {
    return on_known_server_ ? options_.on_known_server : options_.usual;
  }
  commands note(epoch_entry next, instant at);
  void write_note(instant at);
  void found(const kv_entry& entry, instant at);
  void claim(partita::epoch next, std::int64_t stored_at_ns, revision expected,
             instant at);
  void carry_out(const key_writer::step& what, instant at);
  void carry_out_note(const key_writer::step& what, instant at);

  options options_;
  /// Empty between calls.
  commands out_;
  key_writer writer_;
  epoch_entry entry_;
  /// What the entry said that is written over; 0: nothing that can be read.
  partita::epoch before_;
  /// The revision over which the survey's result is written.
  revision surveyed_over_;
  /// Of the last read.
  bucket_identity bucket_;
  bool on_known_server_ = false;
  /// Where our entry stands; 0: it does not yet.
  revision ours_;
  /// What it is to say next.
  std::optional<epoch_entry> note_;
  std::optional<time_point> read_at_;
  /// An epoch that readers would still refuse, and when they will accept it.
  std::optional<std::pair<partita::epoch, time_point>> held_back_;
};

} // namespace partita::core
