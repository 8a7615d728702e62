// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/key_writer.hpp"
#include "partita/messages/ids.hpp"

#include <algorithm>
#include <random>
#include <utility>
#include <variant>
#include <vector>

namespace partita::core {

/// The lease on the leader key: who may lead, and until when (docs/protocol.md).
///
///                landed in time / announce(true)
///   +----------+ ------------------------------> +--------+ --+ renew every third of
///   | follower |                                 | leader |   | the lease, or second
///   +----------+ <------------------------------ +--------+ <-+
///        |         deadline | taken | abdicated       |
///        |         / announce(false)                  | resigned / announce(false)
///        +------------------+     +-------------------+
///                  resigned v     v
///                       +-------------+
///                       | leaving     | -> key removed or not ours / finished
///                       +-------------+
///
/// Promises:
/// - A leader's deadline counts from when it sent the write that was acknowledged (the
///   first try, if there were repeats): 0.8 of the lease. It loses leadership at the
///   deadline.
/// - A follower takes over an existing key only if it was unchanged for a whole
///   lease on its own clock since it first saw that revision, and by exactly that
///   revision.
/// - It does so earlier only if the leader's process is known to be gone, by exactly the
///   revision for which that was found.
/// - A key that is gone is created at once, with a little jitter so that not all collide.
/// - Nothing is decided while the outcome of a write is unknown.
class lease {
public:
  struct options {
    duration length{};
    /// Feeds the jitter.
    std::uint64_t seed = 0;
  };

  // -- events ---------------------------------------------------------------------------

  /// The watch shows the key's value. `ours`: it bears our nonce.
  struct key_shown {
    partita::revision revision;
    bool ours = false;
  };
  /// The watch shows that there is no value.
  struct key_gone {
    partita::revision mark;
  };
  /// The process that wrote this revision is gone (leader_probe). A mistake costs a
  /// change of leader and nothing else.
  struct leader_gone {
    partita::revision revision;
  };
  /// All that was known of the bucket is void.
  struct bucket_changed {};
  struct write_answered {
    kv_written answer;
  };
  struct read_answered {
    kv_read answer;
    bool ours = false;
  };
  struct tick {};
  /// Give leadership up, and stand for election again.
  struct abdicated {
    std::string why;
  };
  /// Give leadership up, and do not stand for election again.
  struct resigned {};
  using event = std::variant<key_shown, key_gone, leader_gone, bucket_changed,
                             write_answered, read_answered, tick, abdicated, resigned>;

  // -- commands -------------------------------------------------------------------------

  /// Write our entry with this expected revision (0: create); answer with write_answered.
  struct write {
    revision expected;
  };
  /// Remove the key if it has exactly this revision; answer with write_answered.
  struct remove {
    revision expected;
  };
  /// Read the key from the stream's leader; answer with read_answered.
  struct read {};
  struct announce {
    bool leading = false;
    std::string why;
  };
  /// Resigned, and the key is not ours any more.
  struct finished {};
  using command = std::variant<write, remove, read, announce, finished>;
  using commands = std::vector<command>;

  explicit lease(options opts);

  commands step(const event& what, time_point now);

  bool leading() const { return mode_ == mode::leader; }
  /// The deadline, while this worker leads.
  std::optional<time_point> leads_until() const {
    return leading() ? std::optional{held_until_} : std::nullopt;
  }
  /// Neither leads nor leaves.
  bool following() const { return mode_ == mode::follower; }
  /// When the next tick is due, if any.
  std::optional<time_point> wake_at() const;

private:
  enum class mode : std::uint8_t { follower, leader, leaving };
  enum class purpose : std::uint8_t { hold, let_go };

  void on(const key_shown& what, time_point now);
  void on(const key_gone& what, time_point now);
  void on(const leader_gone& what, time_point now);
  void on(const bucket_changed& what, time_point now);
  void on(const write_answered& what, time_point now) {
    carry_out(writer_.answered(what.answer, now), now);
  }
  void on(const read_answered& what, time_point now);
  void on(const tick&, time_point now) { carry_out(writer_.tick(now), now); }
  void on(const abdicated& what, time_point now);
  void on(const resigned&, time_point now) {
    if (mode_ == mode::leader)
      depose("released", now);
    mode_ = mode::leaving;
  }

