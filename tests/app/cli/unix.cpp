// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.unix

#include "../../support/eventually.hpp"
#include "../../support/nats_server.hpp"
#include "../../support/process.hpp"

#include <caf/test/unit_test.hpp>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <pty.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/// What the system around a worker does to it: hangups, rotation, limits.
using namespace partita::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

std::string content(const std::string& path) {
  std::ifstream in{path};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// `partita`, with what it prints in a file.
class program {
public:
  /// `terminal`: it has one of its own, as below a login.
  program(std::vector<std::string> words, std::string output, bool terminal = false)
      : output_{std::move(output)} {
    auto path = fs::read_symlink("/proc/self/exe").parent_path() / "partita";
    words.insert(words.begin(), path.string());
    std::vector<char*> argv;
    for (auto& x : words)
      argv.push_back(x.data());
    argv.push_back(nullptr);
    auto out = ::open(output_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    pid_ = terminal ? ::forkpty(&terminal_, nullptr, nullptr, nullptr) : ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::signal(SIGHUP, SIG_DFL);
      ::dup2(out, STDOUT_FILENO);
      ::dup2(out, STDERR_FILENO);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    ::close(out);
  }
  program(const program&) = delete;
  program& operator=(const program&) = delete;
  ~program() {
    if (pid_ > 0)
      ::kill(pid_, SIGKILL);
    close_terminal();
  }

  int pid() const { return pid_; }
  std::string output() const { return content(output_); }
  void signal(int number) const { ::kill(pid_, number); }

  void close_terminal() {
    if (terminal_ >= 0)
      ::close(std::exchange(terminal_, -1));
  }

  /// The worker below its guard.
  int worker() const {
    auto pid = std::to_string(pid_);
    return std::atoi(content("/proc/" + pid + "/task/" + pid + "/children").c_str());
  }

  void require(const std::string& text, const std::string& file = {}) const {
    const auto& where = file.empty() ? output_ : file;
    if (!eventually(15s, [&] { return content(where).find(text) != std::string::npos; }))
      CAF_FAIL("'" << text << "' is not in: " << content(where));
  }

  /// Its exit code; below 0: a signal ended it, or nothing did within 20 s.
  int wait() {
    int status = 0;
    if (!eventually(20s, [&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; }))
      return -1000;
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

private:
  std::string output_;
  pid_t pid_ = -1;
  int terminal_ = -1;
};

struct fixture {
  nats_server server;
  temporary_folder folder;

  std::string path(const std::string& name) const { return folder.path() + '/' + name; }

  std::string config(const std::string& more) const {
    return folder.file("partita.toml",
                       "group.name = 'orders'\nnats.url = '" + server.url()
                           + "'\npartitions.prefix = 'p'\npartitions.count = 4\n"
                             "timing.profile = 'fast'\nrebalance.expected_workers = 1\n"
                           + more);
  }

  std::vector<std::string> run(const std::string& more = {}) const {
    return {"run", "-c", config(more)};
  }
};

constexpr const char* at_work = " -> stable";

} // namespace

CAF_TEST_FIXTURE_SCOPE(unix_tests, fixture)

CAF_TEST(a terminal that closes makes a worker leave gracefully) {
  program x{run(), path("out"), true};
  x.require(at_work);
  x.close_terminal();
  CAF_CHECK_EQUAL(x.wait(), 0);
  x.require("left gracefully");
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

CAF_TEST(two workers of one instance are both named) {
  program first{run("worker.instance = 'slot-1'\n"), path("first")};
  first.require(at_work);
  program second{run("worker.instance = 'slot-1'\n"), path("second")};
  second.require("warning worker-1: worker-0 is alive and has the same worker.instance "
                 "'slot-1'; give each worker one of its own");
  CAF_CHECK_EQUAL(first.output().find("slot-1"), std::string::npos);
}

CAF_TEST(an account that demands max_bytes gets it) {
  server.configure(
      "accounts { A: { jetstream: { max_file: 512M, max_bytes_required: true }, "
      "users: [{ user: u, password: p }] } }");
  server.restart();
  auto login = std::string{"nats.user = 'u'\nnats.password = 'p'\n"};
  auto refused = run_partita(run(login + "timeouts.startup = '1s'\n"));
  CAF_CHECK_EQUAL(refused.code, 1);
  CAF_CHECK_NOT_EQUAL(
      refused.err.find(
          "(400/10113): set buckets.max_bytes, as this account demands a limit"),
      std::string::npos);
  program x{run(login + "buckets.max_bytes = 1000000\n"), path("out")};
  x.require(at_work);
}

CAF_TEST(a server without JetStream is named with the remedy) {
  nats_server plain{{.jetstream = false}};
  auto words = run("timeouts.startup = '1s'\n");
  words.insert(words.end(), {"--url", plain.url()});
  auto x = run_partita(words);
  CAF_CHECK_EQUAL(x.code, 1);
  CAF_CHECK_NOT_EQUAL(x.err.find("start nats-server with -js"), std::string::npos);
}

CAF_TEST(an outage has one line when it begins and one when it ends) {
  program x{run(), path("out")};
  x.require(at_work);
  server.kill();
  x.require("no connection to NATS: ");
  // Some tries fail meanwhile.
  eventually(2s, [] { return false; });
  server.start();
  x.require(" s without a connection");
  x.signal(SIGTERM);
  x.wait();
  auto text = x.output();
  auto count = [&](const std::string& part) {
    auto result = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
      ++result;
    return result;
  };
  CAF_CHECK_EQUAL(count("no connection to NATS"), 1);
  CAF_CHECK_EQUAL(count("connected to NATS at"), 2);
}

CAF_TEST(servers may be listed or named one by one) {
  auto url = server.url();
  const std::string other = "nats://127.0.0.1:1";
  for (const auto& words : {std::vector<std::string>{"--url", other, "--url", url},
                            std::vector<std::string>{"--url", other + ',' + url}}) {
    auto all = run();
    all.insert(all.end(), words.begin(), words.end());
    program x{all, path("out")};
    x.require(at_work);
    x.require("joining group orders at " + other + ", " + url);
    fs::remove(path("out"));
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
