// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"
#include "partita/messages/store.hpp"

#include <string>
#include <variant>

namespace partita::core {

/// Repeats one compare-and-set write of one key until its outcome is known.
///
///             begin / write                    done / landed
///   +------+ -------------> +---------+ ---------------------------> +------+
///   | idle |                | writing | <-- pause, then / write -+   | idle |
///   +------+                +---------+ --- unknown -------------+   +------+
///                              ^ |                                      ^
///                   unchanged  | | conflict            ours / landed    |
///               / pause, write | | / read             other / taken     |
///                              | v                     none / vacant    |
///                           +---------+                                 |
///                           | reading | --------------------------------+
///                           +---------+ (an unanswered read is repeated)
///
/// A write without answer may have taken effect or may still do so, so it is repeated
/// with the same expected revision until there is an answer. A conflict is an answer only
/// if the stream's leader agrees. The key is read there, and what it shows decides:
///
/// - our value at a greater revision: an earlier try landed, and counts from the first;
/// - the expected revision, with what the owner knew to be there: no answer. A write of
///   this key is in flight, perhaps an earlier try of our own: it is repeated;
/// - the expected revision with something else: the store gave the revision again. Taken;
/// - a smaller revision: the store lost writes. Taken, whatever the value is;
/// - another value at a greater revision: taken; no value: vacant.
///
/// A write that was never sent (no connection) ends at once, unless an earlier try is
/// still in doubt.
class key_writer {
public:
  // -- what the owner must do or know ---------------------------------------------------

  /// Nothing to do; see wake_at.
  struct waiting {};
  /// Write with this expected revision (0: create).
  struct write {
    revision expected;
  };
  /// Read the key from the stream's leader.
  struct read {};
  /// The key holds our value at `at`. `sent`: when the first try was sent; what the write
  /// gives (a lease, a session) counts from there.
  struct landed {
    revision at;
    time_point sent;
  };
  /// The key holds another value than ours, or lost ours, and ours will never land.
  struct taken {
    kv_entry entry;
    /// Its revision is not greater than the expected one: the store has lost writes.
    bool lost_writes = false;
  };
  /// The key holds no value (`mark`: revision of the delete mark, or 0), and ours will
  /// never land.
  struct vacant {
    revision mark;
  };
  /// Certainly not written: no connection.
  struct not_sent {
    std::string why;
  };
  /// Certainly not written, and repeating it will not help by itself.
  struct refused {
    std::string why;
  };
  using step =
      std::variant<waiting, write, read, landed, taken, vacant, not_sent, refused>;

  /// How the owner classifies a value that was read.
  enum class sight : std::uint8_t {
    /// The one that we are writing.
    ours,
    /// The one that the owner knew at the expected revision.
    known,
    other
  };
  static constexpr sight seen(bool ours, bool known) {
    return ours ? sight::ours : known ? sight::known : sight::other;
  }

  /// `pause`: between two tries.
  explicit key_writer(duration pause) : pause_{pause} {}

  /// Starts a write; only while not busy.
  step begin(revision expected, time_point now);
  step answered(const kv_written& answer, time_point now);
  step looked(const kv_read& answer, sight what, time_point now);
  step tick(time_point now);

  bool busy() const { return phase_ != phase::idle; }
  std::optional<time_point> wake_at() const { return retry_at_; }

private:
  enum class phase : std::uint8_t { idle, writing, reading };

  step end(step what);
  bool unchanged(const kv_read& answer, sight what) const;
  step repeat_later(time_point now);

  duration pause_;
  phase phase_ = phase::idle;
  revision expected_;
  /// An earlier try may have landed or may still land.
  bool in_doubt_ = false;
  /// Only with the failpoint unknown_settled_by_reading.
  bool settling_ = false;
  time_point sent_;
  /// Set while no request is under way: when to repeat it.
  std::optional<time_point> retry_at_;
};

} // namespace partita::core
