// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.group_init

#include "support.hpp"

#include "partita/core/group_init.hpp"

using namespace core_test;

namespace {

struct fixture {
  time_point now = time_point{} + 1000s;
  group_init mine{6s};
  group_init::view view{
      nothing_there(), {1'795'000'000'123'456'789, {}, false, 0, "one"}, {}, {}};

  group_init::command look() { return mine.looked(view, 1'795'000'000, now); }
  bool refuses() { return std::holds_alternative<group_init::refused>(look()); }
  void wait() {
    auto x = look();
    CAF_REQUIRE(std::holds_alternative<group_init::wait>(x));
    CAF_CHECK(std::get<group_init::wait>(x).how_long == 6300ms);
    now += 6300ms;
  }
};

kv_entry heartbeat(beat_state state) {
  beat x;
  x.nonce = {"someone"};
  x.state = state;
  return {"heartbeat.worker-3", to_text(x), {5}};
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(group_init_tests, fixture)

CAF_TEST(after ttl and 5 percent the first entry names bucket and server) {
  wait();
  now -= 1ms;
  CAF_CHECK(std::holds_alternative<group_init::wait>(look()));
  now += 1ms;
  auto x = std::get<group_init::write>(look());
  CAF_CHECK_EQUAL(x.expected.value, 0u);
  CAF_CHECK_EQUAL(x.value,
                  (epoch_entry{{1'795'000'060}, {}, {}, "one", 1'795'000'000'123'456}));
}

CAF_TEST(an entry that is there is never written over) {
  view.epoch = holds(1, to_text(epoch_entry{{7}, {"worker-0"}, {"leads"}}));
  CAF_CHECK(refuses());
  view.epoch = mark(2);
  CAF_CHECK(refuses());
  view.epoch = holds(1, "unreadable");
  CAF_CHECK(refuses());
  view.epoch = nothing_there();
  wait();
  CAF_MESSAGE("nor one that came meanwhile");
  view.epoch = holds(1, to_text(epoch_entry{{7}, {"worker-0"}, {"leads"}}));
  CAF_CHECK(refuses());
}

CAF_TEST(a group that has worked is not new) {
  view.assignments = {{"assignment.worker-3", "{}", {4}}};
  CAF_CHECK(refuses());
  view.assignments = {{"group", "{}", {4}}};
  view.heartbeats = {heartbeat(beat_state::working)};
  CAF_CHECK(refuses());
  view.heartbeats = {heartbeat(beat_state::stopped)};
  wait();
}

CAF_TEST(only a server that keeps the buckets alone is named) {
  view.bucket.server.clear();
  CAF_CHECK(refuses());
}

CAF_TEST(a server or a bucket that is another one after the wait is not named) {
  wait();
  auto before = view.bucket;
  view.bucket.server = "two";
  CAF_CHECK(refuses());
  view.bucket = before;
  view.bucket.created_at_ns += 1;
  CAF_CHECK(refuses());
}

CAF_TEST(what cannot be read is no new group) {
  view.epoch = unread();
  CAF_CHECK(refuses());
}

CAF_TEST_FIXTURE_SCOPE_END()
