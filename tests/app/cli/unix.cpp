// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.unix

#include "program.hpp"

#include <nlohmann/json.hpp>

#include <caf/test/unit_test.hpp>

#include <cstring>
#include <set>
#include <sstream>

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

/// What the system around a worker does to it: hangups, rotation, limits.
using namespace partita::test;

namespace {

/// Limits of processes hold for other users than root alone.
void limit_other_user(__rlimit_resource which, rlim_t limit) {
  rlimit most{limit, limit};
  if (::setrlimit(which, &most) != 0
      || (::getuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)))
    ::_exit(126);
}

struct fixture : program_fixture {
  /// With every limit from `least` on a worker says which one it is, and ends, until one is
  /// enough.
  void works_from(const char* name, __rlimit_resource which, rlim_t least,
                  rlim_t step) const {
    constexpr auto tries = 100;
    for (rlim_t limit = least; limit < least + tries * step; limit += step) {
      auto out = path(name + std::to_string(limit));
      program x{{"run", "--url", server.url(), "--group", name + std::to_string(limit),
                 "--set", "partitions.prefix=p", "--set", "partitions.count=4", "--set",
                 "timing.profile=fast", "--set", "timeouts.startup=1s"},
                out,
                false,
                [&] { limit_other_user(which, limit); }};
      eventually(15s, [&] {
        return x.has_ended() || content(out).find(at_work) != std::string::npos;
      });
      x.signal(SIGTERM);
      auto code = x.wait();
      CAF_MESSAGE(limit << ' ' << name << ": exit code " << code);
      if (code == 0)
        return;
      CAF_CHECK(code > 0);
      if (content(out).find("partita: ") == std::string::npos
          && content(out).find("critical") == std::string::npos)
        CAF_FAIL("no message: " << content(out));
      if (content(out).find("for the guard: ") != std::string::npos)
        x.require("; raise the limit of ");
    }
    CAF_FAIL("no limit is enough");
  }
};

/// Plays systemd for the programs that are started while this exists.
class service_manager {
public:
  service_manager() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    auto path = folder_.path() + "/notify";
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    auto* name = reinterpret_cast<sockaddr*>(&address);
    CAF_REQUIRE_EQUAL(::bind(fd_, name, sizeof(address)), 0);
    auto yes = 1;
    ::setsockopt(fd_, SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes));
    CAF_REQUIRE_EQUAL(::connect(filler_, name, sizeof(address)), 0);
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
    ::setenv("WATCHDOG_USEC", "400000", 1);
  }
  ~service_manager() {
    ::unsetenv("NOTIFY_SOCKET");
    ::unsetenv("WATCHDOG_USEC");
    ::close(fd_);
    ::close(filler_);
  }

  /// Reads until a message has this text; gives that message. All are from `sender`.
  std::string require(const std::string& text, int sender) {
    std::string found;
    auto has_it = eventually(15s, [&] {
      while (found.empty())
        if (auto x = read(sender); x.find(text) != std::string::npos)
          found = x;
        else if (x.empty())
          break;
      return !found.empty();
    });
    if (!has_it)
      CAF_FAIL("'" << text << "' is not in: " << all_);
    return found;
  }
  /// What was read so far.
  const std::string& all() const { return all_; }

  /// Nothing more can be sent to it.
  void fill() const {
    while (::send(filler_, "x", 1, MSG_DONTWAIT) == 1) {
    }
  }

private:
  /// One message; empty: there is none.
  std::string read(int sender) {
    std::string result(1000, 0);
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> control{};
    iovec to{result.data(), result.size()};
    msghdr message{};
    message.msg_iov = &to;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    auto n = ::recvmsg(fd_, &message, MSG_DONTWAIT);
    if (n < 0)
      return {};
    ucred from{};
    std::memcpy(&from, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(from));
    CAF_CHECK_EQUAL(from.pid, sender);
    result.resize(static_cast<std::size_t>(n));
    all_ += result + "\n--\n";
    return result;
  }

  temporary_folder folder_;
  int fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  int filler_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  std::string all_;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(unix_tests, fixture)

CAF_TEST(a terminal that closes makes a worker leave gracefully) {
  program x{run(), path("out"), true};
  x.require(at_work);
  x.close_terminal();
  CAF_CHECK_EQUAL(x.wait(), 0);
  x.require("left gracefully");
}

