#define CAF_SUITE actors.work

#include "../support/group_fixture.hpp"

#include "partita/messages/codec.hpp"

#include <caf/typed_event_based_actor.hpp>

using namespace partita;
using namespace std::chrono_literals;

namespace {

/// A listener that stops its work when the test says so.
struct desk {
  std::map<std::string, std::uint64_t> works;
  std::vector<partitions_assigned> assigned;
  std::vector<partitions_revoked> revoked;
  std::vector<partitions_lost> lost;
  std::vector<state_changed> states;
  std::vector<alert_raised> alerts;
  std::vector<worker_stopped> stops;
  /// Whether it stops at once; else it owes an answer.
  bool quick = true;
  std::vector<caf::typed_response_promise<work_stopped>> owed;

  void stop_work() {
    for (auto& x : std::exchange(owed, {}))
      x.deliver(work_stopped{});
  }
  worker_state state() const {
    return states.empty() ? worker_state::init : states.back().to;
  }
  std::vector<alert_level> levels(const std::string& what) const {
    std::vector<alert_level> result;
    for (const auto& x : alerts)
      if (x.what == what && !x.over)
        result.push_back(x.level);
    return result;
  }
  bool over(const std::string& what) const {
    return std::any_of(alerts.begin(), alerts.end(),
                       [&](const auto& x) { return x.what == what && x.over; });
  }
};

/// The second message tells it to stop what it still works on.
using desk_actor = listener_actor::extend<caf::reacts_to<caf::flush_atom>>;

desk_actor::behavior_type sit_at(desk_actor::pointer self, std::shared_ptr<desk> d) {
  auto stop = [self, d](const std::vector<grant>& what) -> caf::result<work_stopped> {
    for (const auto& x : what)
      d->works.erase(name_of(x.partition));
    auto promise = self->make_response_promise<work_stopped>();
    d->owed.push_back(promise);
    if (d->quick)
      d->stop_work();
    return promise;
  };
  return {
      [](const worker_id_claimed&) {},
      [d](const state_changed& x) { d->states.push_back(x); },
      [](const leadership_changed&) {},
      [](const calculator_adopted&) {},
      [](const assignment_changed&) {},
      [d](const partitions_assigned& x) {
        d->assigned.push_back(x);
        for (const auto& y : x.partitions)
          d->works[name_of(y.partition)] = y.token.value;
      },
      [d, stop](const partitions_revoked& x) {
        d->revoked.push_back(x);
        return stop(x.partitions);
      },
      [d, stop](const partitions_lost& x) {
        d->lost.push_back(x);
        return stop(x.partitions);
      },
      [d](const alert_raised& x) { d->alerts.push_back(x); },
      [d](const worker_stopped& x) { d->stops.push_back(x); },
      [d](caf::flush_atom) { d->stop_work(); },
  };
}

/// One worker; the test is its leader and writes its records by hand.
struct fixture : partita::test::group_fixture {
  using share = std::map<std::string, std::uint64_t>;

  std::shared_ptr<desk> desk_ = std::make_shared<desk>();
  desk& d = *desk_;
  desk_actor listener;
  supervisor_actor worker;
  store::memory_store_actor client;
  bucket_actor beats;
  bucket_actor records;

  fixture() {
    // So long that nobody takes the leader key over.
    base.election.lease = 10h;
    beats = make("g-heartbeat", 36s);
    records = make("g-assignment", 0ms);
    put(make("g-election", 30h), "leader", "worker-99:0:test");
  }

  ~fixture() {
    d.owed.clear();
    if (!worker)
      return;
    for (const auto& x :
         {caf::actor_cast<caf::actor>(worker), caf::actor_cast<caf::actor>(listener),
          caf::actor_cast<caf::actor>(client)})
      anon_send_exit(x, caf::exit_reason::kill);
    worker = nullptr;
    listener = nullptr;
    consume_messages();
  }

