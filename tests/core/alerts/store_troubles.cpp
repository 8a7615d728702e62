// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.store_troubles

#include "../support.hpp"

#include "partita/core/alerts/store_troubles.hpp"

using namespace core_test;

namespace {

struct fixture {
  time_point now = time_point{} + 1000s;
  store_troubles all{5s};
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(store_troubles_tests, fixture)

CAF_TEST(a trouble that outlasts the patience is reported with its last reason) {
  all.found("the record", 1, "no leader", now);
  CAF_CHECK(all.grows_at(now) == now + 5s);
  now += 4999ms;
  all.found("the record", 1, "no quorum", now);
  CAF_CHECK_EQUAL(all.text(now), "");
  now += 1ms;
  CAF_CHECK_EQUAL(all.text(now), "the record: no quorum");
  CAF_CHECK(!all.grows_at(now));
  all.found("a worker id", 2, "all in use", now);
  CAF_CHECK(all.grows_at(now) == now + 5s);
  now += 5s;
  CAF_CHECK_EQUAL(all.text(now), "a worker id: all in use; the record: no quorum");
  all.found("a worker id", 2, "", now);
  CAF_CHECK_EQUAL(all.text(now), "the record: no quorum");
}

CAF_TEST(a trouble ends with the actor that had it and starts again with the next one) {
  all.found("the record", 1, "no leader", now);
  all.found("a worker id", 2, "all in use", now);
  now += 5s;
  all.keep_if([](std::uint64_t run) { return run == 2; });
  CAF_CHECK_EQUAL(all.text(now), "a worker id: all in use");
  all.found("a worker id", 3, "all in use", now);
  CAF_CHECK_EQUAL(all.text(now), "");
  CAF_CHECK(all.grows_at(now) == now + 5s);
}

CAF_TEST(without a connection nothing is reported and its return counts as a new begin) {
  all.found("the record", 1, "no answer", now);
  all.link_is(false, now);
  now += 60s;
  CAF_CHECK_EQUAL(all.text(now), "");
  CAF_CHECK(!all.grows_at(now));
  all.link_is(true, now);
  CAF_CHECK_EQUAL(all.text(now), "");
  now += 5s;
  CAF_CHECK_EQUAL(all.text(now), "the record: no answer");
}

CAF_TEST_FIXTURE_SCOPE_END()
