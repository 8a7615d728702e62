// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.epoch_floor

#include "../support.hpp"

#include "partita/core/leader/epoch_floor.hpp"

using namespace core_test;

namespace {

constexpr std::int64_t wall = 1'795'000'000;

struct fixture {
  epoch_floor mine;
  time_point now = time_point{} + 1000s;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(epoch_floor_tests, fixture)

CAF_TEST(the floor is above what may have been granted before the last doubt) {
  mine.doubt({now, wall});
  CAF_CHECK(mine.doubted_at() == now);
  CAF_CHECK_EQUAL(mine.begin(wall).value,
                  static_cast<std::uint64_t>(wall + epoch_takeover::usual_lead));
  CAF_MESSAGE("and at least the second in which the leadership begins");
  CAF_CHECK_EQUAL(mine.begin(wall + 3600).value, static_cast<std::uint64_t>(wall + 3600));
}

CAF_TEST(the floor is above every epoch that was seen) {
  mine.saw({wall + 500});
  mine.saw({wall + 7});
  CAF_CHECK_EQUAL(mine.greatest().value, static_cast<std::uint64_t>(wall + 500));
  CAF_CHECK_EQUAL(mine.begin(wall).value, static_cast<std::uint64_t>(wall + 501));
}

CAF_TEST(a clock that is decades off does not use up the numbers) {
  CAF_CHECK_EQUAL(mine.begin(std::int64_t{1} << 50).value, std::uint64_t{1} << 32);
  mine.doubt({now, -(std::int64_t{1} << 50)});
  CAF_CHECK_EQUAL(mine.begin(-5).value, 1u);
}

CAF_TEST(a leadership may act unless there was a doubt since it began) {
  mine.doubt({now, wall});
  CAF_CHECK(mine.is_doubtful());
  mine.begin(wall);
  CAF_CHECK(!mine.is_doubtful());
  mine.doubt({now, wall});
  CAF_CHECK(mine.is_doubtful());
}

CAF_TEST(a connection is a reason to doubt unless the server has not been restarted) {
  auto doubts = [&](const std::string& process) {
    mine.begin(wall);
    mine.connected(process, {now, wall});
    return mine.is_doubtful();
  };
  CAF_CHECK(doubts("one"));
  CAF_CHECK(!doubts("one"));
  CAF_CHECK(doubts("two"));
  CAF_MESSAGE("a process that was met before has lived ever since");
  CAF_CHECK(!doubts("one"));
  CAF_MESSAGE("what does not say which it is may be any");
  CAF_CHECK(doubts(""));
  CAF_CHECK(doubts(""));
  CAF_CHECK(mine.doubted_at() == now);
}

CAF_TEST_FIXTURE_SCOPE_END()