  bucket_actor make(const std::string& name, std::chrono::milliseconds ttl) {
    if (!operator_)
      operator_ = store::spawn_memory_client(sys, server);
    caf::scoped_actor asker{sys};
    asker->send(operator_, open_bucket{name, ttl, true, 1});
    consume_messages();
    bucket_actor result;
    asker->receive([&](const bucket_opened& x) { result = x.bucket; });
    CAF_REQUIRE(result);
    return result;
  }

  void put(const bucket_actor& where, const std::string& key, const std::string& value) {
    anon_send(where, kv_put{key, value});
    consume_messages();
  }

  kv_entry read(const bucket_actor& where, const std::string& key) {
    caf::scoped_actor asker{sys};
    asker->send(where, kv_last{key});
    consume_messages();
    kv_entry result;
    asker->receive([&](const kv_read& x) { result = x.entry; });
    return result;
  }

  void begin() {
    base.random_seed = 7;
    client = store::spawn_memory_client(sys, server);
    listener = sys.spawn(sit_at, desk_);
    worker = spawn_supervisor(sys, base, caf::actor_cast<store_actor>(client), source,
                              listener);
    pass(500ms);
  }

  beat present() {
    auto value = beat_from(read(beats, "heartbeat.worker-0").value);
    return std::holds_alternative<beat>(value) ? std::get<beat>(value) : beat{};
  }

  void publish(std::uint64_t version, const share& what) {
    record x;
    x.epoch = {1};
    x.version = {version};
    x.worker_nonce = present().nonce;
    for (const auto& [name, token] : what)
      x.partitions.push_back({{{name}}, {token}});
    put(records, "assignment.worker-0", to_text(x));
    pass(20ms);
  }

  void work(const share& what = {{"a", 1}, {"b", 1}}) {
    begin();
    publish(1, what);
    CAF_REQUIRE_EQUAL(d.works, what);
    CAF_REQUIRE(d.state() == worker_state::stable);
  }

  void stop_work(const desk_actor& who) {
    anon_send(who, caf::flush_atom_v);
    pass(50ms);
  }
  void stop_work() { stop_work(listener); }

  void store_away(bool away) {
    store::client_fault cut;
    cut.kind = store::fault_kind::link_down;
    cut.times = away ? store::for_ever : 0;
    anon_send(client, cut);
    consume_messages();
  }

  void leave(leave_mode mode) {
    anon_send(worker, stop_worker{mode});
    pass(50ms);
  }

  void somebody_else() {
    beat x;
    x.nonce = {"other"};
    x.state = beat_state::working;
    put(beats, "heartbeat.worker-5", to_text(x));
  }

  std::set<std::string> stopping() {
    std::set<std::string> result;
    for (const auto& x : present().stopping)
      result.insert(name_of(x));
    return result;
  }

