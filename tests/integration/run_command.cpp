// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE integration.run_command

#include "support/group.hpp"

#include "../support/eventually.hpp"

#include <caf/test/unit_test.hpp>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace partita::test;

namespace {

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in{file};
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

/// A zombie has ended, too: the process that adopts it may be slow.
bool has_ended(int pid) {
  auto state = content_of("/proc/" + std::to_string(pid) + "/stat");
  return state.empty() || state.find(") Z") != std::string::npos;
}

struct fixture {
  process_group group;
  // The signals of a process of the group are those of the worker; the application writes its
  // number itself.
  std::string pid_file = (group.server().dir() / "pid").string();
  std::string diary_file = (group.server().dir() / "diary").string();
  const std::string note_pid = "echo $$ >" + pid_file + "; ";
  // Lives until a signal comes. Signals wait for the end of a shell's command, but not for that
  // of its wait: the sleep is what `wait` has to wait for.
  const std::string live_on = "; while :; do sleep 1 & wait $!; done";

  void start(const std::string& name, const std::string& script,
             std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--", "/bin/sh", "-c", note_pid + script});
    group.start(name, more);
  }
  int pid() {
    CAF_REQUIRE(eventually(30s, [&] { return content_of(pid_file).ends_with("\n"); }));
    return std::stoi(content_of(pid_file));
  }
  std::string diary() { return content_of(diary_file); }
  std::string note(const std::string& what) {
    return "echo " + what + " >>" + diary_file;
  }
  std::string log(const std::string& name) { return group.log(name); }
  bool told(const std::string& event) {
    return group.journal().story().find(event) != std::string::npos;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(run_command_tests, fixture)

CAF_TEST(an application ends after its worker has left and its code is the exit code) {
  auto alive = "kill -0 $(cat " + pid_file + ") && " + note("revoked");
  start("w0",
        "trap '" + note("term") + "; exit 7' TERM; " + note("group $PARTITA_GROUP")
            + live_on,
        {"--set", "hooks.revoked=" + alive});
  group.require_rest();
  CAF_CHECK_EQUAL(group.stop("w0"), 7);
  CAF_CHECK_EQUAL(diary(), "group it\nrevoked\nterm\n");
  CAF_CHECK(told("stopped"));
}

CAF_TEST(an application that a signal ends gives 128 and its number) {
  start("w0", "true" + live_on);
  group.require_rest();
  CAF_CHECK_EQUAL(group.stop("w0"), 128 + SIGTERM);
}

CAF_TEST(
    the partitions of an application that ends by itself are owned by others at once) {
  start("w0", "trap 'exit 5' USR2" + live_on);
  group.start("w1");
  group.require_rest();
  auto begin = std::chrono::steady_clock::now();
  kill(pid(), SIGUSR2);
  CAF_CHECK_EQUAL(group.wait_for_end("w0"), 5);
  CAF_CHECK(group.journal().wait([&](const auto& all) {
    return all.at("w1").owns.size() == group.with().partitions;
  }));
  CAF_CHECK(std::chrono::steady_clock::now() - begin < group.with().ttl);
  CAF_CHECK_NOT_EQUAL(log("w0").find("ended by itself: exit code 5"), std::string::npos);
}

CAF_TEST(an application that has died confirms what it was to stop) {
  start("w0", "trap 'exit 5' USR2" + live_on,
        {"--set", "http.listen=127.0.0.1:0", "--set", "http.confirm=true"});
  group.start("w1");
  CAF_MESSAGE("as long as it lives, no other worker gets what it does not release");
  CAF_CHECK(group.journal().wait(
      [](const auto& all) { return all.contains("w0") && !all.at("w0").owns.empty(); }));
  kill(pid(), SIGUSR2);
  CAF_CHECK_EQUAL(group.wait_for_end("w0"), 5);
  group.require_rest();
  CAF_CHECK_EQUAL(log("w0").find("work_not_stopped"), std::string::npos);
}

CAF_TEST(an application finds the sidecar in its environment) {
  start("w0", "bash -c 'p=${PARTITA_URL##*:}; exec 3<>/dev/tcp/127.0.0.1/$p; printf "
              "\"GET /livez HTTP/1.1\\r\\nHost: 127.0.0.1:$p\\r\\nConnection: "
              "close\\r\\n\\r\\n\" >&3; head -n 1 <&3 >"
                  + diary_file + "'" + live_on);
  CAF_CHECK(eventually(30s, [&] { return diary() == "HTTP/1.1 200 OK\r\n"; }));
  CAF_CHECK_EQUAL(group.stop("w0"), 128 + SIGTERM);
}

CAF_TEST(an application gets the token of HTTP and no other secret) {
  setenv("PARTITA_HTTP_TOKEN", "s3cr3t", 1);
  setenv("PARTITA_NATS_USER", "u", 1);
  setenv("PARTITA_NATS_PASSWORD", "p", 1);
  start("w0", note("token $PARTITA_HTTP_TOKEN password $PARTITA_NATS_PASSWORD") + live_on,
        {"--set", "http.listen=127.0.0.1:0"});
  for (const char* name :
       {"PARTITA_HTTP_TOKEN", "PARTITA_NATS_USER", "PARTITA_NATS_PASSWORD"})
    unsetenv(name);
  CAF_CHECK(eventually(30s, [&] { return diary() == "token s3cr3t password\n"; }));
  group.require_rest();
  CAF_CHECK_EQUAL(group.stop("w0"), 128 + SIGTERM);
}

CAF_TEST(what an application has started ends with it) {
  // Work that does not end; it is killed, and the test waits for that.
  start("w0", "sleep 1000 & echo $! >" + pid_file + "; exit 0");
  auto started = pid();
  CAF_CHECK_EQUAL(group.wait_for_end("w0"), 0);
  CAF_CHECK(eventually(30s, [&] { return has_ended(started); }));
}

CAF_TEST(signals that do not end the worker reach the application at once) {
  start("w0", "trap '" + note("hup") + "' HUP; trap '" + note("usr1") + "' USR1; trap '"
                  + note("usr2") + "' USR2" + live_on);
  group.require_rest();
  for (auto [signal, word] :
       {std::pair{SIGHUP, "hup\n"}, std::pair{SIGUSR1, "hup\nusr1\n"},
        std::pair{SIGUSR2, "hup\nusr1\nusr2\n"}}) {
    group.signal("w0", signal);
    CAF_CHECK(eventually(30s, [&, said = word] { return diary() == said; }));
  }
  CAF_CHECK_EQUAL(group.stop("w0"), 128 + SIGTERM);
}

CAF_TEST(a stop from the terminal does not part the worker from its application) {
  start("w0", "true" + live_on);
  group.require_rest();
  group.signal("w0", SIGTSTP);
  CAF_MESSAGE("it still hands over");
  group.start("w1");
  group.require_rest();
  CAF_CHECK_EQUAL(group.stop("w0"), 128 + SIGTERM);
}

CAF_TEST(an application that does not end is killed when its time is over) {
  start("w0", "trap '' TERM" + live_on, {"--set", "timeouts.shutdown=1s"});
  group.require_rest();
  CAF_CHECK_EQUAL(group.stop("w0"), 128 + SIGKILL);
}

CAF_TEST(an application dies with its worker) {
  start("w0", "true" + live_on);
  group.require_rest();
  auto application = pid();
  group.kill("w0");
  CAF_CHECK(eventually(30s, [&] { return has_ended(application); }));
}

CAF_TEST(a command that cannot be started never joins the group) {
  for (auto [command, code] :
       {std::pair{"/no/such/program", 127}, std::pair{"/etc/passwd", 126}}) {
    group.start("w0", {"--", command});
    CAF_CHECK_EQUAL(group.wait_for_end("w0"), code);
    CAF_CHECK_NOT_EQUAL(log("w0").find(std::string{"cannot start "} + command),
                        std::string::npos);
    CAF_CHECK(!told("worker_id_claimed"));
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
