// SPDX-License-Identifier: Apache-2.0
#include "partita/app/inspect/what_if.hpp"

#include "partita/app/output/table.hpp"
#include "partita/config/text.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

// How a plan that is only thought is shown.
namespace partita::app {

namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t moves_in_table = 20;

std::string signed_count(char sign, std::size_t n) {
  return n == 0 ? "" : sign + std::to_string(n);
}

std::string loaded(const what_if_load& x) {
  return std::to_string(x.partitions) + " (" + std::to_string(x.weight) + ')';
}

std::string percent(double x) {
  return std::to_string(std::llround(100 * x)) + " %";
}

std::string shown(const what_if_balance& x) {
  return "the fullest worker at " + percent(x.fullest) + ", the emptiest at "
         + percent(x.emptiest) + " of its fair share";
}

std::string mark_of(const what_if_share& x) {
  if (x.gone)
    return "gone";
  if (x.drained)
    return "drained";
  if (x.cordoned)
    return "cordoned";
  return x.thought ? "new" : "";
}

std::string share_table(const what_if_answer& x) {
  using enum table::side;
  table rows{{{"WORKER"},
              {""},
              {"CAPACITY", right},
              {"NOW (WEIGHT)", right},
              {"THEN (WEIGHT)", right},
              {"GAINS", right},
              {"LOSES", right}}};
  for (const auto& y : x.shares)
    rows.add({y.id.value, mark_of(y), y.gone ? "-" : std::to_string(y.capacity),
              loaded(y.before), loaded(y.after), signed_count('+', y.gains),
              signed_count('-', y.losses)});
  return rows.text();
}

json to_json(const what_if_load& x) {
  return {{"partitions", x.partitions}, {"weight", x.weight}};
}

json to_json(const what_if_balance& x) {
  return {{"fullest", x.fullest}, {"emptiest", x.emptiest}};
}

} // namespace

std::string to_table(const what_if_answer& x) {
  auto result = share_table(x);
  if (x.moves.empty())
    result += "nothing would move";
  else
    result += std::to_string(x.moves.size()) + " of " + std::to_string(x.partitions)
              + " partitions would get another owner";
  result += ", by " + config::printable(x.strategy) + '\n';
  result += "now:  " + shown(balance_before(x)) + '\n';
  result += "then: " + shown(balance_after(x)) + '\n';
  for (std::size_t i = 0; i < std::min(moves_in_table, x.moves.size()); ++i) {
    const auto& move = x.moves[i];
    result += config::printable("  " + move.partition + ": "
                                + (move.from.value.empty() ? "no owner" : move.from.value)
                                + " -> " + move.to.value
                                + (move.reason.empty() ? "" : " (" + move.reason + ')'))
              + '\n';
  }
  if (x.moves.size() > moves_in_table)
    result += "  and " + std::to_string(x.moves.size() - moves_in_table)
              + " more; --json names them all\n";
  for (const auto& note : x.notes)
    result += "note: " + config::printable(note) + '\n';
  return result;
}

std::string to_json(const what_if_answer& x) {
  json result = {{"strategy", x.strategy},
                 {"partitions", x.partitions},
                 {"before", to_json(balance_before(x))},
                 {"after", to_json(balance_after(x))},
                 {"workers", json::array()},
                 {"moves", json::array()},
                 {"notes", x.notes}};
  for (const auto& y : x.shares)
    result["workers"].push_back({{"worker_id", y.id.value},
                                 {"new", y.thought},
                                 {"gone", y.gone},
                                 {"drained", y.drained},
                                 {"cordoned", y.cordoned},
                                 {"capacity", y.capacity},
                                 {"before", to_json(y.before)},
                                 {"after", to_json(y.after)},
                                 {"gains", y.gains},
                                 {"losses", y.losses}});
  for (const auto& y : x.moves) {
    json from = nullptr;
    if (!y.from.value.empty())
      from = y.from.value;
    result["moves"].push_back({{"partition", y.partition},
                               {"weight", y.weight},
                               {"from", std::move(from)},
                               {"to", y.to.value},
                               {"reason", y.reason}});
  }
  return result.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace partita::app
