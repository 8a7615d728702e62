// SPDX-License-Identifier: Apache-2.0
// A member of the group "orders" in plain C++, until SIGINT or SIGTERM:
//
//   plain nats://127.0.0.1:4222     (without an argument: a store in this process)

#include <partita/embed/member.hpp>

#include <csignal>
#include <iostream>
#include <unistd.h>

using namespace partita::embed;

int main(int argc, char** argv) {
  // Before any thread begins: these signals wait for sigwait.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  options how{.group = "orders", .on_deadline = deadline_action::end_process()};
  how.partitions = [] {
    return std::vector<partition>{{{"orders", "eu"}}, {{"orders", "us"}}};
  };
  how.assigned = [](const work_assigned& x) {
    for (const auto& p : x.partitions)
      std::cout << x.worker_id << " begins " << p.name << ", token " << p.token
                << std::endl;
  };
  how.revoke = [](const stop_order& x) {
    for (const auto& p : x.partitions)
      std::cout << x.worker_id << " stops " << p.name << ": " << p.reason << std::endl;
    x.stopped(); // Once no work is left: here, or later on any thread.
  };
  how.alerted = [](const alert& x) {
    std::cout << x.level << ": " << x.why << std::endl;
  };
  how.ended = [](const std::string&) { kill(getpid(), SIGTERM); };

  try {
    auto nats = argc > 1 ? connection{{.url = {argv[1]}}} : connection::in_memory();
    member worker{nats, how};
    int signal = 0;
    sigwait(&signals, &signal);
    auto failure = worker.leave();
    std::cout << (failure.empty() ? "has left" : failure) << std::endl;
    return failure.empty() ? 0 : 1;
  } catch (const bad_options& x) {
    std::cerr << x.what() << '\n';
    return 2;
  }
}
