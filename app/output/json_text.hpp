// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <string>

/// JSON as programs get it, with its members in the order in which people read them.
namespace partita::app {

/// One line. Texts may come from a server or the store: bytes that are no UTF-8 are replaced.
inline std::string json_line(const nlohmann::ordered_json& x) {
  return x.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

/// An array of what `f` gives for each of `all`.
template <class Range, class F>
nlohmann::ordered_json json_list(const Range& all, F f) {
  auto result = nlohmann::ordered_json::array();
  for (const auto& x : all)
    result.push_back(f(x));
  return result;
}

} // namespace partita::app
