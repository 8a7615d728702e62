// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/store.hpp"
#include "partita/store/watch_ledger.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace partita::store {

/// Turns one consumer's deliveries of a bucket into events for any number of watchers of
/// the same pattern: what a gap, a silence or a new bucket means for them. No IO and no
/// clock: every input brings its time.
///
///   idle --join--> attaching --attached--> replaying --complete--> live
///                   ^   ^                     |                     |
///                   |   +-- gap, silence, failure, bucket changed --+
///                   +------ link_back --- detached <--- link_lost --+
///
/// Promises, each of them a test; docs/architecture.md says what servers make them necessary:
/// - within one incarnation of the bucket no key goes back to an older revision, not even
///   over rebuilds;
/// - a delete mark is an event like any other, and `replayed` is not the end;
/// - a gap in the consumer's sequence, a silence of 2.5 heartbeats, a failed or stale
///   consumer and a reconnect each lead to a rebuild with a full replay; keys that are
///   absent from it are reported as removed before `replayed`. A consumer is stale if it
///   shows nothing of a key for as long, though a newer write of this process to that key
///   was acknowledged;
/// - `replayed` is sent only once all that the stream's leader had of the pattern was shown.
///   Replays come in the order of revisions, so the leader is asked for its newest entry, and
///   again once that was delivered. If it has nothing newer then, or after one second of
///   asking and catching up, all counts as shown;
/// - nor is it sent before every watched key that this process wrote shows the last
///   acknowledged revision or a later one; a key of ours that is missing from the replay is
///   confirmed by a read from the stream's leader first; a replay that shows an older
///   revision than that of the acknowledged write, or than watchers have received, is made
///   again, once the stream's leader has shown the later revision;
/// - a last revision below one seen before, a stream's leader that has only an older
///   revision of a key, other content of a key at a revision that was shown, or another
///   creation time means a new incarnation of the bucket: watchers receive
///   `bucket_changed`, and all that is known is forgotten. A difference of up to 5 s between
///   creation times counts only if a key that existed and cannot have expired is missing,
///   too. An own write that is acknowledged at a revision below what was shown of its key
///   makes the feed ask the stream's leader;
/// - a watcher that joins a live feed gets its own replay (from what the feed holds),
///   under the same rules; the others do not notice it.
class watch_feed {
public:
  using time_point = std::chrono::steady_clock::time_point;
  using subscriber = std::uint64_t;
  /// Numbers the consumers of one feed; inputs of an older consumer are ignored.
  using attempt = std::uint64_t;

  /// Send an event to one watcher. `event.watch` is left 0: the shell knows that number.
  struct tell {
    subscriber to = 0;
    watch_event event;
  };

  /// Drop the present consumer, if any, and make a new one on a new inbox with full
  /// replay (last value of each key). Answer with attached or failed for this attempt.
  struct attach {
    attempt number = 0;
    /// Wait this long before: 0 at first, then growing with repeated failures.
    std::chrono::milliseconds delay{0};
  };

  /// Read the newest entry of the pattern at the stream's leader; answer with end_found.
  struct find_end {
    attempt number = 0;
    /// The newest that had been delivered when this was asked.
    revision delivered;
  };

  /// Read this key from the stream's leader and answer with confirmed.
  struct confirm {
    attempt number = 0;
    std::string key;
  };

  /// No watcher is left: drop the consumer.
  struct detach {};

  using output = std::variant<tell, attach, find_end, confirm, detach>;
  using outputs = std::vector<output>;

  /// `heartbeat`: how often a working consumer sends a heartbeat. `pattern`: as in
  /// kv_watch.
  watch_feed(std::string pattern, std::chrono::milliseconds heartbeat);

  // -- watchers -------------------------------------------------------------------------

  /// Only watchers that want `signs` of activity receive `alive`.
  outputs join(subscriber who, bool signs, time_point now);
  outputs leave(subscriber who);
  bool watched() const { return !watchers_.empty(); }

  // -- the consumer ---------------------------------------------------------------------

  /// The consumer exists, in this incarnation of the bucket.
  outputs attached(attempt number, bucket_identity bucket, time_point now);
  /// Answer to find_end; a mark counts as an entry.
  outputs end_found(const find_end& asked, const kv_read& read, time_point now);
  /// One message. `sequence` counts this consumer's deliveries from 1. May arrive before
  /// attached.
  outputs delivered(attempt number, std::uint64_t sequence, kv_entry entry,
                    time_point now);
  /// The consumer's heartbeat: `last_sequence` is that of its newest delivery.
  outputs heartbeat(attempt number, std::uint64_t last_sequence, time_point now);
  /// The consumer could not be made, or no longer exists.
  outputs failed(attempt number, std::string why, time_point now);

