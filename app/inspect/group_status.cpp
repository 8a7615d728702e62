// SPDX-License-Identifier: Apache-2.0
#include "partita/app/inspect/group_status.hpp"

#include "partita/app/output/names.hpp"
#include "partita/config/text.hpp"
#include "partita/core/leader/members/settings_comparison.hpp"
#include "partita/messages/codec.hpp"
#include "partita/messages/control_codec.hpp"
#include "partita/messages/keys.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

namespace partita::app {

namespace {

std::string why_nobody_works(const member& x) {
  if (!x.last_beat)
    return x.id.value + " has no heartbeat";
  if (!is_living(x.last_beat->state))
    return x.id.value + " is " + std::string{to_string(x.last_beat->state)};
  return x.id.value + " has started again";
}

std::string what_is_missing(const member& x, const partition& which) {
  if (!lives(x))
    return "the leader: " + why_nobody_works(x);
  const auto& pulse = *x.last_beat;
  if (pulse.applied < stamp_of(*x.record))
    return x.id.value + " to apply its record";
  auto name = name_of(which);
  auto stops = std::any_of(pulse.stopping.begin(), pulse.stopping.end(),
                           [&](const auto& y) { return name_of(y) == name; });
  return stops ? x.id.value + " to stop its work" : "the leader: its owner has confirmed";
}

/// Collects what the entries say. One pass for each bucket.
class status_builder {
public:
  status_builder(const group_entries& entries, const core::planning_view::rules& rules)
      : entries_(entries) {
    result_.group = entries.group;
    result_.rules = rules;
  }

  group_status run(const std::vector<std::string>& known) {
    find_server_time();
    for (const auto& x : entries_.election)
      if (x.key == keys::leader)
        read("election", x, leader_from(x.value), [&](auto leader) { //
          result_.leader = std::move(leader);
        });
    for (const auto& x : entries_.heartbeat)
      if (auto id = keys::owner_of(x.key, keys::heartbeats))
        add_beat(*id, x);
    for (const auto& x : entries_.assignment)
      add_assignment_entry(x);
    for (const auto& x : entries_.stable_id)
      add_claim(x);
    for (const auto& x : entries_.control)
      if (x.key.starts_with(directive_prefix))
        read("control", x, directive_from(x.key, x.value),
             [&](directive found) { add_directive(x, std::move(found)); });
    sort_directives();
    for (auto& [id, found] : members_)
      result_.members.push_back(std::move(found));
    look_at_partitions(known);
    find_waiting();
    compare_settings();
    return std::move(result_);
  }

private:
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

  void find_server_time() {
    std::int64_t newest = 0;
    for (const auto* bucket :
         {&entries_.election, &entries_.heartbeat, &entries_.assignment,
          &entries_.stable_id, &entries_.control})
      for (const auto& x : *bucket)
        newest = std::max(newest, x.stored_at_ns);
    result_.server_ns = newest + entries_.since_newest_ns;
  }

  void add_beat(const worker_id& id, const kv_entry& entry) {
    auto& who = member_of(id);
    who.beat_age_ms = (result_.server_ns - entry.stored_at_ns) / 1'000'000;
    read("heartbeat", entry, beat_from(entry.value, entry.stored_at_ns), [&](beat x) { //
      who.last_beat = std::move(x);
    });
    who.beat_unreadable = !who.last_beat;
  }

  const std::string* part_of(const worker_id& who, std::uint64_t number) const {
    auto key = keys::part_of(who, number);
    for (const auto& x : entries_.assignment)
      if (x.key == key)
        return &x.value;
    return nullptr;
  }

  void add_assignment_entry(const kv_entry& entry) {
    if (entry.key == keys::epoch) {
      read("assignment", entry, epoch_from(entry.value, entry.stored_at_ns),
           [&](epoch_entry x) { //
             auto age_ms = (result_.server_ns - entry.stored_at_ns) / 1'000'000;
             result_.grants_wait_ms = std::max<std::int64_t>(x.waits_ms - age_ms, 0);
             result_.epoch = std::move(x);
           });
      return;
    }
    if (entry.key == keys::group) {
      read("assignment", entry, group_from(entry.value),
           [&](const group_entry& x) { result_.rules.ownership = x.ownership; });
      return;
    }
    auto id = keys::owner_of(entry.key, keys::records);
    if (!id)
      return;
    auto& who = member_of(*id);
    who.record_stored_at_ns = entry.stored_at_ns;
    auto part = [&](std::uint64_t number) { return part_of(*id, number); };
    read("assignment", entry, record_from(entry.value, entry.stored_at_ns, part),
         [&](record x) {
           result_.version = std::max(result_.version, x.version);
           who.record = std::move(x);
         });
  }

  /// Only for those that left another trace as well: an id outlives its worker.
  void add_claim(const kv_entry& entry) {
    auto who = members_.find(worker_id{entry.key});
    auto found = claim_from(entry.value);
    if (const auto* x = std::get_if<claim>(&found); x && who != members_.end())
      who->second.instance = x->instance;
  }

  void add_directive(const kv_entry& entry, directive x) {
    if (const auto* cordon = std::get_if<cordon_directive>(&x.what)) {
      member_of(cordon->worker).cordoned = std::move(x);
    } else if (const auto* drain = std::get_if<drain_directive>(&x.what)) {
      member_of(drain->worker).drained = std::move(x);
    } else if (const auto* pin = std::get_if<pin_directive>(&x.what)) {
      result_.pins.push_back({pin->partition, pin->worker, x});
    } else if (const auto* pause = std::get_if<pause_directive>(&x.what)) {
      auto ends_ns = entry.stored_at_ns + std::chrono::nanoseconds{pause->lasts}.count();
      auto left_ms = (ends_ns - result_.server_ns) / 1'000'000;
      if (left_ms > 0)
        result_.pauses.push_back({pause->id, left_ms, x});
    } else if (std::holds_alternative<rebalance_directive>(x.what)) {
      result_.rebalance = std::move(x);
    } else if (std::holds_alternative<step_down_directive>(x.what)) {
      result_.step_down = std::move(x);
    }
  }

