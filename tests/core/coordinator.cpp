#define CAF_SUITE core.coordinator

#include "support.hpp"

#include "partita/core/coordinator.hpp"
#include "partita/core/strategies/strategies.hpp"

#include <map>
#include <set>

using namespace core_test;

namespace {

/// A leader of epoch 3 over a tiny store of records and heartbeats with compare-and-set,
/// which its watches show at once. Workers apply what is addressed to them, and say so at
/// once, unless they are deaf.
struct fixture : stepper<coordinator> {
  struct entry {
    std::uint64_t revision = 0;
    record value;
  };
  struct pulse {
    std::uint64_t revision = 0;
    beat value;
    /// It applies nothing.
    bool deaf = false;
  };

  std::optional<coordinator> mine;
  std::map<worker_id, entry, by_number> store;
  std::map<worker_id, pulse, by_number> beats;
  std::uint64_t last = 100;
  coordinator::commands heard;
  std::size_t writes = 0;
  std::size_t max_moves = 0;

  fixture() { elect(3); }

  void elect(std::uint64_t epoch) {
    coordinator::options o;
    o.epoch = {epoch};
    o.leader = {"worker-0"};
    o.heartbeat_ttl = 6s;
    o.restart_hold = 30s;
    o.handoff_timeout = 30s;
    o.max_moves = max_moves;
    o.grace = 5s;
    o.pause = 100ms;
    o.policy = {30s, 10s, 1s, 0, 10s};
    o.strategy = make_strategy({});
    mine.emplace(o);
    heard.clear();
    writes = 0;
  }

  static worker_id id(int n) { return {"worker-" + std::to_string(n)}; }
  static std::string nonce(int n) { return "n" + std::to_string(n); }
  static partition part(int x) { return {{"p", std::to_string(x)}, 100}; }

  /// Steps, and answers every write as the store would, with the news of the watch.
  template <class Event>
  void on(const Event& what) {
    for (const auto& x : step(*mine, what)) {
      heard.push_back(x);
      if (const auto* w = std::get_if<coordinator::write>(&x))
        write(*w);
      else if (const auto* m = std::get_if<coordinator::write_mark>(&x))
        write(*m);
      else if (std::holds_alternative<coordinator::adopt>(x))
        on(coordinator::may_act{});
    }
  }

  void write(const coordinator::write& x) {
    ++writes;
    auto& e = store[x.who];
    CAF_REQUIRE_EQUAL(e.revision, x.expected.value);
    CAF_CHECK(stamp_of(x.value) > stamp_of(e.value));
    // What follows from this may write more.
    auto at = ++last;
    e = {at, x.value};
    on(coordinator::write_answered{x.who, done(at)});
    on(coordinator::record_shown{x.who, {at}, x.value});
    apply(x.who);
  }

  void write(const coordinator::write_mark& x) {
    auto& e = beats[x.who];
    if (e.revision != x.expected.value) {
      // What came before in the same turn made the worker beat.
      on(coordinator::mark_answered{x.who, conflict()});
      auto found = e.value;
      on(coordinator::mark_looked_at{x.who, holds(e.revision), found});
      return;
    }
    auto at = ++last;
    e.revision = at;
    e.value = x.mark;
    on(coordinator::mark_answered{x.who, done(at)});
    on(coordinator::beat_shown{x.who, {at}, x.mark, now});
  }

  /// The worker applies its record and says so.
  void apply(const worker_id& who) {
    auto i = beats.find(who);
    auto there = store.find(who);
    if (i == beats.end() || i->second.deaf || !is_living(i->second.value.state)
        || there == store.end()
        || there->second.value.worker_nonce != i->second.value.nonce)
      return;
    i->second.value.applied = stamp_of(there->second.value);
    show_beat(who);
  }

  void show_beat(const worker_id& who) {
    auto& e = beats[who];
    e.revision = ++last;
    on(coordinator::beat_shown{who, {e.revision}, e.value, now});
  }

