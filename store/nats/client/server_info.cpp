// SPDX-License-Identifier: Apache-2.0
#include "partita/store/nats/client/server_info.hpp"

#include "partita/messages/failpoint.hpp"

#include <nats/nats.h>
#include <nlohmann/json.hpp>

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>
#include <regex>
#include <system_error>
#include <utility>

namespace partita::nats {

namespace {

using clock = std::chrono::steady_clock;

struct host_and_port {
  std::string host;
  std::string port;
};

host_and_port split_url(const std::string& url) {
  static const std::regex form{
      R"((?:[^/]*://)?(?:.*@)?(?:\[(.+)\]|([^/:]*))(?::([^/]*))?(?:/.*)?)"};
  std::smatch found;
  if (!std::regex_match(url, found, form))
    return {url, "4222"};
  return {found[1].str() + found[2].str(), found[3].matched ? found[3].str() : "4222"};
}

bool wait_for(int fd, short events, clock::time_point until) {
  auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - clock::now());
  pollfd x{fd, events, 0};
  return left.count() > 0 && ::poll(&x, 1, static_cast<int>(left.count())) == 1;
}

struct first_line {
  std::string text;
  /// Empty: there is one.
  std::string why_not;
};

/// A socket that is connected, or has a number below 0; errno says why then.
int connect_to(const addrinfo& to, clock::time_point until) {
  auto fd = ::socket(to.ai_family, to.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                     to.ai_protocol);
  if (fd < 0 || ::connect(fd, to.ai_addr, to.ai_addrlen) == 0)
    return fd;
  auto error = errno;
  socklen_t size = sizeof(error);
  if (error == EINPROGRESS && !wait_for(fd, POLLOUT, until))
    error = ETIMEDOUT;
  else if (error == EINPROGRESS)
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error == 0)
    return fd;
  ::close(fd);
  errno = error;
  return -1;
}

/// A server of NATS speaks first. What is silent for half of the time is asked as HTTP is.
first_line read_line(const addrinfo& to, clock::time_point until) {
  auto fd = connect_to(to, until);
  if (fd < 0)
    return {{}, std::generic_category().message(errno)};
  std::shared_ptr<void> closed_at_the_end{nullptr, [fd](void*) { ::close(fd); }};
  constexpr std::size_t longest = 64 * 1024;
  constexpr std::string_view question = "GET / HTTP/1.0\r\n\r\n";
  auto patience = clock::now() + (until - clock::now()) / 2;
  std::string line;
  std::array<char, 4096> buffer;
  while (line.size() < longest && line.find("\r\n") == std::string::npos) {
    if (!wait_for(fd, POLLIN, patience)) {
      if (std::exchange(patience, until) == until)
        return {
            {},
            "it accepts connections and is silent: frozen, overloaded, or farther away "
            "than nats.connect_timeout allows?"};
      static_cast<void>(!::send(fd, question.data(), question.size(), MSG_NOSIGNAL));
      continue;
    }
    auto count = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (count <= 0)
      return {
          {},
          "it closes connections without a greeting: another service, or a server that "
          "expects TLS first (handshake_first), which partita cannot do with its NATS "
          "library " NATS_VERSION_STRING};
    line.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return {line.substr(0, line.find("\r\n")), {}};
}

/// Zeros: it cannot be read.
std::array<int, 3> numbers_of(const std::string& version) {
  std::array<int, 3> x{};
  auto read = std::sscanf(version.c_str(), "%d.%d.%d", &x[0], &x[1], &x[2]);
  return read == 3 ? x : std::array<int, 3>{};
}

} // namespace

std::variant<server_info, std::string> read_server_info(const std::string& url,
                                                        std::chrono::milliseconds limit) {
  auto until = clock::now() + limit;
  auto [host, port] = split_url(url);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (auto failed = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found))
    return "the name " + host + " cannot be resolved (" + ::gai_strerror(failed) + ")";
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned{found, &::freeaddrinfo};
  std::string why;
  for (auto* x = found; x; x = x->ai_next) {
    auto line = read_line(*x, until);
    if (auto server = parse_server_info(line.text))
      return *server;
    if (line.text.starts_with("HTTP/"))
      why = "it is a port for HTTP, such as the server's monitoring; clients use another "
            "one, usually 4222";
    else
      why = line.why_not.empty() ? "it is no server of NATS" : line.why_not;
  }
  return why;
}

std::string why_not_connected(const nats_options& options,
                              const std::vector<std::string>& urls,
                              const std::string& otherwise) {
  // No connection can be made meanwhile.
  constexpr std::chrono::milliseconds longest{1000};
  std::string result;
  // What the library says of a login that was not answered in time.
  auto late = otherwise == natsStatus_GetText(NATS_TIMEOUT)
              || otherwise.ends_with("Expected 'PONG', got ''");
  for (const auto& url : urls) {
    auto found = read_server_info(url, std::min(options.connect_timeout, longest));
    const auto* server = std::get_if<server_info>(&found);
    auto why =
        !server ? std::get<std::string>(found)
        : server->tls_verify && options.tls_cert.empty()
            ? "it demands a client certificate; set nats.tls_cert and nats.tls_key"
            : otherwise
                  + (late ? "; raise nats.connect_timeout where the server is far away"
                          : "");
    result += (result.empty() ? "cannot connect to " : "; to ") + without_secrets(url)
              + ": " + why;
  }
  return result;
}

std::optional<server_info> parse_server_info(std::string_view line) {
  constexpr std::string_view start = "INFO ";
  if (!line.starts_with(start))
    return std::nullopt;
  auto obj = nlohmann::json::parse(line.substr(start.size()), nullptr, false);
  if (!obj.is_object() || !obj.contains("version") || !obj["version"].is_string())
    return std::nullopt;
  auto text = [&](const char* name) {
    auto x = obj.find(name);
    return x != obj.end() && x->is_string() ? x->get<std::string>() : std::string{};
  };
  auto flag = [&](const char* name) { return obj.value(name, nlohmann::json{}) == true; };
  return server_info{.version = text("version"),
                     .cluster = text("cluster"),
                     .id = text("server_id"),
                     .name = text("server_name"),
                     .jetstream = flag("jetstream"),
                     .domain = text("domain"),
                     .tls_verify = flag("tls_verify")};
}

std::string only_keeper(const server_info& server, const stream_info& stream) {
  auto alone = server.jetstream && server.cluster.empty() && server.domain.empty()
               && stream.cluster.empty() && stream.domain.empty() && stream.replicas == 1
               && (stream.leader.empty() || stream.leader == server.name);
  return alone || failpoint(rule::cluster_skipped) ? server.id : std::string{};
}

bool is_older(const std::string& version, const std::string& than) {
  auto x = numbers_of(version);
  return x != std::array<int, 3>{} && x < numbers_of(than);
}

std::string without_secrets(const std::string& url) {
  static const std::regex secrets{"^([^/]*://)?.*@"};
  return std::regex_replace(url, secrets, "$1");
}

} // namespace partita::nats
