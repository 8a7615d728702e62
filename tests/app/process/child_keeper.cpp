// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.child_keeper

#include "../../support/process.hpp"

#include "../../support/eventually.hpp"

#include "partita/app/process/child.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/test/unit_test.hpp>

#include <csignal>
#include <fstream>
#include <future>
#include <sstream>

#include <fcntl.h>
#include <unistd.h>

using namespace partita::app;
using namespace partita::test;
using namespace std::chrono_literals;

namespace {

struct fixture {
  caf::actor_system_config cfg;
  caf::actor_system sys{cfg};
  temporary_folder folder;

  std::string path(const std::string& name) const { return folder.path() + '/' + name; }

  static child_command shell(const std::string& text) {
    return {{"/bin/sh", "-c", text}, {}, true, false};
  }

  /// Starts it, and waits for its end.
  child_end run(const child_command& what, const std::string& input = {}) {
    auto started = start_child(what);
    CAF_REQUIRE(std::holds_alternative<child>(started));
    auto x = std::get<child>(started);
    std::promise<void> over;
    keep_child(sys, x, input, [&] { over.set_value(); });
    over.get_future().wait();
    return reap_child(x);
  }

  std::string content(const std::string& name) const {
    std::ifstream in{path(name)};
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
  }

  static start_failure failure(std::vector<std::string> argv) {
    auto started = start_child({std::move(argv), {}, true, false});
    CAF_REQUIRE(std::holds_alternative<start_failure>(started));
    return std::get<start_failure>(started);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(child_keeper_tests, fixture)

CAF_TEST(the end of a process is reported as a shell reports it) {
  auto end = run(shell("exit 0"));
  CAF_CHECK_EQUAL(end.code, 0);
  CAF_CHECK_EQUAL(end.failure, "");
  end = run(shell("exit 3"));
  CAF_CHECK_EQUAL(end.code, 3);
  CAF_CHECK_EQUAL(end.failure, "exit code 3");
  end = run(shell("kill -KILL $$"));
  CAF_CHECK_EQUAL(end.code, 137);
  CAF_CHECK_EQUAL(end.failure, "killed by signal 9");
}

CAF_TEST(a program that cannot be started says why and what a shell would exit with) {
  auto x = failure({"/no/such/program"});
  CAF_CHECK_EQUAL(x.code, 127);
  CAF_CHECK_EQUAL(x.why, "cannot start /no/such/program: No such file or directory");
  x = failure({"no_such_program"});
  CAF_CHECK_EQUAL(x.code, 127);
  CAF_CHECK_EQUAL(x.why, "cannot start no_such_program: not found in PATH");
  x = failure({folder.file("text", "no program")});
  CAF_CHECK_EQUAL(x.code, 126);
  x = failure({folder.path()});
  CAF_CHECK_EQUAL(x.code, 126);
}

CAF_TEST(a process gets its input and its variables) {
  auto what = shell("printf '%s ' \"$NAME\" >" + path("out") + "; cat >>" + path("out"));
  what.environment = {{"NAME", "a=b c"}};
  CAF_CHECK_EQUAL(run(what, "the input").code, 0);
  CAF_CHECK_EQUAL(content("out"), "a=b c the input");
}

CAF_TEST(a process gets no secret of ours unless it is meant for it) {
  const std::vector<std::pair<const char*, const char*>> ours = {
      {"PARTITA_NATS_PASSWORD", "p"},
      {"PARTITA_NATS_TOKEN", "t"},
      {"PARTITA_HTTP_TOKEN", "h"},
      {"PARTITA_NATS_URL", "nats://u:p@127.0.0.1:4222"},
      {"PARTITA_GROUP_NAME", "orders"}};
  for (const auto& [name, value] : ours)
    setenv(name, value, 1);
  run(shell("env | grep ^PARTITA_ | sort >" + path("without")));
  auto what = shell("env | grep ^PARTITA_ | sort >" + path("with"));
  what.environment = {{"PARTITA_HTTP_TOKEN", "meant"}};
  run(what);
  setenv("PARTITA_NATS_URL", "nats://127.0.0.1:4222", 1);
  run(shell("env | grep ^PARTITA_ | sort >" + path("harmless")));
  for (const auto& [name, value] : ours)
    unsetenv(name);
  CAF_CHECK_EQUAL(content("without"), "PARTITA_GROUP_NAME=orders\n");
  CAF_CHECK_EQUAL(content("with"),
                  "PARTITA_GROUP_NAME=orders\nPARTITA_HTTP_TOKEN=meant\n");
  CAF_CHECK_EQUAL(content("harmless"),
                  "PARTITA_GROUP_NAME=orders\nPARTITA_NATS_URL=nats://127.0.0.1:4222\n");
}

CAF_TEST(input of any size is fed without waiting for a process that does not read) {
  std::string large(1 << 20, 'x');
  CAF_CHECK_EQUAL(run(shell("test $(wc -c) = 1048576"), large).code, 0);
  CAF_CHECK_EQUAL(run(shell("exec <&-; exit 4"), large).code, 4);
  CAF_CHECK_EQUAL(run(shell("exit 5"), large).code, 5);
}

CAF_TEST(a process begins with the signals of a fresh one and without our files) {
  auto ignored = std::signal(SIGPIPE, SIG_IGN);
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  sigset_t before;
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  auto fd = ::open("/dev/null", O_RDONLY);
  auto what = shell("grep -E '^Sig(Blk|Ign)' /proc/self/status >" + path("signals")
                    + "; test -e /proc/self/fd/" + std::to_string(fd) + " && echo open >"
                    + path("files"));
  run(what);
  ::close(fd);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  std::signal(SIGPIPE, ignored);
  CAF_CHECK_EQUAL(content("signals"),
                  "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
  CAF_CHECK_EQUAL(content("files"), "");
}

CAF_TEST(a signal to the group reaches what the process has started) {
  // Work that does not end; it is killed, and the test waits for that.
  auto started = start_child(shell("sleep 1000 & echo $! >" + path("pid") + "; echo >"
                                   + path("begun") + "; wait"));
  auto x = std::get<child>(started);
  std::promise<void> over;
  keep_child(sys, x, {}, [&] { over.set_value(); });
  CAF_REQUIRE(eventually(20s, [&] { return !content("begun").empty(); }));
  signal_group(x, SIGKILL);
  over.get_future().wait();
  CAF_CHECK_EQUAL(reap_child(x).code, 137);
  auto pid = std::stoi(content("pid"));
  // A zombie has ended, too: the process that adopts it may be slow.
  CAF_CHECK(eventually(20s, [&] {
    std::ifstream state{"/proc/" + std::to_string(pid) + "/stat"};
    std::string words((std::istreambuf_iterator<char>{state}), {});
    return words.empty() || words.find(") Z") != std::string::npos;
  }));
}

CAF_TEST_FIXTURE_SCOPE_END()