  void beat_of(int n, const std::string& who, beat_state state = beat_state::working) {
    auto& e = beats[id(n)];
    if (e.value.nonce.value != who)
      e.value = {};
    e.value.nonce = {who};
    e.value.state = state;
    show_beat(id(n));
    apply(id(n));
  }
  void beat_of(int n) {
    const auto& was = beats[id(n)].value;
    auto lives = is_living(was.state) && !was.nonce.value.empty();
    beat_of(n, lives ? was.nonce.value : nonce(n),
            is_living(was.state) ? was.state : beat_state::working);
  }

  void put(int n, record value) {
    store[id(n)] = {++last, value};
    on(coordinator::record_shown{id(n), {last}, std::move(value)});
  }

  /// Makes its empty record and beats.
  void join(int n) {
    record empty;
    empty.worker_nonce = {nonce(n)};
    put(n, empty);
    beat_of(n);
  }

  void give(int partitions) {
    coordinator::partitions_given x;
    for (int i = 0; i < partitions; ++i)
      x.all.push_back(part(i));
    on(x);
  }

  void replay() {
    on(coordinator::records_replayed{});
    on(coordinator::beats_replayed{now});
  }

  /// Everybody beats each second, and the core is woken when it wants to be.
  void pass(duration how_long, const std::set<int>& who) {
    auto end = now + how_long;
    while (now < end) {
      now = std::min(end, now + 100ms);
      on(coordinator::tick{});
      if ((now - time_point{}) % 1s == 0s)
        for (int n : who)
          if (is_living(beats[id(n)].value.state))
            beat_of(n);
    }
  }

  std::size_t owned(int n) {
    auto there = store.find(id(n));
    return there == store.end() ? 0 : there->second.value.partitions.size();
  }

  /// How often each partition is named by a record.
  std::map<std::string, int> owners() {
    std::map<std::string, int> result;
    for (const auto& [who, e] : store) {
      for (const auto& x : e.value.partitions)
        ++result[name_of(x.partition)];
      for (const auto& x : e.value.revoking)
        ++result[name_of(x)];
    }
    return result;
  }

  void all_owned_once(std::size_t n) {
    auto xs = owners();
    CAF_CHECK_EQUAL(xs.size(), n);
    for (const auto& [name, count] : xs)
      CAF_CHECK_EQUAL(count, 1);
  }

  void cold_start_of(int workers) {
    std::set<int> all;
    for (int n = 0; n < workers; ++n) {
      join(n);
      all.insert(n);
    }
    give(12);
    replay();
    pass(60s, all);
    heard.clear();
    writes = 0;
  }