  bool has_been(worker_state x) {
    return std::any_of(d.states.begin(), d.states.end(),
                       [&](const auto& y) { return y.to == x; });
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(work_tests, fixture)

// -- assigned, revoked ------------------------------------------------------------------

CAF_TEST(a revocation stands in the heartbeat until the listener has stopped) {
  work();
  CAF_CHECK(d.assigned.back().exclusive);
  CAF_CHECK(present().state == beat_state::working);
  d.quick = false;
  publish(2, {{"a", 1}});
  CAF_REQUIRE_EQUAL(d.revoked.size(), 1u);
  CAF_CHECK_EQUAL(present().applied.version.value, 2u);
  CAF_CHECK(stopping() == std::set<std::string>{"b"});
  pass(10s);
  CAF_CHECK(stopping() == std::set<std::string>{"b"});
  stop_work();
  CAF_CHECK(stopping().empty());
  CAF_CHECK_EQUAL(d.works, (share{{"a", 1}}));
}

CAF_TEST(a new token is told and a partition that comes back waits for its stop) {
  work();
  d.quick = false;
  publish(2, {{"a", 2}});
  CAF_CHECK_EQUAL(d.works, (share{{"a", 2}}));
  publish(3, {{"a", 2}, {"b", 3}});
  CAF_CHECK_EQUAL(d.works, (share{{"a", 2}}));
  stop_work();
  CAF_CHECK_EQUAL(d.works, (share{{"a", 2}, {"b", 3}}));
}

CAF_TEST(work that goes on after a revocation is an alert that ends with it) {
  work();
  d.quick = false;
  publish(2, {{"a", 1}});
  pass(15s - 50ms);
  CAF_CHECK(d.levels("work_not_stopped").empty());
  pass(100ms);
  CAF_CHECK(d.levels("work_not_stopped") == std::vector{alert_level::warn});
  pass(20s);
  CAF_CHECK(!d.over("work_not_stopped"));
  stop_work();
  CAF_CHECK(d.over("work_not_stopped"));
  CAF_CHECK(d.stops.empty());
}

CAF_TEST(a listener that comes late works too and is waited for) {
  work();
  auto late = std::make_shared<desk>();
  late->quick = false;
  auto second = sys.spawn(sit_at, late);
  anon_send(worker, listener_actor{second});
  consume_messages();
  CAF_CHECK_EQUAL(late->works, (share{{"a", 1}, {"b", 1}}));
  publish(2, {{"a", 1}});
  CAF_CHECK(stopping() == std::set<std::string>{"b"});
  stop_work(second);
  CAF_CHECK(stopping().empty());
  anon_send_exit(second, caf::exit_reason::kill);
  pass(50ms);
  CAF_MESSAGE("and its end takes the worker down");
  CAF_REQUIRE_EQUAL(d.stops.size(), 1u);
  CAF_CHECK_NOT_EQUAL(d.stops.back().failure.find("a listener ended"), std::string::npos);
  CAF_CHECK(d.works.empty());
  CAF_CHECK(present().state == beat_state::stopped);
}

CAF_TEST(a listener that dies over a revocation counts as having stopped) {
  work();
  auto late = std::make_shared<desk>();
  late->quick = false;
  auto second = sys.spawn(sit_at, late);
  anon_send(worker, listener_actor{second});
  publish(2, {});
  late->owed.clear();
  anon_send_exit(second, caf::exit_reason::kill);
  pass(50ms);
  CAF_CHECK(present().state == beat_state::stopped);
}

// -- sessions ---------------------------------------------------------------------------

CAF_TEST(a newcomer waits until whoever lives under its id has ended) {
  beat other;
  other.nonce = {"other"};
  other.state = beat_state::working;
  put(beats, "heartbeat.worker-0", to_text(other));
  begin();
  pass(10s);
  CAF_CHECK_EQUAL(present().nonce.value, "other");
  other.state = beat_state::expelled;
  put(beats, "heartbeat.worker-0", to_text(other));
  pass(1100ms);
  CAF_CHECK_NOT_EQUAL(present().nonce.value, "other");
  CAF_CHECK_EQUAL(present().replaces.value, "other");
}

CAF_TEST(when the store is away work is lost in time and a new session waits for its end) {
  work();
  auto before = present().nonce;
  d.quick = false;
  store_away(true);
  CAF_MESSAGE("the last beat is at most an interval old");
  pass(4200ms);
  CAF_CHECK(d.lost.empty());
  CAF_CHECK(d.state() == worker_state::degraded);
  pass(1100ms);
  CAF_REQUIRE_EQUAL(d.lost.size(), 1u);
  CAF_CHECK_EQUAL(d.lost.back().partitions.size(), 2u);
  CAF_CHECK(d.lost.back().time_left == 750ms);
  CAF_CHECK(d.works.empty());
  store_away(false);
  pass(5s);
  CAF_CHECK(present().nonce == before);
  CAF_CHECK(d.levels("work_not_stopped") == std::vector{alert_level::error});
  stop_work();
  CAF_CHECK(present().nonce != before);
  CAF_CHECK(present().replaces == before);
  CAF_CHECK(d.over("work_not_stopped"));
  CAF_MESSAGE("nothing is worked on that the new incarnation was not given");
  CAF_CHECK(d.works.empty());
  publish(9, {{"a", 9}});
  CAF_CHECK_EQUAL(d.works, (share{{"a", 9}}));
  CAF_CHECK(d.state() == worker_state::stable);
}

CAF_TEST(
    where work that goes on ends the worker it ends at the margin without a goodbye) {
  base.end_if_work_goes_on = true;
  work();
  d.quick = false;
  CAF_MESSAGE("a revocation is no such case");
  publish(2, {{"a", 1}});
  pass(20s);
  CAF_CHECK(d.stops.empty());
  record gone;
  put(records, "assignment.worker-0", "no record");
  pass(700ms);
  CAF_REQUIRE_EQUAL(d.lost.size(), 1u);
  CAF_CHECK(d.stops.empty());
  pass(100ms);
  CAF_REQUIRE_EQUAL(d.stops.size(), 1u);
  CAF_CHECK_NOT_EQUAL(d.stops.back().failure.find("goes on"), std::string::npos);
  CAF_CHECK(is_living(present().state));
}

CAF_TEST(an expelled worker loses its work and joins again) {
  work();
  auto mark = present();
  mark.state = beat_state::expelled;
  put(beats, "heartbeat.worker-0", to_text(mark));
  pass(1100ms);
  CAF_REQUIRE_EQUAL(d.lost.size(), 1u);
  CAF_CHECK(d.works.empty());
  CAF_CHECK(present().nonce != mark.nonce);
  CAF_CHECK(present().replaces == mark.nonce);
}

CAF_TEST(a worker whose record is gone or cannot be read loses its work) {
  work();
  auto before = present().nonce;
  put(records, "assignment.worker-0", "no record");
  pass(50ms);
  CAF_CHECK_EQUAL(d.lost.size(), 1u);
  CAF_CHECK(present().nonce != before);
  before = present().nonce;
  publish(5, {{"a", 5}});
  CAF_CHECK_EQUAL(d.works, (share{{"a", 5}}));
  auto at = read(records, "assignment.worker-0").revision;
  anon_send(records, kv_remove{"assignment.worker-0", at});
  pass(100ms);
  CAF_CHECK_EQUAL(d.lost.size(), 2u);
  CAF_CHECK(present().nonce != before);
  CAF_MESSAGE("and creates an empty one");
  CAF_CHECK(!read(records, "assignment.worker-0").removed);
}

CAF_TEST(a worker that lost its id joins under another one once its work has stopped) {
  work();
  d.quick = false;
  claim theirs;
  theirs.nonce = {"somebody"};
  put(bucket("g-stableid"), "worker-0", to_text(theirs));
  CAF_REQUIRE(pass_until([&] { return !d.lost.empty(); }, 12s));
  pass(5s);
  CAF_CHECK(read(beats, "heartbeat.worker-1").value.empty());
  stop_work();
  CAF_CHECK(!read(beats, "heartbeat.worker-1").value.empty());
  CAF_CHECK(d.state() == worker_state::waiting_assignment);
}

CAF_TEST(a watch of the record that is silent for too long ends the session) {
  work();
  auto before = present().nonce;
  store::client_fault mute;
  mute.kind = store::fault_kind::silence;
  mute.bucket = "g-assignment";
  anon_send(client, mute);
  pass(5400ms);
  CAF_CHECK(d.lost.empty());
  pass(700ms);
  CAF_CHECK_EQUAL(d.lost.size(), 1u);
  CAF_CHECK(present().nonce != before);
}

CAF_TEST(a record that waited while the process slept past its session is not followed) {
  work();
  publish(2, {{"a", 1}});
  record x;
  x.epoch = {1};
  x.version = {3};
  x.worker_nonce = present().nonce;
  x.partitions = {{{{"c"}}, {3}}};
  CAF_MESSAGE("the news are in the mailbox when the process wakes up");
  anon_send(records, kv_put{"assignment.worker-0", to_text(x)});
  sched.clock().current_time += 7s;
  consume_messages();
  CAF_CHECK_EQUAL(d.works.count("c"), 0u);
  CAF_CHECK_EQUAL(d.lost.size(), 1u);
}

// -- the store is away ------------------------------------------------------------------

CAF_TEST(a short outage degrades a worker and costs nothing) {
  work();
  auto before = present().nonce;
  store_away(true);
  pass(4100ms);
  CAF_CHECK(d.state() == worker_state::degraded);
  CAF_CHECK(d.levels("store_away") == std::vector{alert_level::info});
  store_away(false);
  pass(500ms);
  CAF_CHECK(d.state() == worker_state::stable);
  CAF_CHECK(d.over("store_away"));
  CAF_CHECK(d.lost.empty());
  CAF_CHECK(present().nonce == before);
}

CAF_TEST(a long outage is said louder and louder and ends in a new session) {
  base.degraded.error = 20s;
  base.degraded.critical = 25s;
  work();
  store_away(true);
  pass(27s);
  CAF_CHECK(d.levels("store_away")
            == (std::vector{alert_level::info, alert_level::warn, alert_level::error,
                            alert_level::critical}));
  CAF_CHECK(d.state() == worker_state::degraded);
  CAF_CHECK(d.works.empty());
  store_away(false);
  pass(1s);
  CAF_CHECK(d.over("store_away"));
  auto n = d.states.size();
  CAF_REQUIRE(n >= 3);
  CAF_CHECK(d.state() == worker_state::waiting_assignment);
  CAF_CHECK(d.states[n - 3].from == worker_state::degraded);
  CAF_CHECK(d.states[n - 3].to == worker_state::claiming_id);
}

CAF_TEST(a worker that is to be available works on while the store is away) {
  base.ownership = ownership::available;
  work();
  CAF_CHECK(!d.assigned.back().exclusive);
  auto before = present().nonce;
  store_away(true);
  pass(30s);
  CAF_CHECK(d.state() == worker_state::degraded);
  CAF_CHECK(d.lost.empty());
  CAF_CHECK_EQUAL(d.works.size(), 2u);
  store_away(false);
  pass(1s);
  CAF_CHECK(d.state() == worker_state::stable);
  CAF_CHECK(present().nonce == before);
}

// -- leaving ----------------------------------------------------------------------------

CAF_TEST(a worker that drains leaves when everything has moved away) {
  work();
  somebody_else();
  leave(leave_mode::drain);
  CAF_CHECK(present().state == beat_state::draining);
  pass(10s);
  CAF_CHECK_EQUAL(d.works.size(), 2u);
  CAF_CHECK(d.stops.empty());
  publish(2, {{"a", 1}});
  CAF_CHECK_EQUAL(d.works, (share{{"a", 1}}));
  CAF_CHECK(present().state == beat_state::draining);
  d.quick = false;
  publish(3, {});
  CAF_CHECK(d.stops.empty());
  CAF_CHECK(present().state == beat_state::draining);
  stop_work();
  CAF_CHECK(present().state == beat_state::stopped);
  CAF_REQUIRE_EQUAL(d.stops.size(), 1u);
  CAF_CHECK_EQUAL(d.stops.back().failure, "");
}

CAF_TEST(a worker that is alone does not drain) {
  work();
  leave(leave_mode::drain);
  CAF_CHECK_EQUAL(d.revoked.size(), 1u);
  CAF_CHECK(present().state == beat_state::stopped);
  CAF_CHECK_EQUAL(d.stops.size(), 1u);
}

CAF_TEST(when the others go away a draining worker stops) {
  work();
  somebody_else();
  leave(leave_mode::drain);
  CAF_CHECK(d.stops.empty());
  beat gone;
  gone.nonce = {"other"};
  gone.state = beat_state::stopped;
  put(beats, "heartbeat.worker-5", to_text(gone));
  pass(1100ms);
  CAF_CHECK_EQUAL(d.stops.size(), 1u);
}

CAF_TEST(draining gives way to a stop) {
  work();
  somebody_else();
  leave(leave_mode::drain);
  CAF_CHECK(d.stops.empty());
  leave(leave_mode::drain);
  CAF_CHECK(d.stops.empty());
  leave(leave_mode::stop);
  CAF_CHECK_EQUAL(d.revoked.size(), 1u);
  CAF_CHECK(present().state == beat_state::stopped);
  CAF_CHECK_EQUAL(d.stops.size(), 1u);
}

CAF_TEST(a restart stops everything and asks to keep it) {
  work();
  somebody_else();
  d.quick = false;
  leave(leave_mode::restart);
  CAF_REQUIRE_EQUAL(d.revoked.size(), 1u);
  CAF_CHECK(is_living(present().state));
  stop_work();
  CAF_CHECK(present().state == beat_state::restarting);
  CAF_CHECK_EQUAL(d.stops.size(), 1u);
}

CAF_TEST(the options say how a worker leaves that is not told how) {
  base.shutdown = leave_mode::restart;
  work();
  leave(leave_mode::configured);
  CAF_CHECK(present().state == beat_state::restarting);
}

CAF_TEST(a drain that takes too long stops the rest before the time is over) {
  work();
  somebody_else();
  leave(leave_mode::drain);
  pass(23900ms);
  CAF_CHECK(d.revoked.empty());
  pass(200ms);
  CAF_CHECK_EQUAL(d.revoked.size(), 1u);
  CAF_CHECK(present().state == beat_state::stopped);
  CAF_REQUIRE_EQUAL(d.stops.size(), 1u);
  CAF_CHECK_EQUAL(d.stops.back().failure, "");
}

CAF_TEST(without the confirmation of its listener a worker leaves without a goodbye) {
  work();
  d.quick = false;
  leave(leave_mode::stop);
  pass(29900ms);
  CAF_CHECK(d.stops.empty());
  pass(200ms);
  CAF_REQUIRE_EQUAL(d.stops.size(), 1u);
  CAF_CHECK(!d.stops.back().failure.empty());
  CAF_CHECK(is_living(present().state));
}

CAF_TEST(a record that is lost while its worker leaves takes the work with it) {
  work();
  d.quick = false;
  leave(leave_mode::stop);
  CAF_REQUIRE_EQUAL(d.revoked.size(), 1u);
  auto at = read(records, "assignment.worker-0").revision;
  anon_send(records, kv_remove{"assignment.worker-0", at});
  pass(100ms);
  CAF_CHECK_EQUAL(d.lost.size(), 1u);
  CAF_CHECK(d.stops.empty());
  stop_work();
  CAF_CHECK_EQUAL(d.stops.size(), 1u);
}

CAF_TEST(a worker that leaves takes no new work) {
  work();
  d.quick = false;
  leave(leave_mode::stop);
  publish(9, {{"z", 9}});
  CAF_CHECK(!d.works.contains("z"));
  stop_work();
  CAF_CHECK_EQUAL(d.stops.size(), 1u);
}

CAF_TEST(a session that ends while its worker leaves is no goodbye) {
  work();
  d.quick = false;
  leave(leave_mode::stop);
  auto mark = present();
  mark.state = beat_state::forced;
  put(beats, "heartbeat.worker-0", to_text(mark));
  pass(1100ms);
  CAF_CHECK_EQUAL(d.lost.size(), 1u);
  CAF_CHECK(d.stops.empty());
  stop_work();
  CAF_CHECK_EQUAL(d.stops.size(), 1u);
  CAF_CHECK(present().state == beat_state::forced);
}

CAF_TEST_FIXTURE_SCOPE_END()
