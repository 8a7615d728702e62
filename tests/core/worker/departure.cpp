// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.departure

#include "../support.hpp"

#include "partita/core/worker/departure.hpp"

using namespace core_test;

namespace {

constexpr auto shutdown_time = 10s;

struct fixture {
  departure mine{shutdown_time};
  departure::situation is;
  time_point now = time_point{} + 1000s;

  fixture() {
    for (auto x : {role::registrar, role::heartbeat, role::elector, role::watcher,
                   role::roster, role::calculator})
      start(x);
    is.in_session = true;
    is.working = true;
  }

  void start(role x) {
    is.alive.add(x);
    is.present.add(x);
  }

  departure::commands tell(const departure::event& what) {
    return mine.step(what, is, now);
  }

  departure::commands ask(leave_mode mode) { return tell(departure::asked{mode, {}}); }

  departure::commands ended(role x) {
    is.alive.remove(x);
    is.present.remove(x);
    return tell(departure::moved_on{});
  }

  departure::commands stopped() {
    is.working = false;
    return tell(departure::moved_on{});
  }

  /// Leaves up to the point at which the drain or the end of the work begins.
  departure::commands let_go(leave_mode mode) {
    auto xs = ask(mode);
    CAF_CHECK(first<departure::begun>(xs) && first<departure::kill>(xs));
    only<departure::resign>(ended(role::calculator));
    return ended(role::elector);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(departure_tests, fixture)

CAF_TEST(a leader stops deciding then gives back the lease then its work and its id) {
  CAF_CHECK(!mine.begun_to_leave());
  auto xs = ask(leave_mode::stop);
  CAF_CHECK_EQUAL(xs.size(), 2u);
  CAF_CHECK(one<departure::begun>(xs).failure.empty());
  CAF_CHECK(one<departure::kill>(xs).who == role::calculator);
  CAF_CHECK(mine.begun_to_leave());
  CAF_CHECK(tell(departure::moved_on{}).empty());
  only<departure::resign>(ended(role::calculator));
  CAF_CHECK(mine.takes_records());
  xs = ended(role::elector);
  CAF_CHECK_EQUAL(xs.size(), 2u);
  CAF_CHECK(one<departure::kill>(xs).who == role::roster);
  CAF_CHECK(one<departure::give_up>(xs).time_left == shutdown_time);
  CAF_CHECK(!mine.takes_records());
  CAF_CHECK(mine.needs_session());
  CAF_MESSAGE("the goodbye says that all work has stopped");
  CAF_CHECK(tell(departure::moved_on{}).empty());
  xs = stopped();
  CAF_CHECK_EQUAL(xs.size(), 3u);
  CAF_CHECK(one<departure::kill>(xs).who == role::watcher);
  one<departure::end_session>(xs);
  CAF_CHECK(!one<departure::say_goodbye>(xs).restarting);
  CAF_CHECK(!mine.needs_session());
  only<departure::release_id>(ended(role::heartbeat));
  CAF_CHECK(only<departure::finish>(ended(role::registrar)).failure.empty());
  CAF_CHECK(mine.over());
  CAF_CHECK(!mine.wake_at());
  CAF_CHECK(ask(leave_mode::stop).empty());
}

CAF_TEST(what is not there is not waited for) {
  is = {};
  auto xs = ask(leave_mode::stop);
  one<departure::finish>(xs);
  CAF_CHECK_EQUAL(count<departure::say_goodbye>(xs), 0u);
  CAF_CHECK_EQUAL(count<departure::release_id>(xs), 0u);
  CAF_CHECK_EQUAL(count<departure::resign>(xs), 0u);
}

CAF_TEST(a child that was killed is waited for) {
  is.alive.remove(role::elector);
  ask(leave_mode::stop);
  CAF_CHECK(ended(role::calculator).empty());
  one<departure::give_up>(ended(role::elector));
}

CAF_TEST(a failure is reported at the begin and at the end) {
  is = {};
  auto xs = tell(departure::asked{leave_mode::stop, "no id is free"});
  CAF_CHECK_EQUAL(one<departure::begun>(xs).failure, "no id is free");
  CAF_CHECK_EQUAL(one<departure::finish>(xs).failure, "no id is free");
}

CAF_TEST(a drain waits until others have taken over) {
  auto xs = let_go(leave_mode::drain);
  CAF_CHECK_EQUAL(xs.size(), 2u);
  one<departure::drain>(xs);
  one<departure::look_for_leader>(xs);
  CAF_CHECK(mine.draining());
  CAF_CHECK(mine.takes_records());
  CAF_CHECK(tell(departure::looked{true}).empty());
  CAF_CHECK(mine.wake_at() == now + 500ms);
  now += 1s;
  only<departure::look_for_leader>(tell(departure::tick{}));
  CAF_MESSAGE("the next look comes only after the answer");
  CAF_CHECK(mine.wake_at() == now - 1s + shutdown_time - shutdown_time / 5);
  CAF_CHECK(tell(departure::moved_on{}).empty());
  is.drained = true;
  one<departure::give_up>(tell(departure::moved_on{}));
  CAF_CHECK(!mine.draining());
  CAF_CHECK(mine.wake_at() == now - 1s + shutdown_time);
}

CAF_TEST(a drain ends once no worker leads at two looks in a row) {
  let_go(leave_mode::drain);
  CAF_CHECK(tell(departure::looked{false}).empty());
  CAF_MESSAGE("an election");
  CAF_CHECK(tell(departure::looked{true}).empty());
  CAF_CHECK(tell(departure::looked{false}).empty());
  auto xs = tell(departure::looked{false});
  CAF_CHECK(one<departure::note>(xs).level == alert_level::info);
  one<departure::give_up>(xs);
  CAF_MESSAGE("a late answer changes nothing");
  CAF_CHECK(tell(departure::looked{false}).empty());
}

CAF_TEST(a worker without a session does not drain) {
  fixture other;
  other.is.in_session = false;
  CAF_CHECK_EQUAL(count<departure::drain>(other.let_go(leave_mode::drain)), 0u);
}

CAF_TEST(a drain has a limit that leaves time for the rest) {
  let_go(leave_mode::drain);
  now += shutdown_time - shutdown_time / 5 - 1ns;
  CAF_CHECK_EQUAL(count<departure::give_up>(tell(departure::tick{})), 0u);
  now += 1ns;
  auto xs = tell(departure::tick{});
  CAF_CHECK(one<departure::note>(xs).level == alert_level::warn);
  CAF_CHECK(one<departure::give_up>(xs).time_left == shutdown_time / 5);
  CAF_CHECK_EQUAL(count<departure::look_for_leader>(xs), 0u);
}

CAF_TEST(a drain gives way to a restart and that to a stop and never back) {
  let_go(leave_mode::drain);
  CAF_CHECK(ask(leave_mode::drain).empty());
  auto xs = ask(leave_mode::restart);
  one<departure::note>(xs);
  one<departure::give_up>(xs);
  CAF_CHECK(ask(leave_mode::drain).empty());
  CAF_CHECK(one<departure::say_goodbye>(stopped()).restarting);
  fixture other;
  other.let_go(leave_mode::restart);
  only<departure::note>(other.ask(leave_mode::stop));
  CAF_CHECK(!one<departure::say_goodbye>(other.stopped()).restarting);
}

CAF_TEST(an elector that cannot give the key back is killed) {
  ask(leave_mode::stop);
  ended(role::calculator);
  CAF_CHECK(mine.wake_at() == now + shutdown_time / 5);
  now += shutdown_time / 5;
  auto xs = tell(departure::tick{});
  CAF_CHECK(one<departure::note>(xs).level == alert_level::warn);
  CAF_CHECK(one<departure::kill>(xs).who == role::elector);
  CAF_CHECK(tell(departure::tick{}).empty());
  one<departure::give_up>(ended(role::elector));
}

CAF_TEST(the elector is asked once to give the key back and its time is not extended) {
  ask(leave_mode::stop);
  only<departure::resign>(ended(role::calculator));
  auto limit = now + shutdown_time / 5;
  now += 1s;
  CAF_CHECK(tell(departure::moved_on{}).empty());
  CAF_CHECK(mine.wake_at() == limit);
}

CAF_TEST(when the time is over the worker ends without a goodbye and says so) {
  let_go(leave_mode::stop);
  now += shutdown_time;
  auto xs = tell(departure::tick{});
  CAF_CHECK(one<departure::note>(xs).level == alert_level::error);
  auto why = one<departure::finish>(xs).failure;
  CAF_CHECK(why.find("timeouts.shutdown") != std::string::npos);
  CAF_CHECK_EQUAL(count<departure::say_goodbye>(xs), 0u);
  CAF_CHECK(mine.over());
}

CAF_TEST(
    work that cannot be stopped ends the worker at once also if it was not to leave) {
  auto xs = tell(departure::cut_short{"work goes on"});
  CAF_CHECK_EQUAL(only<departure::finish>(xs).failure, "work goes on");
  CAF_CHECK(mine.over());
}

CAF_TEST_FIXTURE_SCOPE_END()
