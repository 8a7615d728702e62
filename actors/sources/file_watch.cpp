// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/sources/file_watch.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace partita {

namespace {

/// Of the folder: a file in it was written, or a name now refers to another file.
constexpr std::uint32_t folder_changes = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE
                                         | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE_SELF
                                         | IN_MOVE_SELF | IN_ONLYDIR;
/// Of the file itself, which may be in another folder behind a link.
constexpr std::uint32_t file_changes =
    IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;

/// How long to wait before a missing folder is looked for again.
constexpr int look_again_ms = 1000;

std::string what_errno_says() {
  return std::generic_category().message(errno);
}

} // namespace

/// The state of the thread; lives as long as either side needs it.
class file_watch::waiter {
public:
  waiter(std::string path, listener on_change)
      : path_{std::move(path)},
        name_{std::filesystem::path{path_}.filename().string()},
        folder_{std::filesystem::path{path_}.parent_path().string()},
        on_change_{std::move(on_change)},
        changes_{inotify_init1(IN_CLOEXEC | IN_NONBLOCK)},
        end_{eventfd(0, EFD_CLOEXEC)} {
    if (folder_.empty())
      folder_ = ".";
    if (changes_ < 0)
      why_not_ = "inotify: " + what_errno_says();
    else
      watch();
  }

  waiter(const waiter&) = delete;
  waiter& operator=(const waiter&) = delete;

  ~waiter() {
    if (changes_ >= 0)
      close(changes_);
    if (end_ >= 0)
      close(end_);
  }

  void end() {
    std::uint64_t one = 1;
    [[maybe_unused]] auto n = ::write(end_, &one, sizeof(one));
  }

  void run() {
    // Changes before the first watch were not noticed.
    on_change_(why_not_);
    for (;;) {
      pollfd fds[] = {{end_, POLLIN, 0}, {changes_, POLLIN, 0}};
      auto broken = !why_not_.empty() && changes_ >= 0;
      auto found = poll(fds, 2, broken ? look_again_ms : -1);
      if (found < 0 && errno != EINTR)
        return on_change_("poll: " + what_errno_says());
      if (fds[0].revents != 0)
        return;
      if (fds[1].revents == 0 && !broken)
        continue;
      auto before = why_not_;
      auto concerned = read_changes();
      watch();
      if (concerned || before != why_not_)
        on_change_(why_not_);
    }
  }

private:
  /// A name may refer to another file now, so both are watched again; the kernel keeps a
  /// watch that it has already.
  void watch() {
    why_not_.clear();
    if (inotify_add_watch(changes_, folder_.c_str(), folder_changes) < 0)
      why_not_ = "the folder " + folder_ + " cannot be watched: " + what_errno_says();
    auto file = inotify_add_watch(changes_, path_.c_str(), file_changes);
    if (file_ >= 0 && file != file_)
      inotify_rm_watch(changes_, file_);
    file_ = file;
  }

  /// Reads the pending changes: whether any of them may concern the file.
  bool read_changes() {
    std::error_code ignored;
    auto any_name = std::filesystem::is_symlink(path_, ignored);
    auto result = false;
    alignas(inotify_event) char buffer[16384];
    for (;;) {
      auto n = read(changes_, buffer, sizeof(buffer));
      if (n <= 0)
        return result;
      for (std::size_t at = 0; at < static_cast<std::size_t>(n);) {
        inotify_event x;
        std::memcpy(&x, buffer + at, sizeof(x));
        // Without a name it is about the folder or the file itself.
        if (x.len == 0 || any_name || name_ == buffer + at + sizeof(x))
          result = true;
        at += sizeof(x) + x.len;
      }
    }
  }

  std::string path_;
  std::string name_;
  std::string folder_;
  listener on_change_;
  int changes_;
  int end_;
  int file_ = -1;
  std::string why_not_;
};

file_watch::file_watch(std::string path, listener on_change)
    : waiter_{std::make_shared<waiter>(std::move(path), std::move(on_change))},
      thread_{[mine = waiter_] {
        // Signals are for the program's own threads.
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, nullptr);
        mine->run();
      }} {}

file_watch::~file_watch() {
  waiter_->end();
  if (thread_.get_id() == std::this_thread::get_id())
    thread_.detach();
  else
    thread_.join();
}

} // namespace partita
