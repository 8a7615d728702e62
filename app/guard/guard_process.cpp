// SPDX-License-Identifier: Apache-2.0
#include "partita/app/guard/guard_process.hpp"

#include "partita/actors/boottime_timer.hpp"
#include "partita/actors/worker_clock.hpp"
#include "partita/app/guard/process_tree.hpp"
#include "partita/app/guard/service_manager.hpp"
#include "partita/app/output/last_words.hpp"
#include "partita/app/process/signals.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <sstream>
#include <system_error>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

namespace partita::app {

namespace {

using namespace std::chrono_literals;
using core::guard;

constexpr int code_of_signals = 128;
/// Until we look again for what is to be killed: who was started meanwhile, and whose parent
/// has ended since.
constexpr auto kill_again = 10ms;
/// A process that is killed and does not end for so long is named.
constexpr auto slow_end = 2s;

/// Why something cannot be had, and which limit to raise.
std::string why_errno() {
  auto error = errno;
  auto result = std::generic_category().message(error);
  if (error == EMFILE)
    result += "; raise the limit of open files (ulimit -n)";
  if (error == EAGAIN || error == ENOMEM)
    result += "; raise the limit of processes or of memory (ulimit -u, ulimit -v, or the "
              "pids limit of the container)";
  return result;
}

sigset_t guard_signals() {
  auto result = held_signals(true);
  for (auto signal : {SIGCHLD, SIGQUIT})
    sigaddset(&result, signal);
  return result;
}

/// What the loop waits for besides the socket.
struct guard_files {
  sigset_t heard = guard_signals();
  descriptor signals{::signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK)};
  boottime_timer timer;

  bool good() const { return signals.get() >= 0 && timer.fd() >= 0; }
};

/// The loop of the guard. All that it waits for has a descriptor; nothing that it does before
/// everything below has ended can block.
class guard_loop {
public:
  guard_loop(pid_t worker, passing signals, guard_socket socket, guard_files files,
             say_goodbye goodbye)
      : worker_{worker},
        signals_{signals},
        socket_{std::move(socket)},
        files_{std::move(files)},
        goodbye_{std::move(goodbye)} {
    ::pthread_sigmask(SIG_BLOCK, &files_.heard, nullptr);
  }

  /// Gives the exit code.
  int run() {
    reap(); // It may have ended before its signal was held.
    while (!code_) {
      manager_.alive(worker_clock::boottime());
      set_timer();
      std::array<pollfd, 3> what{{{open_ ? socket_.fd() : -1, POLLIN, 0},
                                  {files_.signals.get(), POLLIN, 0},
                                  {files_.timer.fd(), POLLIN, 0}}};
      ::poll(what.data(), what.size(), -1);
      // What the worker has said counts before the time is looked at: we may have been
      // stopped for long.
      hear();
      read_signals();
      feed(guard::tick{});
      if (decisions_.killing())
        kill_all();
    }
    if (speaker_ > 0)
      ::kill(speaker_, SIGKILL);
    tell();
    return *code_;
  }

private:
  void feed(const guard::event& what) {
    for (const auto& x : decisions_.step(what, worker_clock::boottime())) {
      if (const auto* p = std::get_if<guard::pass>(&x)) {
        pass(*p);
      } else if (const auto* k = std::get_if<guard::kill_all>(&x)) {
        why_ = k->why;
        manager_.status(why_, false);
        // While it can still be seen; to be written when nothing can be late any more.
        threads_ = what_threads_do(worker_);
        killing_since_ = worker_clock::boottime();
        kill_all();
      } else if (const auto* g = std::get_if<guard::say_goodbye>(&x)) {
        part(g->until);
      } else if (const auto* f = std::get_if<guard::finish>(&x)) {
        code_ = f->code;
      }
    }
  }

  void pass(const guard::pass& x) {
    if (signals_ == passing::as_messages)
      socket_.send(x);
    else if (!ended_ && !from_terminal_)
      ::kill(worker_, x.signal);
  }

  void hear() {
    guard_message x;
    for (;;) {
      switch (open_ ? socket_.receive(x) : guard_socket::heard::nothing) {
      case guard_socket::heard::nothing:
        return;
      case guard_socket::heard::closed:
        // It may be about to end, or have closed all that it has: waitid shows which.
        open_ = false;
        return;
      case guard_socket::heard::message:
        heard(x);
      }
    }
  }

  void heard(const guard_message& x) {
    std::visit([this](const auto& y) { take(y); }, x);
  }

  void take(const guard::event& x) { feed(x); }

  void take(const guard::leaves_within& x) {
    leaves_within_ = x.limit;
    feed(x);
  }

  void take(const guard::leaving& x) {
    manager_.stopping(leaves_within_);
    feed(x);
  }

  void take(const nonce_news& x) {
    std::istringstream text{x.text.data()};
    core::used_nonce told{x.use, {}, {}};
    text >> told.who.value >> told.value.value;
    dead_.used(told);
  }

  void take(const state_news& x) { manager_.status(x.text.data(), x.joined); }
  void take(const reload_news&) { manager_.reloaded(); }
  void take(const guard::pass&) {} // It is said to workers alone.

  /// A process of its own connects: this one stays small, and cannot be held up.
  void part(core::time_point until) {
    speaker_ = dead_.unknown() ? -1 : ::fork();
    if (speaker_ == 0) {
      ::prctl(PR_SET_NAME, "partita-goodbye");
      ::_exit(goodbye_(dead_, until));
    }
    if (speaker_ < 0)
      feed(guard::goodbye_over{});
  }

