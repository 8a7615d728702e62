// SPDX-License-Identifier: Apache-2.0
#include "watch_checker.hpp"

namespace partita::simulation {

void watch_checker::told(process_id who, const std::string& bucket,
                         const watch_event& x) {
  auto& v = views_[{who, bucket}];
  switch (x.change) {
  case watch_change::value:
  case watch_change::removed: {
    auto& known = v.entries[x.entry.key];
    bool absent = x.change == watch_change::removed && x.entry.revision.value == 0;
    if (!absent && x.entry.revision < known.revision)
      found_->add("a watch never goes back",
                  fmt::format("{} is shown #{} of {} in {} after #{}", world_->name(who),
                              x.entry.revision.value, x.entry.key, bucket,
                              known.revision.value));
    auto at = std::max(known.revision, x.entry.revision);
    known = x.entry;
    known.revision = at;
    known.removed = x.change == watch_change::removed;
    return;
  }
  case watch_change::replayed:
    v.complete = true;
    for (const auto& [key, write] : own_[{who, bucket}]) {
      auto newest = newest_(bucket, key);
      // What is not there may have expired, and have been written again only then.
      const auto& shown = v.entries[key];
      auto absent = shown.removed || shown.revision == revision{};
      auto made_anew = absent && newest > write.at;
      if (write.when < world_->heard_before(who) && !world_->just_thawed(who)
          && shown.revision < write.at && newest >= write.at && !made_anew)
        found_->add("a replay shows what its process wrote",
                    fmt::format("{} wrote #{} of {} in {}, the replay is complete at #{}",
                                world_->name(who), write.at.value, key, bucket,
                                v.entries[key].revision.value));
    }
    return;
  case watch_change::restarted:
    v.complete = false;
    return;
  case watch_change::bucket_changed:
    // What was written before this was noticed is forgotten with all the rest.
    v = {};
    own_.erase({who, bucket});
    return;
  case watch_change::alive:
    return;
  }
}

void watch_checker::acknowledged(process_id who, const std::string& bucket,
                                 const std::string& key, revision at) {
  auto& x = own_[{who, bucket}][key];
  if (at > x.at)
    x = {at, world_->now()};
}

void watch_checker::lost(const std::string& bucket) {
  std::erase_if(own_, [&](const auto& x) { return x.first.second == bucket; });
}

void watch_checker::judge_end(const std::string& bucket,
                              const std::vector<kv_entry>& held) {
  for (const auto& [where, v] : views_) {
    if (where.second != bucket || !world_->alive(where.first))
      continue;
    for (const auto& x : held) {
      auto i = v.entries.find(x.key);
      if (!v.complete || i == v.entries.end() || i->second.value != x.value)
        found_->add("in the end a watch shows what the store holds",
                    fmt::format("{} does not see #{} of {} in {}",
                                world_->name(where.first), x.revision.value, x.key,
                                bucket));
    }
  }
}

} // namespace partita::simulation
