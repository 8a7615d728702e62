// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE integration.guarded_host

#include "../support/nats_server.hpp"
#include "../support/process.hpp"

#include <caf/test/unit_test.hpp>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <sstream>
#include <thread>

#include <sys/types.h>

// `partita guard` above the example `plain`, which embeds partita.
using namespace partita::test;
using namespace std::chrono_literals;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

bool works_on_all(const std::string& said) {
  return contains(said, "begins orders.eu") && contains(said, "begins orders.us");
}

/// A host below a guard, with a process that the host has started.
class guarded_host {
public:
  guarded_host(const std::string& url, std::vector<std::string> arguments)
      : thread_{[this, url, all = std::move(arguments)]() mutable {
          all.insert(all.begin(), "guard");
          all.insert(all.end(),
                     {"--", "/bin/sh", "-c",
                      "sleep 1000 & echo $! $$; exec " PARTITA_HOST " " + url});
          auto ended = run_partita(all, {.stop_when = [this](const std::string& out) {
                                     std::lock_guard lock{mutex_};
                                     result_.out = out;
                                     changed_.notify_all();
                                     return stops_ && works_on_all(out);
                                   }});
          std::lock_guard lock{mutex_};
          result_ = std::move(ended);
          over_ = true;
          changed_.notify_all();
        }} {}
  guarded_host(const guarded_host&) = delete;
  guarded_host& operator=(const guarded_host&) = delete;
  ~guarded_host() { thread_.join(); }

  /// Until all of `parts` stand in its output; its end counts as a failure.
  void wait(std::initializer_list<const char*> parts) {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, 25s, [&] {
      return over_ || std::all_of(parts.begin(), parts.end(), [&](const char* x) {
               return contains(result_.out, x);
             });
    });
    for (const auto* x : parts)
      CAF_CHECK(contains(result_.out, x));
  }

  /// What it has started, and itself.
  std::pair<pid_t, pid_t> processes() {
    wait({"\n"});
    std::lock_guard lock{mutex_};
    std::istringstream in{result_.out};
    std::pair<pid_t, pid_t> result;
    in >> result.first >> result.second;
    CAF_REQUIRE(result.first > 0 && result.second > 0);
    return result;
  }

  /// Its guard gets SIGTERM once it works on all partitions, which it does not yet.
  void stop_then() {
    std::lock_guard lock{mutex_};
    stops_ = true;
  }

  process_result end() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return over_; });
    CAF_MESSAGE(result_.code << ": " << result_.out << result_.err);
    return result_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  process_result result_;
  bool stops_ = false;
  bool over_ = false;
  std::thread thread_;
};

bool has_ended(pid_t pid) {
  return ::kill(pid, 0) != 0 && errno == ESRCH;
}

} // namespace

CAF_TEST(others take over at once from a host that was killed below its guard) {
  nats_server server;
  std::vector<std::string> group{"--url", server.url(), "--group", "orders"};
  guarded_host killed{server.url(), group};
  killed.wait({"begins orders.eu", "begins orders.us"});
  auto [started, host] = killed.processes();
  guarded_host other{server.url(), group};
  other.wait({"begins orders"});
  other.stop_then();
  ::kill(host, SIGKILL);
  auto end = killed.end();
  CAF_CHECK_EQUAL(end.code, 128 + SIGKILL);
  CAF_CHECK(contains(end.err, "said goodbye for it"));
  CAF_CHECK(has_ended(started));
  CAF_MESSAGE("and one whose guard gets SIGTERM leaves in good order");
  auto left = other.end();
  CAF_CHECK_EQUAL(left.code, 0);
  CAF_CHECK(works_on_all(left.out) && contains(left.out, "has left"));
  CAF_CHECK_EQUAL(left.err, "");
}

CAF_TEST(a frozen host is killed before others may start) {
  nats_server server;
  guarded_host frozen{server.url(), {}};
  frozen.wait({"begins orders.eu"});
  auto [started, host] = frozen.processes();
  ::kill(host, SIGSTOP);
  auto end = frozen.end();
  CAF_CHECK_EQUAL(end.code, 1);
  CAF_CHECK(contains(end.err, "its work had to stop by now"));
  CAF_CHECK(!contains(end.err, "said goodbye"));
  CAF_CHECK(has_ended(started));
}

CAF_TEST(a host that cannot be started gives the codes of a shell) {
  auto x = run_partita({"guard", "--", "no-such-host"});
  CAF_CHECK_EQUAL(x.code, 127);
  CAF_CHECK(contains(x.err, "cannot start no-such-host"));
  CAF_CHECK_EQUAL(run_partita({"guard", "--", "/etc/passwd"}).code, 126);
  CAF_CHECK_EQUAL(run_partita({"guard"}).code, 2);
}
