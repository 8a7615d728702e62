// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/ids.hpp"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// The names of keys in the store; docs/protocol.md lists them.
namespace partita::keys {

inline constexpr const char* leader = "leader";
inline constexpr const char* epoch = "epoch";
/// In the assignment bucket, like `epoch`.
inline constexpr const char* group = "group";
inline constexpr std::string_view heartbeats = "heartbeat.";
inline constexpr std::string_view records = "assignment.";
/// In the same bucket: `parts.<worker id>.<number>`.
inline constexpr std::string_view parts = "parts.";

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

/// A part of a record that is too long for one value.
inline std::string part_of(const worker_id& x, std::uint64_t number) {
  return std::string{parts} + x.value + '.' + std::to_string(number);
}

/// Whose part of which number this key is.
inline std::optional<std::pair<worker_id, std::uint64_t>> part_in(std::string_view key) {
  auto dot = key.rfind('.');
  if (!key.starts_with(parts) || dot <= parts.size())
    return std::nullopt;
  std::uint64_t number = 0;
  const auto* end = key.data() + key.size();
  auto [last, error] = std::from_chars(key.data() + dot + 1, end, number);
  if (error != std::errc{} || last != end)
    return std::nullopt;
  return std::pair{worker_id{std::string{key.substr(parts.size(), dot - parts.size())}},
                   number};
}

// -- consumers of a stream --------------------------------------------------------------

/// In the claims bucket.
inline std::string claim_of(std::string_view partition) {
  return "claim." + std::string{partition};
}

/// `<group>-<partition>-<token>`, the name of a partition's consumer; `-r<run>` behind it if
/// run is not 0. A dot of the partition's name is a `~` there, and what is neither a letter,
/// a digit, `-` nor `_` is `=` and two hexadecimal digits.
std::string consumer_name(std::string_view group, std::string_view partition,
                          version token, unsigned run = 0);

/// Whose it is: what consumer_name was called with.
struct named_consumer {
  std::string partition;
  version token;
};
/// Nothing: it is no consumer of this group.
std::optional<named_consumer> consumer_in(std::string_view name, std::string_view group);

} // namespace partita::keys

/// Which names a store accepts. Both stores check here before anything is sent, so that
/// they refuse the same names with the same text.
namespace partita {

struct open_bucket;

/// Whether a token of a key may hold it: a letter, a digit or one of `-_/=`.
bool is_key_letter(char c);

/// Why `key` cannot be written or read, for people; empty if it can. A key has tokens of
/// letters, digits and `-_/=`, joined by dots.
std::string key_fault(std::string_view key);

/// The same for a pattern of kv_watch: a token may be `*`, the last one also `>`.
std::string pattern_fault(std::string_view pattern);

/// The same for a nonce that is served or probed: letters, digits, `-` and `_`. The one
/// in a leader key may have been written by another program.
std::string nonce_fault(std::string_view text);

/// Why no bucket can be like this: its name has letters, digits, `-` and `_`, its ttl is 0 or
/// at least 100 ms, its replicas are 1 to 5.
std::string bucket_fault(const open_bucket& x);

} // namespace partita
