// SPDX-License-Identifier: Apache-2.0
#include "partita/app/output/progress.hpp"

#include <unistd.h>

#include <iostream>
#include <utility>

namespace partita::app {

namespace {

using std::chrono::milliseconds;

/// ECMA-48: back to the first column, and erase the line.
constexpr const char* clear_line = "\r\x1b[K";

} // namespace

progress_line::progress_line(std::string done_what, std::size_t all)
    : done_what_{std::move(done_what)},
      all_{all},
      terminal_{::isatty(STDERR_FILENO) != 0} {}

progress_line::~progress_line() {
  if (shown_at_ != begun_)
    std::cerr << clear_line << std::flush;
}

void progress_line::show(std::size_t done) {
  auto now = clock::now();
  if (!terminal_ || now - shown_at_ < milliseconds{300})
    return;
  shown_at_ = now;
  auto since = std::chrono::duration_cast<milliseconds>(now - begun_);
  std::cerr << clear_line << text(done, since) << std::flush;
}

std::string progress_line::text(std::size_t done, milliseconds since) const {
  auto rate = done * 1000 / static_cast<std::size_t>(since.count() + 1);
  return std::to_string(done) + (all_ > 0 ? " of " + std::to_string(all_) : "") + ' '
         + done_what_ + ", " + std::to_string(rate) + " per second";
}

} // namespace partita::app
