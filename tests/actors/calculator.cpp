// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE actors.calculator

#include "../support/group_fixture.hpp"
#include "../support/stub.hpp"

#include "partita/actors/calculator.hpp"
#include "partita/messages/codec.hpp"

using namespace partita;
using namespace std::chrono_literals;

namespace {

/// A calculator over real buckets; the test sends it the roster's news of heartbeats.
struct fixture : test::group_fixture {
  using kind = roster_news::kind;

  bucket_actor assignments;
  bucket_actor heartbeats;
  bucket_actor control;
  caf::actor roster;
  caf::actor parent;
  calculator_actor mine;
  std::string control_bucket = "g-control";
  std::string stepped_down_why;
  std::vector<std::string> unknown;
  std::vector<measured> said;

  bucket_actor make(const std::string& name) {
    if (!operator_)
      operator_ = store::spawn_memory_client(sys, server);
    open_bucket what;
    what.name = name;
    self->send(operator_, what);
    consume_messages();
    bucket_actor result;
    self->receive([&](const bucket_opened& x) { result = x.bucket; });
    return result;
  }

  fixture() {
    assignments = make("g-assignment");
    heartbeats = make("g-heartbeat");
    control = make("g-control");
    roster = test::spawn_stub(sys, [](const roster_listener_actor&) {});
    parent = test::spawn_stub(
        sys, [](const adopted&) { return may_act{}; }, [](const phase_changed&) {},
        [](const superseded&) {}, [](const entry_invalid&) {},
        [](const store_trouble&) {},
        [this](const stepped_down& x) { stepped_down_why = x.why; },
        [this](const control_unknown& x) { unknown.push_back(x.why); },
        [](const source_trouble&) {}, [this](const measured& x) { said.push_back(x); });
    // Older than any session, so that nothing waits for that.
    pass(10s);
  }

  ~fixture() {
    anon_send_exit(mine, caf::exit_reason::kill);
    anon_send_exit(roster, caf::exit_reason::kill);
    anon_send_exit(parent, caf::exit_reason::kill);
    consume_messages();
  }

  void lead() {
    calculator_options o;
    o.coordinator.leader = {"worker-0"};
    o.coordinator.heartbeat_ttl = 6s;
    o.coordinator.grace = 5s;
    o.coordinator.pause = 100ms;
    o.coordinator.strategy = core::make_strategy({});
    o.takeover = {.leader = {"worker-0"}, .self = {"leadership"}, .pause = 100ms};
    o.strategy_name = "sticky";
    o.control_bucket = control_bucket;
    o.clock = worker_clock::of_actors();
    mine = sys.spawn(calculator, o, assignments, heartbeats,
                     caf::actor_cast<store_actor>(operator_),
                     caf::actor_cast<roster_actor>(roster),
                     caf::actor_cast<partition_source_actor>(source),
                     caf::actor_cast<supervisor_actor>(parent));
    pass(100ms);
  }

  template <class Request>
  kv_written write(const bucket_actor& where, Request what) {
    kv_written result;
    auto pending = self->request(where, caf::infinite, std::move(what));
    consume_messages();
    pending.receive([&](const kv_written& x) { result = x; },
                    [](const caf::error&) { CAF_FAIL("an error"); });
    return result;
  }

  kv_entry last(const bucket_actor& where, const std::string& key) {
    kv_entry result;
    auto pending = self->request(where, caf::infinite, kv_last{key});
    consume_messages();
    pending.receive([&](const kv_read& x) { result = x.entry; },
                    [](const caf::error&) { CAF_FAIL("an error"); });
    return result;
  }

  static beat beat_of(const std::string& nonce) {
    beat x;
    x.nonce = {nonce};
    x.state = beat_state::working;
    return x;
  }

  revision beats(const std::string& who, const beat& x) {
    return write(heartbeats, kv_put{"heartbeat." + who, to_text(x)}).revision;
  }

  void owns(const std::string& who, const std::string& nonce) {
    record x;
    x.version = {7};
    x.worker_nonce = {nonce};
    x.partitions.push_back({test::numbered_partitions(1).front(), {7}});
    write(assignments, kv_put{"assignment." + who, to_text(x)});
  }

  void hears(kind what, const std::string& who = "", revision at = {},
             const beat& value = {}) {
    roster_news x;
    x.what = what;
    x.who = {who};
    x.revision = at;
    x.value = value;
    x.seen_at = sched.clock().now();
    // As the leader's clock shows it, which the epoch follows.
    x.stored_at_ns =
        std::chrono::nanoseconds{std::chrono::system_clock::now().time_since_epoch()}
            .count();
    anon_send(mine, x);
    consume_messages();
  }

