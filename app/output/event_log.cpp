// SPDX-License-Identifier: Apache-2.0
#include "partita/app/output/event_log.hpp"

#include "partita/app/output/event_lines.hpp"

#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace partita::app {

std::variant<event_log, std::string> event_log::open(const std::string& path) {
  if (path == "-")
    return event_log{STDOUT_FILENO, false, "standard output"};
  struct stat found {};
  // Opening a FIFO for writing only blocks until it has a reader.
  auto fifo = ::stat(path.c_str(), &found) == 0 && S_ISFIFO(found.st_mode);
  auto access = fifo ? O_RDWR : O_WRONLY | O_APPEND | O_CREAT;
  auto fd = ::open(path.c_str(), access | O_CLOEXEC, 0640);
  if (fd < 0)
    return "cannot write events to '" + path + "': " + std::strerror(errno);
  return event_log{fd, true, "'" + path + "'"};
}

event_log::event_log(int fd, bool owned, const std::string& name)
    : writer_{std::make_unique<line_writer>(line_writer::options{
        .fd = fd,
        .owned = owned,
        .gap = [](std::uint64_t lines) { return gap_line(wall_clock_ns(), lines); },
        .failed =
            [name](int error) {
              spdlog::error("cannot write events to {}: {}; further events may be lost, "
                            "this message is not repeated",
                            name, std::generic_category().message(error));
            }})} {}

} // namespace partita::app
