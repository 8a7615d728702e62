// SPDX-License-Identifier: Apache-2.0
#include "partita/store/nats/client/server_info.hpp"

#include "partita/messages/failpoint.hpp"

#include <nlohmann/json.hpp>

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <memory>

namespace partita::nats {

namespace {

using clock = std::chrono::steady_clock;

struct host_and_port {
  std::string host;
  std::string port;
};

host_and_port split_url(std::string_view url) {
  if (auto start = url.find("://"); start != std::string_view::npos)
    url.remove_prefix(start + 3);
  if (auto at = url.rfind('@'); at != std::string_view::npos)
    url.remove_prefix(at + 1);
  url = url.substr(0, url.find('/'));
  auto colon = url.rfind(':');
  auto bracket = url.rfind(']');
  auto has_port = colon != std::string_view::npos
                  && (bracket == std::string_view::npos || colon > bracket);
  std::string host{url.substr(0, has_port ? colon : url.size())};
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  return {host, has_port ? std::string{url.substr(colon + 1)} : "4222"};
}

class socket_handle {
public:
  explicit socket_handle(int fd) : fd_(fd) {}
  socket_handle(const socket_handle&) = delete;
  socket_handle& operator=(const socket_handle&) = delete;
  ~socket_handle() {
    if (fd_ >= 0)
      ::close(fd_);
  }
  int get() const { return fd_; }

private:
  int fd_;
};

bool wait_for(int fd, short events, clock::time_point until) {
  auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - clock::now());
  pollfd x{fd, events, 0};
  return left.count() > 0 && ::poll(&x, 1, static_cast<int>(left.count())) == 1;
}

std::optional<std::string> read_line(const addrinfo& to, clock::time_point until) {
  socket_handle s{::socket(to.ai_family, to.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                           to.ai_protocol)};
  if (s.get() < 0)
    return std::nullopt;
  if (::connect(s.get(), to.ai_addr, to.ai_addrlen) != 0 && errno != EINPROGRESS)
    return std::nullopt;
  constexpr std::size_t longest = 64 * 1024;
  std::string line;
  std::array<char, 4096> buffer;
  while (line.size() < longest && line.find("\r\n") == std::string::npos) {
    if (!wait_for(s.get(), POLLIN, until))
      return std::nullopt;
    auto count = ::recv(s.get(), buffer.data(), buffer.size(), 0);
    if (count <= 0)
      return std::nullopt;
    line.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return line.substr(0, line.find("\r\n"));
}

std::array<int, 3> numbers_of(std::string_view version) {
  std::array<int, 3> result{};
  for (auto& x : result) {
    auto [end, error] =
        std::from_chars(version.data(), version.data() + version.size(), x);
    if (error != std::errc{})
      return {};
    version.remove_prefix(static_cast<std::size_t>(end - version.data()));
    if (!version.empty() && version.front() == '.')
      version.remove_prefix(1);
  }
  return result;
}

} // namespace

std::optional<server_info> read_server_info(const std::string& url) {
  auto until = clock::now() + std::chrono::milliseconds{500};
  auto [host, port] = split_url(url);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0)
    return std::nullopt;
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned{found, &::freeaddrinfo};
  for (auto* x = found; x; x = x->ai_next)
    if (auto line = read_line(*x, until))
      return parse_server_info(*line);
  return std::nullopt;
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
  return server_info{.version = text("version"),
                     .cluster = text("cluster"),
                     .id = text("server_id"),
                     .name = text("server_name"),
                     .jetstream = obj.value("jetstream", nlohmann::json{}) == true,
                     .domain = text("domain")};
}

std::string only_keeper(const server_info& server, const stream_info& stream) {
  auto alone = server.jetstream && server.cluster.empty() && server.domain.empty()
               && stream.cluster.empty() && stream.domain.empty()
               && stream.config.replicas == 1
               && (stream.leader.empty() || stream.leader == server.name);
  return alone || failpoint(rule::cluster_skipped) ? server.id : std::string{};
}

bool is_older(std::string_view version, std::string_view than) {
  auto x = numbers_of(version);
  constexpr std::array<int, 3> unreadable{};
  return x != unreadable && x < numbers_of(than);
}

} // namespace partita::nats
