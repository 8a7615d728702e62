// SPDX-License-Identifier: Apache-2.0
#include "partita/app/output/event_log.hpp"

#include "partita/app/output/event_lines.hpp"

#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include <unistd.h>

namespace partita::app {

std::variant<event_log, std::string> event_log::open(const std::string& path,
                                                     const std::string& group) {
  if (path == "-")
    return event_log{{.fd = STDOUT_FILENO}, "standard output", group};
  auto fd = open_to_append(path);
  if (fd < 0)
    return "cannot write events to '" + path + "': " + std::strerror(errno);
  return event_log{
      {.fd = fd, .owned = true, .open = [path] { return open_to_append(path); }},
      "'" + path + "'",
      group};
}

event_log::event_log(options to, const std::string& name, const std::string& group)
    : line_writer{[&] {
        to.gap = [group](std::uint64_t lines) {
          return gap_line(wall_clock_ns(), group, lines);
        };
        to.failed = [name](int error) {
          spdlog::error(
              "cannot write events to {}: {}; further events may be lost, this message "
              "is not repeated",
              name, std::generic_category().message(error));
        };
        return std::move(to);
      }()} {}

} // namespace partita::app
