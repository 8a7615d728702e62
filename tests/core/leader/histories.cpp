// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.histories

#include "history_leaders.hpp"
#include "history_workers.hpp"

using namespace core_test;

/// Random histories of a group against a tiny store of records and heartbeats: leaders that
/// follow each other and overlap, workers that crash, freeze, restart, drain and do not
/// confirm, writes that come late or without answer, watches that lag. At every moment no
/// partition may be worked on by two incarnations; at the end faults stop, and every
/// partition must be owned once by who is present.

namespace {

struct world : history_leaders, history_workers {
  using history_leaders::show_record;
  using history_workers::show_record;

  explicit world(std::uint64_t number) : history_store{number} {}

  void record_changed(const worker_id& who) override {
    for (auto& x : leaders)
      show_record(x, who);
    for (auto& [nonce, x] : alive)
      if (id(x->id) == who)
        show_record(x);
  }

  void something_happens() {
    auto n = static_cast<int>(any(5));
    auto x = present(n);
    auto what = any(16);
    note("event " + std::to_string(what) + " at worker " + std::to_string(n));
    switch (what) {
    case 0:
    case 1:
    case 2:
      if (!x)
        start(n);
      break;
    case 3:
      if (x)
        goodbye(x, any(2) == 0 ? beat_state::stopped : beat_state::restarting);
      break;
    case 4:
      if (x)
        alive.erase(x->nonce); // It crashes.
      break;
    case 5:
    case 6:
    case 7:
      elect();
      break;
    case 8:
    case 9:
      partitions = 5 + static_cast<int>(any(12));
      for (auto leads_now = leaders; auto& y : leads_now)
        give(y);
      break;
    case 10:
      if (records[id(n)].present) {
        records[id(n)].readable = false;
        records[id(n)].revision = ++last;
        record_changed(id(n));
      }
      break;
    case 11:
      remove_record(id(n));
      break;
    case 12:
      if (x)
        x->stubborn = true;
      break;
    case 13:
    case 14:
      if (x)
        x->frozen_until = now + std::chrono::milliseconds{any(12000)};
      break;
    default:
      if (x && x->joined)
        x->state = beat_state::draining;
      break;
    }
  }

  void pass(duration how_long) {
    for (auto end = now + how_long; now < end;) {
      now += 50ms;
      auto group = alive;
      for (auto& [nonce, x] : group)
        if (alive.contains(nonce))
          work(x);
      deliver();
      for (auto leads_now = leaders; auto& x : leads_now) {
        auto at = x->core->wake_at();
        if (!at || *at > now)
          continue;
        // What is due is done at the second look at the latest: a shell would spin.
        for (int i = 0; i < 3; ++i)
          feed(x, coordinator::tick{});
        if (leads(x))
          CAF_REQUIRE(!x->core->wake_at() || *x->core->wake_at() > now);
      }
    }
  }

  void stop_faults() {
    faults = false;
    for (auto& [nonce, x] : alive) {
      x->stubborn = false;
      x->frozen_until = {};
      for (auto& [name, y] : x->stopping)
        y.second = now;
      if (x->state == beat_state::draining)
        x->state = beat_state::working;
    }
    if (!present(1))
      start(1);
    elect();
    while (leaders.size() > 1)
      leaders.pop_front();
  }

  void check_the_end() {
    std::map<std::string, int> owners;
    for (const auto& [who, e] : records) {
      if (!e.present)
        continue;
      if (!e.readable || !e.value.revoking.empty())
        fail("in the end the record of " + who.value + " says " + text_of(e.value));
      for (const auto& x : e.value.partitions) {
        auto name = name_of(x.partition);
        ++owners[name];
        auto y = alive.find(e.value.worker_nonce.value);
        if (y == alive.end() || !y->second->works.contains(name))
          fail("in the end no worker works on " + name + " of " + who.value);
      }
    }
    if (owners.size() != static_cast<std::size_t>(partitions))
      fail("in the end " + std::to_string(owners.size()) + " of "
           + std::to_string(partitions) + " partitions have an owner");
    for (const auto& [name, count] : owners)
      if (count != 1)
        fail("in the end two records name " + name);
  }
};

} // namespace

CAF_TEST(in no history are there two owners and in the end every partition has one) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    world w{seed};
    w.elect();
    w.start(0);
    for (int i = 0; i < 30; ++i) {
      w.pass(std::chrono::milliseconds{w.any(3) == 0 ? w.any(9000) : w.any(1500)});
      w.something_happens();
    }
    w.stop_faults();
    w.pass(90s);
    w.check_the_end();
  }
}
