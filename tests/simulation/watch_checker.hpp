// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "violation.hpp"
#include "watch_observer.hpp"

#include "partita/messages/store.hpp"

#include <functional>
#include <map>
#include <string>

namespace partita::simulation {

/// Whether watches keep what the store port promises: no key goes back within one
/// incarnation of the bucket; what a process wrote and knows to be written is in every
/// complete replay; and in the end all watches show what the store holds.
class watch_checker final : public watch_observer {
public:
  /// `newest`: the revision that a key has in the store; 0: none.
  using newest_revision = std::function<revision(const std::string&, const std::string&)>;

  watch_checker(world& w, violations& found, newest_revision newest)
      : world_(&w), found_(&found), newest_(std::move(newest)) {}

  void told(process_id who, const std::string& bucket, const watch_event& x) override;

  /// A process got the answer to a write in time.
  void acknowledged(process_id who, const std::string& bucket, const std::string& key,
                    revision at);
  void lost(const std::string& bucket);

  /// Each process that lives sees exactly these; no client has written for a while.
  void judge_end(const std::string& bucket, const std::vector<kv_entry>& held);

private:
  struct view {
    bool complete = false;
    std::map<std::string, kv_entry> entries;
  };

  struct own_write {
    revision at;
    core::time_point when;
  };

  using place = std::pair<process_id, std::string>;

  world* world_;
  violations* found_;
  newest_revision newest_;
  std::map<place, view> views_;
  /// Of the present incarnation of the bucket, by key.
  std::map<place, std::map<std::string, own_write>> own_;
};

} // namespace partita::simulation
