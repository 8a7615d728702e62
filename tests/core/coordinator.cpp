#define CAF_SUITE core.coordinator

#include "support.hpp"

#include "partita/core/coordinator.hpp"
#include "partita/core/strategies/strategies.hpp"

#include <map>
#include <set>

using namespace core_test;

namespace {

/// A leader of epoch 3 over a tiny store: records with compare-and-set that its watch
/// shows at once, unless `held_back`.
struct fixture : stepper<coordinator> {
  struct entry {
    std::uint64_t revision = 0;
    record value;
  };

  std::optional<coordinator> mine;
  std::map<worker_id, entry, by_number> store;
  std::uint64_t last = 100;
  std::uint64_t beats = 0;
  coordinator::commands heard;
  std::size_t writes = 0;

  fixture() { elect(3); }

  void elect(std::uint64_t epoch) {
    coordinator::options o;
    o.epoch = {epoch};
    o.leader = {"worker-0"};
    o.heartbeat_ttl = 6s;
    o.pause = 100ms;
    o.policy = {30s, 10s, 1s, 0, 10s};
    o.strategy = make_strategy({});
    mine.emplace(o);
    heard.clear();
    writes = 0;
  }

  static worker_id id(int n) { return {"worker-" + std::to_string(n)}; }
  static partition part(int x) { return {{"p", std::to_string(x)}, 100}; }

  /// Steps, and answers every write as the store would, with the news of the watch.
  template <class Event>
  void on(const Event& what) {
    carry_out(step(*mine, what));
  }

  void carry_out(const coordinator::commands& xs) {
    for (const auto& x : xs) {
      heard.push_back(x);
      if (const auto* w = std::get_if<coordinator::write>(&x))
        write(*w);
    }
  }

  void write(const coordinator::write& x) {
    ++writes;
    auto& e = store[x.who];
    CAF_REQUIRE_EQUAL(e.revision, x.expected.value);
    CAF_CHECK(x.value.version > e.value.version);
    e = {++last, x.value};
    on(coordinator::write_answered{x.who, done(last)});
    on(coordinator::record_shown{x.who, {last}, x.value});
  }

  void beat_of(int n, const std::string& nonce, beat_state state = beat_state::working) {
    beat x;
    x.nonce = {nonce};
    x.state = state;
    on(coordinator::beat_shown{id(n), {++beats}, x});
  }
  void beat_of(int n) { beat_of(n, "n" + std::to_string(n)); }

  void put(int n, record value) {
    store[id(n)] = {++last, value};
    on(coordinator::record_shown{id(n), {last}, std::move(value)});
  }

  /// Makes its empty record and beats.
  void join(int n) {
    record empty;
    empty.worker_nonce = {"n" + std::to_string(n)};
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
    on(coordinator::beats_replayed{});
  }

  /// Everybody beats each second, and the core is woken when it wants to be.
  void pass(duration how_long, const std::set<int>& who) {
    auto end = now + how_long;
    while (now < end) {
      now = std::min(end, now + 100ms);
      on(coordinator::tick{});
      if ((now - time_point{}) % 1s == 0s)
        for (int n : who)
          beat_of(n);
    }
  }

  std::size_t owned(int n) { return store[id(n)].value.partitions.size(); }

