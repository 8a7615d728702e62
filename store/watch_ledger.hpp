// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/store.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace partita::store {

/// What a watch feed knows of the keys in one incarnation of a bucket: what was sent to
/// watchers, what the present replay has shown, and which writes of this process it has
/// to show. Knows neither watchers nor time.
class watch_ledger {
public:
  /// A key whose replay proves too little: `wanted` must be shown, or the stream's leader
  /// has to explain why not.
  struct doubt {
    std::string key;
    revision wanted;
  };

  /// Nothing has been shown by the attempt that starts now. What was sent stays known.
  void begin_attempt();
  /// No watcher is left: forgets what was sent, but not our own writes.
  void forget_told();
  /// A new incarnation of the bucket: forgets everything.
  void forget_all();

  /// A write of this process was acknowledged.
  void acknowledged(const std::string& key, revision at);
  /// The key has no revision any more: it need not be shown.
  void forgive(const std::string& key);

  /// Whether watchers received other content of this key at the same revision: it was
  /// given again, in another incarnation of the bucket.
  bool contradicts(const kv_entry& entry) const;

  /// Takes a delivery and returns what watchers are to receive: the entry; or, if a fresh
  /// replay shows an older one, the newest that was sent before; or nothing, if it is
  /// outdated.
  std::optional<kv_entry> show(kv_entry entry);

  /// All entries that this attempt has shown, delete marks among them, in the order in which
  /// they were written.
  void for_each_shown(const std::function<void(const kv_entry&)>& f) const;

  /// Keys of our own that are not shown at the acknowledged revision, and keys that are
  /// shown at an older revision than watchers have received.
  std::vector<doubt> doubts() const;
  /// Only the first kind of doubts: what we wrote and is not shown yet.
  std::vector<doubt> owed() const;
  /// The newest revision of the key that this attempt has shown; 0: none.
  revision shown_at(const std::string& key) const;
  /// Whether the wanted revision was known before this attempt began, so that its replay
  /// must show it.
  bool due(const std::string& key) const;

  /// A key of which watchers have a value and that this attempt has not shown, if any.
  std::optional<std::string> absent() const;
  /// Keys of which watchers have a value and that a complete replay does not show.
  /// They count as removed afterwards.
  std::vector<std::string> take_absent();

private:
  /// A kv_entry without the key: a bucket may have a million of them.
  struct told_entry {
    std::string value;
    partita::revision revision;
    std::int64_t stored_at_ns = 0;
    /// What the present attempt has shown of this key; 0: nothing.
    partita::revision shown;
    bool removed = false;
    /// A replay did not show the key; the revision is that of what was there before.
    bool absent = false;
  };

  struct own_write {
    revision at;
    /// Acknowledged after the present attempt began: comes as a change, not in the
    /// replay.
    bool young = true;
  };

  static kv_entry entry_of(const std::string& key, const told_entry& x);

  std::map<std::string, told_entry, std::less<>> told_;
  /// Those of them that absent() means.
  std::size_t absent_ = 0;
  /// This attempt has shown a key at an older revision than watchers have received.
  bool older_shown_ = false;
  std::map<std::string, own_write, std::less<>> own_;
};

} // namespace partita::store
