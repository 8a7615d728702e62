// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../../support.hpp"

#include "partita/core/leader/records/reconciler.hpp"

/// A reconciler, its membership and the store around them, for tests.
namespace core_test {

inline constexpr auto floor_of_3 = 3 * versions_per_epoch;

/// Epoch 3; a hold of 6.3 s, handoff_timeout 30 s, pauses of 100 ms.
struct reconciler_fixture {
  time_point now = time_point{} + 1000s;
  membership group{{.ttl = 6s, .restart_hold = 30s, .grace = 5s}};
  partition_index index;
  std::optional<reconciler> mine;
  std::map<std::string, std::uint64_t> beats;
  std::uint64_t last = 1000;

  reconciler_fixture() {
    group.replayed(now, now);
    begin();
  }

  void begin(std::size_t max_moves = 0) {
    mine.emplace(reconciler::options{{3}, {"leader"}, 100ms, 30s, max_moves}, group,
                 index);
  }

  static partition part(int x, std::int64_t weight = 100) {
    return {{"p", std::to_string(x)}, weight};
  }
  static worker_id id(const std::string& who) { return {who + "-1"}; }

  static std::vector<revocation> taken(const std::vector<partition>& xs) {
    std::vector<revocation> result;
    for (const auto& x : xs)
      result.push_back({x});
    return result;
  }
  static std::vector<partition> parts(const std::vector<int>& xs) {
    std::vector<partition> result;
    for (auto x : xs)
      result.push_back(part(x));
    return result;
  }

  /// A record of a worker whose incarnation is named like it.
  static record record_of(const std::string& who, std::uint64_t version,
                          const std::vector<int>& has = {}, std::uint64_t epoch = 3) {
    record result;
    result.epoch = {epoch};
    result.version = {version};
    result.worker_nonce = {who};
    for (auto x : has)
      result.partitions.push_back({part(x), {version}});
    return result;
  }

  // -- heartbeats --

  reconciler::commands beats_as(const std::string& who, beat x) {
    group.beat_shown(id(who), {++beats[who]}, x, now, now);
    return mine->touch(id(who), now);
  }
  reconciler::commands lives(const std::string& who, const std::string& nonce,
                             stamp applied = {}, const std::vector<int>& stopping = {}) {
    beat x;
    x.nonce = {nonce};
    x.state = beat_state::working;
    x.applied = applied;
    x.stopping = parts(stopping);
    return beats_as(who, x);
  }
  reconciler::commands says(const std::string& who, beat_state state,
                            const std::string& nonce = "") {
    beat x;
    x.nonce = {nonce.empty() ? who : nonce};
    x.state = state;
    return beats_as(who, x);
  }
  reconciler::commands lives(const std::string& who) { return lives(who, who); }
  /// Lives, and reads no greater format of records.
  reconciler::commands reads_format(const std::string& who, std::uint64_t most) {
    beat x;
    x.nonce = {who};
    x.record_format = most;
    return beats_as(who, x);
  }
  /// The same process under a new nonce.
  reconciler::commands joins_again(const std::string& who, const std::string& nonce) {
    beat x;
    x.nonce = {nonce};
    x.replaces = {who};
    return beats_as(who, x);
  }
  /// Has applied this record, and stopped what it takes away.
  reconciler::commands confirms(const std::string& who, const record& x) {
    return lives(who, x.worker_nonce.value, stamp_of(x));
  }

  // -- records --

  reconciler::commands show(const std::string& who, std::uint64_t at,
                            decoded<record> what) {
    if (const auto* x = std::get_if<record>(&what))
      group.named(id(who), x->worker_nonce, x->terms,
                  !x->partitions.empty() || !x->revoking.empty(), now);
    else
      note_unrecorded(who);
    return mine->shown(id(who), {at}, numbered(what), now);
  }
  decoded<record_ptr> numbered(const decoded<record>& what) {
    if (const auto* x = std::get_if<record>(&what))
      return index.numbered(*x);
    return std::get<malformed>(what);
  }
  reconciler::commands gone(const std::string& who) {
    note_unrecorded(who);
    return mine->gone(id(who), now);
  }
  /// As the coordinator does it.
  void note_unrecorded(const std::string& who) {
    if (mine->has_record(id(who)))
      group.unrecorded(id(who), mine->record_of(id(who)).worker_nonce,
                       mine->record_of(id(who)).terms);
  }
  reconciler::commands replay() { return mine->replayed(now); }

