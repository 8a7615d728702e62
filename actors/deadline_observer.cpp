// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/deadline_observer.hpp"

#include "partita/actors/boottime_timer.hpp"
#include "partita/actors/guard_link.hpp"
#include "partita/actors/worker_clock.hpp"

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace partita {

namespace {

int checked(int fd) {
  if (fd < 0)
    throw std::system_error{errno, std::generic_category(),
                            "a deadline cannot be watched"};
  return fd;
}

/// A descriptor that ends the wait for `timer`; throws if either could not be created.
int new_event(const boottime_timer& timer) {
  checked(timer.fd());
  return checked(::eventfd(0, EFD_CLOEXEC));
}

/// Waits for the next deadline on a thread of its own, by the clock that also runs while
/// the machine sleeps.
class deadline_watch : public deadline_observer {
public:
  explicit deadline_watch(std::function<void(const std::string&)> missed)
      : missed_{std::move(missed)}, end_{new_event(timer_)}, thread_{[this] { run(); }} {}

  deadline_watch(const deadline_watch&) = delete;
  deadline_watch& operator=(const deadline_watch&) = delete;

  ~deadline_watch() override {
    std::uint64_t one = 1;
    [[maybe_unused]] auto n = ::write(end_, &one, sizeof(one));
    thread_.join();
    ::close(end_);
  }

  void must_stop_by(const std::string& worker, core::time_point when) override {
    std::lock_guard lock{mutex_};
    deadlines_[worker] = when;
    set_timer();
  }

  void stopped(const std::string& worker) override {
    std::lock_guard lock{mutex_};
    deadlines_.erase(worker);
    set_timer();
  }

private:
  void run() {
    // Signals are for the program's own threads.
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    for (;;) {
      pollfd what[] = {{end_, POLLIN, 0}, {timer_.fd(), POLLIN, 0}};
      if (::poll(what, 2, -1) < 0)
        continue;
      if (what[0].revents != 0)
        return;
      for (const auto& worker : take_missed())
        missed_(worker);
    }
  }

  std::vector<std::string> take_missed() {
    auto now = worker_clock::boottime();
    std::vector<std::string> result;
    std::lock_guard lock{mutex_};
    std::erase_if(deadlines_, [&](const auto& x) {
      if (x.second <= now)
        result.push_back(x.first);
      return x.second <= now;
    });
    set_timer();
    return result;
  }

  void set_timer() {
    std::optional<core::time_point> next;
    for (const auto& [worker, when] : deadlines_)
      next = core::earlier(next, when);
    timer_.set(next);
  }

  std::function<void(const std::string&)> missed_;
  boottime_timer timer_;
  int end_;
  std::mutex mutex_;
  std::map<std::string, core::time_point> deadlines_;
  std::thread thread_;
};

[[noreturn]] void end_process() {
  constexpr std::string_view text =
      "partita: a worker of this process did not confirm in time that its work has "
      "stopped: the process ends before other workers start on the same partitions. "
      "Check what blocks the threads of its actor system\n";
  // stderr may block. Where poll reports room, at least PIPE_BUF bytes fit.
  pollfd out{STDERR_FILENO, POLLOUT, 0};
  if (::poll(&out, 1, 0) > 0 && (out.revents & POLLOUT) != 0) {
    [[maybe_unused]] auto n = ::write(STDERR_FILENO, text.data(), text.size());
  }
  std::_Exit(EXIT_FAILURE);
}

/// Ends the process by itself, and reports to the guard, which ends what the process has
/// started as well, and the process where it is frozen.
class guarded_watch : public deadline_watch {
public:
  explicit guarded_watch(std::shared_ptr<guard_link> guard)
      : deadline_watch{[](const std::string&) { end_process(); }},
        guard_{std::move(guard)} {}

  void must_stop_by(const std::string& worker, core::time_point when) override {
    guard_->must_stop_by(worker, when);
    deadline_watch::must_stop_by(worker, when);
  }

  void stopped(const std::string& worker) override {
    deadline_watch::stopped(worker);
    guard_->stopped(worker);
  }

  void used(const core::used_nonce& x) override { guard_->used(x); }

private:
  std::shared_ptr<guard_link> guard_;
};

} // namespace

std::shared_ptr<deadline_observer> end_process_at_deadline() {
  if (auto guard = guard_of_process())
    return std::make_shared<guarded_watch>(std::move(guard));
  return std::make_shared<deadline_watch>([](const std::string&) { end_process(); });
}

std::shared_ptr<deadline_observer>
call_at_deadline(std::function<void(const std::string&)> missed) {
  return std::make_shared<deadline_watch>(std::move(missed));
}

} // namespace partita
