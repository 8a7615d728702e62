#pragma once

#include "partita/core/key_writer.hpp"
#include "partita/messages/codec.hpp"

#include <variant>
#include <vector>

namespace partita::core {

/// Which of the records that a watch shows count for this incarnation (docs/protocol.md).
///
/// Promises:
/// - A record is delivered only if it is addressed to this incarnation and (epoch,
/// version)
///   is greater than that of the one delivered before.
/// - An empty record is created where there is none; one that is found is left alone.
/// - A record that vanishes, or that cannot be read any more, is reported as lost once it
///   was ours.
/// - After the process was asleep for longer than `asleep_after`, what waits in the
/// mailbox
///   may be long outdated: nothing is delivered before the record was read again from the
///   stream's leader.
class record_follower {
public:
  struct options {
    nonce self;
    duration asleep_after{};
    duration pause{};
    /// What the worker has applied already, where this takes the place of a follower that
    /// crashed: a record that is not there any more, or that is older, is no news then.
    stamp applied{};
  };

  // -- events ---------------------------------------------------------------------------

  struct shown {
    partita::revision revision;
    decoded<record> value;
  };
  struct gone {};
  struct replayed {};
  struct bucket_changed {};
  struct write_answered {
    kv_written answer;
  };
  struct read_answered {
    kv_read answer;
    /// Meaningful if a value was found.
    decoded<record> value;
  };
  struct tick {};
  using event = std::variant<shown, gone, replayed, bucket_changed, write_answered,
                             read_answered, tick>;

  // -- commands -------------------------------------------------------------------------

  /// Create the record; answer with write_answered.
  struct create {
    record value;
  };
  /// Read the record from the stream's leader; answer with read_answered.
  struct read {};
  struct deliver {
    record value;
  };
  struct lost {
    std::string why;
  };
  struct complain {
    std::string why;
  };
  using command = std::variant<create, read, deliver, lost, complain>;
  using commands = std::vector<command>;

  record_follower(options opts, time_point now);

  commands step(const event& what, time_point now);
  /// Always set: falling asleep is noticed by ticks that come late.
  std::optional<time_point> wake_at() const;

private:
  void on(const shown& what, time_point now);
  void on(const gone& what, time_point now);
  void on(const replayed& what, time_point now);
  void on(const bucket_changed& what, time_point now);
  void on(const write_answered& what, time_point now);
  void on(const read_answered& what, time_point now);
  void on(const tick& what, time_point now);

  void consider(const decoded<record>& value);
  void vanished(const std::string& how, time_point now);
  void begin_creating(time_point now);
  void ask_to_read();
  void carry_out(const key_writer::step& what, time_point now);
  void look_again(const read_answered& what, time_point now);

  options options_;
  commands out_;
  time_point last_turn_;
  /// A record addressed to us was shown, or ours was created.
  bool established_ = false;
  bool lost_ = false;
  /// Some record was shown, whoever it is addressed to.
  bool seen_ = false;
  stamp delivered_;
  key_writer writer_;
  /// Just woken up: deliver nothing until the record was read.
  bool verifying_ = false;
  std::optional<time_point> read_at_;
  /// Reads that are not answered yet, and how many of them were asked before the sleep.
  std::size_t reads_ = 0;
  std::size_t outdated_reads_ = 0;
  /// Creating failed for now.
  std::optional<time_point> create_at_;
};

} // namespace partita::core
