// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.epoch_floor

#include "../support.hpp"

#include "partita/core/leader/epoch_floor.hpp"

#include <tuple>

using namespace core_test;

namespace {

constexpr std::int64_t wall = 1'795'000'000;

struct fixture {
  epoch_floor mine;
  time_point now = time_point{} + 1000s;

  std::uint64_t floor_at(std::int64_t seconds) {
    return mine.begin(seconds).first.floor.value;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(epoch_floor_tests, fixture)

CAF_TEST(the floor is above what may have been granted before the last doubt) {
  mine.doubt({now, wall});
  CAF_CHECK(mine.begin(wall).first.doubted_since == now);
  CAF_CHECK_EQUAL(floor_at(wall),
                  static_cast<std::uint64_t>(wall + epoch_takeover::usual_lead));
  CAF_MESSAGE("and at least the second in which the leadership begins");
  CAF_CHECK_EQUAL(floor_at(wall + 3600), static_cast<std::uint64_t>(wall + 3600));
}

CAF_TEST(the floor is above every epoch that was seen) {
  mine.saw({wall + 500});
  mine.saw({wall + 7});
  CAF_CHECK_EQUAL(mine.greatest().value, static_cast<std::uint64_t>(wall + 500));
  CAF_CHECK_EQUAL(floor_at(wall), static_cast<std::uint64_t>(wall + 501));
}

CAF_TEST(a clock that is decades off does not use up the numbers) {
  CAF_CHECK_EQUAL(floor_at(std::int64_t{1} << 50), std::uint64_t{1} << 32);
  mine.doubt({now, -(std::int64_t{1} << 50)});
  CAF_CHECK_EQUAL(floor_at(-5), 1u);
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
  CAF_CHECK(mine.begin(wall).first.doubted_since == now);
}

CAF_TEST(a doubt by a new connection is void on a server that is known) {
  mine.connected("one", {now, wall});
  auto [usual, known] = mine.begin(wall);
  CAF_CHECK(usual.doubted_since == now);
  CAF_CHECK_EQUAL(usual.floor.value, static_cast<std::uint64_t>(wall + 60));
  CAF_CHECK(!known.doubted_since);
  CAF_CHECK_EQUAL(known.floor.value, static_cast<std::uint64_t>(wall));
  CAF_MESSAGE("any other doubt is not");
  mine.doubt({now + 1s, wall + 1});
  std::tie(usual, known) = mine.begin(wall);
  CAF_CHECK(usual.doubted_since == now + 1s);
  CAF_CHECK(known.doubted_since == now + 1s);
  CAF_CHECK_EQUAL(known.floor.value, static_cast<std::uint64_t>(wall + 61));
  mine.connected("two", {now + 2s, wall + 2});
  std::tie(usual, known) = mine.begin(wall);
  CAF_CHECK(usual.doubted_since == now + 2s);
  CAF_CHECK(known.doubted_since == now + 1s);
}

CAF_TEST_FIXTURE_SCOPE_END()
