// SPDX-License-Identifier: Apache-2.0
#include "partita/app/change/partition_changes.hpp"

#include "partita/config/text.hpp"
#include "partita/messages/codec.hpp"

#include <set>

namespace partita::app {

namespace {

using kind = partition_change::kind;

std::string in_quotes(const std::string& name) {
  return '\'' + config::printable(name) + '\'';
}

std::string not_there(const partition_entries& now, const std::string& name) {
  std::vector<std::string> names;
  for (const auto& [known, x] : now)
    names.push_back(known);
  auto near = config::nearest(name, names);
  return "no partition is named " + in_quotes(name)
         + (near.empty() ? "; `partita partitions list` shows all"
                         : "; did you mean " + near + '?');
}

std::string there_already(const std::string& name, const partition_entry& x) {
  return "the partition " + name + " is there already, "
         + (x.weight ? "with weight " + std::to_string(*x.weight)
                     : "and cannot be read (" + x.why_bad + ')')
         + "; use `partita partitions set-weight " + name + " WEIGHT`";
}

/// Adds it, or gives it this weight.
void want(const partition_entries& now, const std::string& name, std::int64_t weight,
          partition_changes& result) {
  auto i = now.find(name);
  if (i == now.end())
    result.changes.push_back({kind::add, name, {}, weight});
  else if (i->second.weight == weight)
    ++result.unchanged;
  else
    result.changes.push_back(
        {kind::set_weight, name, i->second.weight, weight, i->second.revision});
}

} // namespace

void take(partition_entries& all, const watch_event& what) {
  // A fresh replay follows.
  if (what.change == watch_change::restarted
      || what.change == watch_change::bucket_changed)
    all.clear();
  const auto& entry = what.entry;
  if (!entry.key.starts_with(partition_prefix))
    return;
  auto name = entry.key.substr(partition_prefix.size());
  if (what.change == watch_change::removed) {
    all.erase(name);
    return;
  }
  auto value = partition_from(entry.key, entry.value);
  const auto* bad = std::get_if<malformed>(&value);
  auto& x = all[std::move(name)];
  x = {};
  x.revision = entry.revision;
  if (bad)
    x.why_bad = bad->why;
  else
    x.weight = std::get<partition>(value).weight;
}

partition_changes to_add(const partition_entries& now,
                         const std::vector<std::string>& names, std::int64_t weight) {
  partition_changes result;
  for (const auto& name : std::set<std::string>{names.begin(), names.end()}) {
    auto i = now.find(name);
    if (i != now.end() && i->second.weight != weight)
      result.refusals.push_back(there_already(name, i->second));
    else
      want(now, name, weight, result);
  }
  return result;
}

partition_changes to_remove(const partition_entries& now,
                            const std::vector<std::string>& names) {
  partition_changes result;
  for (const auto& name : std::set<std::string>{names.begin(), names.end()}) {
    auto i = now.find(name);
    if (i == now.end())
      result.refusals.push_back(not_there(now, name));
    else
      result.changes.push_back(
          {kind::remove, name, i->second.weight, {}, i->second.revision});
  }
  return result;
}

partition_changes to_set_weight(const partition_entries& now, const std::string& name,
                                std::int64_t weight) {
  partition_changes result;
  if (now.contains(name))
    want(now, name, weight, result);
  else
    result.refusals.push_back(not_there(now, name));
  return result;
}

partition_changes to_import(const partition_entries& now,
                            const std::vector<partition>& list, bool replace) {
  partition_changes result;
  std::set<std::string> wanted;
  for (const auto& x : list) {
    auto name = name_of(x);
    want(now, name, x.weight, result);
    if (replace)
      wanted.insert(std::move(name));
  }
  if (!replace)
    return result;
  for (const auto& [name, x] : now)
    if (!wanted.contains(name))
      result.changes.push_back({kind::remove, name, x.weight, {}, x.revision});
  return result;
}

} // namespace partita::app