  /// How often each partition stands in a record.
  std::map<std::string, int> owners() {
    std::map<std::string, int> result;
    for (const auto& [who, e] : store)
      for (const auto& x : e.value.partitions)
        ++result[name_of(x.partition)];
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
  void fail_over(std::uint64_t epoch, const std::set<int>& alive) {
    elect(epoch);
    for (const auto& [who, e] : store)
      on(coordinator::record_shown{who, {e.revision}, e.value});
    for (int n : alive)
      beat_of(n);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(coordinator_tests, fixture)

CAF_TEST(nothing is done before records and beats and partitions are known) {
  for (int missing = 0; missing < 3; ++missing) {
    elect(3);
    store.clear();
    join(0);
    if (missing != 0)
      give(12);
    if (missing != 1)
      on(coordinator::records_replayed{});
    if (missing != 2)
      on(coordinator::beats_replayed{});
    CAF_CHECK(heard.empty());
    if (missing == 0)
      give(12);
    if (missing == 1)
      on(coordinator::records_replayed{});
    if (missing == 2)
      on(coordinator::beats_replayed{});
    CAF_CHECK_EQUAL(count<coordinator::adopt>(heard), 1u);
    CAF_CHECK_EQUAL(owned(0), 12u);
  }
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

CAF_TEST(a failover without a change writes nothing) {
  cold_start_of(3);
  fail_over(4, {0, 1, 2});
  give(12);
  replay();
  pass(60s, {0, 1, 2});
  CAF_CHECK_EQUAL(count<coordinator::adopt>(heard), 1u);
  CAF_CHECK_EQUAL(count<coordinator::planned>(heard), 0u);
  CAF_CHECK_EQUAL(writes, 0u);
}

CAF_TEST(an owner that a new leader hears nothing of is awaited for ttl and five per cent) {
  cold_start_of(3);
  fail_over(4, {0, 1});
  give(12);
  replay();
  pass(6200ms, {0, 1});
  CAF_CHECK_EQUAL(owned(2), 4u);
  pass(200ms, {0, 1});
  CAF_CHECK_EQUAL(one<coordinator::planned>(heard).lifecycle, lifecycle::emergency);
  all_owned_once(12);
  CAF_CHECK_EQUAL(owned(2), 0u);
  CAF_CHECK_EQUAL(owned(0), 6u);
}

CAF_TEST(a leader that takes over re addresses the records of who came back meanwhile) {
  cold_start_of(2);
  auto before = store[id(1)].value;
  fail_over(4, {0});
  beat_of(1, "again");
  give(12);
  replay();
  CAF_CHECK_EQUAL(store[id(1)].value.worker_nonce.value, "again");
  CAF_CHECK(store[id(1)].value.version > before.version);
  CAF_CHECK_EQUAL(owned(1), 6u);
}

CAF_TEST(a silent worker is an emergency after ttl and five per cent) {
  cold_start_of(3);
  auto start = now;
  pass(6200ms, {0, 1});
  CAF_CHECK_EQUAL(writes, 0u);
  CAF_MESSAGE("the last beat was " << (now - start).count() << " ns ago");
  pass(200ms, {0, 1});
  CAF_CHECK_EQUAL(one<coordinator::planned>(heard).lifecycle, lifecycle::emergency);
  CAF_CHECK_EQUAL(owned(2), 0u);
  all_owned_once(12);
}

CAF_TEST(the partitions of a worker that said goodbye are given away at once) {
  cold_start_of(3);
  beat_of(2, "n2", beat_state::stopped);
  CAF_CHECK_EQUAL(one<coordinator::planned>(heard).lifecycle, lifecycle::planned_scale);
  CAF_CHECK_EQUAL(owned(2), 0u);
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

CAF_TEST(a worker that restarted gets its own back at once with new tokens) {
  cold_start_of(2);
  auto before = store[id(1)].value;
  beat_of(1, "again", beat_state::joining);
  const auto& after = store[id(1)].value;
  CAF_CHECK_EQUAL(after.worker_nonce.value, "again");
  CAF_CHECK_EQUAL(after.partitions.size(), before.partitions.size());
  for (const auto& x : after.partitions)
    CAF_CHECK_EQUAL(x.token, after.version);
  CAF_CHECK_EQUAL(writes, 1u);
}

CAF_TEST(a worker that joins gets its share after the window) {
  cold_start_of(2);
  join(2);
  CAF_CHECK_EQUAL(writes, 0u);
  pass(900ms, {0, 1});
  CAF_CHECK_EQUAL(writes, 0u);
  pass(200ms, {0, 1, 2});
  CAF_CHECK_EQUAL(owned(2), 4u);
  all_owned_once(12);
}

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
  auto void_one = store[id(1)].value;
  void_one.epoch = {2};
  void_one.version = {2 * versions_per_epoch + 77};
  void_one.partitions.clear();
  put(1, void_one);
  CAF_CHECK_EQUAL(owned(1), 6u);
  CAF_CHECK_EQUAL(store[id(1)].value.epoch.value, 3u);
}

CAF_TEST(an unreadable record takes its worker out until the hold is over) {
  cold_start_of(2);
  store[id(1)] = {++last, {}};
  on(coordinator::record_shown{id(1), {last}, malformed{"no json"}});
  CAF_MESSAGE("nobody knows what its worker still does");
  pass(6200ms, {0, 1});
  CAF_CHECK_EQUAL(owned(0), 6u);
  CAF_CHECK_EQUAL(writes, 0u);
  pass(30s, {0, 1});
  all_owned_once(12);
  CAF_CHECK_EQUAL(owned(1), 6u);
}

CAF_TEST(a vanished record takes its worker out until it is made anew) {
  cold_start_of(2);
  store.erase(id(1));
  on(coordinator::record_gone{id(1)});
  pass(6200ms, {0, 1});
  CAF_CHECK_EQUAL(owned(0), 6u);
  pass(200ms, {0, 1});
  CAF_CHECK_EQUAL(owned(0), 12u);
  join(1);
  pass(12s, {0, 1});
  all_owned_once(12);
  CAF_CHECK_EQUAL(owned(1), 6u);
}

CAF_TEST(a new heartbeat bucket loses nobody) {
  cold_start_of(2);
  on(coordinator::beats_void{});
  now += 20s;
  on(coordinator::tick{});
  CAF_CHECK_EQUAL(writes, 0u);
  CAF_CHECK(!mine->wake_at() || *mine->wake_at() > now);
  beat_of(0, "new 0");
  beat_of(1, "new 1");
  pass(2s, {});
  all_owned_once(12);
  CAF_CHECK_EQUAL(store[id(0)].value.worker_nonce.value, "new 0");
}

CAF_TEST(what is going on is shown until all is published) {
  cold_start_of(2);
  join(2);
  CAF_CHECK(one<coordinator::show_phase>(heard).phase == worker_state::scaling);
  heard.clear();
  pass(2s, {0, 1, 2});
  auto x = one<coordinator::show_phase>(heard);
  CAF_CHECK(x.phase == worker_state::stable);
}

CAF_TEST_FIXTURE_SCOPE_END()
