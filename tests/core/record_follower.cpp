#define CAF_SUITE core.record_follower

#include "support.hpp"

#include "partita/core/record_follower.hpp"

using namespace core_test;

namespace {

/// Asleep after 6 s, repeats every 100 ms.
struct fixture : stepper<record_follower> {
  record_follower mine{{{"me"}, 6s, 100ms}, now};

  template <class Event>
  record_follower::commands on(const Event& what) {
    return step(mine, what);
  }
  record_follower::commands tick() { return on(record_follower::tick{}); }
  record_follower::commands show(std::uint64_t revision, decoded<record> what) {
    return on(record_follower::shown{{revision}, std::move(what)});
  }
  record_follower::commands answer(const kv_written& x) {
    return on(record_follower::write_answered{x});
  }
  record_follower::commands answer(const kv_read& x,
                                   decoded<record> value = malformed{}) {
    return on(record_follower::read_answered{x, std::move(value)});
  }

  static record record_of(std::uint64_t epoch, std::uint64_t version,
                          const std::string& to = "me") {
    record result;
    result.epoch = {epoch};
    result.version = {version};
    result.worker_nonce = {to};
    return result;
  }

  void establish() {
    CAF_CHECK_EQUAL(only<record_follower::create>(on(record_follower::replayed{}))
                        .value.worker_nonce.value,
                    "me");
    CAF_CHECK(answer(done(1)).empty());
    CAF_CHECK_EQUAL(delivered(show(2, record_of(1, 10))), 10u);
  }

  std::uint64_t delivered(const record_follower::commands& xs) {
    return only<record_follower::deliver>(xs).value.version.value;
  }

