// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE actors.roster

#include "../support/stub.hpp"

#include "partita/actors/children.hpp"
#include "partita/messages/codec.hpp"
#include "partita/store/memory/memory_store.hpp"

#include <caf/actor_cast.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/test/dsl.hpp>

#include <memory>

using namespace partita;
using namespace std::chrono_literals;

namespace {

using kind = roster_news::kind;
using heard_news = std::shared_ptr<std::vector<roster_news>>;
using invalid_ones = std::shared_ptr<std::vector<entry_invalid>>;

roster_listener_actor::behavior_type listen(roster_listener_actor::pointer,
                                            heard_news heard) {
  return {[heard](const roster_news& x) { heard->push_back(x); }};
}

/// A roster of worker-0; the test plays the bucket's watch.
struct fixture : test_coordinator_fixture<> {
  roster_actor mine;
  caf::actor bucket;
  invalid_ones invalid = std::make_shared<std::vector<entry_invalid>>();
  caf::actor parent;
  std::vector<roster_listener_actor> listeners;
  std::string pattern;

  fixture() {
    auto asked = std::make_shared<std::string>();
    bucket = test::spawn_stub(sys, [asked](const kv_watch& x) { *asked = x.pattern; });
    parent = test::spawn_stub(
        sys, [all = invalid](const entry_invalid& x) { all->push_back(x); },
        [](const store_trouble&) {});
    roster_options o;
    o.self = {"worker-0"};
    o.clock = worker_clock::of_actors();
    mine = sys.spawn(roster, o, caf::actor_cast<bucket_actor>(bucket),
                     caf::actor_cast<supervisor_actor>(parent));
    consume_messages();
    pattern = *asked;
  }

  ~fixture() {
    for (auto& x : listeners)
      anon_send_exit(x, caf::exit_reason::kill);
    anon_send_exit(mine, caf::exit_reason::kill);
    anon_send_exit(bucket, caf::exit_reason::kill);
    anon_send_exit(parent, caf::exit_reason::kill);
    consume_messages();
  }

  core::time_point now() { return sched.clock().now(); }

  heard_news add_listener() {
    auto heard = std::make_shared<std::vector<roster_news>>();
    listeners.push_back(sys.spawn(listen, heard));
    anon_send(mine, listeners.back());
    consume_messages();
    return heard;
  }

  void tell(watch_event x) {
    anon_send(mine, std::move(x));
    consume_messages();
  }
  void tell(watch_change what, std::int64_t created_at = 0) {
    watch_event x;
    x.change = what;
    x.bucket.created_at_ns = created_at;
    tell(std::move(x));
  }
  void holds(const std::string& who, std::uint64_t at, const std::string& text,
             std::int64_t stored_at = 0) {
    watch_event x;
    x.change = watch_change::value;
    x.entry.key = "heartbeat." + who;
    x.entry.value = text;
    x.entry.revision = {at};
    x.entry.stored_at_ns = stored_at;
    tell(std::move(x));
  }
  void removed(const std::string& who, std::uint64_t at) {
    watch_event x;
    x.change = watch_change::removed;
    x.entry.key = "heartbeat." + who;
    x.entry.revision = {at};
    tell(std::move(x));
  }

