// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.restarts

#include "../support.hpp"

#include "partita/core/worker/restarts.hpp"

using namespace core_test;

namespace {

struct fixture {
  restarts mine{7};
  restarts::situation is{.in_session = true, .has_id = true, .leads = true};
  time_point now = time_point{} + 1000s;

  restarts::commands tell(const restarts::event& what) {
    return mine.step(what, is, now);
  }

  /// The pause before the next start.
  duration crash(role x) {
    auto xs = tell(restarts::ended{x, "a fault"});
    auto what = one<restarts::crashed>(xs);
    CAF_CHECK(what.who == x);
    CAF_CHECK_EQUAL(what.why, "a fault");
    return what.pause;
  }

  void start(role x) { mine.started(x, now); }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(restarts_tests, fixture)

CAF_TEST(each run has a number of its own and only the present one counts) {
  start(role::watcher);
  auto first_run = mine.run(role::watcher);
  CAF_CHECK(mine.current(role::watcher, first_run));
  start(role::watcher);
  CAF_CHECK(!mine.current(role::watcher, first_run));
  CAF_CHECK(mine.current(role::watcher, mine.run(role::watcher)));
  mine.killed(role::watcher);
  CAF_CHECK(!mine.current(role::watcher, mine.run(role::watcher)));
  CAF_CHECK(mine.present().has(role::watcher));
  CAF_CHECK(tell(restarts::ended{role::watcher, {}}).empty());
  CAF_CHECK(!mine.present().has(role::watcher));
  CAF_CHECK_EQUAL(mine.count(), 0u);
}

CAF_TEST(a child that crashed is started again after a pause that grows) {
  duration before{0};
  for (int i = 0; i < 4; ++i) {
    start(role::watcher);
    auto pause = crash(role::watcher);
    CAF_CHECK(pause > before);
    CAF_CHECK(mine.is_due(role::watcher));
    CAF_CHECK(mine.wake_at() == now + pause);
    now += pause - 1ns;
    CAF_CHECK(tell(restarts::tick{}).empty());
    now += 1ns;
    CAF_CHECK(only<restarts::start>(tell(restarts::tick{})).who == role::watcher);
    CAF_CHECK(!mine.wake_at());
    before = pause;
  }
  CAF_CHECK_EQUAL(mine.count(), 4u);
  CAF_MESSAGE("one that lived for long failed at something else");
  start(role::watcher);
  now += 31s;
  CAF_CHECK(crash(role::watcher) < 130ms);
}

CAF_TEST(what is not needed any more is not started again) {
  for (auto x : {role::registrar, role::elector, role::watcher, role::roster}) {
    start(x);
    crash(x);
  }
  is = {.leaving = false, .in_session = false, .has_id = false, .leads = false};
  now += 10s;
  CAF_CHECK(only<restarts::start>(tell(restarts::tick{})).who == role::registrar);
  CAF_CHECK(!mine.wake_at());
}

CAF_TEST(a heartbeat that crashed ends its session and is not started again) {
  start(role::heartbeat);
  auto xs = tell(restarts::ended{role::heartbeat, "a fault"});
  auto pause = one<restarts::crashed>(xs).pause;
  CAF_CHECK(one<restarts::end_session>(xs).next_at == now + pause);
  CAF_CHECK(!mine.wake_at());
}

CAF_TEST(an elector that crashed has lost leadership) {
  start(role::elector);
  auto xs = tell(restarts::ended{role::elector, "a fault"});
  CAF_CHECK(std::holds_alternative<restarts::depose>(xs.front()));
  one<restarts::crashed>(xs);
}

CAF_TEST(a calculator ends with its roster and both begin again) {
  start(role::roster);
  start(role::calculator);
  auto xs = tell(restarts::ended{role::roster, "a fault"});
  CAF_CHECK(one<restarts::kill>(xs).who == role::calculator);
  CAF_CHECK(!mine.is_alive(role::calculator));
  CAF_CHECK(tell(restarts::ended{role::calculator, "killed"}).empty());
  now += 10s;
  xs = tell(restarts::tick{});
  CAF_CHECK_EQUAL(count<restarts::start>(xs), 2u);
  CAF_CHECK(first<restarts::start>(xs)->who == role::roster);
  CAF_MESSAGE("a standby has a roster and no calculator");
  is.leads = false;
  start(role::roster);
  CAF_CHECK_EQUAL(count<restarts::kill>(tell(restarts::ended{role::roster, {}})), 0u);
}

CAF_TEST(while leaving nothing is started but a lost heartbeat ends the session) {
  is.leaving = true;
  for (auto x : {role::heartbeat, role::watcher, role::registrar}) {
    start(x);
    auto xs = tell(restarts::ended{x, "a fault"});
    CAF_CHECK_EQUAL(count<restarts::end_session>(xs), x == role::registrar ? 0u : 1u);
    CAF_CHECK_EQUAL(count<restarts::crashed>(xs), 0u);
  }
  is.in_session = false;
  start(role::heartbeat);
  CAF_CHECK(tell(restarts::ended{role::heartbeat, {}}).empty());
  CAF_CHECK(!mine.wake_at());
}

CAF_TEST(one that is killed while it waits is not started) {
  start(role::watcher);
  crash(role::watcher);
  mine.killed(role::watcher);
  now += 10s;
  CAF_CHECK(tell(restarts::tick{}).empty());
}

CAF_TEST_FIXTURE_SCOPE_END()
