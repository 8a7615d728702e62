// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE integration.guard

#include "support/application.hpp"

#include "../support/eventually.hpp"
#include "../support/process.hpp"

#include "partita/actors/descriptor.hpp"

#include <caf/test/unit_test.hpp>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <list>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// Whatever holds up a worker: what it has started stops before others start. Judged by the
// applications, which say when their own work begins and ends.
using namespace partita::test;

namespace {

timings of_twelve() {
  timings result;
  result.partitions = 12;
  // The kill has a twentieth of it.
  result.ttl = 3s;
  result.lease = 2s;
  return result;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Where the threads of a process wait in the kernel.
std::string threads_of(pid_t pid) {
  std::string result;
  std::error_code ended;
  for (const auto& x : std::filesystem::directory_iterator{
           "/proc/" + std::to_string(pid) + "/task", ended}) {
    std::ifstream in{x.path() / "wchan"};
    result.append(std::istreambuf_iterator<char>{in}, {});
    result += '\n';
  }
  return result;
}

/// A folder of a file system that answers nothing (fuse(4)): who looks into it waits.
class hanging_folder {
public:
  explicit hanging_folder(std::string where) : path{std::move(where)} {
    std::filesystem::create_directory(path);
    auto options = "fd=" + std::to_string(server_.get())
                   + ",rootmode=40000,user_id=0,group_id=0,allow_other";
    exists =
        server_.get() >= 0
        && ::mount("partita", path.c_str(), "fuse", MS_NOSUID | MS_NODEV, options.c_str())
               == 0;
  }
  hanging_folder(const hanging_folder&) = delete;
  hanging_folder& operator=(const hanging_folder&) = delete;
  ~hanging_folder() {
    if (exists)
      ::umount2(path.c_str(), MNT_DETACH);
    std::filesystem::remove(path);
  }

  const std::string path;
  bool exists = false;

private:
  /// Who waits is released with an error once it is closed.
  partita::descriptor server_{::open("/dev/fuse", O_RDWR | O_CLOEXEC)};
};

/// Notes the end of a process in the log at the moment at which it comes.
class obituary {
public:
  obituary(const work_log& log, int pid)
      : fd_{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))},
        thread_{[&log, pid, this] {
          pollfd what{fd_, POLLIN, 0};
          for (auto found = 0; found <= 0;) {
            log.look(pid);
            found = ::poll(&what, 1, 10);
            if (found == 0)
              log.lives(pid);
          }
          log.died(pid);
        }} {}
  ~obituary() {
    thread_.join();
    ::close(fd_);
  }

private:
  int fd_;
  std::thread thread_;
};

struct fixture {
  process_group group{of_twelve()};
  work_log log{group.server().dir() / "work.log"};

  static std::vector<std::string> confirming() {
    return {"--set", "http.listen=127.0.0.1:0", "--set", "http.confirm=true",
            "--set", "http.app_ttl=2500ms"};
  }

  int start_below(const std::string& name, std::vector<std::string> more = {}) {
    auto arguments = confirming();
    arguments.insert(arguments.end(), more.begin(), more.end());
    return start_application_below(group, log, name, arguments);
  }

  /// With a hook that leaves something behind, and writes its process id to a file.
  static std::vector<std::string> leaving(const std::string& command,
                                          const std::string& pid_file) {
    return {"--set", "hooks.assigned=" + command + " & echo $! >" + pid_file,
            "--set", "hooks.revoked=true",
            "--set", "hooks.lost=true"};
  }

  /// These applications, and no other, work on all partitions, each on some.
  void all_worked_on(const std::set<int>& who) {
    auto reached = log.wait(who, group.with().partitions);
    auto now = log.read();
    CAF_MESSAGE(now.violations);
    CAF_REQUIRE(now.violations.empty());
    CAF_REQUIRE(reached);
  }

  std::string file(const std::string& name) {
    return (group.server().dir() / name).string();
  }

  /// What a hook has written there.
  static pid_t pid_in(const std::string& file) {
    pid_t result = 0;
    CAF_REQUIRE(eventually(20s, [&] {
      std::ifstream in{file};
      return static_cast<bool>(in >> result);
    }));
    return result;
  }

