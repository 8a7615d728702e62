// SPDX-License-Identifier: Apache-2.0
#include "partita/config/checks.hpp"

#include "partita/config/text.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <unistd.h>

namespace partita::config {

namespace {

bool is_control(char c) {
  auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F;
}

/// Only letters and digits of ASCII, and `others`; at least one of them.
bool consists_of(std::string_view text, std::string_view others) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || others.find(c) != std::string_view::npos;
  });
}

bool is_port(std::string_view text, int lowest = 1) {
  auto port = number_in<int>(text).value_or(-1);
  return port >= lowest && port <= 65535;
}

std::string why_no_address(std::string_view address) {
  std::string_view rest;
  if (address.starts_with('[')) {
    auto end = address.find(']');
    if (end == std::string_view::npos || end < 3
        || !consists_of(address.substr(1, end - 1), ":.%"))
      return "an IPv6 address in brackets looks like [::1]";
    rest = address.substr(end + 1);
  } else {
    auto end = std::min(address.find(':'), address.size());
    if (!consists_of(address.substr(0, end), "-._"))
      return "the host is missing or holds a character that no host name has";
    rest = address.substr(end);
  }
  if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1))))
    return "after the host only ':' and a port from 1 to 65535 may follow";
  return {};
}

bool is_executable(const std::string& path) {
  std::error_code failed;
  return std::filesystem::is_regular_file(path, failed)
         && ::access(path.c_str(), X_OK) == 0;
}

} // namespace

std::string why_no_url(std::string_view url) {
  auto scheme = url.starts_with("nats://") ? 7u : url.starts_with("tls://") ? 6u : 0u;
  if (url.find('@') != std::string_view::npos)
    return "user, password and token have options of their own in [nats]";
  if (scheme == 0)
    return "it begins with nats:// or tls://";
  return why_no_address(url.substr(scheme));
}

std::string why_no_listener(std::string_view address) {
  auto colon = address.rfind(':');
  if (colon == std::string_view::npos || !is_port(address.substr(colon + 1), 0))
    return "it ends with ':' and a port";
  return why_no_address(address.substr(0, colon));
}

std::string without_secrets(std::string_view url) {
  auto end = url.rfind('@');
  if (end == std::string_view::npos)
    return std::string{url};
  auto scheme = url.find("://");
  auto begin = scheme == std::string_view::npos || scheme > end ? 0 : scheme + 3;
  return std::string{url.substr(0, begin)} + "(hidden)" + std::string{url.substr(end)};
}

std::string why_no_partition_key(std::string_view key) {
  if (key.empty())
    return "is empty";
  if (!is_utf8(key))
    return "is not UTF-8";
  for (auto c : key) {
    if (c == ' ')
      return "holds a space";
    if (is_control(c))
      return "holds a control character";
    if (c == '*' || c == '>')
      return std::string{"holds '"} + c + "', a wildcard of NATS";
  }
  if (key.front() == '.' || key.back() == '.')
    return "begins or ends with '.'";
  if (key.find("..") != std::string_view::npos)
    return "holds '..'";
  return {};
}

std::string why_unreadable(const std::string& path) {
  // The name is given to functions of C, which stop at a zero byte.
  if (path.find('\0') != std::string::npos)
    return "a file's name holds no zero byte";
  std::error_code failed;
  auto type = std::filesystem::status(path, failed).type();
  if (type == std::filesystem::file_type::directory)
    return "it is a directory";
  // To open it may wait for ever, and each new connection reads the file again.
  if (type == std::filesystem::file_type::fifo)
    return "it is a FIFO, which can be read only once";
  errno = 0;
  std::ifstream in{path};
  if (in)
    return {};
  return std::generic_category().message(errno != 0 ? errno : ENOENT);
}

std::string path_of_program(const std::string& program) {
  if (program.empty() || program.find('/') != std::string::npos)
    return program;
  const char* variable = std::getenv("PATH");
  std::string_view rest{variable && *variable ? variable
                                              : "/usr/local/bin:/usr/bin:/bin"};
  for (;;) {
    auto colon = rest.find(':');
    std::string folder{rest.substr(0, colon)};
    auto path = (folder.empty() ? "." : folder) + '/' + program;
    if (is_executable(path))
      return path;
    if (colon == std::string_view::npos)
      return {};
    rest.remove_prefix(colon + 1);
  }
}

std::string why_not_executable(const std::string& program) {
  auto path = path_of_program(program);
  if (path.empty())
    return "no program of that name is in PATH";
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed))
    return "it is a directory";
  if (::access(path.c_str(), X_OK) == 0)
    return {};
  auto why = std::generic_category().message(errno);
  return errno == EACCES ? why + ": make it executable with chmod +x" : why;
}

bool is_name(std::string_view text) {
  return consists_of(text, "_-");
}

bool is_plain_text(std::string_view text) {
  return is_utf8(text) && std::none_of(text.begin(), text.end(), is_control);
}

} // namespace partita::config
