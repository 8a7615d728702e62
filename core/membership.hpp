#pragma once

#include "partita/core/planning.hpp"
#include "partita/core/time.hpp"
#include "partita/messages/entries.hpp"

#include <map>
#include <string>
#include <vector>

namespace partita::core {

/// Sorts worker ids by their number (worker-2 before worker-10), then by text.
struct by_number {
  bool operator()(const worker_id& x, const worker_id& y) const;
};

/// Who is in the group, as the leader sees it. Only a heartbeat tells that somebody
/// lives, and only a mark, or silence on our own clock since our own first sight, that
/// somebody does not: a key that is merely gone proves nothing.
class membership {
public:
  /// What became of whom.
  enum class change : std::uint8_t {
    joined,
    /// Said goodbye.
    left,
    /// Was silent for too long.
    lost,
    /// Another incarnation of the same id beats now.
    replaced
  };

  struct news {
    change what = change::joined;
    worker_id who;
  };

  struct member {
    partita::nonce nonce;
    beat_state state = beat_state::joining;
    std::int64_t capacity = 100;
    std::string zone;
    stamp applied;
    bool present = false;
    partita::revision revision;
    /// When we first saw this revision.
    time_point seen_at;
  };

  /// A worker is lost after `ttl` and the allowance for clock rates without news.
  explicit membership(duration ttl) : silence_{with_clock_margin(ttl)} {}

  /// A record names this incarnation, but nothing was heard of it so far. It counts as
  /// present until it was silent for too long on our clock: that its heartbeat is gone, as
  /// after the store was away for long, proves nothing.
  void expect(const worker_id& who, const nonce& incarnation, time_point now);
  std::vector<news> beat_shown(const worker_id& who, revision at, const beat& what,
                               time_point now);
  /// Who has been silent for too long by now.
  std::vector<news> tick(time_point now);
  /// When the next worker may be too silent, if any.
  std::optional<time_point> wake_at() const;
  /// Forgets everybody: the bucket was made anew.
  void clear() { members_.clear(); }

  const std::map<worker_id, member, by_number>& members() const { return members_; }
  bool present(const worker_id& who) const;
  /// Whether its last word was a mark, not silence.
  bool said_goodbye(const worker_id& who) const;

private:
  duration silence_;
  std::map<worker_id, member, by_number> members_;
};

} // namespace partita::core
