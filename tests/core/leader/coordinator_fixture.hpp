// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../support.hpp"

#include "partita/core/leader/coordinator.hpp"
#include "partita/core/strategies/strategies.hpp"

#include <map>
#include <set>

namespace core_test {

/// A leader of epoch 3 over a tiny store of records and heartbeats with compare-and-set,
/// which its watches show at once. Workers apply what is addressed to them, and say so at
/// once, unless they are deaf.
struct coordinator_fixture : stepper<coordinator> {
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
  std::uint32_t max_moves = 0;
  /// Between two plans: most tests are about other things.
  duration gap{};
  int depth = 0;

  coordinator_fixture() { elect(3); }

  void elect(std::uint64_t epoch) {
    coordinator::options o;
    o.epoch = {epoch};
    o.leader = {"worker-0"};
    o.heartbeat_ttl = 6s;
    o.grace = 5s;
    o.pause = 100ms;
    o.rebalance.max_moves_in_flight = max_moves;
    o.shortest_gap = gap;
    o.strategy = make_strategy({});
    mine.emplace(o);
    heard.clear();
    writes = 0;
  }

  static worker_id id(int n) { return {"worker-" + std::to_string(n)}; }
  static std::string nonce(int n) { return "n" + std::to_string(n); }
  static partition part(int x) { return {{"p", std::to_string(x)}, 100}; }

  /// Steps, answers every write as the store would, with the news of the watch, and wakes the
  /// core once all that has been worked off, as its shell does.
  template <class Event>
  void on(const Event& what) {
    ++depth;
    work_off(what);
    if (--depth == 0)
      while (mine->wake_at() && *mine->wake_at() <= now) {
        ++depth;
        auto before = mine->wake_at();
        work_off(coordinator::tick{});
        --depth;
        if (mine->wake_at() == before)
          break; // Due, but blocked on another event: the shell would spin.
      }
  }

  template <class Event>
  void work_off(const Event& what) {
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
    CAF_CHECK(stamp_of(*x.value) > stamp_of(e.value));
    // What follows from this may write more.
    auto at = ++last;
    e = {at, *x.value};
    on(coordinator::write_answered{x.who, done(at)});
    on(coordinator::record_shown{x.who, {at}, x.value});
    apply(x.who);
  }

  void write(const coordinator::write_mark& x) {
    auto& e = beats[x.who];
    if (e.revision != x.expected.value) {
      // What came before in the same turn made the worker send a heartbeat.
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
    store[id(n)] = {++last, std::move(value)};
    show_record(id(n));
  }

  void show_record(const worker_id& who) {
    const auto& e = store[who];
    on(coordinator::record_shown{who, {e.revision}, mine->index().numbered(e.value)});
  }

  /// Creates its empty record and sends a heartbeat.
  void join(int n) {
    record empty;
    empty.worker_nonce = {nonce(n)};
    put(n, empty);
    beat_of(n);
  }

  void give(const std::vector<partition>& all) {
    on(coordinator::partitions_given{mine->index().list(all)});
  }
  void give(int partitions) {
    std::vector<partition> all;
    for (int i = 0; i < partitions; ++i)
      all.push_back(part(i));
    give(all);
  }

  void replay() {
    on(coordinator::records_replayed{});
    on(coordinator::directives_replayed{});
    on(coordinator::beats_replayed{now});
  }

  /// The living ones of `who` send a heartbeat each second; the core wakes when it asks.
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

  /// The last report of settings that differ; there must have been exactly one.
  std::string settings_told() {
    CAF_CHECK_EQUAL(count<coordinator::settings_differ>(heard), 1u);
    std::string result;
    for (const auto& x : heard)
      if (const auto* y = std::get_if<coordinator::settings_differ>(&x))
        result = y->why;
    return result;
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
        ++result[name_of(x.partition)];
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
      show_record(who);
    for (const auto& [who, e] : std::map{beats})
      on(coordinator::beat_shown{who, {e.revision}, e.value, now});
  }
  void fail_over_and_lead(std::uint64_t epoch) {
    fail_over(epoch);
    give(12);
    replay();
  }
};

} // namespace core_test
