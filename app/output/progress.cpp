// SPDX-License-Identifier: Apache-2.0
#include "partita/app/output/progress.hpp"

#include "partita/app/output/terminal.hpp"

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
    : before_{std::exchange(newest_, this)},
      done_what_{std::move(done_what)},
      all_{all},
      terminal_{is_terminal(STDERR_FILENO)} {}

progress_line::~progress_line() {
  newest_ = before_;
  if (shown_at_ != begun_)
    std::cerr << clear_line << std::flush;
}

void progress_line::show(std::size_t done) {
  auto now = clock::now();
  counts_ = true;
  draw(now, text(done, std::chrono::duration_cast<milliseconds>(now - begun_)));
}

void progress_line::tick() {
  auto now = clock::now();
  if (!newest_ || newest_->counts_ || now - newest_->begun_ < std::chrono::seconds{1})
    return;
  auto waits = std::chrono::floor<std::chrono::seconds>(now - newest_->begun_);
  newest_->draw(now, newest_->done_what_ + ", " + std::to_string(waits.count()) + " s");
}

void progress_line::draw(clock::time_point now, const std::string& text) {
  if (!terminal_ || now - shown_at_ < milliseconds{300})
    return;
  shown_at_ = now;
  std::cerr << clear_line << text << std::flush;
}

std::string progress_line::text(std::size_t done, milliseconds since) const {
  auto rate = done * 1000 / static_cast<std::size_t>(since.count() + 1);
  return std::to_string(done) + (all_ > 0 ? " of " + std::to_string(all_) : "") + ' '
         + done_what_ + ", " + std::to_string(rate) + " per second";
}

} // namespace partita::app
