// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/store/nats/client/link.hpp"

#include <string>
#include <vector>

/// Internal to this directory: the entry that tells one store from another.
namespace partita::nats {

/// Asks the server that `through` leads to; waits for at most `limit`.
store_mark read_mark(link& through, const std::string& stream, const std::string& subject,
                     std::chrono::milliseconds limit);

/// Asks each server of `options` over a connection of its own, all at once.
std::vector<store_mark> read_marks(const nats_options& options, const std::string& stream,
                                   const std::string& subject);

/// What a server must hold under one subject of a stream to be used.
struct expected_mark {
  std::string subject;
  std::string value;
  /// The server where it was seen last, and its cluster.
  std::string seen_at;
  std::string cluster;
};

/// Why a server that holds `found` must not be used; nothing: it may be. May connect to it
/// to read the name of its cluster.
std::optional<link::failure> why_unusable(const store_mark& found, const expected_mark& x,
                                          const nats_options& options);

} // namespace partita::nats