  void read_signals() {
    signalfd_siginfo x{};
    while (::read(files_.signals.get(), &x, sizeof(x))
           == static_cast<ssize_t>(sizeof(x))) {
      auto signal = static_cast<int>(x.ssi_signo);
      from_terminal_ = x.ssi_code == SI_KERNEL;
      if (signal == SIGQUIT) {
        // For a core dump of it; what then is left below ends as well.
        if (!ended_)
          ::kill(worker_, SIGQUIT);
      } else if (signal != SIGCHLD) {
        order(signal);
      }
    }
    // One signal may stand for many ends.
    reap();
  }

  void order(int signal) {
    auto to_stop = signal == SIGTERM || signal == SIGINT;
    if (to_stop)
      manager_.stopping(leaves_within_);
    else if (signal == SIGHUP)
      manager_.reloading();
    feed(guard::ordered{signal, to_stop});
  }

  void reap() {
    for (;;) {
      siginfo_t x{};
      if (::waitid(P_ALL, 0, &x, WEXITED | WNOHANG) != 0) {
        if (errno == ECHILD && decisions_.killing())
          feed(guard::cleared{});
        return;
      }
      if (x.si_pid == 0)
        return;
      if (x.si_pid == speaker_) {
        speaker_ = 0;
        freed_ = x.si_code == CLD_EXITED && x.si_status == 0;
        feed(guard::goodbye_over{});
      }
      if (x.si_pid != worker_)
        continue; // An orphan.
      ended_ = true;
      auto by_signal = x.si_code != CLD_EXITED;
      // What it said last.
      hear();
      feed(guard::worker_ended{by_signal ? code_of_signals + x.si_status : x.si_status,
                               by_signal});
    }
  }

  void kill_all() {
    // Also where /proc is not to be seen.
    if (!ended_)
      ::kill(worker_, SIGKILL);
    auto below = processes_below(::getpid());
    std::vector<std::string> left;
    auto killed = false;
    for (const auto& x : below) {
      if (kill_process(x))
        killed = true;
      else
        left.push_back(std::to_string(x.pid) + " (" + x.name + ")");
    }
    not_killed_ = std::move(left);
    auto slow = worker_clock::boottime() - killing_since_ > slow_end;
    // Only such as we may not kill, or may not even see; one look may miss who begins now.
    fruitless_ = killed || (below.empty() && !slow) ? 0 : fruitless_ + 1;
    if (fruitless_ > 2)
      feed(guard::abandoned{});
    else if (slow && !slow_told_)
      tell_slow(below);
  }

  void tell_slow(const std::vector<found_process>& below) {
    slow_told_ = true;
    for (const auto& x : below)
      say("guard: process " + std::to_string(x.pid) + " (" + x.name
          + ") was killed and has not ended yet; its threads: " + what_threads_do(x.pid));
  }

  void set_timer() {
    auto at = core::earlier(decisions_.wake_at(), manager_.wake_at());
    if (decisions_.killing())
      at = worker_clock::boottime() + kill_again;
    files_.timer.set(at);
  }

  void tell() const {
    if (why_.empty())
      return;
    say("guard: killed the worker and all that it had started: " + why_
        + (threads_.empty() ? "" : "; the worker's threads then: " + threads_)
        + (freed_ ? "; said goodbye for it, so that others take over at once" : ""));
    for (const auto& x : not_killed_)
      say("guard: process " + x
          + " belongs to another user and could not be killed; end it before another "
            "worker "
            "starts on the same partitions");
  }

  static void say(const std::string& what) { last_words("partita: " + what + '\n'); }

  pid_t worker_;
  passing signals_;
  /// The signal that is passed now; a terminal sends it to the child as well.
  bool from_terminal_ = false;
  guard_socket socket_;
  guard_files files_;
  say_goodbye goodbye_;
  core::dead_worker dead_;
  /// The process that says goodbye; 0: none.
  pid_t speaker_ = 0;
  bool freed_ = false;
  bool open_ = true;
  /// The worker was reaped: its number may be another's.
  bool ended_ = false;
  int fruitless_ = 0;
  guard decisions_{{}};
  service_manager manager_;
  std::chrono::nanoseconds leaves_within_ = guard::options{}.patience;
  std::optional<int> code_;
  std::string why_;
  std::string threads_;
  std::vector<std::string> not_killed_;
  core::time_point killing_since_;
  bool slow_told_ = false;
};

} // namespace

guarded start_guarded(say_goodbye goodbye, passing signals) {
  auto ends = guard_socket::make_pair();
  if (!ends)
    return "no socket for the guard: " + why_errno();
  guard_files files;
  if (!files.good())
    return "no descriptors for the guard: " + why_errno();
  // Before the fork: orphans below become children of this process.
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
    return "the guard cannot look after orphans: " + why_errno();
  auto worker = ::fork();
  if (worker < 0)
    return "no process for the worker: " + why_errno();
  // Only one of them reports to a service manager.
  if ((worker == 0) == (signals == passing::as_messages))
    for (const auto* name : {"NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"})
      ::unsetenv(name);
  if (worker == 0) {
    // killall and pkill select by name: only the guard keeps it, as only the guard acts on
    // signals.
    ::prctl(PR_SET_NAME, "partita-worker");
    ends->first = guard_socket{std::move(ends->second)};
    return std::move(ends->first);
  }
  auto mine = std::move(ends->first);
  { auto theirs = std::move(ends->second); }
  return guard_loop{worker, signals, std::move(mine), std::move(files),
                    std::move(goodbye)}
      .run();
}

} // namespace partita::app
