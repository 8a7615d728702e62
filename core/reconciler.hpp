#pragma once

#include "partita/core/key_writer.hpp"
#include "partita/core/membership.hpp"
#include "partita/messages/codec.hpp"

#include <map>
#include <string>
#include <variant>
#include <vector>

namespace partita::core {

/// Brings the records in the store to what the leader wants (docs/protocol.md).
///
/// Promises:
/// - A record is changed only on a revision that the watch has shown, by compare-and-set,
///   with one write of a key under way; unknown outcomes are repeated until answered.
/// - A record that already says what is wanted is not touched.
/// - Versions only grow: a written record has a greater version than the one it replaces.
/// - A grant keeps its token as long as the partition stays with the same incarnation.
/// - Within one change of target, records that lose partitions are written before those
///   that gain them.
/// - The record of a worker that left is emptied, never deleted.
/// - After a record vanished or could not be read nothing is granted for `hold`: nobody
///   knows what its worker still does.
class reconciler {
public:
  struct options {
    partita::epoch epoch;
    worker_id leader;
    duration pause{};
    duration hold{};
  };

  /// What a worker shall own.
  struct share {
    /// Its present incarnation; records are addressed to it.
    nonce owner;
    std::vector<partition> partitions;

    friend bool operator==(const share&, const share&) = default;
  };
  using target = std::map<worker_id, share, by_number>;

  /// Write this record with this expected revision; answer with answered().
  struct write {
    worker_id who;
    record value;
    revision expected;
  };
  /// Read this worker's record from the stream's leader; answer with looked().
  struct read {
    worker_id who;
  };
  struct complain {
    worker_id who;
    std::string why;
  };
  using command = std::variant<write, read, complain>;
  using commands = std::vector<command>;

  explicit reconciler(options opts) : options_{opts} {}

  // -- what the watch shows -------------------------------------------------------------

  commands shown(const worker_id& who, revision at, const decoded<record>& value,
                 time_point now);
  commands gone(const worker_id& who, time_point now);
  void clear();

  // -- what the leader wants ------------------------------------------------------------

  /// Wants `next` from now on. Workers that it does not name shall own nothing.
  commands want(target next, partita::lifecycle why, time_point now);

  // -- answers --------------------------------------------------------------------------

  commands answered(const worker_id& who, const kv_written& answer, time_point now);
  commands looked(const worker_id& who, const kv_read& answer, time_point now);
  commands tick(time_point now);
  std::optional<time_point> wake_at() const;

  // -- for planning and for people ------------------------------------------------------

  /// Whether this worker has a record that a share can be written to.
  bool has_record(const worker_id& who) const;
  /// The incarnation that its record is addressed to; only with a record.
  const nonce& addressee(const worker_id& who) const;
  /// Whether every record says what is wanted.
  bool settled() const;
  /// Whether any record names a partition.
  bool names_any() const;
  /// The workers whose records name partitions.
  std::vector<worker_id> named_owners() const;
  /// Who owns what: what is wanted, or before the first `want` what the records say. Of
  /// two that name one partition the greater (epoch, version) has it.
  std::map<std::string, worker_id> owners() const;
  /// The greatest version that any record has, or that was given here.
  partita::version newest() const { return newest_; }

private:
  struct slot {
    explicit slot(duration pause) : writer{pause} {}

    /// What the watch shows; empty if the value cannot be read.
    std::optional<record> value;
    partita::revision revision;
    /// The greatest version that the record ever had, whatever it holds now.
    version newest;
    bool present = false;
    /// It says what is wanted, apart from a hold.
    bool clean = false;
    key_writer writer;
    record under_way;
    /// The revision of our last write: nothing is written before the watch shows it.
    partita::revision written;
    /// After a refusal.
    std::optional<time_point> retry_at;
  };

  slot& at(const worker_id& who);
  bool may_write(const slot& x, time_point now) const;
  std::optional<record> wanted(const worker_id& who, const slot& x, time_point now) const;
  void push(const worker_id& who, slot& x, time_point now);
  void push_all(time_point now);
  void carry_out(const worker_id& who, slot& x, const key_writer::step& what,
                 time_point now);
  partita::version next_version();

  options options_;
  commands out_;
  std::map<worker_id, slot, by_number> slots_;
  std::optional<target> target_;
  partita::lifecycle lifecycle_ = lifecycle::empty;
  /// The version of the present target's records; 0: to be given at the first write.
  partita::version plan_;
  partita::version newest_;
  /// Nothing is granted before.
  std::optional<time_point> hold_until_;
};

} // namespace partita::core
