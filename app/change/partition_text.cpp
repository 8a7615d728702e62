// SPDX-License-Identifier: Apache-2.0
#include "partita/app/change/partition_text.hpp"

#include "partita/app/output/table.hpp"
#include "partita/config/text.hpp"
#include "partita/messages/partition_entry.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace partita::app {

namespace {

using nlohmann::json;
using kind = partition_change::kind;

constexpr std::size_t most_lines = 20;

json number_or_null(const std::optional<std::int64_t>& x) {
  return x ? json(*x) : json(nullptr);
}

std::string dump(const json& x) {
  return x.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string shown(const std::optional<std::int64_t>& x) {
  return x ? std::to_string(*x) : "unreadable";
}

std::string line_of(const partition_change& x) {
  switch (x.what) {
  case kind::add:
    return "+ " + x.name + "  weight " + shown(x.to);
  case kind::remove:
    return "- " + x.name + "  weight " + shown(x.from);
  case kind::set_weight:
    return "~ " + x.name + "  weight " + shown(x.from) + " -> " + shown(x.to);
  }
  return x.name;
}

std::size_t count(const partition_changes& x, kind what) {
  return static_cast<std::size_t>(
      std::count_if(x.changes.begin(), x.changes.end(),
                    [&](const partition_change& y) { return y.what == what; }));
}

} // namespace

std::string to_json(const std::string& bucket, const partition_entries& all) {
  auto good = json::array();
  auto bad = json::array();
  for (const auto& [name, x] : all)
    if (x.weight)
      good.push_back(
          {{"name", name}, {"keys", partition_named(name).keys.all()}, {"weight", *x.weight}});
    else
      bad.push_back({{"key", partition_key(name)}, {"why", x.why_bad}});
  return dump(
      {{"bucket", bucket}, {"partitions", std::move(good)}, {"invalid", std::move(bad)}});
}

std::string to_table(const partition_entries& all) {
  table result{{{"PARTITION"}, {"WEIGHT", table::side::right}, {""}}};
  for (const auto& [name, x] : all)
    result.add({name, x.weight ? std::to_string(*x.weight) : "?",
                x.weight ? "" : "cannot be read: " + x.why_bad});
  return result.text();
}

std::string to_partitions_file(const partition_entries& all) {
  std::string result = "list = [\n";
  for (const auto& [name, x] : all) {
    if (!x.weight)
      continue;
    std::string keys;
    for (const auto& key : partition_named(name).keys)
      keys += (keys.empty() ? "" : ", ") + config::in_quotes(key);
    result +=
        "  { keys = [" + keys + "], weight = " + std::to_string(*x.weight) + " },\n";
  }
  return result + "]\n";
}

std::string to_json(const std::string& bucket, const partition_changes& x, bool dry_run) {
  auto added = json::array();
  auto removed = json::array();
  auto changed = json::array();
  for (const auto& y : x.changes)
    switch (y.what) {
    case kind::add:
      added.push_back({{"name", y.name}, {"weight", number_or_null(y.to)}});
      break;
    case kind::remove:
      removed.push_back({{"name", y.name}, {"weight", number_or_null(y.from)}});
      break;
    case kind::set_weight:
      changed.push_back({{"name", y.name},
                         {"from", number_or_null(y.from)},
                         {"to", number_or_null(y.to)}});
      break;
    }
  return dump({{"bucket", bucket},
               {"dry_run", dry_run},
               {"added", std::move(added)},
               {"removed", std::move(removed)},
               {"changed", std::move(changed)},
               {"unchanged", x.unchanged}});
}

std::string to_text(const std::string& bucket, const partition_changes& x, bool dry_run) {
  std::string result;
  for (std::size_t i = 0; i < std::min(x.changes.size(), most_lines); ++i)
    result += config::printable(line_of(x.changes[i])) + '\n';
  if (x.changes.size() > most_lines)
    result += "and " + std::to_string(x.changes.size() - most_lines) + " more\n";
  auto said = [&](kind what, const char* word) {
    return std::to_string(count(x, what)) + ' ' + word + ", ";
  };
  return result + "bucket " + config::printable(bucket)
         + (dry_run ? " would have " : ": ") + said(kind::add, "added")
         + said(kind::remove, "removed") + said(kind::set_weight, "changed")
         + std::to_string(x.unchanged) + " unchanged\n";
}

} // namespace partita::app
