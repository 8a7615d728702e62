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
  std::optional<core::time_point> next;
  for (const auto& [worker, when] : deadlines_)
    next = core::earlier(next, when);
  if (!next) {
    socket_.send({guard_word::stopped, 0});
    return;
  }
  std::chrono::nanoseconds since = next->time_since_epoch();
  socket_.send({guard_word::must_stop_by, since.count()});
}

void guard_link::leaving() {
  socket_.send({guard_word::leaving, 0});
}

void guard_link::leaves_within(std::chrono::milliseconds limit) {
  socket_.send({guard_word::leaves_within, std::chrono::nanoseconds{limit}.count()});
}

void guard_link::wants_goodbye(std::chrono::milliseconds within) {
  wants_goodbye_ = true;
  socket_.send({guard_word::goodbye_within, std::chrono::nanoseconds{within}.count()});
}

void guard_link::used(const core::used_nonce& x) {
  auto text = x.who.value + ' ' + x.value.value;
  guard_message result{guard_word::used, static_cast<std::int64_t>(x.use)};
  if (!wants_goodbye_ || text.size() >= result.text.size())
    return;
  std::copy(text.begin(), text.end(), result.text.begin());
  socket_.send(result);
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
