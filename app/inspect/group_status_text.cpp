// SPDX-License-Identifier: Apache-2.0
#include "partita/app/inspect/group_status.hpp"

#include "partita/app/output/names.hpp"
#include "partita/app/output/table.hpp"
#include "partita/config/duration.hpp"
#include "partita/config/text.hpp"
#include "partita/messages/codec.hpp"

#include <cmath>
#include <set>

// How people see a group and its workers.
namespace partita::app {

namespace {

constexpr std::size_t names_in_table = 8;
constexpr std::size_t workers_in_table = 40;
/// Of each kind of line below the table; the rest is counted.
constexpr std::size_t lines_of_a_kind = 10;

std::string state_of(const member& x) {
  auto result = x.last_beat ? std::string{to_string(x.last_beat->state)} : "no heartbeat";
  if (x.drained)
    result += ", drained";
  if (x.cordoned)
    result += ", cordoned";
  return result;
}

tone tone_of(const member& x) {
  return !lives(x)                              ? tone::wrong
         : x.drained || x.cordoned || !x.record ? tone::attention
                                                : tone::plain;
}

std::vector<std::string> row_of(const member& x, std::size_t most_names) {
  auto names = names_of(x);
  return {x.id.value,
          state_of(x),
          x.last_beat ? readable_seconds(x.beat_age_ms) : "-",
          x.last_beat ? readable(x.last_beat->applied.version) : "-",
          x.record ? readable(x.record->version) : "-",
          std::to_string(names.size()),
          some_of(names, most_names)};
}

std::string headline(const group_status& x) {
  std::string result = "group " + x.group + ": ";
  result += x.leader ? x.leader->worker_id.value + " leads" : "no leader";
  if (x.epoch)
    result += ", epoch " + std::to_string(x.epoch->epoch.value);
  result += x.version.value ? ", version " + readable(x.version) + " ("
                                  + std::to_string(x.version.value) + ")"
                            : ", nothing published yet";
  return text_line(result);
}

/// The first lines of a kind, and how many there are besides.
template <class Range, class F>
std::string lines_for(std::size_t most, const Range& all, F line_of) {
  std::string result;
  std::size_t count = 0;
  for (const auto& x : all)
    if (++count <= most)
      result += text_line(line_of(x));
  if (count > most)
    result += "  and " + std::to_string(count - most) + " more; --all shows them\n";
  return result;
}

std::string mark_lines(const member& x) {
  std::string result;
  if (x.drained)
    result += with_note("drained: " + x.id.value, *x.drained) + '\n';
  if (x.cordoned)
    result += with_note("cordoned: " + x.id.value, *x.cordoned) + '\n';
  return result;
}

std::string percent(std::int64_t part, std::int64_t whole) {
  if (whole <= 0)
    return "-";
  auto tenths =
      std::llround(1000.0 * static_cast<double>(part) / static_cast<double>(whole));
  return std::to_string(tenths / 10) + '.' + std::to_string(tenths % 10) + " %";
}

std::string role_of(const group_status& x, const member& who) {
  if (x.leader && x.leader->worker_id == who.id)
    return "leader";
  if (who.record && who.record->standby > 0 && lives(who))
    return "standby " + std::to_string(who.record->standby);
  return {};
}

std::string marks_of(const member& x) {
  std::string result = x.drained ? "drained" : "";
  if (x.cordoned)
    result += result.empty() ? "cordoned" : " cordoned";
  return result;
}

std::vector<std::string> worker_row(const group_status& x, const member& who,
                                    const group_load& all) {
  const auto* pulse = who.last_beat ? &*who.last_beat : nullptr;
  auto fair = lives(who) && !who.drained ? percent(pulse->capacity, all.capacity) : "-";
  return {who.id.value,
          pulse ? std::string{to_string(pulse->state)} : "no heartbeat",
          role_of(x, who),
          marks_of(who),
          who.instance.empty() ? "-" : who.instance,
          pulse && !pulse->zone.empty() ? pulse->zone : "-",
          pulse ? std::to_string(pulse->capacity) : "-",
          std::to_string(names_of(who).size()),
          percent(weight_of(who), all.weight) + " of " + fair,
          pulse && pulse->terms.ttl.count() != 0
              ? config::format_duration(pulse->terms.ttl)
              : "-",
          pulse ? readable(pulse->applied.version) : "-",
          pulse ? readable_seconds(who.beat_age_ms) : "-",
          pulse && !pulse->program_version.empty() ? pulse->program_version : "-"};
}

/// The workers; of many the leader and those that are not as most are, then the first ones.
std::string rows_of(const group_status& x, const status_style& how, std::size_t names) {
  auto left = how.all ? x.members.size() : workers_in_table;
  auto ordinary = [&](const member& who) {
    return tone_of(who) == tone::plain && role_of(x, who) != "leader";
  };
  std::set<const member*> shown;
  for (auto others : {false, true})
    for (const auto& who : x.members)
      if (ordinary(who) == others && left > 0) {
        shown.insert(&who);
        --left;
      }
  table rows{{"WORKER", "STATE", ">HEARTBEAT AGE", ">APPLIED", ">VERSION", ">PARTITIONS",
              "SHARE"}};
  for (const auto& who : x.members)
    if (shown.contains(&who))
      rows.add(row_of(who, names), tone_of(who));
  auto hidden = x.members.size() - shown.size();
  return rows.text(how.colours)
         + (hidden == 0
                ? ""
                : "and " + std::to_string(hidden) + " more workers; --all shows them\n");
}

} // namespace

std::string with_note(std::string text, const directive& x) {
  if (!x.by.empty())
    text += " by " + x.by;
  return config::printable(x.reason.empty() ? text : text + ": " + x.reason);
}

std::string to_table(const group_status& x, const status_style& how) {
  const auto lines = how.all ? std::string::npos : lines_of_a_kind;
  const auto names = how.all ? std::string::npos : names_in_table;
  auto toned_by = [&](tone what) {
    return [&how, what](std::string text) {
      return toned(std::move(text), what, how.colours);
    };
  };
  auto attention = toned_by(tone::attention);
  auto wrong = toned_by(tone::wrong);
  auto result = headline(x);
  result += x.members.empty() ? "no worker has joined yet\n" : rows_of(x, how, names);
  for (const auto& who : x.members)
    result += attention(mark_lines(who));
  if (x.grants_wait_ms > 0)
    result += attention(text_line("grants wait for " + readable_span(x.grants_wait_ms)
                                  + " more: " + x.epoch->waits_for));
  result += attention(lines_for(lines, x.waiting, [](const auto& y) {
    return y.id.value + " has waited " + readable_span(y.for_ms) + " for " + y.waits_for;
  }));
  result += attention(lines_for(lines, x.pauses, [](const auto& y) {
    return with_note("paused for " + readable_span(y.left_ms) + " more, " + y.id,
                     y.directive);
  }));
  if (x.rebalance)
    result += with_note("requested: a rebalance", *x.rebalance) + '\n';
  if (x.step_down)
    result += with_note("requested: the leader steps down", *x.step_down) + '\n';
  result += wrong(lines_for(lines, x.unowned, [](const auto& y) {
    return "without owner: " + y.name + " (" + y.why + ')';
  }));
  result += attention(lines_for(lines, x.hand_offs, [](const auto& y) {
    return "handing over: " + y.partition + " from " + y.from.value + ", waits for "
           + y.waits_for;
  }));
  result += lines_for(lines, x.pins, [](const auto& y) {
    return with_note("pinned: " + y.partition + " to " + y.worker.value, y.directive);
  });
  if (!x.named_twice.empty())
    result += wrong(text_line("in two records: " + some_of(x.named_twice, names)));
  if (!x.settings_differ.empty())
    result += wrong(text_line("settings differ: " + x.settings_differ));
  for (const auto& bad : x.unreadable)
    result += wrong(text_line("cannot read '" + bad.key + "' of the " + bad.bucket
                              + " bucket: " + bad.why));
  return result;
}

std::string workers_table(const group_status& x, bool colours) {
  if (x.members.empty())
    return "no worker has joined yet\n";
  table rows{{"WORKER", "STATE", "ROLE", "MARKS", "INSTANCE", "ZONE", ">CAPACITY",
              ">PARTITIONS", ">LOAD", ">TTL", ">APPLIED", ">HEARTBEAT AGE", "PROGRAM"}};
  auto all = load_of(x);
  for (const auto& who : x.members)
    rows.add(worker_row(x, who, all), tone_of(who));
  auto result = rows.text(colours);
  if (!x.settings_differ.empty())
    result += text_line("settings differ: " + x.settings_differ);
  return result;
}

} // namespace partita::app
