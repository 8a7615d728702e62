// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/output/line_writer.hpp"

#include <string>
#include <variant>

namespace partita::app {

/// Lines for programs in a file or on stdout; in the place of those that could not be written
/// soon enough, an event `lines_dropped` says how many.
class event_log : public line_writer {
public:
  /// `-` is stdout. A FIFO is opened with or without a reader. `group`: whose events they are.
  /// The other alternative says why the file cannot be written.
  static std::variant<event_log, std::string> open(const std::string& path,
                                                   const std::string& group);

private:
  event_log(options to, const std::string& name, const std::string& group);
};

} // namespace partita::app
