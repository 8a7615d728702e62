#pragma once

#include "partita/core/key_writer.hpp"
#include "partita/messages/entries.hpp"
#include "partita/messages/reports.hpp"

#include <variant>
#include <vector>

namespace partita::core {

/// One incarnation's proof of life: its heartbeat key (docs/protocol.md).
///
///   +---------+  read  +----------+ landed / started +---------+ --+ every interval,
///   | opening | -----> | entering | ---------------> | beating |   | or at news
///   +---------+        +----------+                  +---------+ <-+
///                           | another incarnation        |     | goodbye
///                           v                            v     v
///                         over <--------------------- over    said
///
/// Promises: every beat is a compare-and-set over this incarnation's last one, at most
/// one is under way, and nothing is written after the goodbye. A conflict that shows
/// another nonce or a mark means that this incarnation has ended. A key that was swept
/// while the store could not be reached is written again.
class session {
public:
  struct options {
    nonce self;
    duration interval{};
    duration pause{};
    std::string program_version;
  };

  // -- events ---------------------------------------------------------------------------

  struct write_answered {
    kv_written answer;
  };
  /// `found`: the beat that the entry holds, if it can be read.
  struct read_answered {
    kv_read answer;
    std::optional<beat> found;
  };
  struct tick {};
  struct progressed {
    record_progress what;
  };
  struct goodbye {};
  using event = std::variant<write_answered, read_answered, tick, progressed, goodbye>;

  // -- commands -------------------------------------------------------------------------

  /// Write this beat with this expected revision (0: create); answer with write_answered.
  struct write {
    beat what;
    revision expected;
  };
  struct read {};
  /// The group sees this incarnation from now on.
  struct started {};
  struct over {
    std::string why;
  };
  struct said {
    bool acknowledged = false;
  };
  struct complain {
    std::string why;
  };
  using command = std::variant<write, read, started, over, said, complain>;
  using commands = std::vector<command>;

  explicit session(options opts);

  /// The first commands; once, before any step.
  commands open();
  commands step(const event& what, time_point now);
  std::optional<time_point> wake_at() const;

private:
  enum class phase : std::uint8_t { opening, entering, beating, over };

  void on(const write_answered& what, time_point now);
  void on(const read_answered& what, time_point now);
  void on(const tick& what, time_point now);
  void on(const progressed& what, time_point now);
  void on(const goodbye& what, time_point now);

  void proceed(time_point now);
  void found_on_opening(const read_answered& what, time_point now);
  void beat_now(time_point now);
  void carry_out(const key_writer::step& what, time_point now);
  void landed(const key_writer::landed& what);
  void end(std::string why);
  void end_with_goodbye(bool acknowledged);

  options options_;
  commands out_;
  phase phase_ = phase::opening;
  key_writer writer_;
  revision revision_;
  /// What the next beat says; `under_way_` is what the present write says.
  beat next_;
  beat under_way_;
  bool news_ = false;
  bool goodbye_wanted_ = false;
  time_point beat_at_;
  /// While opening: when to read again.
  std::optional<time_point> read_at_;
};

} // namespace partita::core
