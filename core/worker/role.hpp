// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/enumeration.hpp"

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
  calculator,
  count
};

constexpr const char* to_string(role x) {
  return word_of(
      x, {"registrar", "heartbeat", "elector", "watcher", "roster", "calculator"});
}

/// Some of them.
class role_set {
public:
  bool has(role x) const { return bits_.test(static_cast<std::size_t>(x)); }
  void add(role x) { bits_.set(static_cast<std::size_t>(x)); }
  void remove(role x) { bits_.reset(static_cast<std::size_t>(x)); }

private:
  std::bitset<count_of<role>> bits_;
};

} // namespace partita::core