  /// A new leader is shown what the store holds.
  void fail_over(std::uint64_t epoch) {
    elect(epoch);
    for (const auto& [who, e] : std::map{store})
      on(coordinator::record_shown{who, {e.revision}, e.value});
    for (const auto& [who, e] : std::map{beats})
      on(coordinator::beat_shown{who, {e.revision}, e.value, now});
  }
  void fail_over_and_lead(std::uint64_t epoch) {
    fail_over(epoch);
    give(12);
    replay();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(coordinator_tests, fixture)

// -- taking over ------------------------------------------------------------------------

CAF_TEST(nothing is done before records and beats and partitions are known) {
  for (int missing = 0; missing < 3; ++missing) {
    elect(3);
    store.clear();
    beats.clear();
    join(0);
    if (missing != 0)
      give(12);
    if (missing != 1)
      on(coordinator::records_replayed{});
    if (missing != 2)
      on(coordinator::beats_replayed{now});
    CAF_CHECK_EQUAL(count<coordinator::adopt>(heard), 0u);
    CAF_CHECK_EQUAL(owned(0), 0u);
    if (missing == 0)
      give(12);
    if (missing == 1)
      on(coordinator::records_replayed{});
    if (missing == 2)
      on(coordinator::beats_replayed{now});
    CAF_CHECK_EQUAL(count<coordinator::adopt>(heard), 1u);
    CAF_CHECK_EQUAL(owned(0), 12u);
  }
}

CAF_TEST(nothing is planned before the last record is sealed) {
  cold_start_of(2);
  fail_over(4);
  give(12);
  auto seals = mine->step(coordinator::records_replayed{}, now);
  CAF_CHECK_EQUAL(count<coordinator::write>(seals), 2u);
  CAF_CHECK(mine->step(coordinator::beats_replayed{now}, now).empty());
  write(std::get<coordinator::write>(seals[0]));
  CAF_CHECK_EQUAL(count<coordinator::adopt>(heard), 0u);
  write(std::get<coordinator::write>(seals[1]));
  CAF_CHECK_EQUAL(count<coordinator::adopt>(heard), 1u);
}

CAF_TEST(nothing is planned before it may act) {
  join(0);
  give(12);
  on(coordinator::records_replayed{});
  auto xs = mine->step(coordinator::beats_replayed{now}, now);
  CAF_CHECK_EQUAL(count<coordinator::adopt>(xs), 1u);
  pass(60s, {0});
  CAF_CHECK_EQUAL(owned(0), 0u);
  on(coordinator::may_act{});
  CAF_CHECK_EQUAL(count<coordinator::adopt>(heard), 0u);
  CAF_CHECK_EQUAL(owned(0), 12u);
}

CAF_TEST(a cold start plans at once for whoever is there) {
  join(0);
  join(1);
  give(12);
  replay();
  CAF_CHECK_EQUAL(one<coordinator::planned>(heard).lifecycle, lifecycle::cold_start);
  CAF_CHECK_EQUAL(owned(0), 6u);
  all_owned_once(12);
  for (const auto& [who, e] : store) {
    CAF_CHECK(e.value.lifecycle == lifecycle::cold_start);
    CAF_CHECK(e.value.version.value > 3 * versions_per_epoch);
    CAF_CHECK_EQUAL(e.value.epoch.value, 3u);
  }
}

CAF_TEST(a group without workers is planned for when the first one joins) {
  give(12);
  replay();
  CAF_CHECK_EQUAL(count<coordinator::planned>(heard), 0u);
  on(coordinator::tick{});
  join(0);
  CAF_CHECK_EQUAL(owned(0), 12u);
}

CAF_TEST(a worker takes part once it has both a record and a beat) {
  cold_start_of(2);
  beat_of(2);
  pass(30s, {0, 1, 2});
  CAF_CHECK_EQUAL(writes, 0u);
  record empty;
  empty.worker_nonce = {"n2"};
  put(2, empty);
  pass(2s, {0, 1, 2});
  CAF_CHECK_EQUAL(owned(2), 4u);
}

CAF_TEST(a failover without a change seals and writes nothing else) {
  cold_start_of(3);
  auto before = store;
  fail_over_and_lead(4);
  pass(60s, {0, 1, 2});
  CAF_CHECK_EQUAL(count<coordinator::adopt>(heard), 1u);
  CAF_CHECK_EQUAL(count<coordinator::planned>(heard), 0u);
  CAF_CHECK_EQUAL(writes, 3u);
  for (const auto& [who, e] : store) {
    CAF_CHECK_EQUAL(e.value.partitions, before[who].value.partitions);
    CAF_CHECK_EQUAL(e.value.version, before[who].value.version);
    CAF_CHECK_EQUAL(e.value.epoch.value, 4u);
  }
}

CAF_TEST(
    an owner that a new leader hears nothing of is expelled after ttl and five per cent) {
  cold_start_of(3);
  beats.erase(id(2));
  fail_over_and_lead(4);
  pass(6200ms, {0, 1});
  CAF_CHECK_EQUAL(owned(2), 4u);
  pass(200ms, {0, 1});
  CAF_CHECK(beats[id(2)].value.state == beat_state::expelled);
  CAF_CHECK_EQUAL(beats[id(2)].value.nonce.value, "n2");
  CAF_CHECK_EQUAL(one<coordinator::planned>(heard).lifecycle, lifecycle::emergency);
  all_owned_once(12);
  CAF_CHECK_EQUAL(owned(2), 0u);
  CAF_CHECK_EQUAL(owned(0), 6u);
}

CAF_TEST(a leader that takes over addresses the records of who came back anew) {
  cold_start_of(2);
  auto before = store[id(1)].value;
  beats[id(1)].value.replaces = {"n1"};
  beats[id(1)].value.nonce = {"again"};
  fail_over_and_lead(4);
  CAF_CHECK_EQUAL(store[id(1)].value.worker_nonce.value, "again");
  CAF_CHECK(store[id(1)].value.version > before.version);
  CAF_CHECK_EQUAL(owned(1), 6u);
}

CAF_TEST(a worker that applied a record which is not there any more stops all grants) {
  cold_start_of(3);
  CAF_MESSAGE("removed while nobody led");
  store.erase(id(2));
  fail_over_and_lead(4);
  pass(20s, {0, 1, 2});
  CAF_CHECK_EQUAL(owned(0), 4u);
  CAF_MESSAGE("it notices, and its work has ended");
  fail_over_and_lead(5);
  beat_of(2, "again");
  pass(6200ms, {0, 1, 2});
  CAF_CHECK_EQUAL(owned(0), 4u);
  CAF_CHECK_EQUAL(owned(1), 4u);
  pass(200ms, {0, 1, 2});
  CAF_CHECK_EQUAL(owned(0), 6u);
  all_owned_once(12);
}

CAF_TEST(a new leader finishes a hand over that another one began) {
  cold_start_of(2);
  beats[id(0)].deaf = beats[id(1)].deaf = true;
  join(2);
  pass(2s, {0, 1, 2});
  CAF_CHECK_EQUAL(owned(2), 0u);
  all_owned_once(12);
  fail_over_and_lead(4);
  pass(5s, {0, 1, 2});
  CAF_CHECK_EQUAL(owned(2), 0u);
  beats[id(0)].deaf = beats[id(1)].deaf = false;
  pass(20s, {0, 1, 2});
  CAF_CHECK_EQUAL(owned(2), 4u);
  all_owned_once(12);
}

// -- who comes and goes -----------------------------------------------------------------

CAF_TEST(a silent worker is expelled and that is an emergency) {
  cold_start_of(3);
  pass(6200ms, {0, 1});
  CAF_CHECK_EQUAL(writes, 0u);
  CAF_CHECK_EQUAL(count<coordinator::write_mark>(heard), 0u);
  pass(200ms, {0, 1});
  CAF_CHECK_EQUAL(one<coordinator::ending>(heard).who, id(2));
  auto x = one<coordinator::write_mark>(heard);
  CAF_CHECK(x.mark.state == beat_state::expelled);
  CAF_CHECK_EQUAL(x.mark.nonce.value, "n2");
  CAF_CHECK_EQUAL(one<coordinator::planned>(heard).lifecycle, lifecycle::emergency);
  CAF_CHECK_EQUAL(owned(2), 0u);
  all_owned_once(12);
}

CAF_TEST(a silent worker whose mark meets a newer beat keeps everything) {
  cold_start_of(2);
  now += 6300ms;
  auto xs = mine->step(coordinator::tick{}, now);
  for (const auto& x : xs)
    if (const auto* m = std::get_if<coordinator::write_mark>(&x)) {
      auto ys = mine->step(coordinator::mark_answered{m->who, conflict()}, now);
      one<coordinator::read_mark>(ys);
      auto found = beats[m->who].value;
      CAF_CHECK(mine->step(coordinator::mark_looked_at{m->who, holds(999), found}, now)
                    .empty());
    }
  CAF_CHECK_EQUAL(count<coordinator::write_mark>(xs), 2u);
  CAF_CHECK_EQUAL(owned(1), 6u);
  CAF_CHECK_EQUAL(writes, 0u);
}

CAF_TEST(a mark over a beat that cannot be read can be read) {
  cold_start_of(2);
  on(coordinator::beat_unreadable{id(7), {++last}, now});
  beats[id(7)].revision = last;
  pass(6400ms, {0, 1});
  auto found = beat_from(to_text(beats[id(7)].value));
  CAF_REQUIRE(std::holds_alternative<beat>(found));
  CAF_CHECK(std::get<beat>(found).state == beat_state::expelled);
}

CAF_TEST(a mark keeps whom the expelled one replaced) {
  cold_start_of(2);
  beats[id(1)].value.replaces = {"earlier"};
  beat_of(1);
  pass(6500ms, {0});
  CAF_CHECK(beats[id(1)].value.state == beat_state::expelled);
  CAF_CHECK_EQUAL(beats[id(1)].value.replaces.value, "earlier");
}

CAF_TEST(the partitions of a worker that said goodbye are given away at once) {
  cold_start_of(3);
  beat_of(2, "n2", beat_state::stopped);
  CAF_CHECK_EQUAL(one<coordinator::planned>(heard).lifecycle, lifecycle::planned_scale);
  CAF_CHECK_EQUAL(owned(2), 0u);
  all_owned_once(12);
}

CAF_TEST(a worker that drains gives everything away with confirmation) {
  cold_start_of(3);
  beats[id(2)].deaf = true;
  beat_of(2, "n2", beat_state::draining);
  CAF_CHECK_EQUAL(owned(2), 0u);
  CAF_CHECK_EQUAL(store[id(2)].value.revoking.size(), 4u);
  CAF_CHECK_EQUAL(owned(0), 4u);
  beats[id(2)].deaf = false;
  apply(id(2));
  CAF_CHECK_EQUAL(owned(0), 6u);
  CAF_CHECK(store[id(2)].value.revoking.empty());
  all_owned_once(12);
}

CAF_TEST(the last worker keeps everything although it drains) {
  cold_start_of(1);
  beat_of(0, "n0", beat_state::draining);
  pass(20s, {0});
  CAF_CHECK_EQUAL(owned(0), 12u);
  join(1);
  pass(12s, {0, 1});
  CAF_CHECK_EQUAL(owned(1), 12u);
}

CAF_TEST(the partitions of one that restarts are kept for the hold and no longer) {
  cold_start_of(3);
  beat_of(2, "n2", beat_state::restarting);
  pass(29900ms, {0, 1});
  CAF_CHECK_EQUAL(owned(2), 4u);
  CAF_CHECK_EQUAL(count<coordinator::planned>(heard), 0u);
  pass(100ms, {0, 1});
  CAF_CHECK_EQUAL(owned(2), 0u);
  CAF_CHECK_EQUAL(one<coordinator::planned>(heard).lifecycle, lifecycle::planned_scale);
  all_owned_once(12);
}

CAF_TEST(a worker that restarted gets its own back at once with new tokens) {
  cold_start_of(2);
  auto before = store[id(1)].value;
  beat_of(1, "n1", beat_state::restarting);
  pass(20s, {0});
  beat_of(1, "again", beat_state::joining);
  const auto& after = store[id(1)].value;
  CAF_CHECK_EQUAL(after.worker_nonce.value, "again");
  CAF_CHECK_EQUAL(after.partitions.size(), before.partitions.size());
  for (const auto& x : after.partitions)
    CAF_CHECK(x.token > before.version);
  CAF_CHECK_EQUAL(count<coordinator::planned>(heard), 0u);
}

CAF_TEST(one that took the place of another waits until that has ended) {
  cold_start_of(2);
  CAF_MESSAGE("it does not say that it replaces it");
  beat_of(1, "other");
  auto beating = [&](duration how_long) {
    for (auto end = now + how_long; now < end;) {
      now += 100ms;
      on(coordinator::tick{});
      beat_of(0);
      beat_of(1, "other");
    }
  };
  beating(6200ms);
  CAF_CHECK_EQUAL(store[id(1)].value.worker_nonce.value, "n1");
  beating(100ms);
  CAF_CHECK_EQUAL(store[id(1)].value.worker_nonce.value, "other");
  CAF_CHECK_EQUAL(owned(1), 6u);
}

CAF_TEST(who stands in the place of an owner is looked up if that was never seen) {
  cold_start_of(2);
  beats[id(1)].value.nonce = {"earlier"};
  fail_over_and_lead(4);
  on(coordinator::tick{});
  auto x = one<coordinator::look_at_beat>(heard);
  CAF_CHECK_EQUAL(x.who, id(1));
  CAF_CHECK_EQUAL(x.incarnation.value, "n1");
  on(coordinator::beat_looked_at{id(1), x.incarnation, std::nullopt});
  on(coordinator::beat_looked_at{id(1), x.incarnation, beats[id(1)].value.nonce});
  now += 6299ms;
  on(coordinator::tick{});
  CAF_CHECK_EQUAL(store[id(1)].value.worker_nonce.value, "n1");
}

CAF_TEST(an owner in whose place nobody is found has ended after the silence) {
  cold_start_of(2);
  beats[id(1)].value.nonce = {"later"};
  fail_over_and_lead(4);
  on(coordinator::tick{});
  auto x = one<coordinator::look_at_beat>(heard);
  on(coordinator::beat_looked_at{id(1), x.incarnation, partita::nonce{}});
  auto beating = [&](duration how_long) {
    for (auto end = now + how_long; now < end;) {
      now += 100ms;
      on(coordinator::tick{});
      beat_of(0);
      beat_of(1, "later");
    }
  };
  beating(6200ms);
  CAF_CHECK_EQUAL(store[id(1)].value.worker_nonce.value, "n1");
  beating(100ms);
  CAF_CHECK_EQUAL(store[id(1)].value.worker_nonce.value, "later");
}

CAF_TEST(a worker that joins gets its share after the window) {
  cold_start_of(2);
  join(2);
  CAF_CHECK(store[id(2)].value.partitions.empty());
  pass(900ms, {0, 1});
  CAF_CHECK_EQUAL(owned(2), 0u);
  pass(200ms, {0, 1, 2});
  CAF_CHECK_EQUAL(owned(2), 4u);
  all_owned_once(12);
}

CAF_TEST(a rebalance disturbs only what moves) {
  cold_start_of(3);
  std::map<std::string, std::uint64_t> before;
  for (int n : {0, 1})
    for (const auto& x : store[id(n)].value.partitions)
      before[name_of(x.partition)] = x.token.value;
  beat_of(2, "n2", beat_state::stopped);
  std::size_t kept = 0;
  for (int n : {0, 1})
    for (const auto& x : store[id(n)].value.partitions)
      if (before.contains(name_of(x.partition))) {
        ++kept;
        CAF_CHECK_EQUAL(x.token.value, before[name_of(x.partition)]);
      }
  CAF_CHECK_EQUAL(kept, 8u);
}

CAF_TEST(a worker without partitions whose key vanished is not planned for) {
  cold_start_of(2);
  beats[id(0)].deaf = beats[id(1)].deaf = true;
  join(2);
  pass(2s, {0, 1, 2});
  CAF_CHECK_EQUAL(owned(2), 0u);
  on(coordinator::beat_gone{id(2), {++last}, now});
  beats.erase(id(2));
  beats[id(0)].deaf = beats[id(1)].deaf = false;
  pass(5s, {0, 1});
  all_owned_once(12);
  CAF_CHECK_EQUAL(owned(0), 6u);
}

// -- who does not confirm ---------------------------------------------------------------

CAF_TEST(a worker that does not confirm is forced to end and waited for) {
  cold_start_of(2);
  beats[id(1)].deaf = true;
  join(2);
  CAF_CHECK(one<coordinator::show_phase>(heard).phase == worker_state::scaling);
  pass(2s, {0, 1, 2});
  CAF_CHECK_EQUAL(store[id(1)].value.revoking.size(), 2u);
  CAF_CHECK_EQUAL(owned(2), 2u);
  heard.clear();
  pass(28900ms, {0, 1, 2});
  CAF_CHECK_EQUAL(count<coordinator::ending>(heard), 0u);
  pass(200ms, {0, 1, 2});
  CAF_CHECK_EQUAL(one<coordinator::ending>(heard).who, id(1));
  CAF_CHECK(beats[id(1)].value.state == beat_state::forced);
  CAF_CHECK_EQUAL(beats[id(1)].value.nonce.value, "n1");
  CAF_MESSAGE("now the wait for whoever was made to end");
  pass(6100ms, {0, 2});
  CAF_CHECK_EQUAL(owned(2), 2u);
  CAF_CHECK_EQUAL(store[id(1)].value.revoking.size(), 2u);
  pass(300ms, {0, 2});
  CAF_CHECK_EQUAL(owned(1), 0u);
  all_owned_once(12);
}

CAF_TEST(another incarnation that does not confirm either is told of as well) {
  cold_start_of(2);
  auto endings = [&] { return count<coordinator::ending>(heard); };
  beats[id(1)].deaf = true;
  join(2);
  pass(32s, {0, 1, 2});
  CAF_CHECK_EQUAL(endings(), 1u);
  beat_of(1, "again", beat_state::joining);
  beats[id(1)].deaf = false;
  beats[id(1)].value.replaces = {"n1"};
  show_beat(id(1));
  for (int i = 0; i < 150; ++i) {
    now += 100ms;
    on(coordinator::tick{});
    beat_of(0);
    beat_of(2);
    beat_of(1, "again");
  }
  all_owned_once(12);
  CAF_REQUIRE(owned(1) > 0);
  beats[id(1)].deaf = true;
  join(3);
  for (int i = 0; i < 400; ++i) {
    now += 100ms;
    on(coordinator::tick{});
    for (int n : {0, 2, 3})
      beat_of(n);
    if (is_living(beats[id(1)].value.state))
      beat_of(1, "again");
  }
  CAF_CHECK_EQUAL(endings(), 2u);
}

// -- partitions -------------------------------------------------------------------------

CAF_TEST(partitions that are added get an owner and removed ones lose theirs) {
  cold_start_of(2);
  give(14);
  pass(2s, {0, 1});
  all_owned_once(14);
  give(4);
  pass(12s, {0, 1});
  all_owned_once(4);
  CAF_CHECK_EQUAL(owned(0), 2u);
  heard.clear();
  give(4);
  pass(20s, {0, 1});
  CAF_CHECK_EQUAL(count<coordinator::planned>(heard), 0u);
}

// -- fencing ----------------------------------------------------------------------------

CAF_TEST(a greater epoch ends everything) {
  cold_start_of(2);
  on(coordinator::epoch_shown{{3}});
  CAF_CHECK(heard.empty());
  on(coordinator::epoch_shown{{4}});
  CAF_CHECK_EQUAL(only<coordinator::overruled>(heard).by.value, 4u);
  heard.clear();
  join(5);
  pass(60s, {0});
  CAF_CHECK(heard.empty());
  CAF_CHECK(!mine->wake_at());
}

CAF_TEST(a record of a greater epoch is not written over) {
  cold_start_of(2);
  auto theirs = store[id(1)].value;
  theirs.epoch = {4};
  theirs.version = {4 * versions_per_epoch + 1};
  theirs.partitions.clear();
  put(1, theirs);
  CAF_CHECK_EQUAL(count<coordinator::overruled>(heard), 1u);
  CAF_CHECK_EQUAL(writes, 0u);
  CAF_CHECK_EQUAL(store[id(1)].value, theirs);
}

CAF_TEST(a record of a smaller epoch that appears later is written over) {
  cold_start_of(2);
  auto ours = store[id(1)].value;
  auto void_one = ours;
  void_one.epoch = {2};
  void_one.version = {2 * versions_per_epoch + 77};
  void_one.partitions.clear();
  store[id(1)].revision = ++last;
  on(coordinator::record_shown{id(1), {last}, void_one});
  CAF_CHECK_EQUAL(writes, 1u);
  CAF_CHECK_EQUAL(store[id(1)].value.partitions, ours.partitions);
  CAF_CHECK_EQUAL(store[id(1)].value.epoch.value, 3u);
  all_owned_once(12);
}

// -- when nobody knows ------------------------------------------------------------------

CAF_TEST(an unreadable record takes its worker out until the hold is over) {
  cold_start_of(2);
  store[id(1)] = {++last, {}};
  on(coordinator::record_shown{id(1), {last}, malformed{"no json"}});
  CAF_MESSAGE("nobody knows what its worker still does, as long as it has not noticed");
  pass(20s, {0, 1});
  CAF_CHECK_EQUAL(owned(0), 6u);
  CAF_CHECK_EQUAL(writes, 0u);
  beat_of(1, "again");
  pass(30s, {0, 1});
  all_owned_once(12);
  CAF_CHECK_EQUAL(owned(1), 6u);
}

CAF_TEST(a group whose only record cannot be read is planned for after the hold) {
  beat_of(0);
  store[id(0)] = {++last, {}};
  on(coordinator::record_shown{id(0), {last}, malformed{"no json"}});
  give(12);
  replay();
  pass(6200ms, {0});
  CAF_CHECK_EQUAL(writes, 0u);
  pass(200ms, {0});
  CAF_CHECK_EQUAL(owned(0), 12u);
}

CAF_TEST(a vanished record takes its worker out until it is made anew) {
  cold_start_of(2);
  store.erase(id(1));
  on(coordinator::record_gone{id(1)});
  beat_of(1, "again");
  pass(6200ms, {0, 1});
  CAF_CHECK_EQUAL(owned(0), 6u);
  pass(200ms, {0, 1});
  CAF_CHECK_EQUAL(owned(0), 12u);
  record empty;
  empty.worker_nonce = {"again"};
  put(1, empty);
  beat_of(1, "again");
  pass(12s, {0, 1});
  all_owned_once(12);
  CAF_CHECK_EQUAL(owned(1), 6u);
}

CAF_TEST(nothing is granted on newborn buckets until they are old enough) {
  on(coordinator::newborn_until{now + 3s});
  on(coordinator::newborn_until{now + 2s});
  join(0);
  give(12);
  replay();
  pass(2900ms, {0});
  CAF_CHECK_EQUAL(owned(0), 0u);
  pass(100ms, {0});
  CAF_CHECK_EQUAL(owned(0), 12u);
}

CAF_TEST(after the heartbeats were not to be seen nobody is expelled for the grace) {
  cold_start_of(2);
  on(coordinator::beats_interrupted{});
  now += 20s;
  on(coordinator::tick{});
  CAF_CHECK(heard.empty());
  on(coordinator::beats_replayed{now - 80s});
  now += 4999ms;
  on(coordinator::tick{});
  CAF_CHECK(heard.empty());
  now += 1ms;
  on(coordinator::tick{});
  CAF_CHECK_EQUAL(count<coordinator::ending>(heard), 2u);
}

// -- for people -------------------------------------------------------------------------

CAF_TEST(what is going on is shown until all is published) {
  cold_start_of(2);
  join(2);
  CAF_CHECK(one<coordinator::show_phase>(heard).phase == worker_state::scaling);
  heard.clear();
  pass(2s, {0, 1, 2});
  auto x = one<coordinator::show_phase>(heard);
  CAF_CHECK(x.phase == worker_state::stable);
}

CAF_TEST(the three lowest living followers are in reserve) {
  cold_start_of(6);
  auto standby = [&](int n) { return store[id(n)].value.standby; };
  CAF_CHECK_EQUAL(standby(0), 0u);
  for (int n : {1, 2, 3})
    CAF_CHECK_EQUAL(standby(n), static_cast<std::uint32_t>(n));
  CAF_CHECK_EQUAL(standby(4), 0u);
  beat_of(1, "n1", beat_state::stopped);
  CAF_CHECK_EQUAL(standby(2), 1u);
  CAF_CHECK_EQUAL(standby(3), 2u);
  CAF_CHECK_EQUAL(standby(4), 3u);
  CAF_CHECK_EQUAL(standby(1), 0u);
}

CAF_TEST_FIXTURE_SCOPE_END()
