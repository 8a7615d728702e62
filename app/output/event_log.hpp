// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace partita::app {

/// Appends lines for programs to a file or to stdout. A line is one write: readers of a
/// file never meet half of one, and several processes may share a pipe.
class event_log {
public:
  /// `-` is stdout. The other alternative says why the file cannot be written.
  static std::variant<event_log, std::string> open(const std::string& path);

  event_log(event_log&& other) noexcept;
  event_log& operator=(event_log&&) = delete;
  ~event_log();

  /// Writes the line and a newline; blocks as long as a reader of a pipe is slow. Says
  /// why it failed the first time that it does; afterwards it keeps quiet.
  std::optional<std::string> write(std::string_view line);

private:
  event_log(int fd, bool owned, std::string name);

  int fd_;
  bool owned_;
  bool failed_ = false;
  std::string name_;
};

} // namespace partita::app
