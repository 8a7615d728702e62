// SPDX-License-Identifier: Apache-2.0
#include "partita/app/output/event_log.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace partita::app {

std::variant<event_log, std::string> event_log::open(const std::string& path) {
  if (path == "-")
    return event_log{STDOUT_FILENO, false, "standard output"};
  auto fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0)
    return "cannot write events to '" + path + "': " + std::strerror(errno);
  return event_log{fd, true, "'" + path + "'"};
}

event_log::event_log(int fd, bool owned, std::string name)
    : fd_(fd), owned_(owned), name_(std::move(name)) {}

event_log::event_log(event_log&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      owned_(std::exchange(other.owned_, false)),
      failed_(other.failed_),
      name_(std::move(other.name_)) {}

event_log::~event_log() {
  if (owned_)
    ::close(fd_);
}

std::optional<std::string> event_log::write(std::string_view line) {
  std::string text{line};
  text += '\n';
  for (std::size_t done = 0; done < text.size();) {
    auto n = ::write(fd_, text.data() + done, text.size() - done);
    if (n >= 0) {
      done += static_cast<std::size_t>(n);
    } else if (errno != EINTR) {
      auto why = "cannot write events to " + name_ + ": " + std::strerror(errno);
      return std::exchange(failed_, true) ? std::nullopt : std::optional{why};
    }
  }
  failed_ = false;
  return std::nullopt;
}

} // namespace partita::app
