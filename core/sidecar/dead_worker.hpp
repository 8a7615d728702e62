// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/used_nonce.hpp"
#include "partita/messages/store.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace partita::core {

/// What is written in the place of a worker that has died, once nothing lives that it had
/// started: its goodbye, the end of its leadership, and the release of its id
/// (docs/protocol.md, "The goodbye of a dead worker").
///
/// Promises:
/// - A goodbye is written only over a heartbeat, or a `forced` mark, of an incarnation of the
///   dead process, over exactly the revision that was read, under the nonce that it replaces;
///   it keeps what that heartbeat says, above all `replaces`.
/// - `leader` is removed, and an id released, only where a nonce of the dead process stands,
///   over exactly the revision that was read.
/// - As long as a first heartbeat may still arrive, the answer is to look again.
class dead_worker {
public:
  /// It may write with this nonce; the newest last.
  void used(const used_nonce& x);

  /// It has written nothing.
  bool unknown() const { return used_.empty(); }

  enum class place : std::uint8_t { election, heartbeats, ids };

  /// A key that it may hold.
  struct target {
    place where = place::election;
    worker_id who;
    std::string key;
  };

  /// In this order: no id is released before the goodbye is written.
  std::vector<target> targets() const;

  /// Nothing is to be written to this key.
  struct done {};
  /// Something may still arrive, or the answer says nothing.
  struct look_again {};
  using step = std::variant<done, look_again, kv_update, kv_remove>;

  /// `found`: the key, as the stream's leader has shown it after the death. After a
  /// write that conflicts or has no answer it is read again. `unix_now`: for people.
  step next(const target& which, const kv_read& found, std::int64_t unix_now) const;

private:
  step say_goodbye(const target& which, const kv_entry& found,
                   std::int64_t unix_now) const;
  step release(const kv_entry& found, std::int64_t unix_now) const;
  step stop_leading(const kv_entry& found) const;
  bool has_used(nonce_use use, const nonce& x) const {
    return std::any_of(used_.begin(), used_.end(),
                       [&](const used_nonce& y) { return y.use == use && y.value == x; });
  }
  std::vector<worker_id> ids() const;

  std::vector<used_nonce> used_;
};

} // namespace partita::core
