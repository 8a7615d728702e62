// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../support/group_fixture.hpp"

#include "partita/messages/codec.hpp"

#include <caf/typed_event_based_actor.hpp>

/// One worker whose leader is the test, and its listener.
namespace partita::test {

using namespace std::chrono_literals;

/// A listener that stops its work when the test says so.
struct test_listener {
  std::map<std::string, std::uint64_t> works;
  std::vector<partitions_assigned> assigned;
  std::vector<partitions_revoked> revoked;
  std::vector<partitions_lost> lost;
  std::vector<state_changed> states;
  std::vector<alert_raised> alerts;
  std::vector<worker_stopped> stops;
  /// Whether it stops at once; else its answer is owed.
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
using application_state_actor = listener_actor::extend<caf::reacts_to<caf::flush_atom>>;

inline application_state_actor::behavior_type
listen_as(application_state_actor::pointer self, std::shared_ptr<test_listener> d) {
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
struct work_fixture : partita::test::group_fixture {
  using share = std::map<std::string, std::uint64_t>;

  std::shared_ptr<test_listener> listener_ = std::make_shared<test_listener>();
  test_listener& d = *listener_;
  application_state_actor listener;
  supervisor_actor worker;
  store::memory_store_actor client;
  fault_proxy_actor faults;
  bucket_actor beats;
  bucket_actor records;
  bucket_actor election;

  work_fixture() {
    // So long that no worker takes the leader key over.
    base.election.lease = 10h;
    beats = make("g-heartbeat", 36s);
    records = make("g-assignment", 0ms);
    election = make("g-election", 30h);
    put(election, "leader", "worker-99:0:test");
  }

  ~work_fixture() {
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
    asker->send(operator_, open_bucket{.name = name, .ttl = ttl});
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

  void begin(std::uint64_t seed = 7) {
    base.random_seed = seed;
    auto behind_proxy = spawn_faulty_client(sys, server);
    client = behind_proxy.client;
    faults = behind_proxy.faults;
    listener = sys.spawn(listen_as, listener_);
    worker = spawn_supervisor(sys, base, caf::actor_cast<store_actor>(client), source,
                              listener);
    pass(500ms);
  }

  beat present() {
    auto value = beat_from(read(beats, "heartbeat.worker-0").value, 0);
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

  void stop_work(const application_state_actor& who) {
    anon_send(who, caf::flush_atom_v);
    pass(50ms);
  }
  void stop_work() { stop_work(listener); }

  void store_away(bool away) {
    client_fault cut;
    cut.kind = fault_kind::link_down;
    cut.times = away ? for_ever : 0;
    anon_send(faults, cut);
    consume_messages();
  }

  void leave(leave_mode mode) {
    anon_send(worker, stop_worker{mode});
    pass(50ms);
  }

  void nobody_leads() {
    anon_send(election, kv_remove{"leader", read(election, "leader").revision});
    consume_messages();
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

} // namespace partita::test
