// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/backoff.hpp"
#include "partita/messages/enumeration.hpp"

#include <array>
#include <bitset>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace partita::core {

/// The children of a worker.
enum class role : std::uint8_t {
  registrar,
  heartbeat,
  elector,
  watcher,
  roster,
  calculator,
  count
};

constexpr const char* to_string(role x) {
  return word_of(
      x, {"registrar", "heartbeat", "elector", "watcher", "roster", "calculator"});
}

/// Some of them.
class role_set {
public:
  bool has(role x) const { return bits_.test(static_cast<std::size_t>(x)); }
  void add(role x) { bits_.set(static_cast<std::size_t>(x)); }
  void remove(role x) { bits_.reset(static_cast<std::size_t>(x)); }

private:
  std::bitset<count_of<role>> bits_;
};

/// Which children of a worker run, and when one that crashed is started again.
///
///            started               ended by itself        tick, if needed / start
///   absent ---------> alive ---------------------------> waiting ---------------> absent
///      ^                | killed                            | killed
///      +----------------+-----------------------------------+
///
/// Promises:
/// - A pause before each restart; it grows while a child crashes within 30 s of a start.
/// - A heartbeat that crashed is not started again: what it wrote last is not known, so
///   its session is over, and the next one begins after the pause.
/// - A calculator never outlives the roster from which it receives heartbeats.
class restarts {
public:
  /// The worker's situation when an event comes.
  struct situation {
    bool leaving = false;
    bool in_session = false;
    bool has_id = false;
    bool leads = false;
  };

  // -- events ---------------------------------------------------------------------------

  /// The child that was started last in this role has ended.
  struct ended {
    role who;
    std::string why;
  };
  struct tick {};
  using event = std::variant<ended, tick>;

  // -- commands -------------------------------------------------------------------------

  struct start {
    role who;
  };
  struct kill {
    role who;
  };
  /// For the log.
  struct crashed {
    role who;
    std::string why;
    duration pause;
  };
  /// Give leadership up.
  struct depose {
    std::string why;
  };
  /// No session before then; the present one is over.
  struct end_session {
    time_point next_at;
    std::string why;
  };
  using command = std::variant<start, kill, crashed, depose, end_session>;
  using commands = std::vector<command>;

  /// `seed` feeds the jitter of the pauses.
  explicit restarts(std::uint64_t seed) : random_{seed} {}

  /// The number of the run that begins.
  std::uint64_t started(role x, time_point now);
  void killed(role x) {
    of(x).again_at.reset();
    alive_.remove(x);
  }
  commands step(const event& what, const situation& is, time_point now) {
    std::visit([&](const auto& x) { on(x, is, now); }, what);
    return std::exchange(out_, {});
  }
  std::optional<time_point> wake_at() const;

  /// The number of a child's present run; messages from other runs are old.
  std::uint64_t run(role x) const { return of(x).run; }
  bool current(role x, std::uint64_t run) const {
    return is_alive(x) && of(x).run == run;
  }
  /// Whether a child is alive in that run; run 0 belongs to no child and never ends.
  bool is_present(std::uint64_t run) const {
    for (std::size_t i = 0; i < count_of<role>; ++i)
      if (current(static_cast<role>(i), run))
        return true;
    return run == 0;
  }
  bool is_alive(role x) const { return alive_.has(x); }
  /// It is alive, or will be after a pause.
  bool is_due(role x) const { return is_alive(x) || of(x).again_at.has_value(); }
  const role_set& alive() const { return alive_; }
  /// Alive, or killed and not ended yet.
  const role_set& present() const { return present_; }
  /// How many have crashed.
  std::uint64_t count() const { return count_; }

private:
  struct child {
    std::uint64_t run = 0;
    backoff pause{std::chrono::milliseconds{100}, std::chrono::seconds{5}};
    time_point born;
    std::optional<time_point> again_at;
  };

  child& of(role x) { return children_[static_cast<std::size_t>(x)]; }
  const child& of(role x) const { return children_[static_cast<std::size_t>(x)]; }

  void on(const ended& what, const situation& is, time_point now);
  void on(const tick&, const situation& is, time_point now);

  void crash(const ended& what, const situation& is, time_point now);
  bool needed(role x, const situation& is) const;

  std::mt19937_64 random_;
  commands out_;
  std::array<child, count_of<role>> children_;
  role_set alive_;
  role_set present_;
  std::uint64_t runs_ = 0;
  std::uint64_t count_ = 0;
};

} // namespace partita::core
