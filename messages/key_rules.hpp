// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

/// Which names a store accepts. Both stores check here before anything is sent, so that
/// they refuse the same names with the same text.
namespace partita {

/// Why `key` cannot be written or read, for people; empty if it can. A key has tokens of
/// letters, digits and `-_/=`, joined by dots.
std::string key_fault(std::string_view key);

/// The same for a pattern of kv_watch: a token may be `*`, the last one also `>`.
std::string pattern_fault(std::string_view pattern);

/// The same for a nonce that is served or probed: letters, digits, `-` and `_`. The one
/// in a leader key may have been written by another program.
std::string nonce_fault(std::string_view nonce);

/// The same for the name of a bucket: letters, digits, `-` and `_`.
std::string bucket_name_fault(std::string_view name);

} // namespace partita
