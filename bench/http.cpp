// SPDX-License-Identifier: Apache-2.0
// From a change of version to the news of it at each of 1,000 clients that wait: followers of
// /v1/events, then long polls of /v1/assignment. The server is a process of its own, without
// NATS; its CPU and memory are those of HTTP alone.
//
//   build/bin/partita-bench-http [CLIENTS] [ROUNDS]

#include "partita/app/http/application_state.hpp"
#include "partita/app/http/http_server.hpp"
#include "partita/app/process/runtime.hpp"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>

#include <arpa/inet.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace partita;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr std::uint64_t owned = 20;

/// Serves; for each byte of `orders` all partitions get new tokens.
[[noreturn]] void serve(int orders, int port) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  app::runtime_config config;
  caf::actor_system sys{config};
  caf::scoped_actor host{sys};
  auto application =
      app::spawn_application_state(sys, {}, caf::actor_cast<caf::actor>(host), {});
  auto started = app::http_server::start(sys, {{"127.0.0.1:0", {}}}, application);
  auto& server = std::get<0>(started);
  const auto& address = server->address();
  auto number = std::stoi(address.substr(address.rfind(':') + 1));
  caf::anon_send(application, session_valid{worker_clock::boottime() + 1h});
  if (write(port, &number, sizeof(number)) < 0)
    _exit(1);
  std::uint64_t token = 0;
  for (char c = 0; read(orders, &c, 1) == 1;) {
    ++token;
    partitions_assigned what{{"worker-1"}, {{1}, {token}}, {}, true};
    for (std::uint64_t i = 0; i < owned; ++i)
      what.partitions.push_back({{{"orders", std::to_string(i)}, 100}, {token}});
    caf::anon_send(application, what);
  }
  _exit(0);
}

struct server_process {
  pid_t pid = 0;
  int orders = -1;
  int port = 0;

  server_process() {
    int to[2];
    int from[2];
    if (pipe(to) != 0 || pipe(from) != 0)
      throw std::runtime_error{"no pipe"};
    pid = fork();
    if (pid == 0) {
      close(to[1]);
      serve(to[0], from[1]);
    }
    close(to[0]);
    close(from[1]);
    orders = to[1];
    if (read(from[0], &port, sizeof(port)) != sizeof(port))
      throw std::runtime_error{"the server does not start"};
  }

  void change_version() const {
    if (write(orders, "x", 1) != 1)
      throw std::runtime_error{"the server has ended"};
  }

  double cpu_seconds() const {
    std::ifstream in{"/proc/" + std::to_string(pid) + "/stat"};
    std::string text;
    std::getline(in, text);
    auto user = 0.0;
    auto kernel = 0.0;
    std::sscanf(text.c_str() + text.rfind(')') + 2,
                "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lf %lf", &user, &kernel);
    return (user + kernel) / static_cast<double>(sysconf(_SC_CLK_TCK));
  }

  /// Of /proc/PID/status.
  double value_of(const std::string& name) const {
    std::ifstream in{"/proc/" + std::to_string(pid) + "/status"};
    for (std::string line; std::getline(in, line);)
      if (line.starts_with(name + ':'))
        return std::stod(line.substr(name.size() + 1));
    return 0;
  }
};

/// Connections that wait for a text each.
class clients {
public:
  clients(std::size_t n, int port) : open_(n), received_(n) {
    for (auto& fd : open_) {
      fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      sockaddr_in to{};
      to.sin_family = AF_INET;
      to.sin_port = htons(static_cast<std::uint16_t>(port));
      to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)) != 0)
        throw std::runtime_error{"cannot connect"};
      epoll_event what{};
      what.events = EPOLLIN;
      what.data.u64 = static_cast<std::uint64_t>(&fd - open_.data());
      epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &what);
    }
  }

  void say(const std::string& path) {
    auto text = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (auto fd : open_)
      if (write(fd, text.data(), text.size()) < 0)
        throw std::runtime_error{"a connection was closed"};
  }

  /// Until each has received that; how long each took since `begun`, sorted.
  std::vector<double> wait_for(const std::string& text, steady::time_point begun) {
    for (auto& x : received_)
      x.clear();
    std::vector<double> result;
    std::vector<char> buffer(64 * 1024);
    while (result.size() < open_.size()) {
      epoll_event ready[64];
      auto n = epoll_wait(epoll_, ready, 64, 30'000);
      if (n <= 0)
        throw std::runtime_error{"no news within 30 s"};
      for (auto* x = ready; x < ready + n; ++x) {
        auto& text_so_far = received_[x->data.u64];
        auto size = read(open_[x->data.u64], buffer.data(), buffer.size());
        if (size <= 0)
          throw std::runtime_error{"a connection was closed"};
        auto before = text_so_far.find(text) != std::string::npos;
        text_so_far.append(buffer.data(), static_cast<std::size_t>(size));
        if (!before && text_so_far.find(text) != std::string::npos)
          result.push_back(
              std::chrono::duration<double, std::milli>(steady::now() - begun).count());
      }
    }
    std::sort(result.begin(), result.end());
    return result;
  }

  const std::string& received() const { return received_.front(); }

private:
  int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  std::vector<int> open_;
  std::vector<std::string> received_;
};

void print(const char* what, std::vector<double> all, double cpu_seconds, int rounds) {
  std::sort(all.begin(), all.end());
  std::printf("%-12s p50 %6.1f ms, p95 %6.1f ms, max %6.1f ms; CPU %5.1f ms a version\n",
              what, all[all.size() / 2], all[all.size() * 95 / 100], all.back(),
              1000 * cpu_seconds / rounds);
}

void measure(const char* what, bool follow, std::size_t n, int rounds) {
  server_process server;
  auto memory = server.value_of("VmRSS");
  clients all{n, server.port};
  std::string path = "/v1/events";
  all.say(follow ? path : "/v1/assignment");
  all.wait_for(follow ? "nothing new" : "]}\n", steady::now());
  std::vector<double> took;
  auto cpu = server.cpu_seconds();
  for (auto i = 1; i <= rounds; ++i) {
    if (!follow) {
      auto at = all.received().find("\"version\":") + 10;
      path = "/v1/assignment?wait=30s&version="
             + all.received().substr(at, all.received().find(',', at) - at);
      all.say(path);
    }
    // All wait again.
    std::this_thread::sleep_for(500ms);
    auto begun = steady::now();
    server.change_version();
    auto more = all.wait_for("\"token\":" + std::to_string(i) + "}", begun);
    took.insert(took.end(), more.begin(), more.end());
  }
  print(what, took, server.cpu_seconds() - cpu, rounds);
  std::printf("%-12s %.0f threads; %.1f KiB of memory for each client\n", "",
              server.value_of("Threads"),
              (server.value_of("VmRSS") - memory) / static_cast<double>(n));
  close(server.orders);
  waitpid(server.pid, nullptr, 0);
}

} // namespace

int main(int argc, char** argv) {
  auto n = argc > 1 ? std::stoul(argv[1]) : 1000;
  auto rounds = argc > 2 ? std::stoi(argv[2]) : 20;
  // The server raises its own limit of open files.
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  measure("events", true, n, rounds);
  measure("long polls", false, n, rounds);
}
