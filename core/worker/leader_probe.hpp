// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"
#include "partita/messages/ids.hpp"
#include "partita/messages/store.hpp"

#include <optional>

namespace partita::core {

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

  duration pause() const;

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
