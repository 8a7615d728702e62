// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.known_partitions

#include "../../support.hpp"

#include "partita/core/leader/plans/known_partitions.hpp"

using namespace core_test;

namespace {

partition part(const std::string& name, std::int64_t weight = 100) {
  return {{name}, weight};
}

struct fixture {
  partition_index index;
  known_partitions mine{{.patience = 5s}};
  time_point now = time_point{} + 1000s;

  known_partitions::change given(std::vector<partition> xs) {
    return mine.given(index.list(std::move(xs)));
  }
  void go_on_with(std::vector<partition> xs) {
    mine.go_on_with(index.list(std::move(xs)));
  }
  std::vector<partition> all() const { return mine.all()->partitions; }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(known_partitions_tests, fixture)

CAF_TEST(nothing is known before the source speaks) {
  CAF_CHECK(!mine.answered());
  CAF_CHECK(!mine.usable());
  CAF_CHECK(all().empty());
}

CAF_TEST(a list is reported with what it adds) {
  auto x = given({part("a"), part("b")});
  CAF_CHECK_EQUAL(x.added, 2u);
  x = given({part("b"), part("c"), part("d")});
  CAF_CHECK_EQUAL(x.added, 2u);
  CAF_CHECK(!x.same);
  CAF_CHECK(all() == (std::vector{part("b"), part("c"), part("d")}));
  CAF_MESSAGE("one that is gone, and another weight, change it and add nothing");
  x = given({part("b"), part("c")});
  CAF_CHECK(x.added == 0 && !x.same);
  x = given({part("b", 300), part("c")});
  CAF_CHECK(x.added == 0 && !x.same);
  x = given({part("b", 300), part("c")});
  CAF_CHECK(x.added == 0 && x.same);
}

CAF_TEST(a list that is really empty can be planned with) {
  auto x = given({});
  CAF_CHECK(x.added == 0 && x.same);
  CAF_CHECK(mine.answered());
  CAF_CHECK(mine.usable());
}

CAF_TEST(a list stays when the source fails) {
  given({part("a")});
  mine.unknown();
  go_on_with({part("z")});
  CAF_CHECK(mine.usable());
  CAF_CHECK(all() == std::vector{part("a")});
}

CAF_TEST(without a list what the records name is used until one comes) {
  mine.unknown();
  CAF_CHECK(mine.answered());
  CAF_CHECK(!mine.usable());
  CAF_MESSAGE("records that name nothing are no list");
  go_on_with({});
  CAF_CHECK(!mine.usable());
  go_on_with({part("a")});
  CAF_CHECK(mine.usable());
  auto x = given({part("a"), part("b")});
  CAF_CHECK_EQUAL(x.added, 1u);
}

CAF_TEST(silence counts as no list once patience ends) {
  CAF_CHECK(!mine.wake_at());
  CAF_CHECK(!mine.fell_silent(now));
  CAF_REQUIRE(mine.wake_at());
  CAF_CHECK(*mine.wake_at() == now + 5s);
  now += 4999ms;
  CAF_CHECK(!mine.fell_silent(now));
  CAF_CHECK(!mine.answered());
  now += 1ms;
  CAF_CHECK(mine.fell_silent(now));
  CAF_CHECK(mine.answered());
  CAF_MESSAGE("reported once");
  CAF_CHECK(!mine.wake_at());
  CAF_CHECK(!mine.fell_silent(now + 60s));
}

CAF_TEST(a source that has spoken is never silent) {
  CAF_CHECK(!mine.fell_silent(now));
  given({part("a")});
  CAF_CHECK(!mine.wake_at());
  CAF_CHECK(!mine.fell_silent(now + 60s));
  known_partitions other{{.patience = 5s}};
  CAF_CHECK(!other.fell_silent(now));
  other.unknown();
  CAF_CHECK(!other.wake_at());
  CAF_CHECK(!other.fell_silent(now + 60s));
}

CAF_TEST_FIXTURE_SCOPE_END()
