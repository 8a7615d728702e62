// SPDX-License-Identifier: Apache-2.0
// The clock for deadlines at the border.
#include "partita/store/nats/client/alarm_clock.hpp"
#include "partita/tests/border/recorder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

using namespace partita;
using namespace partita::test;

namespace {

using clock = nats::alarm_clock::clock;

class alarms : public ::testing::Test {
protected:
  /// What rang until `whom` did, with the time of each ring.
  std::vector<std::pair<std::uint64_t, clock::time_point>> until(std::uint64_t whom) {
    std::unique_lock lock{mutex};
    auto found = [&] {
      return std::any_of(rings.begin(), rings.end(),
                         [&](const auto& x) { return x.first == whom; });
    };
    EXPECT_TRUE(changed.wait_for(lock, recorder::patience, found));
    return rings;
  }

  /// Calls `change` while the clock's thread is held in a ring: it sees all of that at once,
  /// however long it takes.
  template <class Change>
  void at_once(Change change) {
    std::unique_lock hold{gate};
    tested.set(holder, clock::now());
    until(holder);
    change();
  }

  /// Until the thread has seen what was set before, and goes to sleep over it.
  void let_it_sleep() {
    at_once([] {});
  }

  static constexpr std::uint64_t holder = 99;

  std::mutex gate;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::pair<std::uint64_t, clock::time_point>> rings;
  nats::alarm_clock tested{[this](std::uint64_t whom) {
    {
      std::lock_guard guard{mutex};
      rings.emplace_back(whom, clock::now());
      changed.notify_all();
    }
    std::lock_guard wait{gate};
  }};
};

} // namespace

TEST_F(alarms, each_rings_once_in_its_turn_and_not_early) {
  auto begun = clock::now();
  at_once([&] {
    tested.set(1, begun + 20ms);
    tested.set(2, begun + 5ms);
    tested.set(3, begun + 40ms);
  });
  auto heard = until(3);
  ASSERT_EQ(heard.size(), 4u); // with the holder
  EXPECT_EQ(heard[1].first, 2u);
  EXPECT_EQ(heard[2].first, 1u);
  EXPECT_GE(heard[1].second, begun + 5ms);
  EXPECT_GE(heard[2].second, begun + 20ms);
  EXPECT_GE(heard[3].second, begun + 40ms);
}

TEST_F(alarms, a_time_that_has_passed_rings_at_once) {
  tested.set(1, clock::time_point::min());
  EXPECT_EQ(until(1).size(), 1u);
}

TEST_F(alarms, an_earlier_time_takes_the_place_of_a_later_one) {
  tested.set(1, clock::now() + 1h);
  let_it_sleep();
  tested.set(1, clock::now() + 5ms);
  EXPECT_EQ(until(1).size(), 2u);
}

TEST_F(alarms, a_later_time_takes_the_place_of_an_earlier_one) {
  auto begun = clock::now();
  at_once([&] {
    tested.set(1, begun);
    tested.set(1, begun + 40ms);
  });
  auto heard = until(1);
  ASSERT_EQ(heard.size(), 2u);
  EXPECT_GE(heard[1].second, begun + 40ms);
}

TEST_F(alarms, one_that_is_taken_back_stays_silent) {
  at_once([&] {
    tested.set(1, clock::time_point::min());
    tested.set(2, clock::now());
    tested.set(1, std::nullopt);
  });
  auto heard = until(2);
  ASSERT_EQ(heard.size(), 2u);
  EXPECT_EQ(heard[1].first, 2u);
}

TEST_F(alarms, one_can_be_set_while_it_rings) {
  std::atomic<int> count{0};
  nats::alarm_clock* self = nullptr;
  std::mutex made;
  std::unique_lock lock{made};
  nats::alarm_clock again{[&](std::uint64_t whom) {
    std::lock_guard guard{made};
    if (++count < 3)
      self->set(whom, clock::now() + 1ms);
    else
      tested.set(1, clock::now());
  }};
  self = &again;
  again.set(7, clock::now());
  lock.unlock();
  until(1);
  EXPECT_EQ(count, 3);
}