  /// What follows from the state as it is now: campaign, renew, let go.
  void proceed(time_point now);
  void carry_out(const key_writer::step& what, time_point now);
  void landed(const key_writer::landed& what, time_point now);
  void not_written(duration pause, time_point now);
  void depose(std::string why, time_point now) {
    mode_ = mode::follower;
    not_before_ = std::max(not_before_, now);
    out_.emplace_back(announce{false, std::move(why)});
  }
  void begin(purpose why, revision expected, time_point now) {
    purpose_ = why;
    void_ = false;
    carry_out(writer_.begin(expected, now), now);
  }
  void saw(revision at, time_point now);
  duration jitter() {
    // 10 ms at the default lease of 3 s: less than a person sees, more than a round trip.
    auto most = static_cast<std::uint64_t>((options_.length / 300).count());
    return duration{static_cast<duration::rep>(random_() % (most + 1))};
  }

  options options_;
  std::mt19937_64 random_;
  commands out_;
  mode mode_ = mode::follower;
  bool finished_ = false;
  /// Abdicated, and the key is not given back yet.
  bool letting_go_ = false;

  key_writer writer_;
  purpose purpose_ = purpose::hold;
  /// The write under way was sent before the bucket was made again: it gives no lease.
  bool void_ = false;
  /// What the key holds, as far as we know, and since when we know it.
  enum class key_state : std::uint8_t {
    not_known,
    present,
    absent
  } key_ = key_state::not_known;
  revision seen_;
  time_point seen_at_;
  /// The revision by which we hold the key; 0: we do not.
  revision held_;
  time_point held_until_;
  time_point renew_at_;
  /// No campaign before: jitter, or a pause after a failure.
  time_point not_before_;
};

/// Whether a leader's process is gone, by probes of the nonce in the leader key
/// (docs/protocol.md). Only a hint: a worker that acts on it takes the key over by
/// compare-and-set, and the epoch stops what the old leader may still do.
///
/// Promises:
/// - One probe at a time, and none without a rank or a leader. While the leader is found,
///   one every 1.5 `grace` from the first rank, and half as many from the later ones: an
///   idle process must cost next to nothing, and the leader answers all of them. Every
///   half of `grace` once it is missed. So the first rank misses a leader for
///   good after 1 to 2.5 `grace`.
/// - A leader counts as gone once every probe of a row, at least two, found it gone, and
///   the first and the last of them were sent `grace` apart; each rank after the first
///   waits for half of `grace` more, so that not all try at once.
/// - Only after it was found alive over the same link: after a reconnect, or where it may
///   not subscribe, or where it is no partita at all, no process is found.
/// - It goes on counting as gone until it is found, so that a try that failed is followed
///   by another one.
class leader_probe {
public:
  /// `grace` 0: never probes.
  explicit leader_probe(duration grace) : grace_{grace} {}

  /// 1 to 3: standby, in this order. 0: no standby.
  void rank(std::uint32_t x) { rank_ = x; }

  /// The leader, as far as is known; empty: none, or none that can be probed.
  void follow(const nonce& leader);

  /// The nonce to probe now, if it is time.
  std::optional<nonce> due(time_point now);

  /// What the probe of `who` found. True: it counts as gone.
  bool found(const nonce& who, const probed& x);

  /// When to ask for the next one. None while one is under way.
  std::optional<time_point> wake_at() const;

private:
  bool active() const {
    return grace_ > duration{0} && rank_ > 0 && !leader_.value.empty();
  }

  duration pause() const {
    if (gone_since_)
      return grace_ / 2;
    return rank_ == 1 ? grace_ * 3 / 2 : grace_ * 3;
  }

  duration grace_;
  std::uint32_t rank_ = 0;
  nonce leader_;
  /// One is under way; of `leader_` unless that changed since.
  bool asked_ = false;
  std::optional<time_point> sent_at_;
  /// The link over which it was found alive last.
  std::optional<std::uint64_t> alive_over_;
  /// When the first probe of the present row of `gone` was sent.
  std::optional<time_point> gone_since_;
};

} // namespace partita::core
