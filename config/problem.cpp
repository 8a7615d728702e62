// SPDX-License-Identifier: Apache-2.0
#include "partita/config/problem.hpp"

#include "partita/config/text.hpp"

#include <algorithm>
#include <tuple>

namespace partita::config {

std::string to_string(const origin& x) {
  switch (x.what) {
  case origin::kind::environment:
    return "environment variable " + x.name;
  case origin::kind::command_line:
    return "command line";
  case origin::kind::file:
    break;
  }
  auto result = x.name;
  if (x.line > 0)
    result += ":" + std::to_string(x.line);
  if (x.column > 0)
    result += ":" + std::to_string(x.column);
  return result;
}

std::string to_string(const problem& x) {
  auto result = to_string(x.where);
  if (!x.key.empty())
    result += (result.empty() ? "" : ": ") + x.key;
  if (!x.found.empty())
    result += ": found " + x.found;
  if (!x.expected.empty())
    result += (x.found.empty() ? ": " : "; ") + x.expected;
  if (!x.remedy.empty())
    result += ": " + x.remedy;
  return printable(result);
}

void sort_problems(std::vector<problem>& xs) {
  std::stable_sort(xs.begin(), xs.end(), [](const problem& a, const problem& b) {
    return std::tie(a.where.what, a.where.line, a.where.column)
           < std::tie(b.where.what, b.where.line, b.where.column);
  });
}

} // namespace partita::config
