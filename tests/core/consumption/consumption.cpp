// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.consumption

#include "../support.hpp"

#include "partita/core/consumption/consumption.hpp"

#include <array>

using namespace core_test;

namespace {

using commands = consumption::commands;

struct fixture {
  time_point now = time_point{} + 1000s;
  consumption machine{options(false)};
  stream_facts stream;

  fixture() {
    stream.created_at_ns = 7'000;
    stream.last_sequence = 100;
    stream.subjects = {"orders.>"};
  }

  static consumption::options options(bool in_memory) {
    consumption::options result;
    result.group = "g";
    result.partition = "7";
    result.stream = "S";
    result.consumer.filter = "orders.{partition}.>";
    result.consumer.in_memory = in_memory;
    result.pause = 100ms;
    result.check = 5s;
    return result;
  }

  template <class Event>
  commands step(const Event& what) {
    return machine.step(what, now);
  }

  commands grant(std::uint64_t token) { return step(consumption::granted{{token}}); }
  commands read(const consumer_claim& x, std::uint64_t at = 3) {
    auto answer = holds(at);
    answer.entry.value = to_text(x);
    return step(answer);
  }
  commands streams() { return step(stream_answer{stream_status::done, stream, {}}); }
  commands answers(stream_status status, consumer_facts facts = {}) {
    facts.filter = "orders.7.>";
    return step(consumer_answer{status, facts, "a reason"});
  }
  commands wrote(const kv_written& x) { return step(x); }
  commands later(duration x) {
    now += x;
    return step(consumption::tick{});
  }

  static consumer_claim claim_of(std::uint64_t token, std::uint64_t start = 1,
                                 std::string old = {}) {
    return {{token}, "g-7-" + std::to_string(token), start, std::move(old), 7};
  }
  static consumer_facts floor(std::uint64_t x) {
    consumer_facts result;
    result.ack_floor = x;
    return result;
  }

