#define CAF_SUITE core.reconciler

#include "support.hpp"

#include "partita/core/reconciler.hpp"

using namespace core_test;

namespace {

constexpr auto floor_of_3 = 3 * versions_per_epoch;

/// Epoch 3; holds for 6.3 s.
struct fixture {
  time_point now = time_point{} + 1000s;
  reconciler mine{{{3}, {"leader"}, 100ms, 6300ms}};

  static partition part(int x, std::int64_t weight = 100) {
    return {{"p", std::to_string(x)}, weight};
  }
  static worker_id id(const std::string& who) { return {who + "-1"}; }

  /// A record of a worker whose incarnation is named like it.
  static record record_of(const std::string& who, std::uint64_t version,
                          const std::vector<int>& parts = {}, std::uint64_t epoch = 2) {
    record result;
    result.epoch = {epoch};
    result.version = {version};
    result.worker_nonce = {who};
    for (auto x : parts)
      result.partitions.push_back({part(x), {version}});
    return result;
  }

  reconciler::commands show(const std::string& who, std::uint64_t at,
                            decoded<record> what) {
    return mine.shown(id(who), {at}, std::move(what), now);
  }

  using goals = std::map<std::string, std::vector<int>>;

  reconciler::commands want(const goals& what) {
    reconciler::target next;
    for (const auto& [who, parts] : what) {
      reconciler::share x;
      x.owner = {who};
      for (auto p : parts)
        x.partitions.push_back(part(p));
      next.emplace(id(who), x);
    }
    return mine.want(next, lifecycle::planned_scale, now);
  }

  reconciler::commands answer(const std::string& who, const kv_written& x) {
    return mine.answered(id(who), x, now);
  }
  reconciler::commands answer(const std::string& who, const kv_read& x) {
    return mine.looked(id(who), x, now);
  }
  reconciler::commands tick() {
    auto result = mine.tick(now);
    CAF_CHECK(!result.empty() || !mine.wake_at() || *mine.wake_at() > now);
    return result;
  }

  /// The store takes this write, and the watch shows it.
  void take(const reconciler::write& x, std::uint64_t at) {
    CAF_CHECK(mine.answered(x.who, done(at), now).empty());
    CAF_CHECK(mine.shown(x.who, {at}, x.value, now).empty());
  }

  static std::vector<std::uint64_t> tokens(const record& x) {
    std::vector<std::uint64_t> result;
    for (const auto& y : x.partitions)
      result.push_back(y.token.value);
    return result;
  }

