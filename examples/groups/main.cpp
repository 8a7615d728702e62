// SPDX-License-Identifier: Apache-2.0
// One process that is a member of two groups, over one connection. Ends with 0 once it works
// on all partitions of both.
//
//   groups nats://127.0.0.1:4222     (without an argument: a store in this process)

#include <partita/embed/member.hpp>

#include <future>
#include <iostream>
#include <utility>

using namespace partita::embed;

namespace {

/// What a member works on. Only the callbacks of that member use it, on one thread.
struct work {
  std::size_t running = 0;
  std::promise<void> all;
  bool complete = false;
};

options member_of(const std::string& group, std::vector<partition> list, work& mine) {
  options how{.group = group, .on_deadline = deadline_action::end_process()};
  auto wanted = list.size();
  how.partitions = [list] { return list; };
  // Here a partition is assigned once. A host that runs for long looks for those that it
  // works on already, whose token has changed.
  how.assigned = [&mine, wanted](const work_assigned& x) {
    for (const auto& p : x.partitions)
      std::cout << x.group << ": " << x.worker_id << " begins " << p.name << std::endl;
    mine.running += x.partitions.size();
    if (mine.running == wanted && !std::exchange(mine.complete, true))
      mine.all.set_value();
  };
  how.revoke = [&mine](const stop_order& x) {
    std::cout << x.group << ": " << x.worker_id << " stops " << x.partitions.size()
              << " partitions" << std::endl;
    mine.running -= x.partitions.size();
    x.stopped();
  };
  return how;
}

} // namespace

int main(int argc, char** argv) {
  try {
    auto nats = argc > 1 ? connection{{.url = {argv[1]}}} : connection::in_memory();
    work orders, invoices;
    member first{nats,
                 member_of("orders", {{{"orders", "eu"}}, {{"orders", "us"}}}, orders)};
    member second{nats, member_of("invoices", {{{"invoices", "all"}}}, invoices)};
    orders.all.get_future().wait();
    invoices.all.get_future().wait();
    // One after the other; the destructors would do the same.
    auto good = first.leave().empty() && second.leave().empty();
    std::cout << (good ? "both groups are left" : "failed") << std::endl;
    return good ? 0 : 1;
  } catch (const bad_options& x) {
    std::cerr << x.what() << '\n';
    return 2;
  }
}
