// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/http/http_api.hpp"

#include <microhttpd.h>

#include <cstddef>
#include <functional>
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

/// How many files this process may open; raises the limit towards `wanted` where it can.
std::size_t file_limit(std::size_t wanted);

/// All but the body of a request whose head has been read.
http_request request_of(MHD_Connection* from, const char* method, const char* path);

/// One request, from its head to the end of its answer.
struct http_call {
  http_request request;
  http_decision decision;
  /// All of the request has been read.
  bool begun = false;
  /// Counts among those that wait.
  bool waits = false;
  /// The library leaves its connection alone.
  bool suspended = false;
  /// What is to be done with the answer that has come. Written by the server's actor while the
  /// call is suspended; the library orders that before what its thread does then.
  std::function<MHD_Result()> next;
  /// Of a follower: what is being sent, how far, whether that is all, else what asks for more.
  std::shared_ptr<const std::string> text;
  std::size_t sent = 0;
  bool ends = false;
  std::function<void()> more;
};

/// A reply as the library sends it, to any number of clients.
using wire_reply = std::shared_ptr<MHD_Response>;

/// With its headers and `Cache-Control: no-store`, which all replies have.
wire_reply wire_reply_of(const http_reply& x);
/// A reply without an end, of server-sent events: `more` is called with `to` to write them.
wire_reply wire_stream(MHD_ContentReaderCallback more, void* to);

} // namespace partita::app
