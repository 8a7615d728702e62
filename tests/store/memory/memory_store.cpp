// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE store.memory_store

#include "partita/store/memory/memory_store_client.hpp"

#include "../../support/fault_proxy.hpp"
#include "../../support/store_client.hpp"

#include <caf/test/dsl.hpp>

using namespace partita;
using namespace partita::store;
using namespace std::chrono_literals;
using test::client_fault;
using test::fault_kind;

namespace {

using texts = std::vector<std::string>;

bool has_mail(caf::scoped_actor& x) {
  return x->peek_at_next_mailbox_element() != nullptr;
}

/// A watcher that a test looks at whenever it wants.
class watch_observer {
public:
  explicit watch_observer(caf::actor_system& sys) : self_(sys) {}

  watch_sink_actor handle() { return test::handle_of<watch_sink_actor>(self_); }

  /// What came since the last time, in short: "value a 1", "replayed".
  texts heard() {
    texts result;
    while (has_mail(self_))
      self_->receive([&](const watch_event& x) {
        std::string text = to_string(x.change);
        if (!x.entry.key.empty())
          text += " " + x.entry.key + " " + std::to_string(x.entry.revision.value);
        if (x.change == watch_change::restarted)
          why = x.why;
        result.push_back(text);
      });
    return result;
  }

  /// The same without signs of life.
  texts news() {
    auto result = heard();
    std::erase(result, "alive");
    return result;
  }

  std::string why;

private:
  caf::scoped_actor self_;
};

/// One server, two clients of it behind proxies, and time that the test moves.
struct fixture : test_coordinator_fixture<> {
  memory_server_actor server;
  memory_store_actor store;
  memory_store_actor other_store;
  test::fault_proxy_actor faults;
  test::fault_proxy_actor other_faults;
  bucket_actor bucket;
  bucket_actor other;

  fixture() {
    server = spawn_memory_server(sys, {.watch_heartbeat = 100ms});
    auto mine = test::spawn_faulty_client(sys, server, {500ms, 100ms});
    auto others = test::spawn_faulty_client(sys, server, {500ms, 100ms});
    store = mine.client;
    faults = mine.faults;
    other_store = others.client;
    other_faults = others.faults;
    bucket = open(store).bucket;
    other = open(other_store).bucket;
  }

  ~fixture() {
    // Once there is no watcher, no timer may be left that keeps the system alive.
    pass(10s);
    CAF_CHECK(!sched.has_job());
    CAF_CHECK(!sched.clock().has_pending_timeout());
  }

  bucket_opened open(const memory_store_actor& x, std::chrono::milliseconds ttl = 0ms,
                     const std::string& name = "b") {
    return answer_of<bucket_opened>(x, open_bucket{.name = name, .ttl = ttl});
  }

  void strike(client_fault x) { give(faults, std::move(x)); }

  void heal(fault_kind kind) { give(faults, client_fault{.kind = kind, .times = 0}); }

  void watch(watch_observer& who, const bucket_actor& where,
             const std::string& pattern = ">") {
    give(where, kv_watch{1, pattern, who.handle(), true});
  }

  template <class Handle, class... Ts>
  void give(const Handle& whom, Ts... xs) {
    self->send(whom, std::move(xs)...);
    consume_messages();
  }

  /// Lets time pass in small steps, as it does.
  void pass(std::chrono::milliseconds time) {
    for (; time > 0ms; time -= 10ms) {
      advance_time(10ms);
      consume_messages();
    }
  }

  template <class Handle, class Request>
  auto send(const Handle& whom, Request what) {
    auto handle = self->request(whom, caf::infinite, std::move(what));
    consume_messages();
    return handle;
  }

  bool answered() { return has_mail(self); }

  /// What has been answered; that has to be there.
  template <class Reply, class ResponseHandle>
  Reply take(ResponseHandle& handle) {
    CAF_REQUIRE(answered());
    return test::wait_for<Reply>(self, handle);
  }

  template <class Reply, class Handle, class Request>
  Reply answer_of(const Handle& whom, Request what) {
    auto handle = send(whom, std::move(what));
    return take<Reply>(handle);
  }

