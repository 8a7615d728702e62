// SPDX-License-Identifier: Apache-2.0
#include "partita/app/guard/guard_link.hpp"

namespace partita::app {

void guard_link::must_stop_by(const std::string&, core::time_point when) {
  auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(when.time_since_epoch());
  socket_.send({guard_word::must_stop_by, ns.count()});
}

void guard_link::stopped(const std::string&) {
  socket_.send({guard_word::stopped, 0});
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
