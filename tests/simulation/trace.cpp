// SPDX-License-Identifier: Apache-2.0
#include "trace.hpp"

#include <chrono>
#include <cstdio>

namespace partita::simulation {

std::string trace::tail() const {
  std::string result;
  for (const auto& x : lines_)
    result += x;
  return result;
}

void trace::add(const std::string& who, const std::string& text) {
  using seconds = std::chrono::duration<double>;
  auto line = fmt::format("{:>11.6f} {:>8} {:<16} {}\n",
                          seconds{now_.time_since_epoch()}.count(), step_, who, text);
  if (mode_ == mode::all) {
    std::fputs(line.c_str(), stdout);
    return;
  }
  lines_.push_back(std::move(line));
  if (lines_.size() > kept)
    lines_.pop_front();
}

} // namespace partita::simulation