  /// Time passes, and the process is awake.
  void stay_awake(duration how_long) {
    for (auto end = now + how_long; now < end;) {
      now = std::min(end, now + 1s);
      tick();
    }
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(record_follower_tests, fixture)

CAF_TEST(an empty record is created where the replay shows none) {
  CAF_CHECK(tick().empty());
  auto x = only<record_follower::create>(on(record_follower::replayed{}));
  record empty;
  empty.worker_nonce = {"me"};
  CAF_CHECK_EQUAL(x.value, empty);
  CAF_CHECK(answer(done(1)).empty());
}

CAF_TEST(a record that is found is left alone) {
  CAF_CHECK(show(3, record_of(1, 10, "other")).empty());
  CAF_CHECK(on(record_follower::replayed{}).empty());
  now += 1s;
  CAF_CHECK(tick().empty());
}

CAF_TEST(a record that cannot be read is left alone as long as it was never ours) {
  CAF_CHECK(show(3, malformed{"no json"}).empty());
  CAF_CHECK(on(record_follower::replayed{}).empty());
  CAF_MESSAGE("the leader rewrites it");
  CAF_CHECK_EQUAL(delivered(show(4, record_of(1, 10))), 10u);
}

CAF_TEST(creating is repeated with unknown outcome and without a connection) {
  on(record_follower::replayed{});
  CAF_CHECK(answer(no_answer()).empty());
  now += 99ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  only<record_follower::create>(tick());
  only<record_follower::read>(answer(conflict()));
  CAF_CHECK(answer(nothing_there()).empty());
  now += 99ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  only<record_follower::create>(tick());
  CAF_CHECK(answer(not_connected()).empty());
  now += 100ms;
  only<record_follower::create>(tick());
  only<record_follower::complain>(answer(refused()));
  now += 999ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  only<record_follower::create>(tick());
}

CAF_TEST(a second replay while creating failed does not make the core spin) {
  on(record_follower::replayed{});
  answer(not_connected());
  only<record_follower::create>(on(record_follower::replayed{}));
  now += 100ms;
  CAF_CHECK(tick().empty());
}

CAF_TEST(a conflict while creating is looked into) {
  on(record_follower::replayed{});
  answer(no_answer());
  now += 100ms;
  tick();
  only<record_follower::read>(answer(conflict()));
  auto mine_now = record_of(0, 0);
  CAF_CHECK(answer(holds(1, to_text(mine_now)), mine_now).empty());
  CAF_MESSAGE("it is ours, so its loss is one");
  only<record_follower::lost>(on(record_follower::gone{}));
}

CAF_TEST(a record that another one created first counts if it is addressed to us) {
  on(record_follower::replayed{});
  answer(conflict());
  auto theirs = record_of(2, 20, "other");
  CAF_CHECK(answer(holds(5, to_text(theirs)), theirs).empty());
  CAF_CHECK_EQUAL(delivered(show(6, record_of(2, 21))), 21u);
}

CAF_TEST(only greater records that are addressed to this incarnation are delivered) {
  establish();
  CAF_MESSAGE("the same, an older one, a smaller epoch with a greater version");
  CAF_CHECK(show(3, record_of(1, 10)).empty());
  CAF_CHECK(show(4, record_of(1, 9)).empty());
  CAF_CHECK(show(5, record_of(0, 99)).empty());
  CAF_CHECK(show(6, record_of(3, 50, "other")).empty());
  CAF_CHECK_EQUAL(delivered(show(7, record_of(1, 11))), 11u);
  CAF_MESSAGE("a greater epoch counts for more than a version");
  CAF_CHECK_EQUAL(delivered(show(8, record_of(2, 5))), 5u);
  CAF_CHECK(show(9, record_of(1, 12)).empty());
}

CAF_TEST(a record of version zero is none that could be applied) {
  on(record_follower::replayed{});
  answer(done(1));
  CAF_CHECK(show(1, record_of(0, 0)).empty());
}

CAF_TEST(a record that vanishes or cannot be read any more is lost once it was ours) {
  establish();
  auto second = mine;
  auto third = mine;
  CAF_CHECK(!only<record_follower::lost>(on(record_follower::gone{})).why.empty());
  CAF_MESSAGE("after that nothing is said any more");
  CAF_CHECK(show(9, record_of(2, 20)).empty());
  CAF_CHECK(!mine.wake_at());
  auto xs = second.step(record_follower::shown{{3}, malformed{"no json"}}, now);
  CAF_CHECK_NOT_EQUAL(only<record_follower::lost>(xs).why.find("no json"),
                      std::string::npos);
  only<record_follower::lost>(third.step(record_follower::bucket_changed{}, now));
}

CAF_TEST(a record of another one that vanishes makes room for ours) {
  show(3, record_of(1, 10, "other"));
  on(record_follower::replayed{});
  only<record_follower::create>(on(record_follower::gone{}));
}

CAF_TEST(a process that slept reads its record before it delivers anything) {
  establish();
  now += 6s;
  CAF_MESSAGE("exactly as long as allowed");
  CAF_CHECK_EQUAL(delivered(show(3, record_of(1, 11))), 11u);
  now += 6s + 1ns;
  only<record_follower::read>(show(4, record_of(1, 12)));
  CAF_CHECK(show(5, record_of(1, 13)).empty());
  CAF_CHECK(on(record_follower::gone{}).empty());
  CAF_CHECK_EQUAL(delivered(answer(holds(9), record_of(2, 30))), 30u);
  CAF_CHECK_EQUAL(delivered(show(10, record_of(2, 31))), 31u);
}

CAF_TEST(the tick that notices the sleep comes in time) {
  establish();
  for (int i = 0; i < 100; ++i) {
    CAF_REQUIRE(mine.wake_at());
    CAF_CHECK(*mine.wake_at() <= now + 1500ms);
    now = *mine.wake_at();
    CAF_CHECK(tick().empty());
  }
}

CAF_TEST(reading after a sleep is repeated until there is an answer) {
  establish();
  now += 7s;
  only<record_follower::read>(tick());
  for (auto status :
       {read_status::unknown, read_status::not_connected, read_status::refused}) {
    CAF_CHECK(answer(unread(status)).empty());
    CAF_CHECK(show(5, record_of(1, 13)).empty());
    now += 99ms;
    CAF_CHECK(tick().empty());
    now += 1ms;
    only<record_follower::read>(tick());
  }
  only<record_follower::lost>(answer(nothing_there()));
}

CAF_TEST(a record that was re addressed during the sleep is not delivered) {
  establish();
  now += 7s;
  tick();
  CAF_CHECK(answer(holds(9), record_of(2, 30, "other")).empty());
  CAF_CHECK(show(4, record_of(1, 12, "other")).empty());
}

CAF_TEST(an answer that waited through the sleep is not taken for a fresh one) {
  establish();
  now += 7s;
  only<record_follower::read>(tick());
  CAF_MESSAGE("frozen again, with the answer in the mailbox");
  now += 7s;
  auto xs = answer(holds(3), record_of(1, 11));
  CAF_CHECK_EQUAL(count<record_follower::deliver>(xs), 0u);
  only<record_follower::read>(xs);
  CAF_CHECK_EQUAL(delivered(answer(holds(9), record_of(2, 30))), 30u);
}

CAF_TEST(a sleep while a conflict is looked into leaves nothing waiting) {
  on(record_follower::replayed{});
  only<record_follower::read>(answer(conflict()));
  now += 7s;
  only<record_follower::read>(tick());
  CAF_MESSAGE("the answer to the first read, then that to the second");
  answer(unread(), malformed{});
  answer(nothing_there(), malformed{});
  now += 100ms;
  tick();
  now += 100ms;
  tick();
  now += 100ms;
  CAF_CHECK(tick().empty());
  CAF_MESSAGE("the record is created in the end");
  answer(done(1));
  only<record_follower::lost>(on(record_follower::gone{}));
}

CAF_TEST(what was applied before a crash is not delivered again) {
  record_follower next{{{"me"}, 6s, 100ms, {{1}, {10}}}, now};
  CAF_CHECK(step(next, record_follower::shown{{2}, record_of(1, 10)}).empty());
  CAF_CHECK(step(next, record_follower::replayed{}).empty());
  CAF_CHECK(step(next, record_follower::shown{{3}, record_of(1, 9)}).empty());
  CAF_CHECK_EQUAL(delivered(step(next, record_follower::shown{{4}, record_of(1, 11)})),
                  11u);
}

CAF_TEST(a record that vanished during a crash is lost and not created anew) {
  record_follower next{{{"me"}, 6s, 100ms, {{1}, {10}}}, now};
  only<record_follower::lost>(step(next, record_follower::replayed{}));
  record_follower other{{{"me"}, 6s, 100ms, {{1}, {10}}}, now};
  only<record_follower::lost>(
      step(other, record_follower::shown{{3}, malformed{"no json"}}));
}

CAF_TEST_FIXTURE_SCOPE_END()
