// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/config/problem.hpp"
#include "partita/config/value.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace partita::config {

/// What a TOML text holds; if it is not TOML, `error` says where and the root is empty.
struct toml_document {
  value_table root;
  std::optional<problem> error;
};

/// Reads `text` that came from `file`. Where the line at fault holds one of `secrets`
/// (names of keys) or a URL with a password, the error does not repeat the value.
toml_document parse_toml(std::string_view text, const std::string& file,
                         const std::vector<std::string>& secrets);

/// Reads one value, as `["a", "b"]`; nothing if it is not one.
std::optional<value> parse_toml_value(std::string_view text);

} // namespace partita::config
