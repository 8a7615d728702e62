// SPDX-License-Identifier: Apache-2.0
#include "partita/app/inspect/group_view.hpp"

#include <algorithm>

namespace partita::app {

namespace {

std::size_t index_of(group_bucket x) {
  return static_cast<std::size_t>(x);
}

} // namespace

void group_view::missing(group_bucket which) {
  auto& to = buckets_[index_of(which)];
  to.newest.clear();
  to.complete = true;
}

void group_view::found(group_bucket which) {
  buckets_[index_of(which)].complete = false;
}

bool group_view::take(group_bucket which, const watch_event& x) {
  auto& to = buckets_[index_of(which)];
  switch (x.change) {
  case watch_change::value:
    note_newest(x);
    to.newest[x.entry.key] = x.entry;
    return true;
  case watch_change::removed:
    return to.newest.erase(x.entry.key) != 0;
  case watch_change::replayed:
    to.complete = true;
    to.why.clear();
    return true;
  case watch_change::restarted:
  case watch_change::bucket_changed:
    // A fresh replay follows.
    to.newest.clear();
    to.complete = false;
    to.why = x.why;
    return true;
  case watch_change::alive:
    break;
  }
  return false;
}

void group_view::note_newest(const watch_event& x) {
  if (x.entry.stored_at_ns <= newest_ns_)
    return;
  newest_ns_ = x.entry.stored_at_ns;
  newest_at_ = x.at;
}

bool group_view::complete() const {
  return std::all_of(buckets_.begin(), buckets_.end(),
                     [](const auto& x) { return x.complete; });
}

group_bucket group_view::incomplete() const {
  auto i = std::find_if(buckets_.begin(), buckets_.end(),
                        [](const auto& x) { return !x.complete; });
  return static_cast<group_bucket>(i - buckets_.begin());
}

const kv_entry* group_view::find(group_bucket which, const std::string& key) const {
  const auto& from = buckets_[index_of(which)].newest;
  auto i = from.find(key);
  return i == from.end() ? nullptr : &i->second;
}

group_entries group_view::entries(std::chrono::steady_clock::time_point now) const {
  group_entries result;
  result.group = group_;
  auto copy = [&](group_bucket from, std::vector<kv_entry>& to) {
    for (const auto& [key, entry] : buckets_[index_of(from)].newest)
      to.push_back(entry);
  };
  copy(group_bucket::election, result.election);
  copy(group_bucket::heartbeat, result.heartbeat);
  copy(group_bucket::assignment, result.assignment);
  copy(group_bucket::stable_id, result.stable_id);
  copy(group_bucket::control, result.control);
  if (newest_ns_ != 0 && now > newest_at_)
    result.since_newest_ns =
        std::chrono::duration_cast<std::chrono::nanoseconds>(now - newest_at_).count();
  return result;
}

} // namespace partita::app