  beat_state state_of(const std::string& who) {
    auto value = beat_from(last(heartbeats, "heartbeat." + who).value, 0);
    CAF_REQUIRE(std::holds_alternative<beat>(value));
    return std::get<beat>(value).state;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(calculator_tests, fixture)

CAF_TEST(a silent worker is expelled over the heartbeat that was seen last) {
  owns("worker-1", "a");
  auto at = beats("worker-1", beat_of("a"));
  lead();
  hears(kind::beat, "worker-1", at, beat_of("a"));
  hears(kind::replayed);
  pass(6200ms);
  CAF_CHECK(state_of("worker-1") == beat_state::working);
  pass(200ms);
  CAF_CHECK(state_of("worker-1") == beat_state::expelled);
}

CAF_TEST(measurements are published when something has happened and not otherwise) {
  owns("worker-1", "a");
  auto beats_for = [this](int seconds) {
    for (int i = 0; i < seconds; ++i) {
      auto at = beats("worker-1", beat_of("a"));
      hears(kind::beat, "worker-1", at, beat_of("a"));
      pass(1s);
    }
  };
  lead();
  hears(kind::replayed);
  beats_for(60);
  CAF_REQUIRE(!said.empty());
  CAF_CHECK_EQUAL(said.back().run, 0u);
  CAF_CHECK_EQUAL(said.back().news.partitions, 12u);
  CAF_CHECK_EQUAL(said.back().news.unowned, 0u);
  said.clear();
  CAF_MESSAGE("nothing happens");
  beats_for(60);
  CAF_CHECK(said.empty());
  CAF_MESSAGE("the list changes");
  source_list(24);
  beats_for(20);
  CAF_CHECK(!said.empty());
}

CAF_TEST(a worker whose newest heartbeat was not seen is not expelled) {
  owns("worker-1", "a");
  auto at = beats("worker-1", beat_of("a"));
  lead();
  hears(kind::beat, "worker-1", at, beat_of("a"));
  hears(kind::replayed);
  beats("worker-1", beat_of("a"));
  pass(20s);
  CAF_CHECK(state_of("worker-1") == beat_state::working);
}

CAF_TEST(no worker is expelled over an absence that has changed since it was seen) {
  owns("worker-1", "a");
  lead();
  hears(kind::replayed);
  CAF_MESSAGE("it sent a heartbeat and its key was removed");
  auto at = beats("worker-1", beat_of("a"));
  write(heartbeats, kv_remove{"heartbeat.worker-1", at});
  pass(6400ms);
  CAF_CHECK(last(heartbeats, "heartbeat.worker-1").removed);
  CAF_MESSAGE("but the removal counts as seen from then on");
  pass(6400ms);
  CAF_CHECK(state_of("worker-1") == beat_state::expelled);
}

CAF_TEST(the incarnation in the place of an unseen owner is read at the streams leader) {
  owns("worker-1", "a");
  auto at = beats("worker-1", beat_of("b"));
  lead();
  hears(kind::beat, "worker-1", at, beat_of("b"));
  hears(kind::replayed);
  auto named = [&] {
    auto value = record_from(last(assignments, "assignment.worker-1").value, 0);
    return std::get<record>(value).worker_nonce.value;
  };
  auto beating = [&](core::duration how_long) {
    for (core::duration passed{0}; passed < how_long; passed += 100ms) {
      pass(100ms);
      at = beats("worker-1", beat_of("b"));
      hears(kind::beat, "worker-1", at, beat_of("b"));
    }
  };
  beating(6s);
  CAF_CHECK_EQUAL(named(), "a");
  beating(1s);
  CAF_CHECK_EQUAL(named(), "b");
}

CAF_TEST(records are in a format that all workers read) {
  owns("worker-1", "a");
  auto reads_format = [&](const std::string& who, const std::string& nonce,
                          std::uint64_t most) {
    auto x = beat_of(nonce);
    x.record_format = most;
    hears(kind::beat, who, beats(who, x), x);
    pass(100ms);
  };
  auto states = [&](const char* format) {
    return last(assignments, "assignment.worker-1").value.find(format)
           != std::string::npos;
  };
  lead();
  reads_format("worker-1", "a", 2);
  hears(kind::replayed);
  CAF_CHECK(states(R"("v":2)"));
  reads_format("worker-2", "b", 1);
  CAF_CHECK(states(R"("v":1)"));
}

CAF_TEST_FIXTURE_SCOPE_END()
