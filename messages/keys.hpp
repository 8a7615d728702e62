// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/ids.hpp"

#include <optional>
#include <string>
#include <string_view>

/// The names of keys in the store; docs/protocol.md lists them.
namespace partita::keys {

inline constexpr const char* leader = "leader";
inline constexpr const char* epoch = "epoch";
/// In the assignment bucket, like `epoch`.
inline constexpr const char* group = "group";
inline constexpr std::string_view heartbeats = "heartbeat.";
inline constexpr std::string_view records = "assignment.";

inline std::string heartbeat_of(const worker_id& x) {
  return std::string{heartbeats} + x.value;
}

inline std::string record_of(const worker_id& x) {
  return std::string{records} + x.value;
}

/// The worker whose key this is, if it begins with `prefix`.
inline std::optional<worker_id> owner_of(std::string_view key, std::string_view prefix) {
  if (!key.starts_with(prefix) || key.size() == prefix.size())
    return std::nullopt;
  return worker_id{std::string{key.substr(prefix.size())}};
}

} // namespace partita::keys