  kv_written put(const bucket_actor& x, const std::string& key,
                 const std::string& value) {
    return answer_of<kv_written>(x, kv_put{key, value});
  }

  kv_read last(const bucket_actor& x, const std::string& key) {
    return answer_of<kv_read>(x, kv_last{key});
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(memory_store_tests, fixture)

// -- time -------------------------------------------------------------------------------

CAF_TEST(a value expires on the actor clock) {
  auto brief = open(store, 200ms, "brief").bucket;
  put(brief, "a", "1");
  pass(190ms);
  CAF_CHECK_EQUAL(last(brief, "a").status, read_status::found);
  pass(10ms);
  CAF_CHECK_EQUAL(last(brief, "a").status, read_status::missing);
}

CAF_TEST(a store without a watch has no timer) {
  auto plain = spawn_memory_client(sys, server, {500ms, 100ms});
  pass(500ms);
  put(open(plain).bucket, "a", "1");
  CAF_CHECK(!sched.clock().has_pending_timeout());
}

CAF_TEST(a watch lives by heartbeats and its timers end with its watcher) {
  {
    watch_observer w{sys};
    watch(w, bucket);
    CAF_CHECK_EQUAL(w.heard(), texts({"replayed"}));
    pass(1s);
    CAF_CHECK_EQUAL(w.heard(), texts(10, "alive"));
  }
  consume_messages();
  pass(110ms);
  CAF_CHECK(!sched.clock().has_pending_timeout());
}

CAF_TEST(a watch does not keep a client alive for ever) {
  watch_observer w{sys};
  watch(w, bucket);
  CAF_MESSAGE("the bucket lives while it is watched");
  bucket = nullptr;
  store = nullptr;
  consume_messages();
  w.heard();
  put(other, "a", "1");
  pass(10ms);
  CAF_CHECK_EQUAL(w.news(), texts({"value a 1"}));
}

CAF_TEST(two watches of one pattern share a consumer) {
  watch_observer one{sys};
  watch_observer two{sys};
  watch(one, bucket);
  put(bucket, "a", "1");
  one.heard();
  watch(two, bucket);
  CAF_CHECK_EQUAL(one.heard(), texts());
  CAF_CHECK_EQUAL(two.heard(), texts({"value a 1", "replayed"}));
  give(bucket, kv_unwatch{1}, one.handle());
  put(bucket, "a", "2");
  CAF_CHECK_EQUAL(one.heard(), texts());
  CAF_CHECK_EQUAL(two.heard(), texts({"value a 2"}));
}

CAF_TEST(a pattern that is none is answered with why) {
  watch_observer w{sys};
  watch(w, bucket, "a b");
  CAF_CHECK_EQUAL(w.heard(), texts({"restarted"}));
  CAF_CHECK_NOT_EQUAL(w.why.find("'a b'"), std::string::npos);
}

// -- faults of writes and reads ---------------------------------------------------------

CAF_TEST(a write whose answer is lost is done and unknown) {
  strike({.kind = fault_kind::answer_lost, .times = 1});
  auto handle = send(bucket, kv_create{"a", "1"});
  pass(490ms);
  CAF_CHECK(!answered());
  CAF_CHECK_EQUAL(last(other, "a").entry.value, "1");
  pass(10ms);
  auto lost = take<kv_written>(handle);
  CAF_CHECK_EQUAL(lost.status, write_status::unknown);
  CAF_CHECK(!lost.why.empty());
  CAF_CHECK_EQUAL(answer_of<kv_written>(bucket, kv_create{"a", "1"}).status,
                  write_status::conflict);
}

CAF_TEST(a late write is unknown and happens all the same) {
  strike({.kind = fault_kind::write_late, .times = 1, .delay = 2s});
  auto handle = send(bucket, kv_put{"a", "late"});
  pass(500ms);
  CAF_CHECK_EQUAL(take<kv_written>(handle).status, write_status::unknown);
  CAF_CHECK_EQUAL(last(other, "a").status, read_status::missing);
  pass(1490ms);
  CAF_CHECK_EQUAL(last(other, "a").status, read_status::missing);
  pass(10ms);
  CAF_CHECK_EQUAL(last(other, "a").entry.value, "late");
}

CAF_TEST(a write that is a little late is done) {
  strike({.kind = fault_kind::write_late, .times = 1, .delay = 100ms});
  auto handle = send(bucket, kv_put{"a", "late"});
  pass(100ms);
  CAF_CHECK_EQUAL(take<kv_written>(handle).status, write_status::done);
}

CAF_TEST(without a link nothing is sent and all is answered at once) {
  strike({.kind = fault_kind::link_down});
  CAF_CHECK_EQUAL(put(bucket, "a", "1").status, write_status::not_connected);
  CAF_CHECK_EQUAL(last(bucket, "a").status, read_status::not_connected);
  CAF_CHECK_EQUAL(answer_of<kv_identity>(bucket, kv_identify{}).status,
                  read_status::not_connected);
  CAF_CHECK_EQUAL(open(store).status, open_status::not_connected);
  heal(fault_kind::link_down);
  pass(10s);
  CAF_CHECK_EQUAL(last(bucket, "a").status, read_status::missing);
  CAF_CHECK_EQUAL(put(bucket, "a", "1").status, write_status::done);
}

CAF_TEST(a write that is under way when the link breaks is unknown at once) {
  strike({.kind = fault_kind::write_late, .times = 1, .delay = 200ms});
  auto handle = send(bucket, kv_put{"a", "1"});
  CAF_CHECK(!answered());
  strike({.kind = fault_kind::link_down});
  CAF_CHECK_EQUAL(take<kv_written>(handle).status, write_status::unknown);
  pass(200ms);
  CAF_CHECK_EQUAL(last(other, "a").entry.value, "1");
}

CAF_TEST(listeners are notified of the link) {
  caf::scoped_actor listener{sys};
  texts heard;
  auto listen = [&] {
    while (has_mail(listener))
      listener->receive(
          [&](const link_changed& x) { heard.push_back(to_string(x.state)); });
  };
  give(store, test::handle_of<link_listener_actor>(listener));
  listen();
  CAF_CHECK_EQUAL(heard, texts({"connected"}));
  strike({.kind = fault_kind::link_down});
  strike({.kind = fault_kind::link_down});
  heal(fault_kind::link_down);
  listen();
  CAF_CHECK_EQUAL(heard, texts({"connected", "disconnected", "connected"}));
}

CAF_TEST(closing waits for what is under way) {
  strike({.kind = fault_kind::answer_lost, .times = 1});
  auto write = send(bucket, kv_put{"a", "1"});
  auto closing = send(store, close_store{});
  CAF_CHECK(!answered());
  pass(500ms);
  CAF_CHECK_EQUAL(take<kv_written>(write).status, write_status::unknown);
  take<store_closed>(closing);
  CAF_CHECK_EQUAL(put(bucket, "a", "2").status, write_status::not_connected);
}

// -- faults of watches ------------------------------------------------------------------

CAF_TEST(a lost delivery is missed at the next one and made good) {
  watch_observer w{sys};
  watch(w, bucket);
  w.heard();
  strike({.kind = fault_kind::delivery_lost, .times = 1});
  put(other, "a", "1");
  CAF_CHECK_EQUAL(w.news(), texts());
  put(other, "b", "2");
  CAF_CHECK_EQUAL(w.news(), texts({"restarted", "value a 1", "value b 2", "replayed"}));
}

CAF_TEST(a lost delivery is missed at the next heartbeat too) {
  watch_observer w{sys};
  watch(w, bucket);
  w.heard();
  strike({.kind = fault_kind::delivery_lost, .times = 1, .pattern = "a"});
  put(other, "a", "1");
  pass(100ms);
  CAF_CHECK_EQUAL(w.news(), texts({"restarted", "value a 1", "replayed"}));
}

CAF_TEST(late deliveries are late and in order) {
  watch_observer w{sys};
  watch(w, bucket);
  w.heard();
  strike({.kind = fault_kind::delivery_late, .delay = 60ms});
  put(other, "a", "1");
  pass(30ms);
  put(other, "a", "2");
  CAF_CHECK_EQUAL(w.news(), texts());
  pass(30ms);
  CAF_CHECK_EQUAL(w.news(), texts({"value a 1"}));
  pass(30ms);
  CAF_CHECK_EQUAL(w.news(), texts({"value a 2"}));
}

CAF_TEST(a silent watch is made again until the server sends something) {
  watch_observer w{sys};
  put(bucket, "a", "1");
  watch(w, bucket);
  w.heard();
  strike({.kind = fault_kind::silence});
  put(other, "a", "2");
  pass(200ms);
  CAF_CHECK_EQUAL(w.news(), texts());
  pass(5s);
  CAF_CHECK_EQUAL(w.news(), texts({"restarted"}));
  heal(fault_kind::silence);
  pass(5s);
  CAF_CHECK_EQUAL(w.news(), texts({"value a 2", "replayed"}));
}

CAF_TEST(a watch survives a broken link) {
  watch_observer w{sys};
  watch(w, bucket);
  put(bucket, "a", "1");
  w.heard();
  strike({.kind = fault_kind::link_down});
  CAF_CHECK_EQUAL(w.heard(), texts({"restarted"}));
  put(other, "a", "2");
  pass(10s);
  CAF_CHECK_EQUAL(w.heard(), texts());
  heal(fault_kind::link_down);
  CAF_CHECK_EQUAL(w.news(), texts({"value a 2", "replayed"}));
}

CAF_TEST(a watch that is made without a link begins when it is back) {
  strike({.kind = fault_kind::link_down});
  watch_observer w{sys};
  watch(w, bucket);
  pass(1s);
  CAF_CHECK_EQUAL(w.heard(), texts());
  heal(fault_kind::link_down);
  CAF_CHECK_EQUAL(w.heard(), texts({"replayed"}));
}

CAF_TEST(a bucket that is made again is a new incarnation for its watchers) {
  watch_observer w{sys};
  put(bucket, "a", "1");
  watch(w, bucket);
  w.heard();
  // Longer than creation times of one bucket may differ.
  pass(6s);
  answer_of<bool>(server, delete_bucket{"b"});
  open(other_store);
  put(other, "c", "1");
  pass(2s);
  CAF_CHECK_EQUAL(w.news(),
                  texts({"restarted", "bucket_changed", "value c 1", "replayed"}));
}

CAF_TEST(a power failure of the server is a new incarnation too) {
  watch_observer w{sys};
  put(bucket, "a", "1");
  put(bucket, "b", "2");
  watch(w, bucket);
  w.heard();
  answer_of<bool>(server, lose_writes{"b", {1}});
  strike({.kind = fault_kind::link_down});
  heal(fault_kind::link_down);
  CAF_CHECK_EQUAL(w.news(),
                  texts({"restarted", "bucket_changed", "value a 1", "replayed"}));
}

CAF_TEST(a watch asks the leader for a write of ours that its replay does not show) {
  auto brief = open(store, 200ms, "brief").bucket;
  put(brief, "a", "1");
  pass(200ms);
  watch_observer w{sys};
  watch(w, brief);
  CAF_CHECK_EQUAL(w.heard(), texts({"replayed"}));
}

// -- probes -----------------------------------------------------------------------------

namespace {

constexpr auto alive = probe_status::alive;
constexpr auto gone = probe_status::gone;
constexpr auto unknown = probe_status::unknown;

} // namespace

CAF_TEST(a client whose link is down serves nothing and knows nothing) {
  give(store, serve_probe{{"me"}});
  give(other_store, serve_probe{{"other"}});
  CAF_CHECK(answer_of<probed>(other_store, probe{{"me"}}) == (probed{alive, 1, {}}));
  strike({.kind = fault_kind::link_down});
  CAF_CHECK_EQUAL(answer_of<probed>(other_store, probe{{"me"}}).status, gone);
  auto cut_off = answer_of<probed>(store, probe{{"other"}});
  CAF_CHECK_EQUAL(cut_off.status, unknown);
  CAF_CHECK_EQUAL(cut_off.link, 0u);
  CAF_MESSAGE("what is begun and ended without a link counts when it is back");
  give(store, serve_probe{{"second"}});
  give(store, end_probe{{"me"}});
  CAF_CHECK_EQUAL(answer_of<probed>(other_store, probe{{"second"}}).status, gone);
  heal(fault_kind::link_down);
  CAF_CHECK_EQUAL(answer_of<probed>(other_store, probe{{"second"}}).status, alive);
  CAF_CHECK_EQUAL(answer_of<probed>(other_store, probe{{"me"}}).status, gone);
  CAF_CHECK(answer_of<probed>(store, probe{{"other"}}) == (probed{alive, 2, {}}));
}

CAF_TEST(a client that was killed serves nothing any more) {
  give(store, serve_probe{{"me"}});
  CAF_CHECK_EQUAL(answer_of<probed>(other_store, probe{{"me"}}).status, alive);
  anon_send_exit(store, caf::exit_reason::kill);
  CAF_CHECK_EQUAL(answer_of<probed>(other_store, probe{{"me"}}).status, gone);
}

CAF_TEST(a client that does not answer is unknown after a tenth of a second) {
  give(store, serve_probe{{"me"}});
  strike({.kind = fault_kind::probe_lost, .times = 1});
  auto in_flight = send(other_store, probe{{"me"}});
  pass(longest_probe - 10ms);
  CAF_CHECK(!answered());
  pass(10ms);
  CAF_CHECK_EQUAL(take<probed>(in_flight).status, unknown);
  CAF_CHECK_EQUAL(answer_of<probed>(other_store, probe{{"me"}}).status, alive);
}

CAF_TEST(a client that is frozen is unknown and alive again once it is thawed) {
  give(store, serve_probe{{"me"}});
  auto in_flight = self->request(other_store, caf::infinite, probe{{"me"}});
  CAF_MESSAGE("its actor does not run: its jobs are put aside");
  std::vector<caf::resumable*> parked;
  auto* frozen =
      dynamic_cast<caf::resumable*>(caf::actor_cast<caf::abstract_actor*>(store));
  CAF_REQUIRE(frozen != nullptr);
  auto run_others = [&] {
    for (;;) {
      for (auto i = sched.jobs.begin(); i != sched.jobs.end();)
        if (*i == frozen) {
          parked.push_back(*i);
          i = sched.jobs.erase(i);
        } else {
          ++i;
        }
      if (!sched.try_run_once())
        return;
    }
  };
  run_others();
  CAF_CHECK(!answered());
  for (int i = 0; i < 20; ++i) {
    sched.advance_time(10ms);
    run_others();
  }
  CAF_CHECK_EQUAL(take<probed>(in_flight).status, unknown);
  CAF_CHECK(!parked.empty());
  for (auto* job : parked)
    sched.jobs.push_back(job);
  CAF_CHECK_EQUAL(answer_of<probed>(other_store, probe{{"me"}}).status, alive);
}

CAF_TEST(a probe whose link was lost meanwhile is unknown) {
  give(other_store, serve_probe{{"other"}});
  give(other_faults, client_fault{.kind = fault_kind::probe_lost});
  auto in_flight = send(store, probe{{"other"}});
  strike({.kind = fault_kind::link_down});
  heal(fault_kind::link_down);
  pass(200ms);
  auto x = take<probed>(in_flight);
  CAF_CHECK_EQUAL(x.status, unknown);
  CAF_CHECK_EQUAL(x.link, 2u);
}

CAF_TEST(closing waits for the answer to a probe) {
  give(other_store, serve_probe{{"other"}});
  give(other_faults, client_fault{.kind = fault_kind::probe_lost});
  auto in_flight = send(store, probe{{"other"}});
  auto closing = send(store, close_store{});
  CAF_CHECK(!answered());
  pass(200ms);
  CAF_CHECK_EQUAL(take<probed>(in_flight).status, unknown);
  take<store_closed>(closing);
}

CAF_TEST_FIXTURE_SCOPE_END()
