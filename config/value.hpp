// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// A value as it was written, before an option has checked it. Keeps TOML's library out
/// of everything but the parser.
namespace partita::config {

struct value;
struct table_entry;
using value_list = std::vector<value>;
using value_table = std::vector<table_entry>;

/// A date or a time: no option takes one.
struct moment {};

struct value {
  std::variant<std::string, std::int64_t, double, bool, moment, value_list, value_table>
      data;
  /// In its file, from 1; 0: not from a file.
  int line = 0;

  template <class T>
  const T* as() const {
    return std::get_if<T>(&data);
  }
};

struct table_entry {
  std::string key;
  value content;
};

/// What a message shows of `x`: strings and numbers as TOML writes them, strings cut when
/// long, everything else by its kind ("an array").
std::string describe(const value& x);

/// A number as TOML writes a float: shortest form, always with a point or an exponent.
std::string format_real(double x);

} // namespace partita::config