  using goals = std::map<std::string, std::vector<int>>;

  reconciler::target target_of(const goals& what) {
    reconciler::target next;
    std::vector<partition> all;
    for (const auto& [who, xs] : what) {
      auto& share = next.shares[id(who)];
      for (auto x : xs) {
        share.push_back(static_cast<std::uint32_t>(all.size()));
        all.push_back(part(x));
      }
    }
    next.list = index.list(all);
    return next;
  }
  reconciler::commands want(const goals& what) {
    return mine->want(target_of(what), lifecycle::planned_scale, now);
  }

  reconciler::commands answer(const std::string& who, const kv_written& x) {
    return mine->answered(id(who), x, now);
  }
  reconciler::commands answer(const std::string& who, const kv_read& x) {
    return mine->looked(id(who), x, now);
  }
  reconciler::commands tick() {
    auto result = mine->tick(now);
    CAF_CHECK(!result.empty() || !mine->wake_at() || *mine->wake_at() > now);
    return result;
  }
  void nothing_until(duration how_long) {
    now += how_long - 1ms;
    CAF_CHECK(tick().empty());
    now += 1ms;
  }

  static void add(reconciler::commands& to, reconciler::commands&& xs) {
    to.insert(to.end(), xs.begin(), xs.end());
  }

  /// The store takes this write and the watch shows it. What follows is returned.
  reconciler::commands take(const reconciler::write& x) {
    auto result = mine->answered(x.who, done(++last), now);
    group.named(x.who, x.value->worker_nonce, x.value->terms, holds_any(*x.value), now);
    add(result, mine->shown(x.who, {last}, x.value, now));
    return result;
  }

  /// All writes among these and what follows them; the newest record of each.
  std::map<std::string, record> take_all(reconciler::commands xs) {
    std::map<std::string, record> result;
    for (std::size_t i = 0; i < xs.size(); ++i)
      if (const auto* w = std::get_if<reconciler::write>(&xs[i])) {
        auto x = *w;
        result[x.who.value.substr(0, x.who.value.size() - 2)] = *x.value;
        add(xs, take(x));
      }
    return result;
  }

  static std::vector<std::uint64_t> tokens(const record& x) {
    std::vector<std::uint64_t> result;
    for (const auto& y : x.partitions)
      result.push_back(y.token.value);
    return result;
  }
  /// In the order of the names: that in a record has no meaning.
  static std::string names(const record& x) {
    std::set<std::string> owned, revoked;
    for (const auto& y : x.partitions)
      owned.insert(y.partition.keys.back() + " ");
    for (const auto& y : x.revoking)
      revoked.insert("-" + y.partition.keys.back() + " ");
    std::string result;
    for (const auto* all : {&owned, &revoked})
      for (const auto& name : *all)
        result += name;
    return result;
  }

  /// Sealed and empty.
  void no_records() { CAF_CHECK_EQUAL(count<reconciler::sealed>(replay()), 1u); }

  /// After a conflict the stream's leader has this, of which the watch will tell: the write
  /// is not tried again before a pause.
  void awaits_the_watch(const kv_read& there) {
    no_records();
    lives("a");
    show("a", 7, record_of("a", 0, {}, 0));
    want({{"a", {1}}});
    only<reconciler::read>(answer("a", conflict()));
    CAF_CHECK(answer("a", there).empty());
    nothing_until(100ms);
    only<reconciler::write>(tick());
  }

  /// a has 1 and 2, b has 3; all live, nothing to do.
  void two_owners() {
    show("a", 1, record_of("a", floor_of_3 + 1, {1, 2}));
    show("b", 2, record_of("b", floor_of_3 + 1, {3}));
    no_records();
    confirms("a", record_of("a", floor_of_3 + 1));
    confirms("b", record_of("b", floor_of_3 + 1));
    CAF_CHECK(want({{"a", {1, 2}}, {"b", {3}}}).empty());
    CAF_CHECK(mine->settled());
  }

  /// As two_owners; then 2 is being taken from a, for b. Returns a's record.
  record moving_2() {
    two_owners();
    auto x = only<reconciler::write>(want({{"a", {1}}, {"b", {2, 3}}}));
    CAF_CHECK(take(x).empty());
    return *x.value;
  }
};

} // namespace core_test
