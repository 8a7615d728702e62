// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace partita {

/// What a log line is about, for a sink that writes it as fields.
struct log_context {
  struct field {
    const char* name;
    std::variant<std::uint64_t, std::string> value;
  };

  /// The part of the program: `worker`, `leader` or `store`.
  std::string_view component;
  /// Its id; empty: the line is about no single worker, or one that has no id yet.
  std::string_view worker = {};
  std::vector<field> fields = {};
};

/// That of the line which this thread gives to the logger; null: not known. A sink that writes
/// in another thread must look at it before.
inline thread_local const log_context* logged_context = nullptr;

} // namespace partita
