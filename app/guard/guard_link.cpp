// SPDX-License-Identifier: Apache-2.0
#include "partita/app/guard/guard_link.hpp"

#include <algorithm>

namespace partita::app {

void guard_link::must_stop_by(const std::string& worker, core::time_point when) {
  std::lock_guard lock{mutex_};
  deadlines_[worker] = when;
  tell_earliest();
}

void guard_link::stopped(const std::string& worker) {
  std::lock_guard lock{mutex_};
  deadlines_.erase(worker);
  tell_earliest();
}

void guard_link::tell_earliest() {
  if (deadlines_.empty()) {
    socket_.send({guard_word::stopped, 0});
    return;
  }
  auto first = std::min_element(
      deadlines_.begin(), deadlines_.end(),
      [](const auto& x, const auto& y) { return x.second < y.second; });
  auto since = first->second.time_since_epoch();
  auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(since);
  socket_.send({guard_word::must_stop_by, ns.count()});
}

void guard_link::leaving() {
  socket_.send({guard_word::leaving, 0});
}

void guard_link::leaves_within(std::chrono::milliseconds limit) {
  socket_.send({guard_word::leaves_within, std::chrono::nanoseconds{limit}.count()});
}

std::optional<int> guard_link::next_signal() {
  guard_message x;
  switch (socket_.receive(x)) {
  case guard_socket::heard::message:
    return static_cast<int>(x.value);
  case guard_socket::heard::nothing:
    return 0;
  case guard_socket::heard::closed:
    return std::nullopt;
  }
  return std::nullopt;
}

} // namespace partita::app
