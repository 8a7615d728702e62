// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/output/line_writer.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <variant>

namespace partita::app {

/// Lines for programs in a file or on stdout, appended by a line_writer.
class event_log {
public:
  /// `-` is stdout. A FIFO is opened with or without a reader. The other alternative
  /// says why the file cannot be written.
  static std::variant<event_log, std::string> open(const std::string& path);

  /// Never waits; what cannot be written soon enough is dropped, and an event
  /// `lines_dropped` says how much.
  void write(std::string line) { writer_->write(std::move(line)); }

  /// Opens the file again; does nothing for stdout.
  void reopen() { writer_->reopen(); }

  /// Takes nothing any more, and waits until all is written, at most for `limit`.
  bool finish(std::chrono::milliseconds limit) { return writer_->finish(limit); }

private:
  event_log(line_writer::options to, const std::string& name);

  std::unique_ptr<line_writer> writer_;
};

} // namespace partita::app