  void sort_directives() {
    std::stable_sort(result_.pauses.begin(), result_.pauses.end(),
                     [](const auto& a, const auto& b) { return a.left_ms > b.left_ms; });
    std::stable_sort(result_.pins.begin(), result_.pins.end(),
                     [](const auto& a, const auto& b) {
                       return by_reading{}(a.partition, b.partition);
                     });
  }

  /// One that got nothing by a plan waits for nothing: there are more workers than partitions.
  void find_waiting() {
    std::int64_t planned_ns = 0;
    for (const auto& x : entries_.control)
      if (x.key.starts_with(history_prefix))
        planned_ns = std::max(planned_ns, x.stored_at_ns);
    for (const auto& who : result_.members) {
      const auto* x = who.record && lives(who) ? &*who.record : nullptr;
      auto unplanned = x
                       && (x->version.value == 0
                           || (planned_ns != 0 && who.record_stored_at_ns > planned_ns));
      if (!unplanned || who.drained || who.cordoned || !x->partitions.empty())
        continue;
      result_.waiting.push_back(
          {who.id, (result_.server_ns - who.record_stored_at_ns) / 1'000'000,
           !result_.leader              ? "a leader"
           : result_.grants_wait_ms > 0 ? "grants of the leader"
                                        : "the next plan of the leader"});
    }
  }

  void compare_settings() {
    core::settings_comparison all;
    for (const auto& who : result_.members)
      if (lives(who))
        all.add(who.id, *who.last_beat);
    result_.settings_differ = all.differences();
  }

  void look_at_partitions(const std::vector<std::string>& known) {
    // Named in `partitions` of a record: whether a worker works on it.
    std::unordered_map<std::string, bool> named;
    std::set<std::string, by_reading> twice;
    std::set<std::string> moving;
    std::map<std::string, std::string, by_reading> nobodys;
    for (const auto& who : result_.members)
      for (const auto& name : names_of(who)) {
        auto [i, first] = named.emplace(name, lives(who));
        if (!first)
          twice.insert(name);
        i->second = i->second || lives(who);
        if (!lives(who))
          nobodys.emplace(name, why_nobody_works(who));
      }
    for (const auto& who : result_.members)
      if (who.record)
        for (const auto& x : who.record->revoking)
          if (auto name = name_of(x.partition);
              !named.contains(name) && moving.insert(name).second)
            result_.hand_offs.push_back(
                {name, who.id, what_is_missing(who, x.partition)});
    for (const auto& name : known)
      if (!named.contains(name) && !moving.contains(name))
        nobodys.emplace(name, "no record names it");
    for (auto& [name, why] : nobodys)
      if (auto i = named.find(name); i == named.end() || !i->second)
        result_.unowned.push_back({name, why});
    result_.named_twice.assign(twice.begin(), twice.end());
  }

  const group_entries& entries_;
  std::map<worker_id, member, by_number> members_;
  group_status result_;
};

} // namespace

group_status examine(const group_entries& entries, const std::vector<std::string>& known,
                     const core::planning_view::rules& rules) {
  return status_builder{entries, rules}.run(known);
}

core::planning_view view_of(const group_status& x) {
  std::map<worker_id, core::planning_view::traces, by_number> all;
  for (const auto& who : x.members)
    all.emplace(who.id,
                core::planning_view::traces{who.last_beat ? &*who.last_beat : nullptr,
                                            who.beat_unreadable,
                                            std::chrono::milliseconds{who.beat_age_ms},
                                            who.record ? &*who.record : nullptr});
  return {x.rules, all};
}

const member* find(const group_status& x, const worker_id& id) {
  auto i = std::find_if(x.members.begin(), x.members.end(),
                        [&](const auto& who) { return who.id == id; });
  return i == x.members.end() ? nullptr : &*i;
}

bool lives(const member& x) {
  return x.last_beat && is_living(x.last_beat->state)
         && (!x.record || x.record->worker_nonce == x.last_beat->nonce);
}

std::vector<std::string> names_of(const member& x) {
  std::vector<std::string> result;
  if (x.record)
    for (const auto& held : x.record->partitions)
      result.push_back(name_of(held.partition));
  return result;
}

std::vector<std::string> partition_names(const group_status& x) {
  std::set<std::string, by_reading> result;
  for (const auto& y : view_of(x).named())
    result.insert(name_of(y));
  return {result.begin(), result.end()};
}

std::string unknown_worker(const group_status& x, const worker_id& typed) {
  std::vector<std::string> ids;
  for (const auto& who : x.members)
    ids.push_back(who.id.value);
  return "the group " + x.group + " has no worker '" + config::printable(typed.value)
         + '\'' + name_hint(typed.value, ids);
}

std::string unknown_partition(const std::vector<std::string>& names,
                              const std::string& typed) {
  return "no partition is named '" + config::printable(typed) + '\''
         + name_hint(typed, names);
}

std::int64_t weight_of(const member& x) {
  std::int64_t result = 0;
  if (x.record)
    for (const auto& held : x.record->partitions)
      result += std::max<std::int64_t>(held.partition.weight, 0);
  return result;
}

group_load load_of(const group_status& x) {
  group_load result;
  for (const auto& who : x.members) {
    result.weight += weight_of(who);
    if (lives(who) && !who.drained)
      result.capacity += who.last_beat->capacity;
  }
  return result;
}

} // namespace partita::app
