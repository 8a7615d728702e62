// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace partita::config {

/// Where a value came from. Ordered as problems are listed: the file's by line, then the
/// environment's, then the command line's.
struct origin {
  enum class kind { file, environment, command_line };
  kind what = kind::file;
  /// Path of the file, or name of the environment variable; empty on the command line.
  std::string name;
  /// From 1; 0: no particular line or column.
  int line = 0;
  int column = 0;
};

/// `partita.toml:12`, `environment variable PARTITA_LOG_LEVEL`, `command line`.
std::string to_string(const origin& x);

/// One mistake in the configuration. Holds no secret: those are "(hidden)".
struct problem {
  origin where;
  /// `section.key`, perhaps with an index or a key inside its value; empty for the whole
  /// file.
  std::string key;
  /// The value in the way TOML writes it; empty if there is none to show.
  std::string found;
  /// What would be right.
  std::string expected;
  /// What to do about it; empty if `expected` says all.
  std::string remedy;
};

/// One line: where, key, found, expected, remedy. Control characters are escaped.
std::string to_string(const problem& x);

/// Sorts problems by the place of their causes.
void sort_problems(std::vector<problem>& xs);

} // namespace partita::config