  /// a owns 1 and 2, b owns 3; nothing to do.
  void two_owners() {
    show("a", 1, record_of("a", 50, {1, 2}));
    show("b", 2, record_of("b", 51, {3}));
    CAF_CHECK(want({{"a", {1, 2}}, {"b", {3}}}).empty());
    CAF_CHECK(mine.settled());
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(reconciler_tests, fixture)

CAF_TEST(records that say what is wanted are not touched) {
  two_owners();
  CAF_CHECK(tick().empty());
  CAF_CHECK(want({{"a", {1, 2}}, {"b", {3}}}).empty());
  CAF_CHECK(!mine.wake_at());
}

CAF_TEST(nothing is written before it is known what is wanted) {
  CAF_CHECK(show("a", 1, record_of("a", 50, {1})).empty());
  CAF_CHECK(tick().empty());
  CAF_CHECK(!mine.settled());
}

CAF_TEST(a record is written over the revision that was shown with all its fields) {
  show("a", 7, record_of("a", 0));
  auto x = only<reconciler::write>(want({{"a", {1}}}));
  CAF_CHECK_EQUAL(x.expected.value, 7u);
  CAF_CHECK_EQUAL(x.value.epoch.value, 3u);
  CAF_CHECK_EQUAL(x.value.leader.value, "leader");
  CAF_CHECK_EQUAL(x.value.worker_nonce.value, "a");
  CAF_CHECK(x.value.lifecycle == lifecycle::planned_scale);
  CAF_CHECK(x.value.revoking.empty());
  CAF_CHECK(!mine.settled());
  take(x, 8);
  CAF_CHECK(mine.settled());
}

CAF_TEST(a worker without a record is written to once it has one) {
  CAF_CHECK(want({{"a", {1}}}).empty());
  CAF_CHECK_EQUAL(only<reconciler::write>(show("a", 4, record_of("a", 0))).expected.value,
                  4u);
}

CAF_TEST(a worker that gets nothing hears so once) {
  show("a", 1, record_of("a", 0));
  auto x = only<reconciler::write>(want({{"a", {}}}));
  CAF_CHECK(x.value.partitions.empty());
  take(x, 2);
  CAF_CHECK(want({{"a", {}}}).empty());
}

CAF_TEST(versions begin above the epoch and the greatest one of the store) {
  show("a", 1, record_of("a", 0));
  auto x = only<reconciler::write>(want({{"a", {1}}}));
  CAF_CHECK_EQUAL(x.value.version.value, floor_of_3 + 1);
  take(x, 2);
  show("b", 3, record_of("b", floor_of_3 + 500));
  auto xs = want({{"a", {}}, {"b", {1}}});
  CAF_CHECK_EQUAL(count<reconciler::write>(xs), 2u);
  CAF_CHECK_EQUAL(first<reconciler::write>(xs)->value.version.value, floor_of_3 + 501);
}

CAF_TEST(a record is never written with a version that is not greater) {
  show("a", 1, record_of("a", 0));
  auto x = only<reconciler::write>(want({{"a", {1}}}));
  CAF_MESSAGE("somebody wrote a record of a greater version in between");
  auto xs = show("a", 5, record_of("a", floor_of_3 + 90));
  CAF_CHECK(xs.empty());
  answer("a", conflict());
  auto theirs = holds(5, to_text(record_of("a", floor_of_3 + 90)));
  auto next = only<reconciler::write>(answer("a", theirs));
  CAF_CHECK_EQUAL(next.expected.value, 5u);
  CAF_CHECK_EQUAL(next.value.version.value, floor_of_3 + 91);
  CAF_CHECK_EQUAL(tokens(next.value), std::vector<std::uint64_t>{floor_of_3 + 91});
}

CAF_TEST(all records of one target have one version and the next target a greater one) {
  show("a", 1, record_of("a", 0));
  show("b", 2, record_of("b", 0));
  auto xs = want({{"a", {1}}, {"b", {2}}});
  CAF_REQUIRE_EQUAL(xs.size(), 2u);
  auto x = std::get<reconciler::write>(xs[0]);
  auto y = std::get<reconciler::write>(xs[1]);
  CAF_CHECK_EQUAL(x.value.version, y.value.version);
  take(x, 3);
  take(y, 4);
  auto next = only<reconciler::write>(want({{"a", {1, 3}}, {"b", {2}}}));
  CAF_CHECK(next.value.version > x.value.version);
}

CAF_TEST(grants that stay keep their token and new ones get the version) {
  two_owners();
  auto x = only<reconciler::write>(want({{"a", {1, 2, 4}}, {"b", {3}}}));
  CAF_CHECK_EQUAL(tokens(x.value), std::vector<std::uint64_t>({50, 50, floor_of_3 + 1}));
  CAF_CHECK_EQUAL(x.value.version.value, floor_of_3 + 1);
}

CAF_TEST(another incarnation gets new tokens for all that it keeps) {
  two_owners();
  reconciler::target next;
  next[id("a")] = {{"a again"}, {part(1), part(2)}};
  next[id("b")] = {{"b"}, {part(3)}};
  auto x = only<reconciler::write>(mine.want(next, lifecycle::planned_scale, now));
  CAF_CHECK_EQUAL(x.value.worker_nonce.value, "a again");
  CAF_CHECK_EQUAL(tokens(x.value),
                  std::vector<std::uint64_t>({floor_of_3 + 1, floor_of_3 + 1}));
}

CAF_TEST(another weight is written and keeps the token) {
  two_owners();
  reconciler::target next;
  next[id("a")] = {{"a"}, {part(1, 300), part(2)}};
  next[id("b")] = {{"b"}, {part(3)}};
  auto x = only<reconciler::write>(mine.want(next, lifecycle::rebalance, now));
  CAF_CHECK_EQUAL(x.value.partitions.front().partition.weight, 300);
  CAF_CHECK_EQUAL(tokens(x.value), std::vector<std::uint64_t>({50, 50}));
}

CAF_TEST(records that lose are written before those that gain) {
  show("a", 1, record_of("a", 50));
  show("b", 2, record_of("b", 51, {1, 2}));
  show("c", 3, record_of("c", 52, {3, 4}));
  auto xs = want({{"a", {1, 3}}, {"b", {2}}, {"c", {4}}});
  CAF_REQUIRE_EQUAL(xs.size(), 3u);
  CAF_CHECK_EQUAL(std::get<reconciler::write>(xs[2]).who, id("a"));
}

CAF_TEST(the record of a worker that left is emptied and not deleted) {
  two_owners();
  auto xs = want({{"b", {3, 1, 2}}});
  CAF_REQUIRE_EQUAL(xs.size(), 2u);
  const auto& x = std::get<reconciler::write>(xs[0]);
  CAF_CHECK_EQUAL(x.who, id("a"));
  CAF_CHECK(x.value.partitions.empty());
  CAF_CHECK_EQUAL(x.value.worker_nonce.value, "a");
  CAF_CHECK(x.value.version.value > 51u);
  CAF_CHECK_EQUAL(std::get<reconciler::write>(xs[1]).who, id("b"));
}

CAF_TEST(one write of a key is under way and the newest target follows it) {
  show("a", 1, record_of("a", 0));
  auto x = only<reconciler::write>(want({{"a", {1}}}));
  CAF_CHECK(want({{"a", {2}}}).empty());
  CAF_MESSAGE("nothing is written before the watch has shown the former write");
  CAF_CHECK(answer("a", done(2)).empty());
  auto next = only<reconciler::write>(show("a", 2, x.value));
  CAF_CHECK_EQUAL(next.expected.value, 2u);
  CAF_CHECK_EQUAL(name_of(next.value.partitions.front().partition), "p.2");
  CAF_CHECK(next.value.version > x.value.version);
}

CAF_TEST(a watch that is faster than the answer does no harm) {
  show("a", 1, record_of("a", 0));
  auto x = only<reconciler::write>(want({{"a", {1}}}));
  CAF_CHECK(show("a", 2, x.value).empty());
  CAF_CHECK(!mine.settled());
  CAF_CHECK(answer("a", done(2)).empty());
  CAF_CHECK(mine.settled());
}

CAF_TEST(late news of an older revision change nothing) {
  two_owners();
  auto x = only<reconciler::write>(want({{"a", {1}}, {"b", {3}}}));
  take(x, 9);
  CAF_CHECK(show("a", 1, record_of("a", 50, {1, 2})).empty());
  CAF_CHECK(mine.settled());
}

CAF_TEST(an unknown outcome is repeated as it was until it is known) {
  show("a", 1, record_of("a", 0));
  auto x = only<reconciler::write>(want({{"a", {1}}}));
  CAF_CHECK(answer("a", no_answer()).empty());
  CAF_CHECK(want({{"a", {2}}}).empty());
  now += 99ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  auto again = only<reconciler::write>(tick());
  CAF_CHECK_EQUAL(again.value, x.value);
  CAF_CHECK_EQUAL(again.expected.value, 1u);
  only<reconciler::read>(answer("a", conflict()));
  CAF_CHECK(answer("a", holds(2, to_text(x.value))).empty());
  CAF_MESSAGE("it has landed; what is wanted now goes over it once the watch shows it");
  CAF_CHECK_EQUAL(only<reconciler::write>(show("a", 2, x.value)).expected.value, 2u);
}

CAF_TEST(after a conflict the record is taken as the watch shows it) {
  show("a", 1, record_of("a", 0));
  want({{"a", {1}}});
  only<reconciler::read>(answer("a", conflict()));
  auto theirs = record_of("a", 70, {9});
  CAF_CHECK(answer("a", holds(5, to_text(theirs))).empty());
  CAF_CHECK_EQUAL(only<reconciler::write>(show("a", 5, theirs)).expected.value, 5u);
}

CAF_TEST(without a connection and after a refusal the write is tried again) {
  show("a", 1, record_of("a", 0));
  want({{"a", {1}}});
  CAF_CHECK(answer("a", not_connected()).empty());
  now += 99ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  only<reconciler::write>(tick());
  CAF_CHECK_EQUAL(only<reconciler::complain>(answer("a", refused("too large"))).why,
                  "too large");
  now += 999ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  only<reconciler::write>(tick());
}

CAF_TEST(after a record vanished nothing is granted for the hold) {
  two_owners();
  mine.gone(id("a"), now);
  CAF_CHECK(want({{"b", {1, 2, 3}}}).empty());
  CAF_CHECK(!mine.settled());
  now += 6299ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  auto x = only<reconciler::write>(tick());
  CAF_CHECK_EQUAL(x.who, id("b"));
  CAF_CHECK_EQUAL(x.value.partitions.size(), 3u);
}

CAF_TEST(during a hold partitions are taken away but none are given) {
  two_owners();
  mine.gone(id("a"), now);
  auto x = only<reconciler::write>(want({{"b", {1}}}));
  CAF_CHECK(x.value.partitions.empty());
}

CAF_TEST(a record that cannot be read is rewritten after the hold) {
  two_owners();
  CAF_CHECK(show("a", 9, malformed{"no json"}).empty());
  CAF_CHECK(!mine.has_record(id("a")));
  CAF_CHECK(want({{"b", {3}}}).empty());
  now += 6299ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  auto x = only<reconciler::write>(tick());
  CAF_CHECK_EQUAL(x.who, id("a"));
  CAF_CHECK_EQUAL(x.expected.value, 9u);
  CAF_CHECK(x.value.partitions.empty());
  CAF_CHECK(x.value.version.value > 51u);
}

CAF_TEST(a record that became unreadable or was made anew gets a greater version again) {
  two_owners();
  auto x = only<reconciler::write>(want({{"b", {3}}}));
  take(x, 5);
  show("a", 6, malformed{"no json"});
  now += 6300ms;
  auto y = only<reconciler::write>(tick());
  CAF_CHECK(y.value.version > x.value.version);
  take(y, 7);
  mine.gone(id("a"), now);
  now += 6300ms;
  tick();
  auto z = only<reconciler::write>(show("a", 9, record_of("a", 0, {1})));
  CAF_CHECK(z.value.version > y.value.version);
}

CAF_TEST(a second loss starts the hold anew) {
  two_owners();
  mine.gone(id("a"), now);
  now += 6s;
  mine.gone(id("b"), now);
  now += 6299ms;
  CAF_CHECK(tick().empty());
  CAF_CHECK(*mine.wake_at() == now + 1ms);
}

CAF_TEST(of two records that name a partition the greater epoch and version has it) {
  show("a", 1, record_of("a", 90, {1}, 1));
  show("b", 2, record_of("b", 50, {1, 2}, 2));
  show("c", 3, record_of("c", 51, {2}, 2));
  auto owners = mine.owners();
  CAF_CHECK_EQUAL(owners.at("p.1"), id("b"));
  CAF_CHECK_EQUAL(owners.at("p.2"), id("c"));
}

CAF_TEST(records of workers that the target does not name are emptied when they appear) {
  want({{"a", {1}}});
  auto x = only<reconciler::write>(show("z", 5, record_of("z", 40, {7})));
  CAF_CHECK(x.value.partitions.empty());
  CAF_MESSAGE("and left alone if they own nothing");
  CAF_CHECK(show("y", 6, record_of("y", 0)).empty());
}

CAF_TEST_FIXTURE_SCOPE_END()
