// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace partita::app {

/// Opens a file to append lines to; a FIFO with or without a reader. Below 0: errno says why.
int open_to_append(const std::string& path);

/// Writes lines to an open file from a thread of its own, so that the caller never waits for
/// the reader: a stopped terminal, a full pipe, a disk that hangs. Lines that find no room are
/// dropped and counted, and a line in their place gives the number.
class line_writer {
public:
  struct options {
    int fd = -1;
    /// Closes it in the end.
    bool owned = false;
    /// Opens the file again, for reopen(): a descriptor, or one below 0 and errno.
    std::function<int()> open = {};
    /// How many bytes of lines may wait. One line may wait however long it is.
    std::size_t room = std::size_t{8} << 20;
    /// What stands in the place of lines that were dropped, without newline; given how many.
    std::function<std::string(std::uint64_t)> gap = {};
    /// Called in the writer's thread when writing fails (errno), once until it works again.
    std::function<void(int)> failed = {};
  };

  explicit line_writer(options opts);
  line_writer(line_writer&&) = default;
  line_writer& operator=(line_writer&&) = delete;
  /// finish(), and no longer than a second.
  ~line_writer();

  /// Takes a line, to which it adds the newline. Never waits for the file.
  void write(std::string line);

  /// What follows is written to the file that `open` gives, if it is set, from the writer's
  /// thread on.
  void reopen();

  /// Takes nothing any more, and waits until all is written, at most for `limit`. False: the
  /// rest is given up, and a thread that cannot be ended is left behind.
  bool finish(std::chrono::milliseconds limit);

private:
  struct shared;

  std::shared_ptr<shared> shared_;
};

} // namespace partita::app
