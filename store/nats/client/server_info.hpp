// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/store/nats/client/api.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace partita::nats {

/// What a server sends in the first line of every connection; the library does not expose
/// it.
struct server_info {
  std::string version;
  /// Empty: it is in no cluster.
  std::string cluster = {};
  /// Another one after each start.
  std::string id = {};
  std::string name = {};
  /// It keeps streams itself.
  bool jetstream = false;
  /// Of its JetStream; empty: it has none.
  std::string domain = {};
};

/// The id of a server that keeps the only copy of a stream; empty: not this one, or it may not.
/// A leaf node passes requests on to its hub unless it has a JetStream of its own.
std::string only_keeper(const server_info& server, const stream_info& stream);

/// Opens a connection of its own to read that line; waits for at most half a second.
std::optional<server_info> read_server_info(const std::string& url);

/// Reads `INFO {...}`.
std::optional<server_info> parse_server_info(std::string_view line);

/// Whether a version is older than another, by its three numbers; false if one cannot be
/// read.
bool is_older(std::string_view version, std::string_view than);

} // namespace partita::nats
