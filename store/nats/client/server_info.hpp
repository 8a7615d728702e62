// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/options.hpp"
#include "partita/store/nats/client/api.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

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
  /// Clients need a certificate.
  bool tls_verify = false;
};

/// The id of a server that keeps the only copy of a stream; empty: not this one, or it may not.
/// A leaf node passes requests on to its hub unless it has a JetStream of its own.
std::string only_keeper(const server_info& server, const stream_info& stream);

/// Opens a connection of its own to read that line; else why there is none, for people.
std::variant<server_info, std::string> read_server_info(const std::string& url,
                                                        std::chrono::milliseconds limit);

/// Why no server can be used: looks at each address, as what the library reports
/// (`otherwise`) is the same for most causes.
std::string why_not_connected(const nats_options& options,
                              const std::vector<std::string>& urls,
                              const std::string& otherwise);

/// Reads `INFO {...}`.
std::optional<server_info> parse_server_info(std::string_view line);

/// Whether a version is older than another, by its three numbers; false if one cannot be
/// read.
bool is_older(const std::string& version, const std::string& than);

/// A URL fit for a log: without user and password.
std::string without_secrets(const std::string& url);

} // namespace partita::nats
