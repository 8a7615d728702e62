// SPDX-License-Identifier: Apache-2.0
#include "partita/app/http/http_wire.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <system_error>

#include <netdb.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace partita::app {

namespace {

// What the kernel holds for a client that does not read (it doubles this).
constexpr int most_unread = 64 * 1024;
constexpr int backlog = 1024;
constexpr std::size_t stream_block = 1024;

struct endpoint {
  std::string host;
  std::string port;
};

endpoint endpoint_of(const std::string& listen) {
  auto colon = listen.rfind(':');
  endpoint result{listen.substr(0, colon), listen.substr(colon + 1)};
  if (result.host.starts_with('['))
    result.host = result.host.substr(1, result.host.size() - 2);
  return result;
}

/// What a program on this machine uses to reach what listens there.
std::string local_address(const std::string& host, const std::string& port) {
  auto name = host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host;
  if (name.find(':') != std::string::npos)
    name = '[' + name + ']';
  return "http://" + name + ':' + port;
}

/// Its number and its port.
endpoint endpoint_of(const sockaddr* at, socklen_t size) {
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  ::getnameinfo(at, size, host.data(), host.size(), port.data(), port.size(),
                NI_NUMERICHOST | NI_NUMERICSERV);
  return {host.data(), port.data()};
}

/// -1: it cannot listen there, and errno says why.
int listening_socket(const addrinfo& at) {
  auto result =
      ::socket(at.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, at.ai_protocol);
  if (result < 0)
    return -1;
  int yes = 1;
  ::setsockopt(result, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  ::setsockopt(result, SOL_SOCKET, SO_SNDBUF, &most_unread, sizeof(most_unread));
  if (::bind(result, at.ai_addr, at.ai_addrlen) == 0 && ::listen(result, backlog) == 0)
    return result;
  auto why = errno;
  ::close(result);
  errno = why;
  return -1;
}

/// Whether it is this machine's.
bool is_loopback(const std::string& address) {
  return address == "::1" || address.starts_with("127.")
         || address.starts_with("::ffff:127.");
}

wire_reply with_headers(MHD_Response* x, const std::string& content_type) {
  if (!x)
    throw std::bad_alloc{};
  MHD_add_response_header(x, "Content-Type", content_type.c_str());
  MHD_add_response_header(x, "Cache-Control", "no-store");
  return {x, MHD_destroy_response};
}

MHD_Result add_parameter(void* to, MHD_ValueKind, const char* name, size_t name_size,
                         const char* value, size_t value_size) {
  static_cast<decltype(http_request::parameters)*>(to)->emplace(
      std::string{name, name_size}, value ? std::string{value, value_size} : "");
  return MHD_YES;
}

} // namespace

std::variant<http_listener, std::string> listen_at(const std::string& listen) {
  auto [host, port] = endpoint_of(listen);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  std::string why = "no such address";
  if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0)
    found = nullptr;
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> all{found, [](addrinfo* x) {
                                                             if (x)
                                                               ::freeaddrinfo(x);
                                                           }};
  for (; found; found = found->ai_next) {
    if (auto socket = listening_socket(*found); socket >= 0) {
      sockaddr_storage at{};
      socklen_t size = sizeof(at);
      auto* bound = reinterpret_cast<sockaddr*>(&at);
      ::getsockname(socket, bound, &size);
      return http_listener{socket, local_address(host, endpoint_of(bound, size).port)};
    }
    why = std::generic_category().message(errno);
  }
  return "cannot listen at " + listen + ": " + why
         + "; set http.listen to a free port of this machine, or to port 0 for any free "
           "one";
}

std::size_t file_limit(std::size_t wanted) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < wanted) {
    auto raised = limit;
    raised.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0)
      limit = raised;
  }
  return limit.rlim_cur;
}

http_request request_of(MHD_Connection* from, const char* method, const char* path) {
  auto find = [from](const char* name) {
    return MHD_lookup_connection_value(from, MHD_HEADER_KIND, name);
  };
  auto header = [&](const char* name) {
    const auto* value = find(name);
    return std::string{value ? value : ""};
  };
  http_request result;
  result.method = method;
  result.path = path;
  MHD_get_connection_values_n(from, MHD_GET_ARGUMENT_KIND, add_parameter,
                              &result.parameters);
  result.host = header("Host");
  result.authorization = header("Authorization");
  result.content_type = header("Content-Type");
  result.content_encoding = header("Content-Encoding");
  result.transfer_encoding = header("Transfer-Encoding");
  result.last_event_id = header("Last-Event-ID");
  result.of_a_page = find("Origin") || find("Sec-Fetch-Site");
  const auto* other =
      MHD_get_connection_info(from, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
  result.from_here = is_loopback(endpoint_of(other, sizeof(sockaddr_storage)).host);
  return result;
}

wire_reply wire_reply_of(const http_reply& x) {
  auto result = with_headers(
      MHD_create_response_from_buffer(x.body.size(), const_cast<char*>(x.body.data()),
                                      MHD_RESPMEM_MUST_COPY),
      x.content_type);
  for (const auto& [name, value] : x.headers)
    MHD_add_response_header(result.get(), name.c_str(), value.c_str());
  return result;
}

wire_reply wire_stream(MHD_ContentReaderCallback more, void* to) {
  return with_headers(MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, stream_block,
                                                        more, to, nullptr),
                      "text/event-stream");
}

} // namespace partita::app
