// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE actors.partitions_unknown

#include "../support/group_fixture.hpp"

using namespace partita;
using namespace std::chrono_literals;

namespace {

struct fixture : test::group_fixture {
  void fail(const std::string& why) {
    anon_send(source, partitions_unavailable{why});
    pass(10ms);
  }

  /// All alerts of that kind, of all members, as level and text.
  std::vector<std::string> alerts() {
    std::vector<std::string> result;
    for (auto& [name, x] : members)
      for (const auto& y : x.heard->alerts)
        if (y.what == "partitions_unknown")
          result.push_back(std::string{y.over ? "over" : to_string(y.level)} + ": "
                           + y.why);
    return result;
  }

  // By value: the test framework keeps references to what it compares.
  std::string said(std::size_t i) { return alerts().at(i); }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(partitions_unknown_tests, fixture)

CAF_TEST(a list that cannot be had is an alert that grows and ends) {
  settle({"a", "b"}, 6);
  fail("the bucket is gone");
  fail("the bucket is gone");
  CAF_REQUIRE_EQUAL(alerts().size(), 1u);
  CAF_CHECK_EQUAL(said(0), "warn: the bucket is gone");
  pass(61s);
  CAF_REQUIRE_EQUAL(alerts().size(), 2u);
  CAF_CHECK_EQUAL(said(1), "error: the bucket is gone");
  fail("no permission");
  CAF_CHECK_EQUAL(said(2), "error: no permission");
  CAF_CHECK(balanced(12, 6));
  source_list(14);
  CAF_CHECK(pass_until([&] { return balanced(14, 7); }, 30s));
  CAF_REQUIRE_EQUAL(alerts().size(), 4u);
  CAF_CHECK_EQUAL(alerts()[3].substr(0, 5), "over:");
}

CAF_TEST(owners stay through a change of leader while the list cannot be had) {
  settle({"a", "b", "c"}, 4);
  fail("the bucket is gone");
  auto before = owners();
  auto leader = the_leader();
  crash(leader);
  CAF_CHECK(pass_until([&] { return settled(12); }, 30s));
  CAF_CHECK(!alerts().empty());
  CAF_CHECK(owners() == before);
}

CAF_TEST(a new group without a list waits for it and says so) {
  anon_send(source, partitions_unavailable{"the bucket holds nothing"});
  start("a");
  start("b");
  pass(30s);
  CAF_CHECK(owners().empty());
  CAF_CHECK_EQUAL(leaders().size(), 1u);
  CAF_CHECK_EQUAL(alerts().size(), 1u);
  source_list(12);
  CAF_CHECK(pass_until([&] { return balanced(12, 6); }, 30s));
}

CAF_TEST(a list that cannot be used is an alert and the last one stays) {
  settle({"a", "b"}, 6);
  anon_send(source, partition_list{{{{"a"}}, {{"a"}}}});
  pass(30s);
  CAF_REQUIRE_EQUAL(alerts().size(), 1u);
  CAF_CHECK(alerts()[0].find("names must differ") != std::string::npos);
  CAF_CHECK(balanced(12, 6));
}

CAF_TEST(a list of which a part could not be read counts and is an alert) {
  settle({"a", "b"}, 6);
  anon_send(source, partition_list{partita::test::numbered_partitions(14), "key 'p.x'"});
  CAF_CHECK(pass_until([&] { return balanced(14, 7); }, 30s));
  CAF_REQUIRE_EQUAL(alerts().size(), 1u);
  CAF_CHECK_EQUAL(said(0), "warn: key 'p.x'");
}

CAF_TEST(a source that ends is one whose list cannot be had) {
  settle({"a", "b"}, 6);
  anon_send_exit(source, caf::exit_reason::kill);
  pass(1s);
  CAF_REQUIRE_EQUAL(alerts().size(), 1u);
  CAF_CHECK(alerts()[0].find("the partition source ended") != std::string::npos);
  CAF_CHECK(balanced(12, 6));
}

CAF_TEST(shares follow the capacities of the workers) {
  base.worker.capacity = 300;
  start("a");
  base.worker.capacity = 100;
  start("b");
  CAF_CHECK(pass_until(
      [&] {
        return settled(12) && heard("a").owns().size() == 9
               && heard("b").owns().size() == 3;
      },
      30s));
}

CAF_TEST_FIXTURE_SCOPE_END()
