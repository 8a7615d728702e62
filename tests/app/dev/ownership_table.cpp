// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.ownership_table

#include "partita/app/dev/dev_console.hpp"

#include <caf/test/unit_test.hpp>

using namespace partita;
using partita::app::ownership_table;

namespace {

assignment_changed owns(const char* who, std::vector<std::string> names) {
  assignment_changed x;
  x.worker_id = {who};
  x.version = {versions_per_epoch + 1};
  for (auto& name : names)
    x.partitions.push_back({{{std::move(name)}, 100}, x.version});
  return x;
}

struct fixture {
  ownership_table board{3};

  void two_workers() {
    board.apply(worker_id_claimed{{"worker-10"}});
    board.apply(worker_id_claimed{{"worker-2"}});
    board.apply(leadership_changed{{"worker-2"}, true, "key created"});
  }

  bool shows(const std::string& part) {
    auto text = board.take_table();
    CAF_MESSAGE(text);
    return text.find(part) != std::string::npos;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(ownership_table_tests, fixture)

CAF_TEST(the table has a row for each worker in the order of their numbers) {
  two_workers();
  board.apply(owns("worker-10", {"a"}));
  board.apply(owns("worker-2", {"b", "c"}));
  CAF_CHECK_EQUAL(board.take_table(), "WORKER            VERSION  PARTITIONS  SHARE\n"
                                      "worker-2   leads      1.1           2  b c\n"
                                      "worker-10             1.1           1  a\n"
                                      "all 3 partitions are owned exactly once\n");
}

CAF_TEST(only a change of shares asks for a new table) {
  two_workers();
  CAF_CHECK(!board.changed());
  board.apply(owns("worker-2", {"a"}));
  CAF_CHECK(board.changed());
  board.take_table();
  CAF_CHECK(!board.changed());
}

CAF_TEST(partitions without owner and with two owners are counted) {
  two_workers();
  board.apply(owns("worker-2", {"a"}));
  CAF_CHECK(shows("2 of 3 partitions have no owner yet"));
  board.apply(owns("worker-10", {"a", "b", "c"}));
  CAF_CHECK(shows("1 partitions are named by two workers"));
}

CAF_TEST(what a worker owned is free when it has gone) {
  two_workers();
  board.apply(owns("worker-2", {"a", "b", "c"}));
  board.take_table();
  CAF_CHECK_EQUAL(board.apply_killed({"worker-2"}), "worker-2 was killed");
  CAF_CHECK(board.changed());
  CAF_CHECK(shows("3 of 3 partitions have no owner yet"));
  CAF_CHECK(!shows("leads"));
}

CAF_TEST(what happened reads as a sentence) {
  CAF_CHECK_EQUAL(board.apply(worker_id_claimed{{"worker-1"}}), "worker-1 has joined");
  CAF_CHECK_EQUAL(board.apply(leadership_changed{{"worker-1"}, true, "key created"}),
                  "worker-1 leads: key created");
  CAF_CHECK_EQUAL(board.apply(leadership_changed{{"worker-1"}, false, "stopping"}),
                  "worker-1 lost leadership: stopping");
  CAF_CHECK_EQUAL(board.apply(worker_stopped{{"worker-1"}, ""}), "worker-1 has left");
  CAF_CHECK_EQUAL(board.apply(worker_stopped{{}, "no id"}), "a worker gave up: no id");
}

CAF_TEST_FIXTURE_SCOPE_END()
