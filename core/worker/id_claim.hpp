// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/key_writer.hpp"
#include "partita/messages/entries.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <variant>
#include <vector>

namespace partita::core {

/// One stable id for one worker: finds one, keeps it, gives it back (docs/protocol.md).
///
///   +---------+ choose / write +--------+  landed  +------+ --+ renew
///   | looking | -------------> | taking | -------> | held |   |
///   +---------+ <------------- +--------+          +------+ <-+
///        |      taken | vacant                         | taken by another / lost
///        | startup has passed, if there is one         | release
///        v                                             v
///   +--------+                                   +-----------+
///   | failed |                                   | releasing | -> released
///   +--------+                                   +-----------+
///
/// Which id, in this order: one that bears our own nonce (a former run of ours took it);
/// one of our instance that was released; one of our instance that
/// was unchanged for `instance_grace` on our clock (while such an id may still become
/// ours, nothing else is taken); one that was never used, the lowest; one that was
/// released; one that was unchanged for `ttl` on our clock. After a lost race the choice
/// is at random among more and more of the lowest free ones: fifty workers that start at
/// once need about 8 rounds, a thousand 21, and still get low numbers.
///
/// Nothing but the compare-and-set decides. Ids carry no safety: the holder of one still
/// needs a session.
class id_claim {
public:
  struct options {
    std::uint32_t min = 0;
    std::uint32_t max = 0;
    std::string instance;
    duration ttl{};
    duration instance_grace{};
    /// How long to look for a free id before giving up; nothing: for as long as it takes.
    std::optional<duration> startup;
    duration pause{};
    nonce self;
    std::uint64_t seed = 0;
  };

  // -- events ---------------------------------------------------------------------------

  /// The watch shows who holds an id; an entry that cannot be read is a holder without
  /// name.
  struct shown {
    std::uint32_t number = 0;
    partita::revision revision;
    claim holder;
  };
  /// The watch shows that an id has no entry.
  struct gone {
    std::uint32_t number = 0;
  };
  /// All ids have been shown.
  struct replayed {};
  struct bucket_changed {};
  struct write_answered {
    kv_written answer;
  };
  /// `holder`: what the entry says, if there is one.
  struct read_answered {
    kv_read answer;
    claim holder;
  };
  struct tick {};
  struct release {};
  using event = std::variant<shown, gone, replayed, bucket_changed, write_answered,
                             read_answered, tick, release>;

  // -- commands -------------------------------------------------------------------------

  /// Write our claim with this expected revision (0: create); answer with write_answered.
  struct write {
    std::uint32_t number = 0;
    revision expected;
    bool released = false;
  };
  struct read {
    std::uint32_t number = 0;
  };
  /// The id is ours; the watch is not needed any more.
  struct held {
    std::uint32_t number = 0;
    /// Another worker of our instance that is alive.
    std::optional<std::uint32_t> twin = {};
  };
  /// The id belongs to another worker.
  struct lost {
    std::string why;
  };
  /// No id within the time for it.
  struct failed {
    std::string why;
  };
  /// Why there is none yet, where it is looked for without limit; each reason once.
  struct waits {
    std::string why;
  };
  struct released {};
  using command = std::variant<write, read, held, lost, failed, waits, released>;
  using commands = std::vector<command>;

  id_claim(options opts, time_point now);

  commands step(const event& what, time_point now);
  std::optional<time_point> wake_at() const;

private:
  enum class phase : std::uint8_t { looking, taking, held, releasing, over };

  struct slot {
    partita::revision revision;
    nonce holder;
    std::string instance;
    bool released = false;
    /// We saw it change: its holder is alive.
    bool changed = false;
    time_point seen_at;
  };

  struct choice {
    std::uint32_t number = 0;
    revision expected;
  };

  void on(const shown& what, time_point now) {
    remember(what.number, what.revision, what.holder, now);
  }
  void on(const gone& what, time_point) { slots_.erase(what.number); }
  void on(const replayed&, time_point) { replayed_ = true; }
  void on(const bucket_changed&, time_point) {
    slots_.clear();
    replayed_ = false;
  }
  void on(const write_answered& what, time_point now);
  void on(const read_answered& what, time_point now);
  void on(const tick&, time_point now) { carry_out(writer_.tick(now), now); }
  void on(const release&, time_point) { release_wanted_ = true; }

  void proceed(time_point now);
  void begin(phase next, choice what, time_point now);
  void carry_out(const key_writer::step& what, time_point now);
  void landed(const key_writer::landed& what);
  void not_ours(const std::string& why);
  void not_written(time_point next_try, time_point now);
  void remember(std::uint32_t number, revision at, const claim& holder, time_point now);
  /// Why there is no id.
  std::string trouble() const;
  std::optional<std::uint32_t> twin() const;

  std::optional<choice> choose(time_point now);
  std::optional<choice> choose_unused();
  std::optional<choice> choose_released();
  /// Unchanged for this long; if not yet, sets free_at_.
  bool is_silent(const slot& x, duration limit, time_point now);
  std::size_t pick(std::size_t count) {
    // The smaller of two draws: rivals keep apart, and low numbers come first all the same.
    return std::min(random_() % count, random_() % count);
  }
  /// Among how many of the lowest free numbers it chooses.
  std::size_t choices() const { return 1 + races_ * (races_ + 1) / 2; }
  duration renew_interval() const;

  options options_;
  std::mt19937_64 random_;
  commands out_;
  phase phase_ = phase::looking;
  bool replayed_ = false;
  bool release_wanted_ = false;
  std::optional<time_point> give_up_at_;
  std::string told_;
  /// When an id may become free by time alone.
  std::optional<time_point> free_at_;
  /// A pause after the store could not be reached.
  time_point not_before_;
  std::map<std::uint32_t, slot> slots_;
  /// One of them has, or had, our nonce or instance.
  bool ours_seen_ = false;
  /// Lost races so far.
  std::size_t races_ = 0;

  key_writer writer_;
  std::uint32_t number_ = 0;
  revision revision_;
  /// Whose entry stands at the revision that a write expects.
  nonce holder_;
  time_point renew_at_;
  std::string last_trouble_;
};

} // namespace partita::core
