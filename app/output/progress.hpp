// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace partita::app {

/// How far a long command is: one line of a terminal, which goes with this object. Where
/// stderr is no terminal, nothing is shown. Of the program's main thread alone.
class progress_line {
public:
  /// `all` 0: how many there are is not known. For tick(): what is waited for.
  explicit progress_line(std::string done_what, std::size_t all = 0);
  progress_line(const progress_line&) = delete;
  progress_line& operator=(const progress_line&) = delete;
  ~progress_line();

  void show(std::size_t done);
  /// Called while a command waits, for the newest line that there is: from the first second on
  /// it says how long that is, unless it counts.
  static void tick();
  /// `120000 of 1000000 changes written, 9500 per second`.
  std::string text(std::size_t done, std::chrono::milliseconds since) const;

private:
  using clock = std::chrono::steady_clock;

  void draw(clock::time_point now, const std::string& text);

  static inline progress_line* newest_ = nullptr;
  progress_line* before_;
  std::string done_what_;
  std::size_t all_;
  bool terminal_;
  bool counts_ = false;
  clock::time_point begun_ = clock::now();
  clock::time_point shown_at_ = begun_;
};

} // namespace partita::app