CAF_TEST(a command that waits says for what on a terminal) {
  auto show = [] {
    ::dup2(::open("/dev/tty", O_RDWR), STDERR_FILENO);
    ::setenv("TERM", "xterm", 1);
  };
  program x{
      {"status", "--url", "nats://127.0.0.1:1", "--group", "orders", "--timeout", "1m"},
      path("out"),
      true,
      show};
  x.require_shown("connecting to NATS at nats://127.0.0.1:1, 1 s");
}

CAF_TEST(a hangup opens rotated files again and says what needs a restart) {
  auto words = run("log.file = '" + path("log") + "'\n");
  words.insert(words.end(), {"--events", path("events")});
  program x{words, path("out")};
  x.require(at_work, path("log"));
  fs::rename(path("log"), path("log.1"));
  fs::rename(path("events"), path("events.1"));
  config("log.file = '" + path("log") + "'\nlog.level = 'debug'\nheartbeat.ttl = '2s'\n");
  x.signal(SIGHUP);
  x.require(
      "warning SIGHUP: files were opened again; log.level is debug; what changed in "
      "heartbeat.ttl needs a restart",
      path("log"));
  CAF_MESSAGE("each line names the group");
  x.require(" orders warning SIGHUP: ", path("log"));
  CAF_MESSAGE("a configuration that is wrong changes nothing");
  config("log.level = 'loud'\n");
  x.signal(SIGHUP);
  x.require("log.level: found \"loud\"", path("log"));
  x.require("the configuration is wrong and was not taken over", path("log"));
  x.signal(SIGTERM);
  CAF_CHECK_EQUAL(x.wait(), 0);
  x.require("left gracefully", path("log"));
  x.require("\"stopped\"", path("events"));
  CAF_CHECK_EQUAL(content(path("log.1")).find("SIGHUP"), std::string::npos);
  CAF_CHECK_EQUAL(x.output(), "");
}

CAF_TEST(a log for programs is one object a line that names the group) {
  program x{run("log.format = 'json'\nlog.level = 'debug'\n"), path("out")};
  x.require(R"("to":"stable")");
  x.signal(SIGTERM);
  CAF_CHECK_EQUAL(x.wait(), 0);
  std::set<std::string> components;
  std::istringstream lines{x.output()};
  for (std::string line; std::getline(lines, line);) {
    auto all = nlohmann::json::parse(line, nullptr, false);
    if (!all.is_object())
      CAF_FAIL("no object: " << line);
    CAF_CHECK_EQUAL(all["group"], "orders");
    components.insert(all["component"]);
    if (all["component"] == "leader")
      CAF_CHECK_EQUAL(all["worker"], "worker-0");
  }
  CAF_CHECK(components
            == (std::set<std::string>{"leader", "process", "store", "worker"}));
  x.require(R"("message":"left gracefully"})");
  x.require(R"(,"worker":"worker-0","message":"acts as leader with epoch )");
  x.require(R"("workers":1,"partitions":4,"moves":4})");
}

CAF_TEST(
    a log that cannot be opened is named and a fifo without a reader holds nothing up) {
  auto bad = run_partita(run("log.file = '/nowhere/log'\n"));
  CAF_CHECK_EQUAL(bad.code, 2);
  CAF_CHECK_EQUAL(bad.err,
                  "partita: log.file: cannot write '/nowhere/log': No such file or "
                  "directory\n");
  CAF_REQUIRE_EQUAL(::mkfifo(path("fifo").c_str(), 0600), 0);
  auto words = run("log.file = '" + path("fifo") + "'\nlog.level = 'trace'\n");
  words.insert(words.end(), {"--events", path("events")});
  program x{words, path("out")};
  x.require("\"stable\"", path("events"));
  x.signal(SIGTERM);
  CAF_CHECK_EQUAL(x.wait(), 0);
}

CAF_TEST(a full disk is named once and holds nothing up) {
  auto words = run("log.file = '/dev/full'\n");
  words.insert(words.end(), {"--events", path("events")});
  program x{words, path("out")};
  x.require("\"stable\"", path("events"));
  x.signal(SIGTERM);
  CAF_CHECK_EQUAL(x.wait(), 0);
  CAF_CHECK_EQUAL(
      x.output(),
      "partita: cannot write the log to /dev/full: No space left on device; this "
      "message is not repeated\n");
}

CAF_TEST(events that a full disk does not take are named once) {
  auto words = run();
  words.insert(words.end(), {"--events", "/dev/full"});
  program x{words, path("out")};
  x.require(at_work);
  x.require(
      "cannot write events to '/dev/full': No space left on device; further events may "
      "be lost, this message is not repeated");
  x.signal(SIGTERM);
  CAF_CHECK_EQUAL(x.wait(), 0);
  auto text = x.output();
  auto first = text.find("cannot write events");
  CAF_CHECK_EQUAL(text.find("cannot write events", first + 1), std::string::npos);
}

