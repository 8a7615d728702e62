// SPDX-License-Identifier: Apache-2.0
#include "partita/tests/support/nats_server.hpp"

#include "partita/tests/support/eventually.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

namespace partita::test {

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using clock = std::chrono::steady_clock;

/// How often we look whether something has happened.
constexpr auto glance = 2ms;

fs::path find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders{std::string{path ? path : ""} + ":/usr/sbin:/usr/local/bin"};
  for (std::string folder; std::getline(folders, folder, ':');) {
    auto candidate = fs::path{folder} / name;
    if (!folder.empty() && ::access(candidate.c_str(), X_OK) == 0)
      return candidate;
  }
  return {};
}

/// A port that no program listens on. Below the range from which the kernel takes ports
/// for outgoing connections, so that a server can come back to it.
std::uint16_t probe_port() {
  static std::mt19937 random{std::random_device{}()};
  std::uniform_int_distribution<int> ports{10'000, 32'000};
  for (;;) {
    auto port = static_cast<std::uint16_t>(ports(random));
    auto fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* raw = static_cast<sockaddr*>(static_cast<void*>(&at));
    auto free = ::bind(fd, raw, sizeof(at)) == 0;
    ::close(fd);
    if (free)
      return port;
  }
}

/// Where the folders of servers are made: in memory if there is room. A disk that others write
/// to holds up each write of a server, for 50 ms and more, and a cluster's elections, for half
/// a minute.
fs::path servers_place() {
  const fs::path memory{"/dev/shm"};
  constexpr std::uintmax_t room = 512U << 20U;
  std::error_code none;
  auto space = fs::space(memory, none);
  auto fits = !none && space.available != static_cast<std::uintmax_t>(-1)
              && space.available >= room && ::access(memory.c_str(), W_OK | X_OK) == 0;
  return fits ? memory : fs::temp_directory_path();
}

fs::path make_dir() {
  auto pattern = (servers_place() / "partita-nats-XXXXXX").string();
  if (!::mkdtemp(pattern.data()))
    throw std::runtime_error("cannot make a folder like " + pattern);
  return pattern;
}

