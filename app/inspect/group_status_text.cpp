// SPDX-License-Identifier: Apache-2.0
#include "partita/app/inspect/group_status.hpp"

#include "partita/app/output/names.hpp"
#include "partita/app/output/table.hpp"
#include "partita/config/text.hpp"
#include "partita/messages/codec.hpp"

// How people see a group's status.
namespace partita::app {

namespace {

constexpr std::size_t names_in_table = 8;
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

std::vector<std::string> row_of(const member& x) {
  auto names = names_of(x);
  return {x.id.value,
          state_of(x),
          x.last_beat ? readable_seconds(x.beat_age_ms) : "-",
          x.last_beat ? readable(x.last_beat->applied.version) : "-",
          x.record ? readable(x.record->version) : "-",
          std::to_string(names.size()),
          some_of(names, names_in_table)};
}

std::string headline(const group_status& x) {
  std::string result = "group " + x.group + ": ";
  result += x.leader ? x.leader->worker_id.value + " leads" : "no leader";
  if (x.epoch)
    result += ", epoch " + std::to_string(x.epoch->epoch.value);
  result += x.version.value ? ", version " + readable(x.version) + " ("
                                  + std::to_string(x.version.value) + ")"
                            : ", nothing published yet";
  return config::printable(result) + '\n';
}

/// The first lines of a kind, and how many there are besides.
template <class Range, class F>
std::string lines_for(const Range& all, F line_of) {
  std::string result;
  std::size_t count = 0;
  for (const auto& x : all)
    if (++count <= lines_of_a_kind)
      result += config::printable(line_of(x)) + '\n';
  if (count > lines_of_a_kind)
    result += "  and " + std::to_string(count - lines_of_a_kind) + " more\n";
  return result;
}

std::string with_note(std::string text, const directive& x) {
  if (!x.by.empty())
    text += " by " + x.by;
  return config::printable(x.reason.empty() ? text : text + ": " + x.reason);
}

std::string pause_line(const pause_status& x) {
  return with_note("paused for " + readable_span(x.left_ms) + " more, " + x.id,
                   x.directive);
}

std::string pin_line(const pin_status& x) {
  return with_note("pinned: " + x.partition + " to " + x.worker.value, x.directive);
}

std::string mark_lines(const member& x) {
  std::string result;
  if (x.drained)
    result += with_note("drained: " + x.id.value, *x.drained) + '\n';
  if (x.cordoned)
    result += with_note("cordoned: " + x.id.value, *x.cordoned) + '\n';
  return result;
}

} // namespace

std::string to_table(const group_status& x) {
  using enum table::side;
  table rows{{{"WORKER"},
              {"STATE"},
              {"HEARTBEAT AGE", right},
              {"APPLIED", right},
              {"VERSION", right},
              {"PARTITIONS", right},
              {"SHARE"}}};
  for (const auto& who : x.members)
    rows.add(row_of(who));
  auto result = headline(x);
  result += x.members.empty() ? "no worker has joined yet\n" : rows.text();
  for (const auto& who : x.members)
    result += mark_lines(who);
  if (x.grants_wait_ms > 0)
    result += config::printable("grants wait for " + readable_span(x.grants_wait_ms)
                                + " more: " + x.epoch->waits_for)
              + '\n';
  result += lines_for(x.pauses, pause_line);
  if (x.rebalance)
    result += with_note("requested: a rebalance", *x.rebalance) + '\n';
  if (x.step_down)
    result += with_note("requested: the leader steps down", *x.step_down) + '\n';
  result += lines_for(x.unowned, [](const auto& y) {
    return "without owner: " + y.name + " (" + y.why + ')';
  });
  result += lines_for(x.hand_offs, [](const auto& y) {
    return "handing over: " + y.partition + " from " + y.from.value + ", waits for "
           + y.waits_for;
  });
  result += lines_for(x.pins, pin_line);
  if (!x.named_twice.empty())
    result +=
        config::printable("in two records: " + some_of(x.named_twice, names_in_table))
        + '\n';
  if (!x.settings_differ.empty())
    result += config::printable("settings differ: " + x.settings_differ) + '\n';
  for (const auto& bad : x.unreadable)
    result += config::printable("cannot read '" + bad.key + "' of the " + bad.bucket
                                + " bucket: " + bad.why)
              + '\n';
  return result;
}

} // namespace partita::app
