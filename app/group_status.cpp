#include "partita/app/group_status.hpp"

#include "partita/app/names.hpp"
#include "partita/messages/codec.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

namespace partita::app {

namespace {

/// Collects what the entries say. One pass for each bucket.
class examiner {
public:
  explicit examiner(const group_entries& entries) : entries_(entries) {
    result_.group = entries.group;
  }

  group_status run() {
    for (const auto* bucket :
         {&entries_.election, &entries_.heartbeat, &entries_.assignment})
      for (const auto& x : *bucket)
        newest_ns_ = std::max(newest_ns_, x.stored_at_ns);
    for (const auto& x : entries_.election)
      if (x.key == "leader")
        read("election", x, leader_from(x.value), [&](auto leader) { //
          result_.leader = std::move(leader);
        });
    for (const auto& x : entries_.heartbeat)
      if (auto id = id_behind("heartbeat.", x.key); !id.value.empty())
        add_beat(id, x);
    for (const auto& x : entries_.assignment)
      add_assignment_entry(x);
    for (auto& [id, found] : members_)
      result_.members.push_back(std::move(found));
    find_named_twice();
    return std::move(result_);
  }

private:
  static worker_id id_behind(std::string_view prefix, const std::string& key) {
    return key.starts_with(prefix) ? worker_id{key.substr(prefix.size())} : worker_id{};
  }

  template <class T, class F>
  void read(const char* bucket, const kv_entry& entry, decoded<T> found, F take) {
    if (auto* bad = std::get_if<malformed>(&found))
      result_.unreadable.push_back({bucket, entry.key, bad->why});
    else
      take(std::move(std::get<T>(found)));
  }

  member& member_of(const worker_id& id) {
    auto& found = members_[id];
    found.id = id;
    return found;
  }

  void add_beat(const worker_id& id, const kv_entry& entry) {
    auto& who = member_of(id);
    who.beat_age_ms = (newest_ns_ - entry.stored_at_ns) / 1'000'000;
    read("heartbeat", entry, beat_from(entry.value), [&](beat x) { //
      who.last_beat = std::move(x);
    });
  }

  void add_assignment_entry(const kv_entry& entry) {
    if (entry.key == "epoch") {
      read("assignment", entry, epoch_from(entry.value), [&](epoch_entry x) { //
        result_.epoch = std::move(x);
      });
      return;
    }
    auto id = id_behind("assignment.", entry.key);
    if (id.value.empty())
      return;
    auto& who = member_of(id);
    read("assignment", entry, record_from(entry.value), [&](record x) {
      result_.version = std::max(result_.version, x.version);
      who.record = std::move(x);
    });
  }

  void find_named_twice() {
    std::set<std::string> once;
    std::set<std::string> twice;
    for (const auto& who : result_.members)
      if (who.record)
        for (const auto& x : who.record->partitions)
          if (auto name = name_of(x.partition); !once.insert(name).second)
            twice.insert(name);
    result_.named_twice.assign(twice.begin(), twice.end());
  }

  const group_entries& entries_;
  std::int64_t newest_ns_ = 0;
  std::map<worker_id, member, by_number> members_;
  group_status result_;
};

} // namespace

group_status examine(const group_entries& entries) {
  return examiner{entries}.run();
}

} // namespace partita::app