  /// Up to the claim's write, after an owner with token 4 that left at 41.
  consumption::write_claim comes_to_write() {
    only<consumption::read_claim>(grant(5));
    CAF_CHECK_EQUAL(only<consumer_look>(read(claim_of(4, 42))).name, "g-7-4");
    only<stream_look>(answers(stream_status::missing));
    return only<consumption::write_claim>(streams());
  }
  void comes_to_make() {
    comes_to_write();
    only<consumer_make>(wrote(done(9)));
  }
  void stands() {
    comes_to_make();
    CAF_CHECK_EQUAL(only<consumer_remove>(answers(stream_status::done)).name, "g-7-4");
    only<consumption::read_claim>(answers(stream_status::missing));
    CAF_CHECK_EQUAL(only<consumption::stands>(read(claim_of(5, 42, "g-7-4"), 9)).name,
                    "g-7-5");
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(consumption_tests, fixture)

CAF_TEST(the first owner begins at the first message) {
  only<consumption::read_claim>(grant(5));
  only<stream_look>(step(nothing_there()));
  auto x = only<consumption::write_claim>(streams());
  CAF_CHECK(x.value == claim_of(5));
  CAF_CHECK_EQUAL(x.expected.value, 0u);
  auto made = only<consumer_make>(wrote(done(1)));
  CAF_CHECK_EQUAL(made.consumer.name, "g-7-5");
  CAF_CHECK_EQUAL(made.consumer.start, 1u);
  only<consumption::read_claim>(answers(stream_status::done));
  only<consumption::stands>(read(claim_of(5)));
}

CAF_TEST(an owner continues behind the greatest of claim and floor and start) {
  for (auto [ack_floor, start, expected] :
       {std::array{0u, 0u, 42u}, std::array{60u, 42u, 61u}, std::array{0u, 50u, 50u}}) {
    machine = consumption{options(false)};
    grant(5);
    read(claim_of(4, 42));
    auto facts = floor(ack_floor);
    facts.start = start;
    answers(stream_status::done, facts);
    CAF_CHECK_EQUAL(only<consumption::write_claim>(streams()).value.start, expected);
  }
}

CAF_TEST(an old consumer that does not answer is given up after some tries) {
  grant(5);
  read(claim_of(4, 42));
  for (int i = 0; i < 5; ++i) {
    answers(stream_status::unknown);
    CAF_CHECK_EQUAL(only<consumer_look>(later(7s)).name, "g-7-4");
  }
  only<stream_look>(answers(stream_status::unknown));
  CAF_CHECK_EQUAL(only<consumption::write_claim>(streams()).value.start, 42u);
}

CAF_TEST(what older tokens left over may go once the consumer stands) {
  comes_to_make();
  CAF_CHECK(!machine.is_left_over({3}, "g-7-3"));
  machine = consumption{options(false)};
  stands();
  CAF_CHECK(machine.is_left_over({3}, "g-7-3"));
  CAF_CHECK(!machine.is_left_over({5}, "g-7-5"));
  CAF_CHECK(!machine.is_left_over({6}, "g-7-6"));
}

CAF_TEST(a claim under a greater token ends all) {
  grant(5);
  only<consumption::trouble>(read(claim_of(6)));
  CAF_CHECK(!machine.wake_at());
  CAF_MESSAGE("also where the consumer was made meanwhile, which goes again");
  machine = consumption{options(false)};
  comes_to_make();
  answers(stream_status::done);
  answers(stream_status::done);
  CAF_CHECK_EQUAL(one<consumer_remove>(read(claim_of(6))).name, "g-7-5");
  CAF_CHECK(answers(stream_status::unknown).empty());
  one<consumption::ended>(step(consumption::revoked{}));
}

CAF_TEST(a conflict and an unknown outcome lead back to the claim) {
  comes_to_write();
  only<consumption::read_claim>(wrote(conflict()));
  CAF_MESSAGE("the write before had landed");
  only<consumer_make>(read(claim_of(5, 42, "g-7-4")));
  machine = consumption{options(false)};
  comes_to_write();
  CAF_CHECK(wrote(no_answer()).empty());
  only<consumption::read_claim>(later(100ms));
}

CAF_TEST(a consumer without an answer is asked for again) {
  comes_to_make();
  CAF_CHECK(answers(stream_status::unknown).empty());
  CAF_CHECK_EQUAL(only<consumer_make>(later(100ms)).consumer.start, 42u);
}

CAF_TEST(a consumer without a leader is not worked with) {
  comes_to_make();
  consumer_facts blank;
  blank.has_leader = false;
  CAF_CHECK(answers(stream_status::done, blank).empty());
  CAF_CHECK_EQUAL(only<consumer_look>(later(100ms)).name, "g-7-5");
  only<consumer_remove>(answers(stream_status::done));
}

CAF_TEST(a limit of consumers is reported and tried again ever more seldom) {
  comes_to_make();
  auto xs = answers(stream_status::refused);
  CAF_CHECK_EQUAL(only<consumption::trouble>(xs).why, "a reason");
  only<consumer_make>(later(100ms));
  CAF_CHECK(answers(stream_status::refused).empty());
  CAF_CHECK(later(199ms).empty());
  only<consumer_make>(later(1ms));
  CAF_CHECK(one<consumption::trouble>(answers(stream_status::done)).why.empty());
}

CAF_TEST(a position beyond the end of the stream is refused by name) {
  stream.last_sequence = 40;
  grant(5);
  read(claim_of(4, 42));
  answers(stream_status::missing);
  auto why = only<consumption::trouble>(streams()).why;
  CAF_CHECK(why.find("beyond the end of the stream S (40)") != why.npos);
  CAF_MESSAGE("its end itself is none");
  later(100ms);
  stream.last_sequence = 41;
  read(claim_of(4, 42));
  answers(stream_status::missing);
  one<consumption::write_claim>(streams());
}

CAF_TEST(another incarnation of the stream is refused by name) {
  stream.created_at_ns = 8'000;
  grant(5);
  read(claim_of(4, 42));
  answers(stream_status::missing);
  auto why = only<consumption::trouble>(streams()).why;
  CAF_CHECK(why.find("was deleted and made again") != why.npos);
  CAF_CHECK(why.find("claim.7") != why.npos);
}

CAF_TEST(a filter that the stream never matches is refused by name) {
  stream.subjects = {"other.>"};
  grant(5);
  read(claim_of(4, 42));
  answers(stream_status::missing);
  auto why = only<consumption::trouble>(streams()).why;
  CAF_CHECK(why.find("orders.7.> matches no message of the stream") != why.npos);
  CAF_MESSAGE("messages of other streams may have any subject");
  later(100ms);
  stream.has_sources = true;
  read(claim_of(4, 42));
  answers(stream_status::missing);
  one<consumption::write_claim>(streams());
}

CAF_TEST(a name that no subject can hold is reported and revoked) {
  auto bad = options(false);
  bad.partition = "a b";
  machine = consumption{bad};
  auto why = only<consumption::trouble>(grant(5)).why;
  CAF_CHECK(why.find("holds ' '") != why.npos);
  CAF_CHECK(!machine.wake_at());
  one<consumption::ended>(step(consumption::revoked{}));
}

CAF_TEST(a claim that cannot be read is refused by name) {
  grant(5);
  auto bad = holds(3);
  bad.entry.value = "{}";
  auto why = only<consumption::trouble>(step(bad)).why;
  CAF_CHECK(why.find("claim.7 cannot be read") != why.npos);
}

CAF_TEST(a work queue takes one consumer at a time and from its first message) {
  stream.retention = stream_retention::work_queue;
  comes_to_write();
  CAF_CHECK_EQUAL(only<consumer_remove>(wrote(done(9))).name, "g-7-4");
  auto made = only<consumer_make>(answers(stream_status::done)).consumer;
  CAF_CHECK_EQUAL(made.start, 0u);
  CAF_CHECK(made.acks == ack_policy::each);
  CAF_MESSAGE("one of an earlier owner is in the way");
  one<consumption::sweep>(answers(stream_status::refused));
  CAF_CHECK(machine.is_left_over({3}, "g-7-3"));
  only<consumer_make>(later(100ms));
  one<consumption::read_claim>(answers(stream_status::done));
}

CAF_TEST(a revocation ends once the position is in the claim and the consumer is gone) {
  stands();
  CAF_CHECK_EQUAL(only<consumer_look>(step(consumption::revoked{})).name, "g-7-5");
  auto x = only<consumption::write_claim>(answers(stream_status::done, floor(70)));
  CAF_CHECK_EQUAL(x.value.start, 71u);
  CAF_CHECK_EQUAL(only<consumer_remove>(wrote(done(12))).name, "g-7-5");
  only<consumption::ended>(answers(stream_status::unknown));
}

CAF_TEST(a consumer whose position is in no claim stays) {
  stands();
  step(consumption::revoked{});
  only<consumption::write_claim>(answers(stream_status::done, floor(70)));
  only<consumption::ended>(wrote(no_answer()));
}

CAF_TEST(a revocation waits for the request under way) {
  grant(5);
  CAF_CHECK(step(consumption::revoked{}).empty());
  only<consumption::ended>(step(nothing_there()));
  machine = consumption{options(false)};
  comes_to_make();
  CAF_CHECK(step(consumption::revoked{}).empty());
  CAF_CHECK_EQUAL(only<consumer_remove>(answers(stream_status::unknown)).name, "g-7-5");
  only<consumption::ended>(answers(stream_status::missing));
}

CAF_TEST(on a stream of retention interest the next owner removes the consumer) {
  stream.retention = stream_retention::interest;
  stands();
  only<consumption::ended>(step(consumption::revoked{}));
}

CAF_TEST(a new token takes the place of the old one) {
  stands();
  only<consumption::read_claim>(grant(8));
  CAF_CHECK_EQUAL(only<consumer_look>(read(claim_of(5, 42))).name, "g-7-5");
  only<stream_look>(answers(stream_status::done, floor(50)));
  CAF_CHECK(only<consumption::write_claim>(streams()).value == claim_of(8, 51, "g-7-5"));
  only<consumer_make>(wrote(done(20)));
  CAF_CHECK_EQUAL(only<consumer_remove>(answers(stream_status::done)).name, "g-7-5");
  only<consumption::read_claim>(answers(stream_status::done));
  CAF_CHECK_EQUAL(only<consumption::stands>(read(claim_of(8, 51))).token.value, 8u);
}

CAF_TEST(a consumer that has vanished is made again and given once) {
  stands();
  CAF_CHECK(later(4999ms).empty());
  CAF_CHECK_EQUAL(only<consumer_look>(later(1ms)).name, "g-7-5");
  only<consumption::read_claim>(answers(stream_status::missing));
  only<consumer_make>(read(claim_of(5, 42)));
  only<consumption::read_claim>(answers(stream_status::done));
  CAF_CHECK(read(claim_of(5, 42)).empty());
  CAF_CHECK(machine.wake_at() == now + 5s);
}

CAF_TEST(the position of a consumer in memory is renewed) {
  machine = consumption{options(true)};
  stands();
  later(5s);
  auto xs = answers(stream_status::done, floor(60));
  CAF_CHECK_EQUAL(only<consumption::write_claim>(xs).value.start, 61u);
  CAF_CHECK(wrote(done(30)).empty());
  later(5s);
  CAF_CHECK(answers(stream_status::done, floor(60)).empty());
}

CAF_TEST(a consumer in memory whose server is gone is made under another name) {
  stream.replicas = 3;
  machine = consumption{options(true)};
  stands();
  later(5s);
  for (int i = 0; i < 5; ++i) {
    answers(stream_status::unknown);
    CAF_CHECK_EQUAL(only<consumer_look>(later(7s)).name, "g-7-5");
  }
  auto x = only<consumption::write_claim>(answers(stream_status::unknown)).value;
  CAF_CHECK_EQUAL(x.consumer, "g-7-5-r1");
  CAF_CHECK_EQUAL(x.old, "g-7-5");
  CAF_CHECK_EQUAL(only<consumer_make>(wrote(done(31))).consumer.name, "g-7-5-r1");
  one<consumer_remove>(answers(stream_status::done));
  only<consumption::read_claim>(answers(stream_status::done));
  CAF_CHECK_EQUAL(one<consumption::stands>(read(x, 31)).name, "g-7-5-r1");
}

CAF_TEST_FIXTURE_SCOPE_END()
