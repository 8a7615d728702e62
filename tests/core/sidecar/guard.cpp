// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.guard

#include "../support.hpp"

#include "partita/core/sidecar/guard.hpp"

#include <csignal>
#include <random>

using namespace core_test;

namespace {

struct fixture : stepper<guard> {
  guard mine{{.patience = 10s}};

  template <class Event>
  guard::commands on(const Event& what) {
    return step(mine, what);
  }

  void works_until(duration from_now) {
    CAF_CHECK(on(guard::must_stop_by{now + from_now}).empty());
  }

  guard::commands term() { return on(guard::ordered{SIGTERM, true}); }

  /// All below is killed now, and the process then ends with this code.
  void kills(const guard::commands& xs, const std::string& why, int code) {
    CAF_CHECK_NOT_EQUAL(only<guard::kill_all>(xs).why.find(why), std::string::npos);
    CAF_CHECK(mine.killing());
    CAF_CHECK(!mine.wake_at());
    CAF_CHECK(on(guard::worker_ended{137, true}).empty());
    CAF_CHECK_EQUAL(only<guard::finish>(on(guard::cleared{})).code, code);
    CAF_CHECK(!mine.killing());
    CAF_CHECK(on(guard::tick{}).empty());
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(guard_tests, fixture)

CAF_TEST(what is below is killed when its deadline passes without a word) {
  works_until(6s);
  CAF_REQUIRE(mine.wake_at());
  CAF_CHECK(*mine.wake_at() == now + 6s);
  now += 6s - 1ns;
  CAF_CHECK(on(guard::tick{}).empty());
  now += 1ns;
  kills(on(guard::tick{}), "had to stop by now", 1);
}

CAF_TEST(the newest deadline counts) {
  works_until(6s);
  now += 1s;
  works_until(6s);
  now += 5s;
  CAF_CHECK(on(guard::tick{}).empty());
  CAF_MESSAGE("an earlier one, too: the session is over before its time");
  works_until(100ms);
  now += 100ms;
  kills(on(guard::tick{}), "had to stop by now", 1);
}

CAF_TEST(no process is killed once its work has stopped) {
  works_until(6s);
  now += 1s;
  CAF_CHECK(on(guard::stopped{}).empty());
  CAF_CHECK(!mine.wake_at());
  now += 100s;
  CAF_CHECK(on(guard::tick{}).empty());
  CAF_MESSAGE("until it begins again");
  works_until(6s);
  now += 6s;
  kills(on(guard::tick{}), "had to stop by now", 1);
}

CAF_TEST(a worker that ends by itself ends the guard with its code) {
  CAF_CHECK_EQUAL(only<guard::finish>(on(guard::worker_ended{2, false})).code, 2);
}

CAF_TEST(when a worker exits with its work confirmed no other process is killed) {
  works_until(6s);
  on(guard::stopped{});
  CAF_CHECK_EQUAL(only<guard::finish>(on(guard::worker_ended{0, false})).code, 0);
}

CAF_TEST(what a worker leaves behind that ends at work is killed) {
  works_until(6s);
  kills(on(guard::worker_ended{1, false}), "had not confirmed", 1);
}

CAF_TEST(what a worker leaves behind that is killed is killed) {
  kills(on(guard::worker_ended{128 + SIGSEGV, true}), "signal 11", 128 + SIGSEGV);
}

CAF_TEST(one signal is one order and the third to stop kills) {
  CAF_CHECK_EQUAL(only<guard::pass>(term()).signal, SIGTERM);
  CAF_CHECK_EQUAL(only<guard::pass>(on(guard::ordered{SIGHUP, false})).signal, SIGHUP);
  CAF_CHECK_EQUAL(only<guard::pass>(term()).signal, SIGTERM);
  kills(term(), "third order", 1);
}

CAF_TEST(a worker that takes too long to leave is killed) {
  CAF_CHECK(!mine.wake_at());
  on(guard::leaves_within{30s});
  CAF_CHECK(!mine.wake_at());
  term();
  now += 20s;
  CAF_MESSAGE("a second order does not restart the time");
  term();
  now += 10s - 1ns;
  CAF_CHECK(on(guard::tick{}).empty());
  CAF_REQUIRE(mine.wake_at());
  CAF_CHECK(*mine.wake_at() == now + 1ns);
  now += 1ns;
  kills(on(guard::tick{}), "did not leave in time", 1);
}

CAF_TEST(one that says how long it takes after the order has so long) {
  term();
  now += 5s;
  on(guard::leaves_within{60s});
  now += 55s - 1ns;
  CAF_CHECK(on(guard::tick{}).empty());
  now += 1ns;
  kills(on(guard::tick{}), "in time", 1);
}

CAF_TEST(one that leaves by itself is not waited for without end either) {
  on(guard::leaves_within{30s});
  on(guard::leaving{});
  now += 10s;
  CAF_MESSAGE("an order, or a repeated message, does not restart the time");
  term();
  on(guard::leaving{});
  now += 20s;
  kills(on(guard::tick{}), "in time", 1);
}

CAF_TEST(one that has said nothing yet has some time to leave) {
  term();
  now += 10s;
  kills(on(guard::tick{}), "in time", 1);
}

CAF_TEST(another order ends a guard that waits for what does not die) {
  works_until(0s);
  CAF_CHECK_EQUAL(count<guard::kill_all>(on(guard::tick{})), 1u);
  CAF_CHECK(on(guard::ordered{SIGUSR1, false}).empty());
  CAF_MESSAGE("but not before that had some time to end");
  now += 2s - 1ns;
  CAF_CHECK(term().empty());
  CAF_CHECK(mine.killing());
  now += 1ns;
  CAF_CHECK_EQUAL(only<guard::finish>(term()).code, 1);
}

CAF_TEST(a goodbye is said once no process is left and the guard waits for it) {
  on(guard::goodbye_within{6s});
  works_until(6s);
  now += 1s;
  only<guard::kill_all>(on(guard::worker_ended{137, true}));
  CAF_MESSAGE("not while something may still work");
  CAF_CHECK(on(guard::tick{}).empty());
  now += 1s;
  CAF_CHECK(only<guard::say_goodbye>(on(guard::cleared{})).until == now + 6s);
  CAF_CHECK(!mine.killing());
  CAF_CHECK(on(guard::cleared{}).empty());
  CAF_CHECK(on(guard::ordered{SIGHUP, false}).empty());
  CAF_REQUIRE(mine.wake_at());
  now = *mine.wake_at() - 1ns;
  CAF_CHECK(on(guard::tick{}).empty());
  CAF_CHECK_EQUAL(only<guard::finish>(on(guard::goodbye_over{})).code, 137);
}

CAF_TEST(a goodbye that takes too long or an order ends the guard) {
  for (auto by_order : {true, false}) {
    guard any{{}};
    any.step(guard::goodbye_within{6s}, now);
    any.step(guard::worker_ended{137, true}, now);
    any.step(guard::cleared{}, now);
    if (!by_order)
      now += 6s + 2s;
    auto end = by_order ? any.step(guard::ordered{SIGTERM, true}, now)
                        : any.step(guard::tick{}, now);
    CAF_CHECK_EQUAL(only<guard::finish>(end).code, 137);
  }
}

CAF_TEST(no goodbye is said for a worker below which something goes on) {
  on(guard::goodbye_within{6s});
  works_until(6s);
  on(guard::worker_ended{137, true});
  CAF_CHECK_EQUAL(only<guard::finish>(on(guard::abandoned{})).code, 137);
}

CAF_TEST(a worker that leaves in good order says goodbye itself) {
  on(guard::goodbye_within{6s});
  works_until(6s);
  on(guard::stopped{});
  CAF_CHECK_EQUAL(only<guard::finish>(on(guard::worker_ended{0, false})).code, 0);
}

CAF_TEST(in no history work goes on past the deadline that was stated last) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    std::mt19937_64 random{seed};
    guard any{{}};
    auto deadline = time_point::max();
    auto over = false;
    for (int i = 0; i < 200 && !over; ++i) {
      // It is woken when it wants to be.
      auto next = now + std::chrono::milliseconds{random() % 500};
      auto wakes = any.wake_at() && *any.wake_at() <= next;
      now = wakes ? std::max(now, *any.wake_at()) : next;
      guard::event what = guard::tick{};
      if (!wakes && random() % 3 == 0) {
        deadline = now + std::chrono::milliseconds{random() % 2000};
        what = guard::must_stop_by{deadline};
      } else if (!wakes && random() % 5 == 0) {
        deadline = time_point::max();
        what = guard::stopped{};
      } else if (!wakes && random() % 40 == 0) {
        what = guard::ordered{SIGTERM, true};
      }
      for (const auto& x : any.step(what, now))
        over = over || std::holds_alternative<guard::kill_all>(x);
      for (const auto& x : any.step(guard::tick{}, now))
        over = over || std::holds_alternative<guard::kill_all>(x);
      CAF_REQUIRE(over || now < deadline);
    }
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