  // -- what else happens ----------------------------------------------------------------

  outputs link_lost(std::string why, time_point now);
  outputs link_back(time_point now);
  /// A write of this process to a key of this bucket was acknowledged. A new feed gets
  /// the last such write of each key before the first watcher joins.
  outputs acknowledged(const std::string& key, revision at, time_point now);
  /// Answer to confirm.
  outputs confirmed(attempt number, const std::string& key, const kv_read& read,
                    time_point now);
  /// To be called about twice per heartbeat: notices silence.
  outputs tick(time_point now);

  /// Whether a key matches a pattern in the way of NATS subjects (`*` one token, `>`
  /// rest).
  static bool matches(std::string_view pattern, std::string_view key);

private:
  enum class phase {
    /// No watcher; no consumer.
    idle,
    /// Watched, but there is no link.
    detached,
    /// A consumer was asked for.
    attaching,
    /// The consumer exists; its current values come in.
    replaying,
    /// All current values came in. Watchers that are not ready wait for what is owed.
    complete
  };

  struct watcher {
    /// Has received `replayed` since the last trouble.
    bool ready = false;
    /// Has been notified of the present trouble.
    bool warned = false;
    bool signs = false;
  };

  /// A delivery that overtook the answer to attach.
  struct early_delivery {
    std::uint64_t sequence = 0;
    kv_entry entry;
  };

  /// A key that must be shown at `wanted`, soon, before any watcher receives `replayed`.
  struct debt {
    revision wanted;
    /// Since when nothing of it was shown.
    time_point since;
    /// What was wanted when the stream's leader was asked; 0: it was not asked.
    revision asked;
  };

  bool present(attempt number) const;
  bool all_ready() const;

  void begin_attempt();
  void rebuild(const std::string& why);
  void begin_life(bucket_identity bucket, const std::string& why);
  /// A new incarnation of the bucket, in which a key is missing that was there before.
  void made_again(const std::string& missing);
  void take(early_delivery x);
  void look_for_end();
  /// In a replay, after something was delivered or the leader has answered.
  void go_on_to_end();
  void complete_replay();
  void settle();
  void judge(const std::string& key, const kv_read& read);
  /// Asks the stream's leader about the key.
  void doubt(const watch_ledger::doubt& x);
  void owe(const watch_ledger::doubt& x);

  /// `bucket`: with replayed and bucket_changed.
  watch_event event_of(watch_change change, std::string why = {},
                       bucket_identity bucket = {}) const;
  watch_event event_of(kv_entry entry) const;
  void tell_one(subscriber who, watch_event event);
  void tell_all(const watch_event& event);
  void warn_all(const watch_event& event);

  // The present input: its time, and what it leads to.
  time_point now_;
  outputs out_;

  std::string pattern_;
  /// A consumer that is silent for this long is dead.
  std::chrono::milliseconds silence_;

  phase phase_ = phase::idle;
  bool link_up_ = true;
  std::map<subscriber, watcher> watchers_;

  // The present consumer.
  attempt number_ = 0;
  std::uint64_t sequence_ = 0;
  std::vector<early_delivery> early_;
  /// The newest revision that it delivered.
  revision delivered_;
  /// Where the replay ends as far as is known; nothing: the leader is being asked.
  std::optional<revision> end_;
  time_point end_asked_;
  /// When the replay first came to its end.
  std::optional<time_point> caught_up_at_;
  /// Its delay; it also extends the patience, so that a slow server succeeds in the end.
  std::chrono::milliseconds delay_{0};
  /// Only with the failpoint mark_ends_watch.
  bool ended_by_mistake_ = false;
  /// The last progress; in a replay, the last delivery. In the future while an attempt is
  /// delayed.
  time_point heard_;
  /// Attempts since the feed was last complete.
  unsigned troubles_ = 0;

  // The present incarnation of the bucket.
  std::optional<std::int64_t> created_at_ns_;
  std::size_t most_value_ = 0;
  /// The creation time differs from the one before.
  bool suspect_ = false;
  /// The greatest revision that is known to have been given.
  revision last_;
  /// The same when the present attempt began: acknowledgements that come while it is made
  /// may be newer than what the server says of the bucket.
  revision last_before_;
  watch_ledger ledger_;
  std::map<std::string, debt> owed_;
};

} // namespace partita::store