CAF_TEST(a worker that gets no thread ends with a message at the end too) {
  program x{run(), path("out")};
  x.require(at_work);
  // Room for what is small, but for no thread's stack.
  auto pages = std::stoul(content("/proc/" + std::to_string(x.worker()) + "/statm"));
  auto most = pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + 1'000'000;
  rlimit none{most, most};
  CAF_REQUIRE_EQUAL(::prlimit(x.worker(), RLIMIT_AS, &none, nullptr), 0);
  x.signal(SIGTERM);
  auto code = x.wait();
  CAF_MESSAGE("exit code " << code << ": " << x.output());
  CAF_CHECK(code == 0 || code == 1);
  if (code == 1)
    x.require("partita: ");
}

CAF_TEST(
    a service manager is notified by the guard of the start and reloads and the end) {
  service_manager manager;
  auto words = run();
  words.insert(words.end(), {"--", "sh", "-c",
                             "env >" + path("env") + "; trap '' HUP; exec sleep 1000"});
  program x{words, path("out")};
  auto first = manager.require("READY=1", x.pid());
  CAF_MESSAGE(first);
  CAF_CHECK(first.starts_with("READY=1\nSTATUS=worker-0 waiting_assignment: "));
  CAF_CHECK_EQUAL(manager.all().find("worker-0 stable"), std::string::npos);
  manager.require("STATUS=worker-0 stable: ", x.pid());
  manager.require("WATCHDOG=1", x.pid());
  manager.require("WATCHDOG=1", x.pid());
  x.signal(SIGHUP);
  auto reload = manager.require("RELOADING=1", x.pid());
  CAF_CHECK(reload.starts_with("RELOADING=1\nMONOTONIC_USEC="));
  CAF_CHECK_EQUAL(manager.require("READY=1", x.pid()), "READY=1");
  x.signal(SIGTERM);
  CAF_MESSAGE("two times timeouts.shutdown, and what the guard allows besides");
  CAF_CHECK_EQUAL(manager.require("STOPPING=1", x.pid()),
                  "STOPPING=1\nEXTEND_TIMEOUT_USEC=95000000");
  CAF_CHECK_EQUAL(x.wait(), 128 + SIGTERM);
  auto environment = content(path("env"));
  CAF_CHECK_NOT_EQUAL(environment.find("PARTITA_GROUP=orders"), std::string::npos);
  for (const auto* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC"})
    CAF_CHECK_EQUAL(environment.find(name), std::string::npos);
}

CAF_TEST(a service has started while it waits for its application and before it joins) {
  service_manager manager;
  program x{run("http.listen = '127.0.0.1:0'\nhttp.app_ttl = '500ms'\n"), path("out")};
  CAF_CHECK_EQUAL(manager.require("READY=1", x.pid()),
                  "READY=1\nSTATUS=waits for its application to call");
}

CAF_TEST(a service manager that reads nothing holds up no guard) {
  service_manager manager;
  program x{run(), path("out")};
  x.require(at_work);
  manager.fill();
  ::kill(x.worker(), SIGSTOP);
  CAF_CHECK_EQUAL(x.wait(), 1);
  x.require("guard: killed the worker and all that it had started: its work had to stop");
}

CAF_TEST(
    threads and descriptors and memory that cannot be had end a worker with a message) {
  // With four descriptors the loader finds no library, as with less memory.
  works_from("descriptors", RLIMIT_NOFILE, 5, 1);
  works_from("memory", RLIMIT_AS, 100'000'000, 25'000'000);
  if (::getuid() == 0)
    works_from("threads", RLIMIT_NPROC, 2, 1);
  else
    CAF_MESSAGE("threads: only root may become a user without other processes");
}

CAF_TEST(two workers of one instance are both named) {
  program first{run("worker.instance = 'slot-1'\n"), path("first")};
  first.require(at_work);
  program second{run("worker.instance = 'slot-1'\n"), path("second")};
  second.require("warning worker-1: worker-0 is alive and has the same worker.instance "
                 "'slot-1'; give each worker one of its own");
  CAF_CHECK_EQUAL(first.output().find("slot-1"), std::string::npos);
}

CAF_TEST_FIXTURE_SCOPE_END()