void replace_all(std::string& text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos;
       at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

/// Starts a program that dies with this thread, in a network namespace if one is named; its
/// output goes to `log`.
pid_t spawn(const std::vector<std::string>& command, const fs::path& log,
            const std::string& network = {}) {
  // All memory is taken before the fork: after it only plain system calls are safe.
  std::vector<char*> argv;
  auto words = command;
  for (auto& word : words)
    argv.push_back(word.data());
  argv.push_back(nullptr);
  auto net = network.empty() ? network : "/run/netns/" + network;
  auto parent = ::getpid();
  auto pid = ::fork();
  if (pid != 0)
    return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent)
    ::_exit(126);
  if (!net.empty()
      && ::setns(::open(net.c_str(), O_RDONLY | O_CLOEXEC), CLONE_NEWNET) != 0)
    ::_exit(126);
  // A test that blocks signals must not pass that on.
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  auto fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(fd, STDOUT_FILENO);
  ::dup2(fd, STDERR_FILENO);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

bool run(const std::vector<std::string>& command, const fs::path& log) {
  auto pid = spawn(command, log);
  int status = 0;
  return pid > 0 && ::waitpid(pid, &status, 0) == pid && WIFEXITED(status)
         && WEXITSTATUS(status) == 0;
}

std::string read_file(const fs::path& path) {
  std::ifstream in{path};
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

} // namespace

nats_server::nats_server(nats_server_options options)
    : options_(std::move(options)), dir_(make_dir()) {
  start();
}

nats_server::~nats_server() {
  if (running()) {
    ::kill(pid_, SIGKILL);
    reap();
  }
  std::error_code ignored;
  fs::remove_all(dir_, ignored);
}

bool nats_server::available() {
  return !find_program("nats-server").empty();
}

std::uint16_t nats_server::free_port() {
  return probe_port();
}

std::string nats_server::url() const {
  return options_.scheme + "://" + options_.address + ':' + std::to_string(port_);
}

std::string nats_server::log() const {
  return read_file(dir_ / "server.log");
}

void nats_server::start() {
  if (running())
    return;
  // Two servers may find the same port free at the same time: the second one gives up.
  for (auto until = clock::now() + options_.patience; clock::now() < until;) {
    if (!port_is_ours_)
      port_ = options_.network.empty() ? probe_port() : 4222;
    if (try_start()) {
      port_is_ours_ = true;
      return;
    }
    // A pause before another port, or the same one once its user lets it go: no event.
    std::this_thread::sleep_for(glance);
  }
  fail("did not start");
}

bool nats_server::try_start() {
  auto program =
      options_.program.empty() ? find_program("nats-server") : options_.program;
  if (program.empty())
    throw std::runtime_error("no nats-server in PATH or /usr/sbin; on Debian: apt-get "
                             "install nats-server");
  write_config();
  fs::remove(dir_ / "server.log");
  pid_ = spawn({program.string(), "-c", (dir_ / "server.conf").string()},
               dir_ / "server.log", options_.network);
  if (pid_ < 0)
    fail("cannot be started");
  auto ended = false;
  auto ready = eventually(options_.patience, [&] {
    ended = ::waitpid(pid_, nullptr, WNOHANG) == pid_;
    return ended || log().find("Server is ready") != std::string::npos;
  });
  if (!ended && !ready)
    fail("does not get ready");
  if (!ended)
    return true;
  pid_ = 0;
  if (log().find("address already in use") == std::string::npos)
    fail("ended at once");
  return false;
}

void nats_server::write_config() const {
  auto extra = options_.config;
  replace_all(extra, "$DIR", dir_.string());
  std::ofstream out{dir_ / "server.conf"};
  out << "listen: \"" << options_.address << ':' << port_ << "\"\n";
  if (options_.jetstream)
    out << "jetstream { store_dir: \"" << (dir_ / "store").string()
        << "\", max_mem: 256M, max_file: 1G }\n";
  out << extra << '\n';
}

void nats_server::kill() {
  if (!running())
    return;
  signal(SIGKILL);
  reap();
}

bool nats_server::restart_if_ended() {
  if (!running() || ::waitpid(pid_, nullptr, WNOHANG) != pid_)
    return false;
  pid_ = 0;
  start();
  return true;
}

void nats_server::stop() {
  if (!running())
    return;
  signal(SIGTERM);
  if (!eventually(options_.patience,
                  [&] { return ::waitpid(pid_, nullptr, WNOHANG) == pid_; }))
    fail("does not stop");
  pid_ = 0;
}

void nats_server::freeze() {
  signal(SIGSTOP);
  // Sent is not done: wait until the kernel shows it as stopped.
  auto stat = "/proc/" + std::to_string(pid_) + "/stat";
  if (!eventually(options_.patience, [&] {
        auto text = read_file(stat);
        auto end = text.rfind(')');
        return end != std::string::npos && text.compare(end, 3, ") T") == 0;
      }))
    fail("does not freeze");
}

void nats_server::thaw() {
  signal(SIGCONT);
}

void nats_server::wipe() {
  if (running())
    fail("still runs: nothing is removed under it");
  fs::remove_all(dir_ / "store");
}

void nats_server::configure(std::string config) {
  options_.config = std::move(config);
}

void nats_server::reload(std::string config) {
  configure(std::move(config));
  write_config();
  auto count = [&] {
    auto text = log();
    std::size_t result = 0;
    for (auto at = text.find("Reloaded server configuration"); at != std::string::npos;
         at = text.find("Reloaded server configuration", at + 1))
      ++result;
    return result;
  };
  auto before = count();
  signal(SIGHUP);
  if (!eventually(options_.patience, [&] { return count() > before; }))
    fail("does not reload");
}

void nats_server::fail(const std::string& what) const {
  throw std::runtime_error("nats-server on port " + std::to_string(port_) + " " + what
                           + "; it says:\n" + log());
}

void nats_server::signal(int number) const {
  if (!running() || ::kill(pid_, number) != 0)
    fail("does not run");
}

void nats_server::reap() {
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR)
    continue;
  pid_ = 0;
}

bool make_certificates(const fs::path& dir) {
  auto openssl = find_program("openssl");
  if (openssl.empty())
    return false;
  auto at = [&](const char* name) { return (dir / name).string(); };
  auto log = dir / "openssl.log";
  std::ofstream{dir / "san.ext"} << "subjectAltName=DNS:localhost,IP:127.0.0.1\n";
  auto curve = std::string{"ec_paramgen_curve:prime256v1"};
  return run({openssl.string(), "req", "-x509", "-newkey", "ec", "-pkeyopt", curve,
              "-nodes", "-days", "2", "-subj", "/CN=partita test authority", "-keyout",
              at("ca-key.pem"), "-out", at("ca.pem")},
             log)
         && run({openssl.string(), "req", "-newkey", "ec", "-pkeyopt", curve, "-nodes",
                 "-subj", "/CN=localhost", "-keyout", at("key.pem"), "-out",
                 at("csr.pem")},
                log)
         && run({openssl.string(), "x509", "-req", "-in", at("csr.pem"), "-CA",
                 at("ca.pem"), "-CAkey", at("ca-key.pem"), "-CAcreateserial", "-days",
                 "2", "-extfile", at("san.ext"), "-out", at("cert.pem")},
                log);
}

} // namespace partita::test
