// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.record_follower

#include "../support.hpp"

#include "partita/core/worker/record_follower.hpp"

using namespace core_test;

namespace {

/// The watch may be silent for 6 s; repeats every 100 ms.
record_follower::options usual() {
  return {.self = {"me"}, .silence = 6s, .pause = 100ms};
}

struct fixture : stepper<record_follower> {
  record_follower mine{usual(), now};

  template <class Event>
  record_follower::commands on(const Event& what) {
    return step(mine, what);
  }
  record_follower::commands tick() { return on(record_follower::tick{}); }
  record_follower::commands show(std::uint64_t revision, decoded<stored_record> what) {
    return on(record_follower::shown{{revision}, std::move(what)});
  }
  record_follower::commands answer(const kv_written& x) {
    return on(record_follower::write_answered{x});
  }
  record_follower::commands answer(const kv_read& x,
                                   decoded<stored_record> value = malformed{}) {
    return on(record_follower::read_answered{x, std::move(value)});
  }

  static stored_record record_of(std::uint64_t epoch, std::uint64_t version,
                                 const std::string& to = "me") {
    stored_record result{};
    result.value.epoch = {epoch};
    result.value.version = {version};
    result.value.worker_nonce = {to};
    return result;
  }

  /// One that names `orders.1` to `orders.3` in two parts, which are the keys 4 and 7.
  stored_record record_in_parts(std::uint64_t version) {
    auto result = record_of(1, version);
    auto whole = result.value;
    for (const auto* name : {"1", "2", "3"})
      whole.partitions.push_back({{{"orders", name}, 100}, {version}});
    auto size = split(whole, 10'000).parts[0].size();
    auto pieces = split(whole, size - 1);
    parts[4] = pieces.parts[0];
    parts[7] = pieces.parts[1];
    result.parts = {{4, 7}, pieces.sha256};
    return result;
  }

  record_follower::commands read(const record_follower::commands& xs,
                                 std::uint64_t number) {
    auto x = only<record_follower::read_part>(xs);
    CAF_CHECK_EQUAL(x.number, number);
    return on(record_follower::part_answered{x.of, number, holds(1, parts.at(number))});
  }

  std::map<std::uint64_t, std::string> parts;

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

CAF_TEST(creating is repeated with unknown outcome and after a conflict with nothing) {
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
}

CAF_TEST(creating is repeated without a connection and after a refusal) {
  on(record_follower::replayed{});
  CAF_CHECK(answer(not_connected()).empty());
  now += 100ms;
  only<record_follower::create>(tick());
  CAF_CHECK(answer(refused()).empty());
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
  CAF_CHECK(answer(holds(1, to_text(mine_now.value)), mine_now).empty());
  CAF_MESSAGE("it is ours, so its loss is one");
  only<record_follower::lost>(on(record_follower::gone{}));
}

CAF_TEST(a record that another one created first counts if it is addressed to us) {
  on(record_follower::replayed{});
  answer(conflict());
  auto theirs = record_of(2, 20, "other");
  CAF_CHECK(answer(holds(5, to_text(theirs.value)), theirs).empty());
  CAF_CHECK_EQUAL(delivered(show(6, record_of(2, 21))), 21u);
}

CAF_TEST(only greater records that are addressed to this incarnation are delivered) {
  establish();
  CAF_MESSAGE("the same, an older one, a smaller epoch with a greater version");
  CAF_CHECK(show(3, record_of(1, 10)).empty());
  CAF_CHECK(show(4, record_of(1, 9)).empty());
  CAF_CHECK(show(5, record_of(0, 99)).empty());
  CAF_CHECK_EQUAL(delivered(show(7, record_of(1, 11))), 11u);
  CAF_MESSAGE("a greater epoch counts for more than a version");
  CAF_CHECK_EQUAL(delivered(show(8, record_of(2, 5))), 5u);
  CAF_CHECK(show(9, record_of(1, 12)).empty());
}

CAF_TEST(a record that was ours and is addressed to another one is lost) {
  establish();
  auto xs = show(9, record_of(0, 0, "other"));
  CAF_CHECK(!only<record_follower::lost>(xs).why.empty());
  CAF_CHECK(show(10, record_of(9, 20)).empty());
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

CAF_TEST(a bucket that was recreated before anything was ours is replayed) {
  show(3, record_of(1, 10, "other"));
  on(record_follower::replayed{});
  CAF_CHECK(on(record_follower::bucket_changed{}).empty());
  only<record_follower::create>(on(record_follower::replayed{}));
}

CAF_TEST(a watch without a sign of life loses the record at its time and not before) {
  establish();
  CAF_CHECK(mine.wake_at() == now + 6s);
  now += 6s - 1ns;
  CAF_CHECK(tick().empty());
  auto other = mine;
  now += 1ns;
  only<record_follower::lost>(tick());
  CAF_CHECK(!mine.wake_at());
  CAF_MESSAGE("any news is a sign of life");
  auto signs = std::vector<record_follower::event>{
      record_follower::alive{}, record_follower::replayed{},
      record_follower::shown{{9}, record_of(1, 9)}};
  for (const auto& x : signs) {
    auto copy = other;
    copy.step(x, now);
    CAF_CHECK(copy.wake_at() == now + 6s);
    CAF_CHECK(copy.step(record_follower::tick{}, now + 6s - 1ns).empty());
    only<record_follower::lost>(copy.step(record_follower::tick{}, now + 6s));
  }
}

CAF_TEST(a record that was just created is waited for as long as any) {
  on(record_follower::replayed{});
  now += 5s;
  CAF_CHECK(answer(done(1)).empty());
  CAF_CHECK(mine.wake_at() == now + 6s);
}

CAF_TEST(as long as nothing is ours silence costs nothing) {
  show(3, record_of(1, 10, "other"));
  on(record_follower::replayed{});
  CAF_CHECK(!mine.wake_at());
  now += 100s;
  CAF_CHECK(tick().empty());
}

CAF_TEST(with available ownership silence does not lose the record) {
  auto o = usual();
  o.exclusive = false;
  record_follower x{o, now};
  x.step(record_follower::shown{{2}, record_of(1, 10)}, now);
  CAF_CHECK(!x.wake_at());
  now += 100s;
  CAF_CHECK(x.step(record_follower::tick{}, now).empty());
  CAF_MESSAGE("but its removal does");
  only<record_follower::lost>(x.step(record_follower::gone{}, now));
}

CAF_TEST(a follower that takes over from another one misses a record that is gone) {
  auto o = usual();
  o.established = true;
  record_follower x{o, now};
  CAF_CHECK(x.wake_at() == now + 6s);
  only<record_follower::lost>(x.step(record_follower::replayed{}, now));
  CAF_MESSAGE("and one that cannot be read");
  record_follower y{o, now};
  only<record_follower::lost>(
      y.step(record_follower::shown{{3}, malformed{"no json"}}, now));
}

CAF_TEST(a record in parts is delivered once all parts were read) {
  auto xs = read(read(show(2, record_in_parts(10)), 4), 7);
  auto found = only<record_follower::deliver>(xs).value;
  CAF_CHECK_EQUAL(found.version.value, 10u);
  CAF_REQUIRE_EQUAL(found.partitions.size(), 3u);
  CAF_CHECK_EQUAL(name_of(found.partitions[2].partition), "orders.3");
  CAF_MESSAGE("and not again");
  CAF_CHECK(show(3, record_in_parts(10)).empty());
}

CAF_TEST(a part that is not what the record names is read again) {
  auto first = record_in_parts(10);
  std::swap(parts[4], parts[7]);
  CAF_CHECK(read(read(show(2, first), 4), 7).empty());
  CAF_CHECK(mine.wake_at() == now + 100ms);
  now += 100ms;
  std::swap(parts[4], parts[7]);
  CAF_CHECK_EQUAL(delivered(read(read(tick(), 4), 7)), 10u);
}

CAF_TEST(a part that is missing or is not answered is read again) {
  auto xs = show(2, record_in_parts(10));
  for (auto status : {read_status::missing, read_status::unknown}) {
    auto x = only<record_follower::read_part>(xs);
    CAF_CHECK(
        on(record_follower::part_answered{x.of, x.number, {status, {}, ""}}).empty());
    now += 100ms;
    xs = tick();
  }
  CAF_CHECK_EQUAL(delivered(read(read(xs, 4), 7)), 10u);
}

CAF_TEST(while parts cannot be read the watch counts as silent since the sign before) {
  now += 2s;
  auto x = only<record_follower::read_part>(show(2, record_in_parts(10)));
  on(record_follower::part_answered{x.of, x.number, {read_status::missing, {}, ""}});
  now += 4s - 1ns;
  on(record_follower::alive{});
  only<record_follower::read_part>(tick());
  now += 1ns;
  auto lost = only<record_follower::lost>(tick());
  CAF_CHECK_NOT_EQUAL(lost.why.find("part"), std::string::npos);
}

CAF_TEST(a newer record replaces one whose parts are being read) {
  auto old = only<record_follower::read_part>(show(2, record_in_parts(10)));
  auto xs = show(3, record_in_parts(11));
  CAF_MESSAGE("what is read of the old one counts no longer");
  CAF_CHECK(on(record_follower::part_answered{old.of, 4, holds(1, parts.at(4))}).empty());
  CAF_CHECK_EQUAL(delivered(read(read(xs, 4), 7)), 11u);
}

CAF_TEST(a record in parts that is addressed to another incarnation ends ours at once) {
  establish();
  auto other = record_in_parts(11);
  other.value.worker_nonce = {"other"};
  only<record_follower::lost>(show(3, other));
}

CAF_TEST_FIXTURE_SCOPE_END()
