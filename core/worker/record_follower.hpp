// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/key_writer.hpp"
#include "partita/messages/codec.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace partita::core {

/// Which of the records that a watch shows count for this incarnation (docs/protocol.md).
///
/// Promises:
/// - A record is delivered only if it is addressed to this incarnation and (epoch,
///   version) is greater than that of the one delivered before.
/// - One that stands in parts counts once all of them were read, which is tried until a newer
///   one is shown. Where that takes too long it is as if the watch had been silent meanwhile.
/// - An empty record is created where there is none; one that is found is left alone.
/// - Once a record was ours it is lost when it vanishes, when it cannot be read, when it
///   is addressed to another incarnation (a leader does that only after an end), when its
///   bucket is made again, and (if `exclusive`) when the watch shows no sign of life for
///   `silence`. Nothing follows then.
class record_follower {
public:
  struct options {
    nonce self;
    /// The terms that the record it creates states.
    session_terms terms = {};
    /// How long the watch may be silent.
    duration silence{};
    duration pause{};
    bool exclusive = true;
    /// This incarnation had a record before: another follower has seen it.
    bool established = false;
  };

  // -- events ---------------------------------------------------------------------------

  struct shown {
    partita::revision revision;
    decoded<stored_record> value;
  };
  struct gone {};
  struct replayed {};
  /// The watch works and had nothing to say.
  struct alive {};
  struct bucket_changed {};
  struct write_answered {
    kv_written answer;
  };
  struct read_answered {
    kv_read answer;
    /// Meaningful if a value was found.
    decoded<stored_record> value;
  };
  struct part_answered {
    stamp of;
    std::uint64_t number = 0;
    kv_read answer;
  };
  struct tick {};
  using event = std::variant<shown, gone, replayed, alive, bucket_changed, write_answered,
                             read_answered, part_answered, tick>;

  // -- commands -------------------------------------------------------------------------

  /// Create the record; answer with write_answered.
  struct create {
    record value;
    /// 0. (Another one's record is overwritten only with a failpoint.)
    revision over;
  };
  /// Read the record from the stream's leader; answer with read_answered.
  struct read {};
  /// Read this part of it; answer with part_answered.
  struct read_part {
    stamp of;
    std::uint64_t number = 0;
  };
  struct deliver {
    record value;
  };
  struct lost {
    std::string why;
  };
  using command = std::variant<create, read, read_part, deliver, lost>;
  using commands = std::vector<command>;

  record_follower(options opts, time_point now);

  commands step(const event& what, time_point now);
  std::optional<time_point> wake_at() const;

private:
  void on(const shown& what, time_point now) {
    auto before = std::exchange(sign_at_, now);
    consider(what.value, what.revision, now, before);
  }
  void on(const gone&, time_point now) {
    sign_at_ = now;
    seen_ = false;
    vanished("the record is gone from the store", now);
  }
  void on(const replayed&, time_point now) {
    sign_at_ = now;
    if (!seen_)
      vanished("the store has no record", now);
  }
  void on(const alive&, time_point now) { sign_at_ = now; }
  void on(const bucket_changed& what, time_point now);
  void on(const write_answered& what, time_point now) {
    carry_out(writer_.answered(what.answer, now), now);
  }
  void on(const read_answered& what, time_point now) {
    const auto* found = std::get_if<stored_record>(&what.value);
    auto ours = found && found->value.worker_nonce == options_.self;
    carry_out(writer_.looked(what.answer, key_writer::seen(ours, false), now), now);
  }
  void on(const part_answered& what, time_point now);
  void on(const tick& what, time_point now);

  void consider(const decoded<stored_record>& value, revision at, time_point now,
                time_point before);
  void read_parts(time_point now);
  void vanished(const std::string& how, time_point now);
  void lose(std::string why);
  void begin_writing(revision over, time_point now) {
    create_at_.reset();
    over_ = over;
    carry_out(writer_.begin(over, now), now);
  }
  void carry_out(const key_writer::step& what, time_point now);

  options options_;
  commands out_;
  /// The watch's last sign of life.
  time_point sign_at_;
  /// A record addressed to us was shown, or ours was created.
  bool established_ = false;
  bool lost_ = false;
  /// Some record was shown, whichever incarnation it is addressed to.
  bool seen_ = false;
  stamp delivered_;
  /// A record whose parts are being read. As long as they are not, nothing is known of what
  /// happened since the sign of life before it.
  struct in_parts {
    stored_record value;
    time_point since;
    std::map<std::uint64_t, std::string> found = {};
    std::optional<time_point> retry_at = {};
    std::string why = {};
  };
  std::optional<in_parts> reading_;
  key_writer writer_;
  /// What the present write is to replace; 0: nothing.
  revision over_;
  /// Creating failed for now.
  std::optional<time_point> create_at_;
};

} // namespace partita::core
