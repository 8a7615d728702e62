#pragma once

#include "partita/core/key_writer.hpp"
#include "partita/messages/entries.hpp"

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
/// Where the key is missing, the new epoch is above all that the survey shows and at
/// least the unix time in seconds: so it grows even where everything was lost.
class accession {
public:
  struct options {
    worker_id leader;
    /// Names this leadership.
    nonce self;
    duration pause{};
    /// The new epoch is at least this: so it grows even where the store has lost the
    /// newest ones.
    partita::epoch floor{};
  };

  /// Read the epoch key from the stream's leader; answer with looked().
  struct read {};
  /// Show all records and heartbeats; tell the epochs in them by surveyed().
  struct survey {};
  /// Write with this expected revision (0: create); answer with answered().
  struct write {
    epoch_entry value;
    revision expected;
  };
  struct acceded {
    partita::epoch epoch;
  };
  struct complain {
    std::string why;
  };
  using command = std::variant<read, survey, write, acceded, complain>;
  using commands = std::vector<command>;

  explicit accession(options opts) : options_{std::move(opts)}, writer_{options_.pause} {}

  commands begin();
  commands looked(const kv_read& answer, time_point now);
  /// `greatest`: of all epochs in records and heartbeats. `unix_seconds`: the wall clock.
  commands surveyed(partita::epoch greatest, std::int64_t unix_seconds, time_point now);
  commands answered(const kv_written& answer, time_point now);
  commands tick(time_point now);
  std::optional<time_point> wake_at() const;

private:
  void found(const kv_entry& entry, time_point now);
  void claim(partita::epoch next, revision expected, time_point now);
  void carry_out(const key_writer::step& what, time_point now);

  options options_;
  commands out_;
  key_writer writer_;
  epoch_entry entry_;
  /// The revision over which the survey's result is written.
  revision surveyed_over_;
  std::optional<time_point> read_at_;
};

} // namespace partita::core
