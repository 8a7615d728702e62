// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/key_writer.hpp"
#include "partita/messages/entries.hpp"
#include "partita/messages/reports.hpp"

#include <variant>
#include <vector>

namespace partita::core {

/// How long a session lasts from the first send of a heartbeat that was acknowledged:
/// `ttl` less an eighth, in which listeners end their work before the group counts this
/// worker as gone.
duration session_length(duration ttl);

/// The heartbeats of one incarnation, in the key of its worker (docs/protocol.md).
///
///   +---------+  free  +----------+ landed / started +---------+ --+ every interval,
///   | opening | -----> | entering | ---------------> | beating |   | or at news
///   +---------+        +----------+                  +---------+ <-+
///     ^    | another        | another entry there      |     | goodbye
///     +----+ one lives      v                          v     v
///      / waits; looks     over                       over   said
///        again
///
/// Promises:
/// - The first heartbeat is written only over nothing, over a mark, over what cannot be
///   read, or over a live heartbeat of an earlier incarnation of this process. Over
///   another incarnation's live heartbeat nothing is written.
/// - A nonce is used once: where the first heartbeat met another entry than it expected,
///   it may have landed and been ended. The session is over.
/// - Every heartbeat is a compare-and-set over this incarnation's last one, at most one
///   is under way, and nothing is written after the goodbye.
/// - The session is over once `session_length` has passed since the first send of the
///   newest acknowledged heartbeat (only if `exclusive`), and when a conflict shows
///   anything but a later heartbeat of our own.
class session {
public:
  struct options {
    nonce self;
    duration interval{};
    duration ttl{};
    duration pause{};
    std::string program_version;
    /// What every heartbeat states about the worker.
    std::int64_t capacity = 100;
    std::string zone = {};
    /// Whether the session ends when nothing is acknowledged for too long.
    bool exclusive = true;
    /// Earlier incarnations of this process, the newest last; all their work has ended.
    std::vector<nonce> past;
  };

  // -- events ---------------------------------------------------------------------------

  struct write_answered {
    kv_written answer;
  };
  /// `found`: the heartbeat that the entry holds, if it can be read.
  struct read_answered {
    kv_read answer;
    std::optional<beat> found;
  };
  struct tick {};
  struct progressed {
    record_progress what;
  };
  /// All listeners have stopped working.
  struct goodbye {
    bool restarting = false;
  };
  using event = std::variant<write_answered, read_answered, tick, progressed, goodbye>;

  // -- commands -------------------------------------------------------------------------

  /// Write `what` with this expected revision (0: create); answer with write_answered.
  struct write {
    beat what;
    revision expected;
  };
  struct read {};
  /// The group sees this incarnation from now on.
  struct started {};
  /// A heartbeat was acknowledged: this incarnation may work until then.
  struct extended {
    time_point until;
  };
  /// Another incarnation is alive under our id; reported once.
  struct waits {
    std::string why;
  };
  struct over {
    std::string why;
  };
  struct said {
    bool acknowledged = false;
  };
  using command = std::variant<write, read, started, extended, waits, over, said>;
  using commands = std::vector<command>;

  explicit session(options opts);

  /// The first commands; once, before any step.
  commands open() { return {read{}}; }
  commands step(const event& what, time_point now);
  std::optional<time_point> wake_at() const;

private:
  enum class phase : std::uint8_t { opening, entering, beating, over };

  void on(const write_answered& what, time_point now) {
    carry_out(writer_.answered(what.answer, now), now);
  }
  void on(const read_answered& what, time_point now);
  void on(const tick& what, time_point now);
  void on(const progressed& what, time_point now);
  void on(const goodbye& what, time_point now);

  void proceed(time_point now);
  void find(revision at, time_point now);
  void beat_now(time_point now);
  void carry_out(const key_writer::step& what, time_point now);
  void landed(const key_writer::landed& what, time_point now);
  void taken(const kv_entry& entry, time_point now);
  bool look_again(time_point now);
  void not_written(time_point beat_at) {
    beat_at_ = beat_at;
    if (goodbye_)
      end_with_goodbye(phase_ == phase::entering);
  }
  void end(std::string why);
  void end_with_goodbye(bool acknowledged) {
    phase_ = phase::over;
    out_.emplace_back(said{acknowledged});
  }

  options options_;
  commands out_;
  phase phase_ = phase::opening;
  key_writer writer_;
  revision revision_;
  /// Whose entry stands at `revision_`; empty: no heartbeat that can be read.
  nonce holder_;
  /// What the next heartbeat says; `under_way_` is what the present write says.
  beat next_;
  beat under_way_;
  /// What the last read found.
  std::optional<beat> found_;
  bool news_ = false;
  bool started_ = false;
  bool said_to_wait_ = false;
  /// The mark that the goodbye writes, once it is wanted.
  std::optional<beat_state> goodbye_;
  time_point beat_at_;
  /// While beating: when the session is over.
  std::optional<time_point> until_;
  /// While opening: when to read again.
  std::optional<time_point> read_at_;
};

} // namespace partita::core
