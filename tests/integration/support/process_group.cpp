// SPDX-License-Identifier: Apache-2.0
#include "group.hpp"

#include "../../support/eventually.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace partita::test {

namespace {

std::string line_of(const std::string& file) {
  std::ifstream in{file};
  std::string result;
  std::getline(in, result);
  return result;
}

/// The first child of a process; 0: none.
pid_t child_of(pid_t pid) {
  auto folder = "/proc/" + std::to_string(pid);
  std::istringstream all{line_of(folder + "/task/" + std::to_string(pid) + "/children")};
  pid_t result = 0;
  all >> result;
  return result;
}

} // namespace

// -- one process ------------------------------------------------------------------------

worker_process::worker_process(std::string name, const std::string& program,
                               std::vector<std::string> arguments, journal& to,
                               const std::filesystem::path& log)
    : name_{std::move(name)} {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0)
    throw std::runtime_error{"no pipe for a worker process"};
  auto err = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  arguments.insert(arguments.begin(), program);
  std::vector<char*> argv;
  for (auto& x : arguments)
    argv.push_back(x.data());
  argv.push_back(nullptr);
  to.begun(name_);
  pid_ = fork();
  if (pid_ == 0) {
    // Only calls that are safe between fork and exec of a program with threads.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(fds[1], STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  close(fds[1]);
  close(err);
  reader_ = std::thread{[this, fd = fds[0], &to] { read_events(fd, to); }};
}

void worker_process::read_events(int fd, journal& to) {
  std::string rest;
  char buffer[65536];
  for (;;) {
    auto n = read(fd, buffer, sizeof(buffer));
    if (n <= 0)
      break;
    rest.append(buffer, static_cast<std::size_t>(n));
    for (auto end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
      to.add(name_, rest.substr(0, end));
      rest.erase(0, end + 1);
    }
  }
  close(fd);
}

worker_process::~worker_process() {
  if (pid_ > 0) {
    // Its guard ends with it.
    ::kill(worker(), SIGKILL);
    wait();
  }
}

void worker_process::signal(int number) const {
  if (pid_ > 0)
    ::kill(pid_, number);
}

pid_t worker_process::worker() const {
  auto child = child_of(pid_);
  auto name = line_of("/proc/" + std::to_string(child) + "/comm");
  return name == "partita-worker" ? child : pid_;
}

void worker_process::freeze() const {
  auto pid = worker();
  ::kill(pid, SIGSTOP);
  auto stopped = eventually(std::chrono::seconds{20}, [&] {
    auto stat = line_of("/proc/" + std::to_string(pid) + "/stat");
    return stat.find(") T ") != std::string::npos;
  });
  if (!stopped)
    throw std::runtime_error{"the worker " + name_ + " does not stop"};
}

int worker_process::wait() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
  reader_.join(); // The pipe ends with the process, so every event has been read.
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// -- the group --------------------------------------------------------------------------

process_group::process_group(timings with)
    : timings_{with}, server_{std::make_unique<test::nats_server>()} {
  write_config();
}

process_group::process_group(timings with, std::unique_ptr<test::nats_cluster> cluster)
    : timings_{with}, cluster_{std::move(cluster)} {
  timings_.replicas = test::nats_cluster::size;
  write_config();
}

process_group::~process_group() = default;

const std::filesystem::path& process_group::dir() const {
  return (cluster_ ? cluster_->node(0) : *server_).dir();
}

std::string process_group::urls() const {
  return cluster_ ? cluster_->urls() : '"' + server_->url() + '"';
}

std::string process_group::config_file() const {
  return (dir() / "group.toml").string();
}

void process_group::write_config() const {
  auto ms = [](std::chrono::milliseconds x) {
    return '"' + std::to_string(x.count()) + "ms\"";
  };
  std::ofstream out{config_file()};
  out << "[group]\nname = \"it\"\n"
      << "[nats]\nurl = " << urls() << "\n[buckets]\nreplicas = " << timings_.replicas
      << "\n"
      << "[worker]\nid_max = " << timings_.id_max << "\nid_ttl = " << ms(timings_.id_ttl)
      << "\n[heartbeat]\ninterval = " << ms(timings_.beat)
      << "\nttl = " << ms(timings_.ttl) << "\n[election]\nlease = " << ms(timings_.lease)
      << "\n[rebalance]\ncold_start_window = " << ms(timings_.cold_start_window)
      << "\nplanned_scale_window = " << ms(timings_.planned_scale_window)
      << "\nsettle_time = " << ms(timings_.settle)
      << "\nmin_interval = " << ms(timings_.min_interval)
      << "\nhandoff_timeout = " << ms(timings_.handoff_timeout)
      << "\nrestart_hold = " << ms(timings_.restart_hold) << "\n[partitions]\n"
      << (timings_.source.empty()
              ? "prefix = \"p\"\ncount = " + std::to_string(timings_.partitions)
              : timings_.source)
      << "\n[timeouts]\nstartup = " << ms(timings_.startup)
      << "\nrequest = " << ms(timings_.request) << "\n[log]\nlevel = \"debug\"\n";
}

