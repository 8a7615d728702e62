// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace partita {

/// How to reach NATS. Empty strings: not used.
struct nats_options {
  /// Tried in turn; `nats://host:port` or `tls://host:port`.
  std::vector<std::string> urls = {"nats://127.0.0.1:4222"};
  std::string user = {};
  std::string password = {};
  std::string token = {};
  /// Files: JWT credentials, nkey seed, and for TLS the authority's certificate, our
  /// certificate and its key.
  std::string credentials = {};
  std::string nkey_seed = {};
  std::string tls_ca = {};
  std::string tls_cert = {};
  std::string tls_key = {};
  /// How the server's monitoring names this client.
  std::string client_name = "partita";
  /// How long an answer may take before the outcome is unknown.
  std::chrono::milliseconds request_timeout{500};
  /// How often the server shows that a silent watch still works. The connection is proven
  /// twice as often, though between every 200 ms and every second.
  std::chrono::milliseconds watch_heartbeat{500};
};

} // namespace partita
