// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.key_writer

#include "support.hpp"

#include "partita/core/key_writer.hpp"

using namespace core_test;

namespace {

using sight = key_writer::sight;

struct fixture {
  time_point now = time_point{} + 1000s;
  key_writer writer{100ms};

  template <class T>
  T is(const key_writer::step& x) {
    CAF_REQUIRE(std::holds_alternative<T>(x));
    return std::get<T>(x);
  }

  void begin(std::uint64_t expected) {
    CAF_CHECK_EQUAL(is<key_writer::write>(writer.begin({expected}, now)).expected.value,
                    expected);
  }

  void lose_answer() { is<key_writer::waiting>(writer.answered(no_answer(), now)); }

  void repeats_after_the_pause(std::uint64_t expected) {
    now += 99ms;
    is<key_writer::waiting>(writer.tick(now));
    now += 1ms;
    CAF_CHECK_EQUAL(is<key_writer::write>(writer.tick(now)).expected.value, expected);
    CAF_CHECK(!writer.wake_at());
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(key_writer_tests, fixture)

CAF_TEST(an acknowledged write lands at its revision and counts from when it was sent) {
  auto sent = now;
  begin(4);
  now += 300ms;
  auto x = is<key_writer::landed>(writer.answered(done(5), now));
  CAF_CHECK_EQUAL(x.at.value, 5u);
  CAF_CHECK(x.sent == sent);
  CAF_CHECK(!writer.busy());
}

CAF_TEST(an unknown outcome is repeated with the same revision until there is an answer) {
  auto sent = now;
  begin(4);
  for (int i = 0; i < 20; ++i) {
    now += 500ms;
    lose_answer();
    CAF_CHECK(writer.busy());
    repeats_after_the_pause(4);
  }
  CAF_MESSAGE("what it gives counts from the first try");
  auto x = is<key_writer::landed>(writer.answered(done(9), now));
  CAF_CHECK(x.sent == sent);
}

CAF_TEST(a conflict that shows our own value means that an earlier try has landed) {
  auto sent = now;
  begin(4);
  lose_answer();
  repeats_after_the_pause(4);
  is<key_writer::read>(writer.answered(conflict(), now));
  auto x = is<key_writer::landed>(writer.looked(holds(5), sight::ours, now));
  CAF_CHECK_EQUAL(x.at.value, 5u);
  CAF_CHECK(x.sent == sent);
}

CAF_TEST(our own value at a smaller revision was lost by the store) {
  begin(4);
  lose_answer();
  repeats_after_the_pause(4);
  is<key_writer::read>(writer.answered(conflict(), now));
  auto x = is<key_writer::taken>(writer.looked(holds(3), sight::ours, now));
  CAF_CHECK_EQUAL(x.entry.revision.value, 3u);
  CAF_CHECK(!writer.busy());
}

CAF_TEST(a conflict is no answer where the expected revision stands unchanged) {
  auto sent = now;
  for (auto what : {sight::known, sight::ours}) {
    begin(4);
    is<key_writer::read>(writer.answered(conflict(), now));
    is<key_writer::waiting>(writer.looked(holds(4), what, now));
    repeats_after_the_pause(4);
    CAF_MESSAGE("an earlier try may land yet: nothing but an answer ends it");
    is<key_writer::waiting>(writer.answered(not_connected(), now));
    repeats_after_the_pause(4);
    is<key_writer::waiting>(writer.answered(refused(), now));
    repeats_after_the_pause(4);
    is<key_writer::read>(writer.answered(conflict(), now));
    auto x = is<key_writer::landed>(writer.looked(holds(5), sight::ours, now));
    CAF_CHECK(x.sent == sent);
    sent = now;
  }
  CAF_MESSAGE("the same where nothing, or a mark, was expected");
  begin(0);
  is<key_writer::read>(writer.answered(conflict(), now));
  is<key_writer::waiting>(writer.looked(nothing_there(), sight::other, now));
  repeats_after_the_pause(0);
  is<key_writer::landed>(writer.answered(done(1), now));
  begin(7);
  is<key_writer::read>(writer.answered(conflict(), now));
  is<key_writer::waiting>(writer.looked(mark(7), sight::other, now));
  repeats_after_the_pause(7);
}

CAF_TEST(
    another value at the expected revision belongs to another incarnation of the store) {
  begin(4);
  is<key_writer::read>(writer.answered(conflict(), now));
  auto x = is<key_writer::taken>(writer.looked(holds(4), sight::other, now));
  CAF_CHECK_EQUAL(x.entry.revision.value, 4u);
}

CAF_TEST(
    a conflict that shows another value ends as taken and one without ends as vacant) {
  begin(4);
  is<key_writer::read>(writer.answered(conflict(), now));
  auto x = is<key_writer::taken>(writer.looked(holds(6, "theirs"), sight::other, now));
  CAF_CHECK_EQUAL(x.entry.revision.value, 6u);
  begin(4);
  writer.answered(conflict(), now);
  CAF_CHECK_EQUAL(
      is<key_writer::vacant>(writer.looked(mark(7), sight::ours, now)).mark.value, 7u);
  begin(4);
  writer.answered(conflict(), now);
  CAF_CHECK_EQUAL(
      is<key_writer::vacant>(writer.looked(nothing_there(), sight::other, now))
          .mark.value,
      0u);
}

CAF_TEST(a read without answer is repeated and decides nothing) {
  begin(4);
  is<key_writer::read>(writer.answered(conflict(), now));
  for (auto status :
       {read_status::unknown, read_status::not_connected, read_status::refused}) {
    is<key_writer::waiting>(writer.looked(unread(status), sight::other, now));
    CAF_CHECK(writer.busy());
    now += 99ms;
    is<key_writer::waiting>(writer.tick(now));
    now += 1ms;
    is<key_writer::read>(writer.tick(now));
  }
  is<key_writer::landed>(writer.looked(holds(5), sight::ours, now));
}

CAF_TEST(a write that was never sent or was refused ends at once) {
  begin(4);
  is<key_writer::not_sent>(writer.answered(not_connected(), now));
  CAF_CHECK(!writer.busy());
  begin(4);
  CAF_CHECK_EQUAL(is<key_writer::refused>(writer.answered(refused("why"), now)).why,
                  "why");
  CAF_CHECK(!writer.busy());
}

CAF_TEST(neither a lost connection nor a refusal ends a write that is in doubt) {
  begin(4);
  lose_answer();
  repeats_after_the_pause(4);
  is<key_writer::waiting>(writer.answered(not_connected(), now));
  repeats_after_the_pause(4);
  is<key_writer::waiting>(writer.answered(refused(), now));
  repeats_after_the_pause(4);
  CAF_CHECK(writer.busy());
  is<key_writer::landed>(writer.answered(done(5), now));
  CAF_MESSAGE("the doubt does not outlive its write");
  begin(5);
  is<key_writer::not_sent>(writer.answered(not_connected(), now));
}

CAF_TEST(answers that no request waits for are ignored) {
  is<key_writer::waiting>(writer.answered(done(3), now));
  is<key_writer::waiting>(writer.looked(holds(3), sight::ours, now));
  is<key_writer::waiting>(writer.tick(now));
  begin(4);
  is<key_writer::waiting>(writer.looked(holds(3), sight::ours, now));
  CAF_CHECK(writer.busy());
}

CAF_TEST_FIXTURE_SCOPE_END()
