// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/inspect/group_view.hpp"
#include "partita/core/strategies/strategies.hpp"
#include "partita/messages/codec.hpp"
#include "partita/messages/control_codec.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace partita::test {

/// A group in any state that its store can show: workers that work, join, drain, restart,
/// were fenced, are silent, or have lost their heartbeat or their record; partitions with
/// one owner, none, two, or on their way to another one; directives that hold, have
/// expired or name what is not there. The same seed always gives the same group.
class random_group {
public:
  static constexpr std::int64_t second_ns = 1'000'000'000;
  static constexpr std::int64_t server_ns = 1'795'424'376 * second_ns;

  core::strategy_options strategy;
  /// In the order of their source. Empty: the source does not answer.
  std::vector<partition> partitions;
  /// Sends heartbeats, whatever else it does.
  worker_id leader;
  std::vector<worker_id> workers;

  explicit random_group(std::uint64_t seed) : rng_{seed} {
    strategy.name = pick<std::string>({"sticky", "sticky", "sticky", "consistent_hash",
                                       "weighted_consistent_hash", "round_robin"});
    strategy.virtual_nodes = 10; // Enough to differ, and quick.
    name_workers();
    name_partitions();
    for (const auto& id : workers)
      shape(id);
    share_out();
    give_directives();
  }

  template <class T>
  struct entry {
    T value;
    std::int64_t age_ms = 0;
    /// It cannot be read.
    bool broken = false;
  };
  std::map<worker_id, entry<beat>> beats;
  std::map<worker_id, entry<record>> records;
  std::vector<entry<directive>> directives;

