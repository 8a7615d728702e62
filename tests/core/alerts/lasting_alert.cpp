// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.lasting_alert

#include "../support.hpp"

#include "partita/core/alerts/lasting_alert.hpp"

using namespace core_test;

namespace {

struct fixture {
  lasting_alert mine{{.error = 60s, .over = "the list of partitions is available again"}};
  time_point now = time_point{} + 1000s;

  auto found(const std::string& why) { return mine.found(why, now); }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(lasting_alert_tests, fixture)

CAF_TEST(trouble is a warning at once and an error when it lasts) {
  auto x = found("the file is gone");
  CAF_REQUIRE(x);
  CAF_CHECK(x->level == alert_level::warn && !x->over);
  CAF_CHECK_EQUAL(x->why, "the file is gone");
  CAF_CHECK(!found("the file is gone"));
  now += 59999ms;
  CAF_CHECK(!mine.tick(now));
  now += 1ms;
  CAF_REQUIRE(mine.wake_at());
  CAF_CHECK(*mine.wake_at() <= now);
  x = mine.tick(now);
  CAF_REQUIRE(x);
  CAF_CHECK(x->level == alert_level::error && x->age == 60s);
  CAF_CHECK(!mine.tick(now) && !mine.wake_at());
}

CAF_TEST(another reason is said again and the age goes on) {
  found("the file is gone");
  now += 30s;
  auto x = found("line 3 is wrong");
  CAF_REQUIRE(x);
  CAF_CHECK(x->level == alert_level::warn && x->age == 30s);
  now += 30s;
  CAF_CHECK(mine.tick(now));
  x = found("line 4 is wrong");
  CAF_REQUIRE(x);
  CAF_CHECK(x->level == alert_level::error);
}

CAF_TEST(the end is said once) {
  CAF_CHECK(!found(""));
  found("the file is gone");
  now += 5s;
  auto x = found("");
  CAF_REQUIRE(x);
  CAF_CHECK(x->over && x->age == 5s);
  CAF_CHECK(!found("") && !mine.wake_at());
  CAF_MESSAGE("and the next trouble starts as a warning again");
  now += 100s;
  x = found("the file is gone");
  CAF_REQUIRE(x);
  CAF_CHECK(x->level == alert_level::warn && x->age == 0s);
}

CAF_TEST_FIXTURE_SCOPE_END()