void process_group::start(const std::string& name, const std::vector<std::string>& more) {
  std::vector<std::string> arguments{"run", "-c", config_file(), "--set",
                                     "worker.instance=" + name};
  // The journal receives nothing of a worker whose events go elsewhere.
  if (std::find(more.begin(), more.end(), "--events") == more.end())
    arguments.insert(arguments.end(), {"--events", "-"});
  if (with_proxies_) {
    auto& proxy = proxies_[name];
    if (!proxy)
      proxy = std::make_unique<tcp_proxy>(server_->port());
    arguments.insert(arguments.end(), {"--set", "nats.url=" + proxy->url()});
  }
  if (!with_guard_ && guards_)
    arguments.push_back("--no-guard");
  arguments.insert(arguments.end(), more.begin(), more.end());
  auto program = program_;
  if (!network_.empty()) {
    arguments.insert(arguments.begin(), {"--net=/run/netns/" + network_, program});
    program = "nsenter";
  }
  processes_[name] = std::make_unique<worker_process>(name, program, std::move(arguments),
                                                      journal_, dir() / (name + ".log"));
}

void process_group::start_many(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    start("w" + std::to_string(i));
}

void process_group::kill(const std::string& name) {
  ::kill(processes_.at(name)->worker(), SIGKILL);
  // Others own what it had before its guard, which says goodbye for it, has ended.
  wait_for_end(name, wall_ns());
}

int process_group::stop(const std::string& name) {
  tell_to_stop(name);
  return wait_for_end(name);
}

void process_group::tell_to_stop(const std::string& name) {
  processes_.at(name)->signal(SIGTERM);
}

int process_group::wait_for_end(const std::string& name, std::int64_t since_ns) {
  auto code = processes_.at(name)->wait();
  processes_.erase(name);
  frozen_.erase(name);
  journal_.gone(name, since_ns);
  return code;
}

void process_group::freeze(const std::string& name) {
  processes_.at(name)->freeze();
  frozen_[name] = wall_ns();
}

void process_group::thaw(const std::string& name) {
  auto since = frozen_.extract(name);
  // Before it can do anything, so that what it does then is judged by that.
  journal_.slept(name, since.mapped(), wall_ns());
  ::kill(processes_.at(name)->worker(), SIGCONT);
}

std::string process_group::log(const std::string& name) const {
  std::ifstream in{dir() / (name + ".log")};
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void process_group::use_program(const std::string& path) {
  program_ = path;
  guards_ =
      std::system(("'" + path + "' run --help | grep -q -e --no-guard").c_str()) == 0;
}

bool process_group::rest(std::chrono::milliseconds at_most) {
  return journal_.wait(
      [this](const journal::views& all) {
        return settled(all, processes_.size(), timings_.partitions);
      },
      at_most);
}

void process_group::require_rest() {
  if (!rest())
    throw std::runtime_error{"the group did not come to rest:\n" + journal_.story()};
}

std::chrono::milliseconds process_group::fail_over() {
  auto begin = std::chrono::steady_clock::now();
  kill(leader());
  if (!journal_.wait([](const auto& all) { return !leader_of(all).empty(); }))
    throw std::runtime_error{"no successor:\n" + journal_.story()};
  return std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begin);
}

std::string process_group::overtake_leader() {
  auto old = leader();
  freeze(old);
  auto followed = journal_.wait([&](const auto& all) {
    for (const auto& [name, x] : all)
      if (name != old && x.leading && !x.adopted.empty())
        return true;
    return false;
  });
  if (!followed)
    throw std::runtime_error{"no worker took over:\n" + journal_.story()};
  return old;
}

std::string process_group::a_follower() const {
  auto now = journal_.now();
  auto leads = leader_of(now);
  for (const auto& [name, x] : now)
    if (name != leads)
      return name;
  return {};
}

} // namespace partita::test
