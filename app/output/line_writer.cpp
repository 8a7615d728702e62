// SPDX-License-Identifier: Apache-2.0
#include "partita/app/output/line_writer.hpp"

#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

namespace partita::app {

using namespace std::chrono_literals;

/// What the thread uses; exists as long as either side needs it.
struct line_writer::shared {
  options with;
  std::mutex mutex;
  std::condition_variable news;
  std::condition_variable done;
  std::deque<std::string> lines;
  std::size_t bytes = 0;
  std::uint64_t dropped = 0;
  bool closing = false;
  bool ended = false;
  bool said = false;
  bool reopening = false;

  ~shared() {
    if (with.owned)
      ::close(with.fd);
  }

  /// The next line with its newline; nothing once all is written and none will follow.
  std::string next() {
    std::unique_lock lock{mutex};
    auto due = [this] { return closing || !lines.empty() || dropped != 0 || reopening; };
    for (news.wait(lock, due); std::exchange(reopening, false); news.wait(lock, due)) {
      lock.unlock();
      open_again();
      lock.lock();
    }
    std::string result;
    if (!lines.empty()) {
      result = std::move(lines.front());
      lines.pop_front();
      bytes -= result.size();
    } else if (dropped != 0) {
      // Behind what was there before.
      result = with.gap(std::exchange(dropped, 0));
    } else {
      ended = true;
      done.notify_all();
      return {};
    }
    result += '\n';
    return result;
  }

  void open_again() {
    auto fd = with.open ? with.open() : with.fd;
    if (fd < 0)
      return tell_failure(errno);
    if (fd != with.fd && std::exchange(with.owned, true))
      ::close(with.fd);
    with.fd = fd;
  }

  void write(const std::string& text) {
    for (std::size_t at = 0; at < text.size();) {
      // One write for a line: readers of a file never meet half of one, and several
      // processes may share a pipe.
      auto n = ::write(with.fd, text.data() + at, text.size() - at);
      if (n >= 0) {
        at += static_cast<std::size_t>(n);
      } else if (errno == EAGAIN) {
        pollfd what{with.fd, POLLOUT, 0};
        ::poll(&what, 1, -1);
      } else if (errno != EINTR) {
        tell_failure(errno);
        return;
      }
    }
    said = false;
  }

  void tell_failure(int error) {
    {
      std::lock_guard lock{mutex};
      // The callback may use objects that end with the process.
      if (std::exchange(said, true) || closing || !with.failed)
        return;
    }
    with.failed(error);
  }

  void run() {
    // Signals are for the program's own threads.
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    for (auto text = next(); !text.empty(); text = next())
      write(text);
  }
};

int open_to_append(const std::string& path) {
  struct stat found {};
  // Opening a FIFO for writing only blocks until it has a reader.
  auto fifo = ::stat(path.c_str(), &found) == 0 && S_ISFIFO(found.st_mode);
  auto access = fifo ? O_RDWR : O_WRONLY | O_APPEND | O_CREAT;
  return ::open(path.c_str(), access | O_CLOEXEC, 0640);
}

line_writer::line_writer(options opts) : shared_{std::make_shared<shared>()} {
  shared_->with = std::move(opts);
  std::thread{[mine = shared_] { mine->run(); }}.detach();
}

line_writer::~line_writer() {
  if (shared_)
    finish(1s);
}

void line_writer::write(std::string line) {
  auto& x = *shared_;
  {
    std::lock_guard lock{x.mutex};
    // A gap stays where it is: no line overtakes the line about it.
    auto full = !x.lines.empty() && x.bytes + line.size() > x.with.room;
    if (x.closing || x.dropped != 0 || full) {
      ++x.dropped;
      return;
    }
    x.bytes += line.size();
    x.lines.push_back(std::move(line));
  }
  x.news.notify_one();
}

void line_writer::reopen() {
  std::lock_guard lock{shared_->mutex};
  shared_->reopening = true;
  shared_->news.notify_one();
}

bool line_writer::finish(std::chrono::milliseconds limit) {
  auto& x = *shared_;
  std::unique_lock lock{x.mutex};
  x.closing = true;
  x.news.notify_one();
  return x.done.wait_for(lock, limit, [&] { return x.ended; });
}

} // namespace partita::app