  /// All of it as the store holds it.
  app::group_entries entries() const {
    app::group_entries result;
    result.group = "orders";
    for (const auto& [id, x] : beats)
      add(result.heartbeat, "heartbeat." + id.value, x);
    for (const auto& [id, x] : records)
      add(result.assignment, "assignment." + id.value, x);
    for (const auto& x : directives)
      add(result.control, directive_key(x.value.what), x);
    return result;
  }

private:
  std::uint64_t below(std::uint64_t n) { return rng_() % n; }
  bool chance(std::uint64_t percent) { return below(100) < percent; }
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return least
           + static_cast<std::int64_t>(
               below(static_cast<std::uint64_t>(most - least) + 1));
  }
  template <class T>
  T pick(const std::vector<T>& from) {
    return from[below(from.size())];
  }

  template <class T>
  static void add(std::vector<kv_entry>& to, std::string key, const entry<T>& x) {
    to.push_back({std::move(key),
                  x.broken ? "{" : to_text(x.value),
                  {1},
                  false,
                  server_ns - x.age_ms * 1'000'000});
  }

  void name_workers() {
    std::set<std::string> names;
    auto count = 1 + below(7);
    while (names.size() < count)
      names.insert((chance(5) ? "b-" : "worker-") + std::to_string(below(14)));
    for (const auto& x : names)
      workers.push_back({x});
    leader = pick(workers);
  }

  void name_partitions() {
    auto count = 1 + below(16);
    for (std::uint64_t i = 0; i < count; ++i)
      all_.push_back({{"p", std::to_string(i)},
                      chance(70) ? 100 : pick<std::int64_t>({0, 50, 100, 300, 1'000})});
    if (chance(15))
      return; // The leader goes on with those that the records name.
    for (const auto& x : all_)
      if (chance(95))
        partitions.push_back(x);
    std::shuffle(partitions.begin(), partitions.end(), rng_);
    if (partitions.empty() || chance(5))
      partitions = {{{"new", "0"}, 100}, {{"new", "1"}, 100}, {{"new", "2"}, 100}};
  }

  // -- workers --------------------------------------------------------------------------

  session_terms some_terms() {
    using std::chrono::milliseconds;
    session_terms result;
    result.ttl = milliseconds{pick<int>({0, 0, 3'000, 6'000, 8'000})};
    if (chance(50))
      result.ownership = chance(90) ? ownership::exclusive : ownership::available;
    return result;
  }

  void shape(const worker_id& id) {
    entry<beat> x;
    x.value.nonce = {"of " + id.value};
    x.value.state = pick<beat_state>({beat_state::working, beat_state::working,
                                      beat_state::working, beat_state::joining});
    x.value.capacity = chance(70) ? 100 : pick<std::int64_t>({1, 50, 300});
    x.value.zone = pick<std::string>({"", "x", "x", "y", "z"});
    x.value.terms = some_terms();
    x.age_ms = between(0, 2'500);
    entry<record> y;
    y.age_ms = 90'000;
    y.value.worker_nonce = x.value.nonce;
    y.value.terms = x.value.terms;
    if (chance(40))
      disturb(x, y);
    if (id == leader) {
      x.age_ms = 0;
      x.broken = false;
    }
    if (id == leader && !is_living(x.value.state))
      x.value.state = beat_state::working;
    if (id == leader || chance(94))
      beats.emplace(id, x);
    if (chance(94))
      records.emplace(id, y);
  }

  void disturb(entry<beat>& x, entry<record>& y) {
    using enum beat_state;
    switch (below(7)) {
    case 0: // Silent, or nearly so.
      x.age_ms = chance(40) ? between(2'900, 3'200) : between(5'900, 13'000);
      break;
    case 1:
      x.value.state = draining;
      break;
    case 2: // About to restart, for longer than that is waited for, or not.
      x.value.state = restarting;
      x.age_ms = between(0, 40'000);
      if (chance(20))
        y.value.worker_nonce = {"another one"};
      break;
    case 3:
      x.value.state = pick<beat_state>({stopped, expelled, forced});
      x.age_ms = between(0, 30'000);
      break;
    case 4: // Came back, and its record does not name it yet.
      y.value.worker_nonce = {"the one before"};
      if (chance(70))
        x.value.replaces = y.value.worker_nonce;
      break;
    case 5:
      x.broken = true;
      x.age_ms = between(0, 9'000);
      break;
    case 6:
      y.broken = true;
      break;
    }
  }

  // -- who owns what --------------------------------------------------------------------

  void share_out() {
    if (records.empty() || chance(10))
      return; // A first plan.
    std::uint64_t count = 0;
    for (auto& [id, x] : records) {
      auto epoch = 3 + below(2);
      x.value.epoch = {epoch};
      x.value.version = {epoch * versions_per_epoch + ++count};
      x.value.leader = {"worker-0"};
      if (auto i = beats.find(id); i != beats.end() && chance(80))
        i->second.value.applied = stamp_of(x.value);
    }
    for (const auto& x : all_) {
      if (chance(12))
        continue;
      auto& first = any_record();
      if (chance(6))
        first.revoking.push_back({x});
      else
        first.partitions.push_back({x, first.version});
      if (auto& second = any_record(); &second != &first && chance(8))
        second.partitions.push_back({{x.keys, x.weight + 100}, second.version});
    }
  }

  record& any_record() {
    auto i = records.begin();
    std::advance(i, static_cast<std::ptrdiff_t>(below(records.size())));
    return i->second.value;
  }

  // -- directives -----------------------------------------------------------------------

  void give(directive::kind what, std::int64_t age_ms = 60'000) {
    directives.push_back({{std::move(what), 0, "ann@box", "why"}, age_ms, false});
  }

  void give_directives() {
    give(rebalance_directive{});
    if (chance(15))
      give(pause_directive{"0f3a9c21", std::chrono::seconds{30}},
           pick<std::int64_t>({1'000, 29'900, 30'100, 50'000}));
    if (chance(40))
      return;
    for (const auto& x : workers) {
      if (chance(12))
        give(cordon_directive{x});
      if (chance(12))
        give(drain_directive{x});
    }
    if (chance(5))
      give(drain_directive{{"worker-77"}});
    for (const auto& x : all_)
      if (chance(15))
        give(pin_directive{name_of(x),
                           chance(95) ? pick(workers) : worker_id{"worker-77"}});
    if (chance(5))
      give(pin_directive{"p.99", pick(workers)});
  }

  std::mt19937_64 rng_;
  /// All that records may name.
  std::vector<partition> all_;
};

} // namespace partita::test
