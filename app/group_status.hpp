#pragma once

#include "partita/messages/entries.hpp"
#include "partita/messages/record.hpp"
#include "partita/messages/store.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// A group as its buckets show it, without asking any worker.
namespace partita::app {

/// The newest value of every key, by bucket. Removed keys do not stand here.
struct group_entries {
  std::string group;
  std::vector<kv_entry> election;
  std::vector<kv_entry> heartbeat;
  std::vector<kv_entry> assignment;
};

/// One worker that left a trace in the group's buckets.
struct member {
  worker_id id;
  /// Missing: no heartbeat (any more). The worker may have gone.
  std::optional<beat> last_beat;
  /// How much older than the newest entry of the group the beat is, by the server's time
  /// stamps alone. For people: no clock of a worker or of ours takes part, and nothing is
  /// decided by it.
  std::int64_t beat_age_ms = 0;
  /// Missing: the leader has not met this worker and neither has it joined.
  std::optional<partita::record> record;
};

struct unreadable_entry {
  std::string bucket;
  std::string key;
  std::string why;
};

struct group_status {
  std::string group;
  std::optional<leader_entry> leader;
  std::optional<epoch_entry> epoch;
  /// The greatest one in any record; 0: nothing was published yet.
  partita::version version;
  /// By the number of their ids.
  std::vector<member> members;
  std::vector<unreadable_entry> unreadable;
  /// Partitions that stand in the records of two workers: a move under way, or a record
  /// of a worker that is gone.
  std::vector<std::string> named_twice;
};

/// Reads the entries. What cannot be read stands in `unreadable`; keys of another form
/// are not ours and are left out.
group_status examine(const group_entries& entries);

/// For people: what leads, then one row for each worker, then what is wrong.
std::string to_table(const group_status& x);

/// For programs: one line, all partitions by name.
std::string to_json(const group_status& x);

} // namespace partita::app
