// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/http/http_api.hpp"

#include <microhttpd.h>

#include <memory>
#include <string>
#include <variant>

/// What HTTP needs of sockets and of libmicrohttpd's types.
namespace partita::app {

/// A socket that accepts connections; owned by its holder.
struct http_listener {
  int socket = -1;
  /// For programs on this machine: `http://127.0.0.1:8080`.
  std::string address;
};

/// `listen`: `host:port`; port 0: any free one. The other alternative says why it cannot, and
/// what to do.
std::variant<http_listener, std::string> listen_at(const std::string& listen);

/// All but the body of a request whose head has been read.
http_request request_of(MHD_Connection* from, const char* method, const char* path);

/// A reply as the library sends it, to any number of clients.
using wire_reply = std::shared_ptr<MHD_Response>;

/// With its headers and `Cache-Control: no-store`, which all replies have.
wire_reply wire_reply_of(const http_reply& x);
/// A reply without an end, of server-sent events: `more` is called with `to` to write them.
wire_reply wire_stream(MHD_ContentReaderCallback more, void* to);

} // namespace partita::app
