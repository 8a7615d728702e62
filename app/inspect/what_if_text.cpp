// SPDX-License-Identifier: Apache-2.0
#include "partita/app/inspect/what_if.hpp"

#include "partita/app/output/json_text.hpp"
#include "partita/app/output/names.hpp"
#include "partita/app/output/table.hpp"

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
  table rows{
      {"WORKER", "", ">CAPACITY", ">NOW (WEIGHT)", ">THEN (WEIGHT)", ">GAINS", ">LOSES"}};
  for (const auto& y : x.shares)
    rows.add({y.id.value, mark_of(y), y.gone ? "-" : std::to_string(y.capacity),
              loaded(y.before), loaded(y.after), signed_count('+', y.gains),
              signed_count('-', y.losses)});
  return rows.text();
}

json load_of(const what_if_load& x) {
  return {{"partitions", x.partitions}, {"weight", x.weight}};
}

json json_of(const what_if_balance& x) {
  return {{"fullest", x.fullest}, {"emptiest", x.emptiest}};
}

json share_of(const what_if_share& x) {
  return {{"worker_id", x.id.value},
          {"new", x.thought},
          {"gone", x.gone},
          {"drained", x.drained},
          {"cordoned", x.cordoned},
          {"capacity", x.capacity},
          {"before", load_of(x.before)},
          {"after", load_of(x.after)},
          {"gains", x.gains},
          {"losses", x.losses}};
}

json move_of(const what_if_move& x) {
  return {{"partition", x.partition},
          {"weight", x.weight},
          {"from", x.from.value.empty() ? json() : json(x.from.value)},
          {"to", x.to.value},
          {"reason", x.reason}};
}

} // namespace

std::string to_table(const what_if_answer& x) {
  auto result = share_table(x);
  if (x.moves.empty())
    result += "nothing would move";
  else
    result += std::to_string(x.moves.size()) + " of " + std::to_string(x.partitions)
              + " partitions would get another owner";
  result += text_line(", by " + x.strategy);
  result += "now:  " + shown(balance_of(x, &what_if_share::before)) + '\n';
  result += "then: " + shown(balance_of(x, &what_if_share::after)) + '\n';
  for (std::size_t i = 0; i < std::min(moves_in_table, x.moves.size()); ++i) {
    const auto& move = x.moves[i];
    result += text_line("  " + move.partition + ": "
                        + (move.from.value.empty() ? "no owner" : move.from.value)
                        + " -> " + move.to.value
                        + (move.reason.empty() ? "" : " (" + move.reason + ')'));
  }
  if (x.moves.size() > moves_in_table)
    result += "  and " + std::to_string(x.moves.size() - moves_in_table)
              + " more; --json names them all\n";
  for (const auto& note : x.notes)
    result += text_line("note: " + note);
  return result;
}

std::string to_json(const what_if_answer& x) {
  return json_line({{"strategy", x.strategy},
                    {"partitions", x.partitions},
                    {"before", json_of(balance_of(x, &what_if_share::before))},
                    {"after", json_of(balance_of(x, &what_if_share::after))},
                    {"workers", json_list(x.shares, share_of)},
                    {"moves", json_list(x.moves, move_of)},
                    {"notes", x.notes}});
}

} // namespace partita::app
