// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.application_presence

#include "partita/core/sidecar/application_presence.hpp"

#include <caf/test/unit_test.hpp>

using namespace partita;
using namespace partita::core;
using namespace std::chrono_literals;

namespace {

struct fixture {
  application_presence mine;
  application_lease lease{10s};
  time_point now{1h};

  template <class Command, class Event>
  bool gives(const Event& what) {
    last = mine.step(what);
    return std::holds_alternative<Command>(last);
  }
  leave_mode mode() const { return std::get<application_presence::stop>(last).mode; }
  std::string failure() const {
    return std::get<application_presence::finish>(last).failure;
  }

  application_presence::command last;
};

using called = application_presence::called;
using silent = application_presence::silent;
using told = application_presence::told;
using stopped = application_presence::stopped;
using nothing = application_presence::nothing;
using start = application_presence::start;
using stop = application_presence::stop;
using finish = application_presence::finish;
using news = application_lease::news;

} // namespace

CAF_TEST_FIXTURE_SCOPE(application_presence_tests, fixture)

CAF_TEST(a worker starts with the first call and not again with the next) {
  CAF_CHECK(gives<nothing>(silent{}));
  CAF_CHECK(gives<start>(called{}));
  CAF_CHECK(gives<nothing>(called{}));
}

CAF_TEST(a silent application ends the worker and a call brings the next one) {
  gives<start>(called{});
  CAF_CHECK(gives<stop>(silent{}));
  CAF_CHECK(mode() == leave_mode::stop);
  CAF_CHECK(gives<nothing>(stopped{}));
  CAF_CHECK(gives<start>(called{}));
}

CAF_TEST(a call while the worker still leaves is kept until it has) {
  gives<start>(called{});
  gives<stop>(silent{});
  CAF_CHECK(gives<nothing>(called{}));
  CAF_CHECK(gives<start>(stopped{}));
  CAF_MESSAGE("unless the application falls silent again");
  gives<stop>(silent{});
  gives<nothing>(called{});
  gives<nothing>(silent{});
  CAF_CHECK(gives<nothing>(stopped{"the store took no goodbye"}));
}

CAF_TEST(an order to stop ends the worker and then the process) {
  CAF_MESSAGE("without a worker at once");
  application_presence idle;
  CAF_CHECK(std::holds_alternative<finish>(idle.step(told{})));
  CAF_MESSAGE("with one after it has stopped");
  gives<start>(called{});
  CAF_CHECK(gives<stop>(told{leave_mode::configured}));
  CAF_CHECK(gives<stop>(told{leave_mode::stop}));
  CAF_CHECK(mode() == leave_mode::stop);
  CAF_CHECK(gives<nothing>(called{}));
  CAF_CHECK(gives<nothing>(silent{}));
  CAF_CHECK(gives<finish>(stopped{}));
  CAF_CHECK(failure().empty());
  CAF_CHECK(gives<nothing>(called{}));
}

CAF_TEST(a worker that leaves for silence gets the order to stop as well) {
  gives<start>(called{});
  gives<stop>(silent{});
  CAF_CHECK(gives<stop>(told{leave_mode::configured}));
  CAF_CHECK(gives<finish>(stopped{}));
}

CAF_TEST(a worker that gives up by itself ends it with its reason) {
  gives<start>(called{});
  CAF_CHECK(gives<finish>(stopped{"no free id"}));
  CAF_CHECK_EQUAL(failure(), "no free id");
}

CAF_TEST(an application is gone exactly its time after its last call) {
  CAF_CHECK(!lease.present());
  CAF_CHECK(!lease.wake_at());
  CAF_CHECK(lease.tick(now) == news::none);
  CAF_CHECK(lease.called(now) == news::came);
  now += 9s;
  CAF_CHECK(lease.called(now) == news::none);
  now += 9999ms;
  CAF_CHECK(lease.tick(now) == news::none);
  CAF_CHECK(lease.present());
  now += 1ms;
  CAF_CHECK(*lease.wake_at() == now);
  CAF_CHECK(lease.tick(now) == news::went);
  CAF_CHECK(lease.tick(now + 1h) == news::none);
  CAF_CHECK(lease.called(now) == news::came);
}

CAF_TEST(with a ttl of 0 an application is always present) {
  application_lease always{0s};
  CAF_CHECK(always.present());
  CAF_CHECK(always.called(now) == news::none);
  CAF_CHECK(always.tick(now + 24h) == news::none);
  CAF_CHECK(!always.wake_at());
}

CAF_TEST_FIXTURE_SCOPE_END()