  /// A named pipe that is full and has no reader.
  int full_fifo(const std::string& name) {
    CAF_REQUIRE_EQUAL(::mkfifo(file(name).c_str(), 0600), 0);
    auto fd = ::open(file(name).c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    CAF_REQUIRE(fd >= 0);
    const std::string block(4096, '.');
    while (::write(fd, block.data(), block.size()) > 0) {
    }
    return fd;
  }

  /// It leaves in good order within timeouts.shutdown (30 s), and others take over.
  void leaves(const std::string& name, int application, int other) {
    auto begin = std::chrono::steady_clock::now();
    obituary end{log, application};
    // The application's.
    CAF_CHECK_EQUAL(group.stop(name), 128 + SIGTERM);
    CAF_CHECK(std::chrono::steady_clock::now() - begin < 30s);
    all_worked_on({other});
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(guard_tests, fixture)

CAF_TEST(a worker that is frozen is killed with all that it has started) {
  auto other = start_below("other");
  // A hook leaves something behind that works on.
  auto left = file("left.pid");
  // Left work that does not end: the guard kills it, and the test waits for that.
  auto mine = start_below("a", leaving("sleep 1000", left));
  all_worked_on({mine, other});
  auto behind = pid_in(left);
  obituary end{log, mine};
  group.freeze("a");
  CAF_CHECK_EQUAL(group.wait_for_end("a"), 1);
  CAF_CHECK(has_ended(mine));
  CAF_CHECK(has_ended(behind));
  auto said = group.log("a");
  CAF_CHECK(contains(
      said, "guard: killed the worker and all that it had started: its work had"));
  CAF_CHECK(contains(said, "threads then: "));
  CAF_CHECK(contains(said, "T in do_signal_stop") || contains(said, " T"));
  all_worked_on({other});
}

CAF_TEST(a worker that is frozen together with its application) {
  auto other = start_below("other");
  auto mine = start_below("a");
  all_worked_on({mine, other});
  obituary end{log, mine};
  group.freeze("a");
  ::kill(mine, SIGSTOP);
  CAF_CHECK_EQUAL(group.wait_for_end("a"), 1);
  CAF_CHECK(has_ended(mine));
  all_worked_on({other});
}

CAF_TEST(a worker that is killed takes all that it has started with it) {
  auto other = start_below("other");
  auto left = file("left.pid");
  // The same, deaf and in a session of its own.
  auto mine = start_below("a", leaving("trap '' TERM; setsid sleep 1000", left));
  all_worked_on({mine, other});
  auto behind = pid_in(left);
  obituary end{log, mine};
  ::kill(group.process("a").worker(), SIGKILL);
  CAF_CHECK_EQUAL(group.wait_for_end("a"), 128 + SIGKILL);
  CAF_CHECK(has_ended(mine));
  CAF_CHECK(has_ended(behind));
  CAF_MESSAGE("the hooks may have handed work to others");
  CAF_CHECK(!contains(group.log("a"), "said goodbye"));
  all_worked_on({other});
}

CAF_TEST(what a hook leaves behind outlives a worker that leaves in good order) {
  auto left = file("left.pid");
  auto other = start_below("other");
  // Left work that does not end: the guard kills it, and the test waits for that.
  auto mine = start_below("a", leaving("sleep 1000", left));
  all_worked_on({mine, other});
  auto behind = pid_in(left);
  leaves("a", mine, other);
  CAF_CHECK(!has_ended(behind));
  ::kill(behind, SIGKILL);
}

CAF_TEST(a guard that is frozen for longer than a session changes nothing) {
  auto other = start_below("other");
  auto mine = start_below("a");
  all_worked_on({mine, other});
  auto guard = group.process("a").pid();
  auto lost = group.journal().now().at("a").lost;
  ::kill(guard, SIGSTOP);
  CAF_CHECK(!group.journal().wait(
      [&](const auto& all) { return all.at("a").lost != lost; }, 2 * of_twelve().ttl));
  ::kill(guard, SIGCONT);
  all_worked_on({mine, other});
  leaves("a", mine, other);
}

CAF_TEST(an application that is frozen does not cost its worker) {
  auto other = start_below("other");
  auto mine = start_below("a");
  all_worked_on({mine, other});
  log.freeze(mine);
  all_worked_on({other});
  log.thaw(mine);
  all_worked_on({mine, other});
  leaves("a", mine, other);
}

CAF_TEST(guard and worker are frozen together) {
  auto other = start_below("other");
  auto mine = start_below("a");
  all_worked_on({mine, other});
  // Neither can act. The application stops by itself when valid_for_ms has passed; one that
  // does not obey that is stopped by its tokens alone (docs/protocol.md, "The guard").
  ::kill(group.process("a").pid(), SIGSTOP);
  group.freeze("a");
  all_worked_on({other});
  obituary end{log, mine};
  ::kill(group.process("a").pid(), SIGCONT);
  CAF_CHECK_EQUAL(group.wait_for_end("a"), 1);
  all_worked_on({other});
}

CAF_TEST(a worker whose guard is killed leaves in good order) {
  auto other = start_below("other");
  auto mine = start_below("a");
  all_worked_on({mine, other});
  obituary end{log, mine};
  auto worker = group.process("a").worker();
  ::kill(group.process("a").pid(), SIGKILL);
  CAF_CHECK(eventually(30s, [&] { return has_ended(worker) && has_ended(mine); }));
  CAF_CHECK(contains(group.log("a"), "the guard of this worker has ended"));
  CAF_CHECK(contains(group.log("a"), "left gracefully"));
  all_worked_on({other});
  group.wait_for_end("a");
}

CAF_TEST(one signal is one order wherever it is sent) {
  auto other = start_below("other");
  auto mine = start_below("a");
  all_worked_on({mine, other});
  obituary end{log, mine};
  // As a terminal and a service manager do: to both processes.
  ::kill(group.process("a").worker(), SIGTERM);
  group.tell_to_stop("a");
  ::kill(group.process("a").worker(), SIGTERM);
  CAF_CHECK_EQUAL(group.wait_for_end("a"), 128 + SIGTERM);
  CAF_CHECK(!contains(group.log("a"), "leaving the group at once"));
  all_worked_on({other});
}

CAF_TEST(the third signal ends a worker that does nothing any more) {
  // Its deadline, which ends it as well, is far away.
  auto patient = of_twelve();
  patient.ttl = 8s;
  patient.id_ttl = 8s;
  process_group calm{patient};
  calm.start("a");
  calm.require_rest();
  calm.freeze("a");
  for (int i = 0; i < 3; ++i) {
    calm.tell_to_stop("a");
    // One signal may stand for several of its kind that come at once.
    CAF_REQUIRE(eventually(5s, [&] {
      std::ifstream in{"/proc/" + std::to_string(calm.process("a").pid()) + "/status"};
      std::string all{std::istreambuf_iterator<char>{in}, {}};
      return !contains(all, "ShdPnd:\t0000000000004000") || all.empty();
    }));
  }
  CAF_CHECK_EQUAL(calm.wait_for_end("a"), 1);
  CAF_CHECK(contains(calm.log("a"), "received a third order to stop"));
}

CAF_TEST(a hangup opens files again unless hangups are ignored) {
  auto ours = std::signal(SIGHUP, SIG_DFL);
  group.start("other");
  group.start("a");
  group.require_rest();
  std::signal(SIGHUP, SIG_IGN); // As nohup does.
  group.start("nohup");
  std::signal(SIGHUP, ours);
  group.require_rest();
  for (const auto* name : {"a", "nohup"}) {
    ::kill(group.process(name).worker(), SIGHUP);
    group.signal(name, SIGHUP);
  }
  const std::string opened = "SIGHUP: files were opened again";
  CAF_CHECK(eventually(10s, [&] { return contains(group.log("a"), opened); }));
  group.require_rest();
  CAF_MESSAGE("once: the guard passes it on, and what the worker itself is sent is none");
  CAF_CHECK_EQUAL(group.log("a").find(opened), group.log("a").rfind(opened));
  CAF_CHECK(!contains(group.log("nohup"), opened));
  CAF_CHECK_EQUAL(group.stop("a"), 0);
  CAF_CHECK_EQUAL(group.stop("nohup"), 0);
  CAF_CHECK_EQUAL(group.journal().violations(), "");
}

// -- what holds a worker up without freezing it -------------------------------------------

CAF_TEST(the log has no reader) {
  auto other = start_below("other");
  auto fd = full_fifo("a.log");
  auto mine = start_below("a");
  all_worked_on({mine, other});
  leaves("a", mine, other);
  ::close(fd);
}

CAF_TEST(the events have no reader) {
  auto other = start_below("other");
  auto fd = full_fifo("events");
  group.use_proxies();
  auto mine = start_below("a", {"--events", file("events")});
  all_worked_on({mine, other});
  CAF_MESSAGE("and the worker loses its session");
  group.proxy("a").set(tcp_proxy::mode::cut);
  all_worked_on({other});
  group.proxy("a").set(tcp_proxy::mode::open);
  all_worked_on({mine, other});
  leaves("a", mine, other);
  CAF_CHECK(contains(group.log("a"), "the last events were not read"));
  ::close(fd);
}

CAF_TEST(a guard says goodbye once nothing works below it) {
  auto other = start_below("other");
  auto deaf = file("deaf.pid");
  // It outlives its parent, which the worker has started.
  group.start("a", {"--", "/bin/sh", "-c",
                    "trap '' TERM; setsid sh -c 'echo $$ >" + deaf
                        + "; exec sleep 1000' & exec sleep 1000"});
  auto behind = pid_in(deaf);
  group.require_rest();
  ::kill(group.process("a").worker(), SIGKILL);
  CAF_CHECK_EQUAL(group.wait_for_end("a"), 128 + SIGKILL);
  CAF_CHECK(has_ended(behind));
  CAF_CHECK(contains(group.log("a"), "said goodbye for it"));
  all_worked_on({other});
}

CAF_TEST(no goodbye is said for a command that hands work to others) {
  group.start("a", {"--no-goodbye", "--", "sleep", "1000"});
  group.require_rest();
  ::kill(group.process("a").worker(), SIGKILL);
  CAF_CHECK_EQUAL(group.wait_for_end("a"), 128 + SIGKILL);
  CAF_CHECK(!contains(group.log("a"), "said goodbye"));
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST(neither the group nor its next incarnation waits for a killed worker) {
  auto with = default_timings();
  with.partitions = 12;
  process_group group{with};
  work_log log{group.server().dir() / "work.log"};
  std::map<std::string, int> works{{"a", start_application_below(group, log, "a", {})},
                                   {"b", start_application_below(group, log, "b", {})}};
  // Not the leader twice: one that has just come back may grant nothing yet.
  for (auto leads : {true, false}) {
    CAF_REQUIRE(log.wait({works["a"], works["b"]}, 12));
    group.require_rest();
    auto dead = leads ? group.leader() : group.a_follower();
    std::string lives = dead == "a" ? "b" : "a";
    auto id = group.id_of(dead);
    obituary end{log, works[dead]};
    auto begin = std::chrono::steady_clock::now();
    group.kill(dead);
    CAF_CHECK(contains(group.log(dead), "said goodbye for it"));
    CAF_CHECK(log.wait({works[lives]}, 12, with.ttl / 2));
    works[dead] = start_application_below(group, log, dead, {});
    CAF_CHECK(group.journal().wait(
        [&](const auto& all) { return all.at(dead).state == "stable"; }, with.ttl / 2));
    CAF_CHECK(std::chrono::steady_clock::now() - begin < with.ttl);
    CAF_CHECK_EQUAL(group.id_of(dead), id);
  }
  CAF_CHECK_EQUAL(log.read().violations, "");
  CAF_CHECK_EQUAL(group.journal().violations(), "");
}

CAF_TEST(a guard that cannot say goodbye ends all the same) {
  auto with = of_twelve();
  process_group group{with};
  work_log log{group.server().dir() / "work.log"};
  group.use_proxies();
  auto mine = start_application_below(group, log, "a", {});
  CAF_REQUIRE(log.wait({mine}, 12));
  group.proxy("a").set(tcp_proxy::mode::cut);
  auto begin = std::chrono::steady_clock::now();
  ::kill(group.process("a").worker(), SIGKILL);
  CAF_CHECK_EQUAL(group.wait_for_end("a"), 128 + SIGKILL);
  CAF_CHECK(std::chrono::steady_clock::now() - begin < with.ttl + 4s);
  CAF_CHECK(has_ended(mine));
  CAF_CHECK(!contains(group.log("a"), "said goodbye"));
}

CAF_TEST(the file system of partitions.file hangs) {
  timings with;
  with.partitions = 12;
  temporary_folder folder;
  // One file and one file system each: who waits for another one that looks up a name cannot
  // even be killed.
  auto file_of = [&](const std::string& name) { return folder.path() + '/' + name; };
  with.source = "file = \"" + file_of("w0") + "\"";
  const auto all = {"w0", "w1", "w2"};
  for (const std::string name : all)
    std::ofstream{file_of(name)} << "prefix = \"p\"\ncount = 12\n";
  process_group group{with};
  for (const std::string name : all)
    group.start(name, {"--set", "partitions.file=" + file_of(name)});
  group.require_rest();
  std::list<hanging_folder> hanging;
  for (const std::string name : all) {
    const auto& nothing = hanging.emplace_back(file_of(name + "-hangs"));
    if (!nothing.exists) {
      CAF_MESSAGE("no file system in user space can be mounted here: not tested");
      return;
    }
    std::filesystem::create_symlink(nothing.path + "/list.toml", file_of("link"));
    std::filesystem::rename(file_of("link"), file_of(name));
  }
  for (const std::string name : all)
    CAF_CHECK(eventually(20s, [&] {
      auto where = threads_of(group.process(name).worker());
      return contains(where, "fuse") || contains(where, "request_wait_answer");
    }));
  CAF_MESSAGE("the leader leaves in good order, and its successor goes on");
  auto begin = std::chrono::steady_clock::now();
  CAF_CHECK_EQUAL(group.stop(group.leader()), 0);
  CAF_CHECK(std::chrono::steady_clock::now() - begin < 30s);
  group.require_rest();
  CAF_CHECK_EQUAL(group.journal().violations(), "");
}
