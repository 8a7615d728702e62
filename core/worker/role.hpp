// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>

namespace partita::core {

/// The children of a worker.
enum class role : std::uint8_t {
  registrar,
  heartbeat,
  elector,
  watcher,
  roster,
  calculator
};

inline constexpr std::size_t role_count = 6;

constexpr const char* to_string(role x) {
  constexpr const char* names[role_count] = {"registrar", "heartbeat", "elector",
                                             "watcher",   "roster",    "calculator"};
  return names[static_cast<std::size_t>(x)];
}

/// Some of them.
class role_set {
public:
  bool has(role x) const { return bits_.test(static_cast<std::size_t>(x)); }
  void add(role x) { bits_.set(static_cast<std::size_t>(x)); }
  void remove(role x) { bits_.reset(static_cast<std::size_t>(x)); }

private:
  std::bitset<role_count> bits_;
};

} // namespace partita::core