  static std::string text_of(const std::string& nonce,
                             beat_state state = beat_state::working) {
    beat x;
    x.nonce = {nonce};
    x.state = state;
    return to_text(x);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(roster_tests, fixture)

CAF_TEST(all heartbeats are followed) {
  CAF_CHECK_EQUAL(pattern, "heartbeat.>");
}

CAF_TEST(a listener receives every change with the time at which it was seen first) {
  auto heard = add_listener();
  CAF_CHECK(heard->empty());
  holds("worker-1", 4, text_of("a"), 77);
  CAF_REQUIRE_EQUAL(heard->size(), 1u);
  const auto& x = heard->back();
  CAF_CHECK(x.what == kind::beat);
  CAF_CHECK_EQUAL(x.who.value, "worker-1");
  CAF_CHECK_EQUAL(x.revision.value, 4u);
  CAF_CHECK_EQUAL(x.value.nonce.value, "a");
  CAF_CHECK(x.seen_at == now());
  CAF_CHECK_EQUAL(x.stored_at_ns, 77);
  sched.advance_time(1s);
  removed("worker-1", 5);
  CAF_CHECK(heard->back().what == kind::gone);
  CAF_CHECK_EQUAL(heard->back().revision.value, 5u);
  CAF_CHECK(heard->back().seen_at == now());
}

CAF_TEST(a late listener receives what was seen with the time at which it was seen) {
  auto then = now();
  holds("worker-1", 4, text_of("a"));
  sched.advance_time(1s);
  tell(watch_change::replayed, 55);
  auto complete = now();
  sched.advance_time(5s);
  auto heard = add_listener();
  CAF_REQUIRE_EQUAL(heard->size(), 2u);
  CAF_CHECK(heard->front().what == kind::beat);
  CAF_CHECK(heard->front().seen_at == then);
  CAF_CHECK(heard->back().what == kind::replayed);
  CAF_CHECK(heard->back().seen_at == complete);
  CAF_CHECK_EQUAL(heard->back().stored_at_ns, 55);
}

CAF_TEST(before the replay is complete a listener receives no replay mark) {
  holds("worker-1", 4, text_of("a"));
  auto heard = add_listener();
  CAF_REQUIRE_EQUAL(heard->size(), 1u);
  tell(watch_change::replayed);
  CAF_CHECK(heard->back().what == kind::replayed);
}

CAF_TEST(a replay that shows the same again does not change when it was seen first) {
  auto heard = add_listener();
  holds("worker-1", 4, text_of("a"));
  removed("worker-2", 5);
  tell(watch_change::replayed);
  auto complete = now();
  auto told = heard->size();
  sched.advance_time(3s);
  tell(watch_change::restarted);
  CAF_CHECK(heard->back().what == kind::interrupted);
  holds("worker-1", 4, text_of("a"));
  removed("worker-2", 5);
  removed("worker-2", 0);
  CAF_CHECK_EQUAL(heard->size(), told + 1);
  tell(watch_change::replayed);
  CAF_CHECK(heard->back().what == kind::replayed);
  CAF_CHECK(heard->back().seen_at == complete);
  CAF_MESSAGE("a new revision is seen now");
  holds("worker-1", 6, text_of("a"));
  CAF_CHECK(heard->back().seen_at == now());
}

CAF_TEST(while the watch is being rebuilt a new listener receives no replay mark) {
  tell(watch_change::replayed);
  tell(watch_change::restarted);
  auto heard = add_listener();
  CAF_CHECK(heard->empty());
}

CAF_TEST(a recreated bucket voids all that was known) {
  holds("worker-1", 40, text_of("a"));
  tell(watch_change::replayed, 55);
  auto heard = add_listener();
  sched.advance_time(2s);
  tell(watch_change::bucket_changed, 66);
  CAF_CHECK(heard->back().what == kind::bucket_changed);
  CAF_CHECK_EQUAL(heard->back().stored_at_ns, 66);
  CAF_MESSAGE("its revisions begin again");
  holds("worker-1", 1, text_of("b"));
  CAF_CHECK_EQUAL(heard->back().value.nonce.value, "b");
  tell(watch_change::replayed, 66);
  CAF_CHECK(heard->back().seen_at == now());
  CAF_CHECK_EQUAL(add_listener()->size(), 2u);
}

CAF_TEST(an entry that cannot be read is passed on as that and reported once) {
  auto heard = add_listener();
  holds("worker-1", 4, "no json");
  CAF_CHECK(heard->back().what == kind::unreadable);
  CAF_CHECK_EQUAL(heard->back().revision.value, 4u);
  holds("worker-1", 5, "no json");
  CAF_CHECK_EQUAL(heard->size(), 2u);
  CAF_REQUIRE_EQUAL(invalid->size(), 1u);
  CAF_CHECK_EQUAL(invalid->front().key, "heartbeat.worker-1");
}

CAF_TEST(keys that belong to no worker are ignored) {
  auto heard = add_listener();
  watch_event x;
  x.change = watch_change::value;
  x.entry.key = "other";
  x.entry.revision = {1};
  tell(x);
  tell(watch_change::alive);
  CAF_CHECK(heard->empty());
}

CAF_TEST(a listener that ended receives nothing and holds up no other listener) {
  auto one = add_listener();
  auto other = add_listener();
  anon_send_exit(listeners.front(), caf::exit_reason::kill);
  listeners.erase(listeners.begin());
  consume_messages();
  holds("worker-1", 4, text_of("a"));
  CAF_CHECK(one->empty());
  CAF_CHECK_EQUAL(other->size(), 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()
