#include "partita/store/nats/alarm_clock.hpp"

#include <utility>

namespace partita::nats {

alarm_clock::alarm_clock(std::function<void(std::uint64_t)> ring)
    : ring_(std::move(ring)), thread_([this] { run(); }) {}

alarm_clock::~alarm_clock() {
  stop();
}

void alarm_clock::set(clock::time_point at, std::uint64_t whom) {
  std::lock_guard guard{mutex_};
  auto i = alarms_.emplace(at, whom);
  if (i == alarms_.begin())
    changed_.notify_all();
}

void alarm_clock::forget(std::uint64_t whom) {
  std::lock_guard guard{mutex_};
  std::erase_if(alarms_, [=](const auto& x) { return x.second == whom; });
}

void alarm_clock::stop() {
  {
    std::lock_guard guard{mutex_};
    stopping_ = true;
    alarms_.clear();
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
      changed_.wait(lock);
      continue;
    }
    auto first = alarms_.begin();
    if (first->first > clock::now()) {
      // A copy: the entry may be forgotten meanwhile.
      auto at = first->first;
      changed_.wait_until(lock, at);
      continue;
    }
    auto whom = first->second;
    alarms_.erase(first);
    lock.unlock();
    ring_(whom);
    lock.lock();
  }
}

} // namespace partita::nats
