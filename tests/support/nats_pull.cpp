// SPDX-License-Identifier: Apache-2.0
#include "partita/tests/support/nats_pull.hpp"

#include <sstream>
#include <stdexcept>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace partita::test {

namespace {

/// The text protocol of NATS.
class text_connection {
public:
  explicit text_connection(std::uint16_t port) : fd_{::socket(AF_INET, SOCK_STREAM, 0)} {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof(to)) != 0)
      throw std::runtime_error("no connection to the server");
  }
  text_connection(const text_connection&) = delete;
  text_connection& operator=(const text_connection&) = delete;
  ~text_connection() { ::close(fd_); }

  void say(const std::string& text) const {
    if (::send(fd_, text.data(), text.size(), MSG_NOSIGNAL)
        != static_cast<ssize_t>(text.size()))
      throw std::runtime_error("cannot send to the server");
  }

  void publish(const std::string& subject, const std::string& reply,
               const std::string& text) const {
    say("PUB " + subject + ' ' + reply + ' ' + std::to_string(text.size()) + "\r\n" + text
        + "\r\n");
  }

  std::string line() {
    auto end = buffer_.find("\r\n");
    for (; end == std::string::npos; end = buffer_.find("\r\n"))
      read();
    return take(end);
  }

  std::string bytes(std::size_t n) {
    while (buffer_.size() < n + 2)
      read();
    return take(n);
  }

private:
  void read() {
    char part[4096];
    auto n = ::recv(fd_, part, sizeof(part), 0);
    if (n <= 0)
      throw std::runtime_error("the server has closed the connection");
    buffer_.append(part, static_cast<std::size_t>(n));
  }

  /// And the end of line behind it.
  std::string take(std::size_t n) {
    auto result = buffer_.substr(0, n);
    buffer_.erase(0, n + 2);
    return result;
  }

  int fd_;
  std::string buffer_;
};

} // namespace

pulled_message pull(std::uint16_t port, const std::string& stream,
                    const std::string& consumer) {
  text_connection nats{port};
  const auto name = stream + '.' + consumer;
  nats.say("CONNECT {\"verbose\":false,\"headers\":true,\"no_responders\":true}\r\nSUB "
           "pulled 1\r\nSUB info 2\r\n");
  nats.publish("$JS.API.CONSUMER.MSG.NEXT." + name, "pulled",
               R"({"batch":1,"no_wait":true})");
  nats.publish("$JS.API.CONSUMER.INFO." + name, "info", "");
  for (;;) {
    auto line = nats.line();
    std::istringstream in{line};
    std::vector<std::string> words;
    for (std::string word; in >> word;)
      words.push_back(word);
    if (words.empty() || words[0] == "-ERR")
      throw std::runtime_error("the server refuses: " + in.str());
    if (words[0] == "PING")
      nats.say("PONG\r\n");
    // A status, "there is none" for instance.
    if (words[0] == "HMSG")
      return {};
    // A server answers no pull from a consumer that is gone, but says that it is.
    if (words[0] == "MSG" && words.at(2) == "2") {
      auto info = nats.bytes(std::stoul(words.back()));
      if (info.find("\"error\"") != std::string::npos)
        return {};
      nats.publish("$JS.API.CONSUMER.INFO." + name, "info", "");
      continue;
    }
    // MSG subject sid reply size
    if (words[0] == "MSG")
      return {words.at(1), words.at(3), nats.bytes(std::stoul(words.at(4)))};
  }
}

} // namespace partita::test
