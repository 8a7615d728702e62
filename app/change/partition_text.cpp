// SPDX-License-Identifier: Apache-2.0
#include "partita/app/change/partition_changes.hpp"

#include "partita/app/output/json_text.hpp"
#include "partita/config/text.hpp"
#include "partita/messages/codec.hpp"

#include <algorithm>
#include <utility>

namespace partita::app {

namespace {

using json = nlohmann::ordered_json;
using kind = partition_change::kind;

constexpr std::size_t most_lines = 20;

json number_or_null(const std::optional<std::int64_t>& x) {
  return x ? json(*x) : json(nullptr);
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

/// Writes `"name":[...]` with what `element` gives; null: nothing.
template <class All, class Element>
void write_array(std::ostream& to, const char* name, const All& all, Element element) {
  to << '"' << name << "\":[";
  auto between = "";
  for (const auto& x : all)
    if (auto shown = element(x); !shown.is_null())
      to << std::exchange(between, ",") << json_line(shown);
  to << ']';
}

} // namespace

void write_json(std::ostream& to, const std::string& bucket,
                const partition_entries& all) {
  to << "{\"bucket\":" << json_line(bucket) << ',';
  write_array(to, "invalid", all, [](const auto& x) {
    return x.second.weight
               ? json{}
               : json{{"key", partition_key(x.first)}, {"why", x.second.why_bad}};
  });
  to << ',';
  write_array(to, "partitions", all, [](const auto& x) {
    return x.second.weight ? json{{"keys", partition_named(x.first).keys.all()},
                                  {"name", x.first},
                                  {"weight", *x.second.weight}}
                           : json{};
  });
  to << '}';
}

void write_table(std::ostream& to, const partition_entries& all) {
  std::string_view title = "PARTITION";
  auto width = title.size();
  std::size_t digits = 6;
  auto weight = [](const partition_entry& x) {
    return x.weight ? std::to_string(*x.weight) : "?";
  };
  for (const auto& [name, x] : all) {
    width = std::max(width, config::printable(name).size());
    digits = std::max(digits, weight(x).size());
  }
  auto line = [&](std::string_view name, std::string_view number, std::string note) {
    std::string blanks(width - name.size() + 2 + digits - number.size(), ' ');
    to << name << blanks << number << (note.empty() ? "" : "  ") << note << '\n';
  };
  line(title, "WEIGHT", {});
  for (const auto& [name, x] : all)
    line(config::printable(name), weight(x),
         x.weight ? "" : "cannot be read: " + config::printable(x.why_bad));
}

void write_partitions_file(std::ostream& to, const partition_entries& all) {
  to << "list = [\n";
  for (const auto& [name, x] : all) {
    if (!x.weight)
      continue;
    to << "  { keys = [" << config::joined(partition_named(name).keys, config::in_quotes)
       << "], weight = " << *x.weight << " },\n";
  }
  to << "]\n";
}

void write_json(std::ostream& to, const std::string& bucket, const partition_changes& x,
                bool dry_run) {
  auto write = [&](const char* name, kind what, auto element) {
    write_array(to, name, x.changes, [&](const partition_change& y) {
      return y.what == what ? element(y) : json{};
    });
  };
  to << '{';
  write("added", kind::add, [](const partition_change& y) {
    return json{{"name", y.name}, {"weight", number_or_null(y.to)}};
  });
  to << ",\"bucket\":" << json_line(bucket) << ',';
  write("changed", kind::set_weight, [](const partition_change& y) {
    return json{
        {"from", number_or_null(y.from)}, {"name", y.name}, {"to", number_or_null(y.to)}};
  });
  to << ",\"dry_run\":" << json_line(dry_run) << ',';
  write("removed", kind::remove, [](const partition_change& y) {
    return json{{"name", y.name}, {"weight", number_or_null(y.from)}};
  });
  to << ",\"unchanged\":" << x.unchanged << '}';
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
