// SPDX-License-Identifier: Apache-2.0
#include "partita/store/nats/client/alarm_clock.hpp"

#include <bit>

namespace partita::nats {

namespace {

using clock = alarm_clock::clock;

/// Rounded up to a grid that all alarms share, the coarser the longer the wait. Its steps
/// are powers of two, so that the points of a coarse grid are points of every finer one.
clock::time_point on_grid(clock::time_point at, clock::time_point now) {
  if (at <= now)
    return at;
  auto slack = static_cast<std::uint64_t>((at - now).count()) / 8;
  if (slack == 0)
    return at;
  auto step = static_cast<clock::rep>(std::bit_floor(slack));
  auto count = at.time_since_epoch().count();
  return clock::time_point{clock::duration{(count + step - 1) / step * step}};
}

} // namespace

alarm_clock::alarm_clock(std::function<void(std::uint64_t)> ring)
    : ring_(std::move(ring)), thread_([this] { run(); }) {}

alarm_clock::~alarm_clock() {
  stop();
}

void alarm_clock::set(std::uint64_t whom, std::optional<clock::time_point> at) {
  std::lock_guard guard{mutex_};
  if (auto old = set_for_.extract(whom))
    alarms_.erase({old.mapped(), whom});
  if (!at)
    return; // The thread sleeps on: a wake-up now costs as much as one at its time.
  auto when = on_grid(*at, clock::now());
  set_for_.emplace(whom, when);
  alarms_.emplace(when, whom);
  if (when < asleep_until_)
    changed_.notify_all();
}

void alarm_clock::stop() {
  {
    std::lock_guard guard{mutex_};
    stopping_ = true;
    alarms_.clear();
    set_for_.clear();
    changed_.notify_all();
  }
  std::lock_guard guard{joining_};
  if (thread_.joinable())
    thread_.join();
}

void alarm_clock::run() {
  std::unique_lock lock{mutex_};
  while (!stopping_) {
    if (alarms_.empty()) {
      asleep_until_ = clock::time_point::max();
      changed_.wait(lock);
      continue;
    }
    auto [at, whom] = *alarms_.begin();
    if (at > clock::now()) {
      asleep_until_ = at;
      changed_.wait_until(lock, at);
      continue;
    }
    alarms_.erase(alarms_.begin());
    set_for_.erase(whom);
    lock.unlock();
    ring_(whom);
    lock.lock();
  }
}

} // namespace partita::nats
