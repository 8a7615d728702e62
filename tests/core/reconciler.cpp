#define CAF_SUITE core.reconciler

#include "support.hpp"

#include "partita/core/reconciler.hpp"

using namespace core_test;

namespace {

constexpr auto floor_of_3 = 3 * versions_per_epoch;

/// Epoch 3; a hold of 6.3 s, handoff_timeout 30 s, pauses of 100 ms.
struct fixture {
  time_point now = time_point{} + 1000s;
  membership group{{6s, 30s, 5s}};
  std::optional<reconciler> mine;
  std::map<std::string, std::uint64_t> beats;
  std::uint64_t last = 1000;

  fixture() {
    group.replayed(now, now);
    begin();
  }

  void begin(std::size_t max_moves = 0) {
    mine.emplace(reconciler::options{{3}, {"leader"}, 100ms, 6300ms, 30s, max_moves},
                 group);
  }

  static partition part(int x, std::int64_t weight = 100) {
    return {{"p", std::to_string(x)}, weight};
  }
  static worker_id id(const std::string& who) { return {who + "-1"}; }

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
  /// Has applied this record, and stopped what it takes away.
  reconciler::commands confirms(const std::string& who, const record& x) {
    return lives(who, x.worker_nonce.value, stamp_of(x));
  }

  // -- records --

  reconciler::commands show(const std::string& who, std::uint64_t at,
                            decoded<record> what) {
    if (const auto* x = std::get_if<record>(&what))
      group.named(id(who), x->worker_nonce,
                  !x->partitions.empty() || !x->revoking.empty(), now);
    return mine->shown(id(who), {at}, std::move(what), now);
  }
  reconciler::commands gone(const std::string& who) { return mine->gone(id(who), now); }
  reconciler::commands replay() { return mine->replayed(now); }

  using goals = std::map<std::string, std::vector<int>>;

  static reconciler::target target_of(const goals& what) {
    reconciler::target next;
    for (const auto& [who, xs] : what)
      next.emplace(id(who), parts(xs));
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
    group.named(x.who, x.value.worker_nonce,
                !x.value.partitions.empty() || !x.value.revoking.empty(), now);
    add(result, mine->shown(x.who, {last}, x.value, now));
    return result;
  }

  /// All writes among these and what follows them; the newest record of each.
  std::map<std::string, record> take_all(reconciler::commands xs) {
    std::map<std::string, record> result;
    for (std::size_t i = 0; i < xs.size(); ++i)
      if (const auto* w = std::get_if<reconciler::write>(&xs[i])) {
        auto x = *w;
        result[x.who.value.substr(0, x.who.value.size() - 2)] = x.value;
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
  static std::string names(const record& x) {
    std::string result;
    for (const auto& y : x.partitions)
      result += y.partition.keys.back() + " ";
    for (const auto& y : x.revoking)
      result += "-" + y.keys.back() + " ";
    return result;
  }

  /// Sealed and empty.
  void no_records() { CAF_CHECK_EQUAL(count<reconciler::sealed>(replay()), 1u); }

  /// a has 1 and 2, b has 3; all live, nothing to do.
  void two_owners() {
    show("a", 1, record_of("a", floor_of_3 + 1, {1, 2}));
    show("b", 2, record_of("b", floor_of_3 + 1, {3}));
    no_records();
    lives("a");
    lives("b");
    CAF_CHECK(want({{"a", {1, 2}}, {"b", {3}}}).empty());
    CAF_CHECK(mine->settled());
  }

  /// As two_owners; then 2 is being taken from a, for b. Returns a's record.
  record moving_2() {
    two_owners();
    auto x = only<reconciler::write>(want({{"a", {1}}, {"b", {2, 3}}}));
    CAF_CHECK(take(x).empty());
    return x.value;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(reconciler_tests, fixture)

// -- sealing ----------------------------------------------------------------------------

CAF_TEST(every record of an older epoch is rewritten as it was under the new one) {
  auto x = record_of("a", 50, {1}, 2);
  x.revoking = parts({2});
  x.standby = 2;
  CAF_CHECK(show("a", 7, x).empty());
  CAF_CHECK(show("b", 8, record_of("b", 60, {}, 1)).empty());
  auto xs = replay();
  CAF_REQUIRE_EQUAL(xs.size(), 2u);
  auto first_write = std::get<reconciler::write>(xs[0]);
  x.epoch = {3};
  x.leader = {"leader"};
  CAF_CHECK_EQUAL(first_write.value, x);
  CAF_CHECK_EQUAL(first_write.expected.value, 7u);
  CAF_CHECK_EQUAL(std::get<reconciler::write>(xs[1]).expected.value, 8u);
}

CAF_TEST(nothing is granted before every record is sealed) {
  show("a", 1, record_of("a", 0, {}, 0));
  show("b", 2, record_of("b", 50, {1}, 2));
  lives("a");
  auto xs = replay();
  CAF_REQUIRE_EQUAL(xs.size(), 2u);
  CAF_CHECK(want({{"a", {2}}, {"b", {1}}}).empty());
  CAF_CHECK(take(std::get<reconciler::write>(xs[0])).empty());
  CAF_CHECK(!mine->all_sealed());
  CAF_CHECK(tick().empty());
  auto after = take(std::get<reconciler::write>(xs[1]));
  CAF_CHECK_EQUAL(count<reconciler::sealed>(after), 1u);
  CAF_CHECK_EQUAL(names(one<reconciler::write>(after).value), "2 ");
}

CAF_TEST(a record that the old leader still changed is taken over and sealed again) {
  show("a", 1, record_of("a", 50, {1, 2}, 2));
  only<reconciler::write>(replay());
  only<reconciler::read>(answer("a", conflict()));
  auto theirs = record_of("a", 51, {1}, 2);
  CAF_CHECK(answer("a", holds(5, to_text(theirs))).empty());
  CAF_CHECK(!mine->all_sealed());
  auto x = only<reconciler::write>(show("a", 5, theirs));
  CAF_CHECK_EQUAL(x.expected.value, 5u);
  CAF_CHECK_EQUAL(x.value.epoch.value, 3u);
  CAF_CHECK_EQUAL(x.value.version.value, 51u);
  CAF_CHECK_EQUAL(names(x.value), "1 ");
  only<reconciler::sealed>(take(x));
}

CAF_TEST(the watch may show the old leaders change before the conflict is known) {
  show("a", 1, record_of("a", 50, {1, 2}, 2));
  only<reconciler::write>(replay());
  auto theirs = record_of("a", 51, {1}, 2);
  CAF_CHECK(show("a", 5, theirs).empty());
  only<reconciler::read>(answer("a", conflict()));
  auto x = only<reconciler::write>(answer("a", holds(5, to_text(theirs))));
  CAF_CHECK_EQUAL(x.expected.value, 5u);
  CAF_CHECK_EQUAL(x.value.version.value, 51u);
}

CAF_TEST(an unknown outcome of a seal is repeated until it is known) {
  show("a", 1, record_of("a", 50, {1}, 2));
  auto x = only<reconciler::write>(replay());
  CAF_CHECK(answer("a", no_answer()).empty());
  nothing_until(100ms);
  CAF_CHECK_EQUAL(only<reconciler::write>(tick()).value, x.value);
  CAF_CHECK(!mine->all_sealed());
  only<reconciler::read>(answer("a", conflict()));
  CAF_MESSAGE("the first try had landed");
  only<reconciler::sealed>(answer("a", holds(2, to_text(x.value))));
}

CAF_TEST(a seal that the watch shows before its answer is not settled by that) {
  show("a", 1, record_of("a", 50, {1}, 2));
  auto x = only<reconciler::write>(replay());
  answer("a", no_answer());
  CAF_CHECK(show("a", 2, x.value).empty());
  CAF_CHECK(!mine->all_sealed());
  now += 100ms;
  tick();
  answer("a", conflict());
  only<reconciler::sealed>(answer("a", holds(2, to_text(x.value))));
}

CAF_TEST(a record that vanishes while it is sealed does not stop the rest) {
  show("a", 1, record_of("a", 50, {1}, 2));
  replay();
  only<reconciler::sealed>(gone("a"));
  only<reconciler::read>(answer("a", conflict()));
  CAF_CHECK(answer("a", mark(3)).empty());
  CAF_CHECK(tick().empty());
}

CAF_TEST(a record that cannot be read does not stop the sealing but every grant) {
  show("a", 1, record_of("a", 0, {}, 3));
  show("b", 2, malformed{"no json"});
  lives("a");
  no_records();
  CAF_CHECK(want({{"a", {1}}}).empty());
  nothing_until(6300ms);
  auto xs = take_all(tick());
  CAF_CHECK_EQUAL(names(xs.at("a")), "1 ");
  CAF_CHECK_EQUAL(names(xs.at("b")), "");
}

CAF_TEST(without records everything is sealed at once and only once) {
  no_records();
  CAF_CHECK(replay().empty());
  CAF_CHECK(mine->all_sealed());
}

// -- records that say what is wanted -------------------------------------------------

CAF_TEST(records that say what is wanted are not touched) {
  two_owners();
  CAF_CHECK(tick().empty());
  CAF_CHECK(want({{"a", {2, 1}}, {"b", {3}}}).empty());
  CAF_CHECK(lives("a").empty());
  CAF_CHECK(!mine->wake_at());
}

CAF_TEST(nothing is written before it is known what is wanted) {
  show("a", 1, record_of("a", floor_of_3 + 1, {1}));
  no_records();
  CAF_CHECK(lives("a").empty());
  CAF_CHECK(tick().empty());
  CAF_CHECK(!mine->settled());
}

CAF_TEST(a record is written over the revision that was shown with all its fields) {
  show("a", 7, record_of("a", 0, {}, 0));
  take_all(replay());
  lives("a");
  auto x = only<reconciler::write>(want({{"a", {1}}}));
  CAF_CHECK_EQUAL(x.expected.value, last);
  CAF_CHECK_EQUAL(x.value.epoch.value, 3u);
  CAF_CHECK_EQUAL(x.value.leader.value, "leader");
  CAF_CHECK_EQUAL(x.value.worker_nonce.value, "a");
  CAF_CHECK(x.value.lifecycle == lifecycle::planned_scale);
  CAF_CHECK(x.value.revoking.empty());
  CAF_CHECK(!mine->settled());
  take(x);
  CAF_CHECK(mine->settled());
}

CAF_TEST(a worker is written to once it has a record and beats) {
  no_records();
  CAF_CHECK(want({{"a", {1}}}).empty());
  CAF_CHECK(show("a", 4, record_of("a", 0, {}, 0)).empty());
  CAF_CHECK_EQUAL(only<reconciler::write>(lives("a")).expected.value, 4u);
}

CAF_TEST(a worker that gets nothing hears so once) {
  no_records();
  lives("a");
  want({{"a", {}}});
  auto x = only<reconciler::write>(show("a", 4, record_of("a", 0, {}, 0)));
  CAF_CHECK_EQUAL(names(x.value), "");
  CAF_CHECK(take(x).empty());
  CAF_CHECK(want({{"a", {}}}).empty());
}

CAF_TEST(another weight is written and keeps the token) {
  two_owners();
  auto next = target_of({{"a", {1, 2}}, {"b", {3}}});
  next[id("a")] = {part(1, 300), part(2)};
  auto x = only<reconciler::write>(mine->want(next, lifecycle::rebalance, now));
  CAF_CHECK_EQUAL(x.value.partitions.front().partition.weight, 300);
  CAF_CHECK_EQUAL(tokens(x.value),
                  std::vector<std::uint64_t>({floor_of_3 + 1, floor_of_3 + 1}));
}

CAF_TEST(the workers in reserve are told their rank and others are not disturbed) {
  two_owners();
  auto x = only<reconciler::write>(mine->reserve({id("b")}, now));
  CAF_CHECK_EQUAL(x.value.standby, 1u);
  CAF_CHECK_EQUAL(tokens(x.value), std::vector<std::uint64_t>{floor_of_3 + 1});
  take(x);
  CAF_CHECK(mine->reserve({id("b")}, now).empty());
  auto xs = take_all(mine->reserve({id("a"), id("b")}, now));
  CAF_CHECK_EQUAL(xs.at("a").standby, 1u);
  CAF_CHECK_EQUAL(xs.at("b").standby, 2u);
  CAF_CHECK_EQUAL(only<reconciler::write>(mine->reserve({id("a")}, now)).value.standby,
                  0u);
}

// -- versions and tokens ----------------------------------------------------------------

CAF_TEST(versions begin above the epoch and the greatest one of the store) {
  no_records();
  lives("a");
  lives("b");
  want({{"a", {1}}, {"b", {2}}});
  auto x = only<reconciler::write>(show("a", 1, record_of("a", 0, {}, 0)));
  CAF_CHECK_EQUAL(x.value.version.value, floor_of_3 + 1);
  take(x);
  auto y = only<reconciler::write>(show("b", 3, record_of("b", floor_of_3 + 500)));
  CAF_CHECK_EQUAL(y.value.version.value, floor_of_3 + 501);
  CAF_CHECK_EQUAL(mine->newest().value, floor_of_3 + 501);
}

CAF_TEST(a new leader goes on above the versions of the one before) {
  show("a", 1, record_of("a", floor_of_3 + 77, {1}, 2));
  take_all(replay());
  lives("a");
  auto x = only<reconciler::write>(want({{"a", {1, 2}}}));
  CAF_CHECK_EQUAL(x.value.version.value, floor_of_3 + 78);
  CAF_CHECK_EQUAL(tokens(x.value),
                  std::vector<std::uint64_t>({floor_of_3 + 77, floor_of_3 + 78}));
}

CAF_TEST(every record has a version of its own and each is greater than all before) {
  no_records();
  lives("a");
  lives("b");
  show("a", 1, record_of("a", 0, {}, 0));
  show("b", 2, record_of("b", 0, {}, 0));
  auto xs = want({{"a", {1}}, {"b", {2}}});
  CAF_REQUIRE_EQUAL(xs.size(), 2u);
  auto x = std::get<reconciler::write>(xs[0]);
  auto y = std::get<reconciler::write>(xs[1]);
  CAF_CHECK(y.value.version > x.value.version);
  take(x);
  take(y);
  auto next = only<reconciler::write>(want({{"a", {1, 3}}, {"b", {2}}}));
  CAF_CHECK(next.value.version > y.value.version);
}

CAF_TEST(grants that stay keep their token and new ones get the version) {
  two_owners();
  auto x = only<reconciler::write>(want({{"a", {1, 2, 4}}, {"b", {3}}}));
  CAF_CHECK_EQUAL(tokens(x.value), std::vector<std::uint64_t>(
                                       {floor_of_3 + 1, floor_of_3 + 1, floor_of_3 + 2}));
  CAF_CHECK_EQUAL(x.value.version.value, floor_of_3 + 2);
}

CAF_TEST(a record that vanished and was made anew gets a greater version again) {
  two_owners();
  auto x = only<reconciler::write>(want({{"a", {1, 2, 4}}, {"b", {3}}}));
  take(x);
  gone("a");
  now += 6300ms;
  tick();
  lives("a", "a2");
  auto fresh = record_of("a2", 0, {}, 0);
  auto y = only<reconciler::write>(show("a", last + 1, fresh));
  CAF_CHECK(y.value.version > x.value.version);
}

// -- handing over -----------------------------------------------------------------------

CAF_TEST(a partition that moves is revoked first and granted after the confirmation) {
  auto revoked = moving_2();
  CAF_CHECK_EQUAL(names(revoked), "1 -2 ");
  CAF_CHECK(!mine->settled());
  auto x = only<reconciler::write>(confirms("a", revoked));
  CAF_CHECK_EQUAL(x.who, id("a"));
  CAF_CHECK_EQUAL(names(x.value), "1 ");
  auto y = only<reconciler::write>(take(x));
  CAF_CHECK_EQUAL(y.who, id("b"));
  CAF_CHECK_EQUAL(names(y.value), "2 3 ");
  take(y);
  CAF_CHECK(mine->settled());
}

CAF_TEST(nothing is granted before the write that freed it has landed) {
  auto revoked = moving_2();
  auto x = only<reconciler::write>(confirms("a", revoked));
  CAF_CHECK(answer("a", no_answer()).empty());
  CAF_CHECK(lives("b").empty());
  now += 100ms;
  only<reconciler::write>(tick());
  CAF_CHECK(lives("b").empty());
  only<reconciler::read>(answer("a", conflict()));
  auto y = only<reconciler::write>(answer("a", holds(++last, to_text(x.value))));
  CAF_CHECK_EQUAL(names(y.value), "2 3 ");
}

CAF_TEST(a write that the watch shows has landed whatever is answered) {
  auto revoked = moving_2();
  auto x = only<reconciler::write>(confirms("a", revoked));
  answer("a", no_answer());
  auto y = only<reconciler::write>(show("a", ++last, x.value));
  CAF_CHECK_EQUAL(names(y.value), "2 3 ");
}

CAF_TEST(an answer is enough although the watch has not shown the write yet) {
  auto revoked = moving_2();
  only<reconciler::write>(confirms("a", revoked));
  auto y = only<reconciler::write>(answer("a", done(++last)));
  CAF_CHECK_EQUAL(names(y.value), "2 3 ");
}

CAF_TEST(a beat that has not applied the revocation confirms nothing) {
  auto revoked = moving_2();
  CAF_CHECK(lives("a", "a", {{3}, {revoked.version.value - 1}}).empty());
  CAF_CHECK(lives("a", "a", {{2}, {revoked.version.value + 1}}).empty());
  only<reconciler::write>(lives("a", "a", stamp_of(revoked)));
}

CAF_TEST(a beat that is still stopping it confirms nothing) {
  auto revoked = moving_2();
  CAF_CHECK(lives("a", "a", stamp_of(revoked), {2}).empty());
  only<reconciler::write>(lives("a", "a", stamp_of(revoked), {1}));
}

CAF_TEST(a beat of another incarnation confirms nothing) {
  auto revoked = moving_2();
  CAF_CHECK(lives("a", "other", stamp_of(revoked)).empty());
}

CAF_TEST(partitions do not wait for each other) {
  two_owners();
  auto x = only<reconciler::write>(want({{"a", {}}, {"b", {1, 2, 3}}}));
  take(x);
  auto xs = take_all(lives("a", "a", stamp_of(x.value), {2}));
  CAF_CHECK_EQUAL(names(xs.at("a")), "-2 ");
  CAF_CHECK_EQUAL(names(xs.at("b")), "1 3 ");
  xs = take_all(lives("a", "a", stamp_of(x.value)));
  CAF_CHECK_EQUAL(names(xs.at("a")), "");
  CAF_CHECK_EQUAL(names(xs.at("b")), "1 2 3 ");
}

CAF_TEST(a later revocation is not confirmed by what was applied before it) {
  auto revoked = moving_2();
  auto x = only<reconciler::write>(want({{"a", {}}, {"b", {1, 2, 3}}}));
  CAF_CHECK_EQUAL(names(x.value), "-1 -2 ");
  take(x);
  auto xs = take_all(confirms("a", revoked));
  CAF_CHECK_EQUAL(names(xs.at("a")), "-1 ");
  CAF_CHECK_EQUAL(names(xs.at("b")), "2 3 ");
}

CAF_TEST(two partitions can change places) {
  two_owners();
  auto xs = take_all(want({{"a", {3, 1}}, {"b", {2}}}));
  CAF_CHECK_EQUAL(names(xs.at("a")), "1 -2 ");
  CAF_CHECK_EQUAL(names(xs.at("b")), "-3 ");
  auto ys = take_all(confirms("a", xs.at("a")));
  CAF_CHECK_EQUAL(names(ys.at("b")), "2 -3 ");
  ys = take_all(confirms("b", xs.at("b")));
  CAF_CHECK_EQUAL(names(ys.at("a")), "3 1 ");
  CAF_CHECK_EQUAL(names(ys.at("b")), "2 ");
  CAF_CHECK(mine->settled());
}

CAF_TEST(a partition that shall stay after all is granted anew under a new token) {
  auto revoked = moving_2();
  auto x = only<reconciler::write>(want({{"a", {1, 2}}, {"b", {3}}}));
  CAF_CHECK_EQUAL(names(x.value), "1 2 ");
  CAF_CHECK_EQUAL(tokens(x.value),
                  std::vector<std::uint64_t>({floor_of_3 + 1, x.value.version.value}));
  CAF_CHECK(x.value.version > revoked.version);
  take(x);
  CAF_CHECK(confirms("a", revoked).empty());
  CAF_CHECK(mine->settled());
}

CAF_TEST(a partition that leaves the source is revoked and confirmed as well) {
  two_owners();
  auto x = only<reconciler::write>(want({{"a", {1}}, {"b", {3}}}));
  CAF_CHECK_EQUAL(names(x.value), "1 -2 ");
  take(x);
  CAF_MESSAGE("and if it comes back, nobody else gets it before that");
  CAF_CHECK(want({{"a", {1}}, {"b", {3, 2}}}).empty());
  auto xs = take_all(confirms("a", x.value));
  CAF_CHECK_EQUAL(names(xs.at("b")), "3 2 ");
}

CAF_TEST(a partition that left the source is nowhere once its end is confirmed) {
  two_owners();
  auto x = only<reconciler::write>(want({{"a", {1}}, {"b", {3}}}));
  take(x);
  auto xs = take_all(confirms("a", x.value));
  CAF_CHECK_EQUAL(names(xs.at("a")), "1 ");
  CAF_CHECK(mine->settled());
}

CAF_TEST(a worker that drains gives up what others shall have and gains nothing) {
  two_owners();
  says("a", beat_state::draining);
  auto x = only<reconciler::write>(want({{"b", {1, 2, 3}}}));
  CAF_CHECK_EQUAL(names(x.value), "-1 -2 ");
  CAF_CHECK_EQUAL(x.value.worker_nonce.value, "a");
  take(x);
  CAF_CHECK(want({{"a", {1, 2, 4}}, {"b", {3}}}).empty());
}

CAF_TEST(a new leader goes on with a hand over that another one began) {
  auto x = record_of("a", 50, {1}, 2);
  x.revoking = parts({2});
  show("a", 1, x);
  show("b", 2, record_of("b", 40, {3}, 2));
  take_all(replay());
  lives("a", "a", {{2}, {49}});
  lives("b");
  CAF_CHECK(want({{"a", {1}}, {"b", {2, 3}}}).empty());
  CAF_MESSAGE("the seal took nothing away that the record before it had not");
  auto xs = take_all(lives("a", "a", stamp_of(x)));
  CAF_CHECK_EQUAL(names(xs.at("a")), "1 ");
  CAF_CHECK_EQUAL(names(xs.at("b")), "2 3 ");
}

CAF_TEST(what another one changed meanwhile is confirmed by applying the change) {
  show("a", 1, record_of("a", 50, {1, 2}, 2));
  replay();
  auto x = record_of("a", 51, {1}, 2);
  x.revoking = parts({2});
  answer("a", conflict());
  answer("a", holds(5, to_text(x)));
  take_all(show("a", 5, x));
  lives("a", "a", {{2}, {50}});
  CAF_CHECK(want({{"a", {1}}}).empty());
  CAF_CHECK_EQUAL(names(only<reconciler::write>(lives("a", "a", stamp_of(x))).value),
                  "1 ");
}

CAF_TEST(at most so many partitions move at a time) {
  begin(2);
  show("a", 1, record_of("a", floor_of_3 + 1, {1, 2, 3}));
  show("b", 2, record_of("b", floor_of_3 + 1, {4}));
  show("c", 3, record_of("c", floor_of_3 + 1, {}));
  no_records();
  for (auto who : {"a", "b", "c"})
    lives(who);
  auto xs = take_all(want({{"a", {}}, {"b", {}}, {"c", {1, 2, 3, 4}}}));
  CAF_CHECK_EQUAL(names(xs.at("a")), "3 -1 -2 ");
  CAF_CHECK(!xs.contains("b"));
  CAF_MESSAGE("as one is confirmed the next one follows");
  xs = take_all(lives("a", "a", stamp_of(xs.at("a")), {2}));
  CAF_CHECK_EQUAL(names(xs.at("a")), "3 -2 ");
  CAF_CHECK_EQUAL(names(xs.at("b")), "-4 ");
  CAF_CHECK_EQUAL(names(xs.at("c")), "1 ");
  xs = take_all(confirms("b", xs.at("b")));
  CAF_CHECK_EQUAL(names(xs.at("a")), "-3 -2 ");
  CAF_CHECK_EQUAL(names(xs.at("c")), "1 4 ");
  xs = take_all(confirms("a", xs.at("a")));
  CAF_CHECK_EQUAL(names(xs.at("c")), "1 2 3 4 ");
  CAF_CHECK(mine->settled());
}

CAF_TEST(a place that is free because a partition stays after all is used by others) {
  begin(1);
  show("a", 1, record_of("a", floor_of_3 + 1, {1}));
  show("b", 2, record_of("b", floor_of_3 + 1, {2}));
  no_records();
  lives("a");
  lives("b");
  auto xs = take_all(want({{"a", {1, 2}}, {"b", {}}}));
  CAF_CHECK_EQUAL(names(xs.at("b")), "-2 ");
  xs = take_all(want({{"a", {}}, {"b", {1, 2}}}));
  CAF_CHECK_EQUAL(names(xs.at("b")), "2 ");
  CAF_CHECK_EQUAL(names(xs.at("a")), "-1 ");
}

// -- who does not confirm ---------------------------------------------------------------

CAF_TEST(a worker that does not confirm in time is overdue) {
  moving_2();
  CAF_CHECK(*mine->wake_at() == now + 30s);
  now += 29999ms;
  CAF_CHECK(lives("a").empty());
  CAF_CHECK(tick().empty());
  now += 1ms;
  auto x = only<reconciler::overdue>(tick());
  CAF_CHECK_EQUAL(x.who, id("a"));
  CAF_CHECK_EQUAL(x.incarnation.value, "a");
  CAF_CHECK_EQUAL(x.partitions, 1u);
  CAF_MESSAGE("and again at every beat, whose revision is to be written over");
  now += 1s;
  only<reconciler::overdue>(lives("a"));
  CAF_CHECK(!mine->wake_at());
}

CAF_TEST(a worker that is silent when its time is over is not overdue) {
  moving_2();
  says("a", beat_state::forced);
  now += 30s;
  CAF_CHECK(tick().empty());
  CAF_CHECK(!mine->wake_at());
}

CAF_TEST(a worker that ended while its record could not be written keeps nobody awake) {
  moving_2();
  only<reconciler::write>(says("a", beat_state::expelled));
  for (int i = 0; i < 300; ++i) {
    answer("a", no_answer());
    now += 101ms;
    only<reconciler::write>(tick());
    CAF_CHECK(tick().empty());
  }
}

CAF_TEST(a partition that is confirmed in time makes nobody overdue) {
  auto revoked = moving_2();
  take_all(confirms("a", revoked));
  now += 30s;
  CAF_CHECK(tick().empty());
  CAF_CHECK(!mine->wake_at());
}

// -- who has ended ----------------------------------------------------------------------

CAF_TEST(the record of one that ended is emptied and answered before others gain) {
  two_owners();
  says("a", beat_state::stopped);
  auto x = only<reconciler::write>(want({{"b", {3, 1, 2}}}));
  CAF_CHECK_EQUAL(x.who, id("a"));
  CAF_CHECK_EQUAL(names(x.value), "");
  CAF_CHECK_EQUAL(x.value.worker_nonce.value, "a");
  CAF_CHECK(x.value.version.value > floor_of_3 + 1);
  auto y = only<reconciler::write>(take(x));
  CAF_CHECK_EQUAL(y.who, id("b"));
  CAF_CHECK_EQUAL(names(y.value), "3 1 2 ");
}

CAF_TEST(the end of an incarnation is a confirmation) {
  moving_2();
  auto xs = take_all(says("a", beat_state::expelled));
  CAF_CHECK_EQUAL(names(xs.at("a")), "1 ");
  CAF_CHECK_EQUAL(names(xs.at("b")), "2 3 ");
}

CAF_TEST(the record of one that may live is not touched) {
  two_owners();
  CAF_MESSAGE("it is forced to end; that takes effect only after the wait");
  says("a", beat_state::forced);
  CAF_CHECK(want({{"b", {1, 2, 3}}}).empty());
  now += 6299ms;
  CAF_CHECK(mine->touch(id("a"), now).empty());
  now += 1ms;
  auto xs = take_all(mine->touch(id("a"), now));
  CAF_CHECK_EQUAL(names(xs.at("b")), "1 2 3 ");
}

CAF_TEST(a key that is gone frees nothing) {
  two_owners();
  group.key_gone(id("a"), {99}, now, now);
  CAF_CHECK(want({{"b", {1, 2, 3}}}).empty());
  now += 1000s;
  CAF_CHECK(mine->touch(id("a"), now).empty());
  CAF_CHECK(tick().empty());
}

CAF_TEST(what the plan leaves with one that restarts is kept in its record) {
  two_owners();
  CAF_CHECK(says("a", beat_state::restarting).empty());
  CAF_MESSAGE("the rest is not");
  auto xs = take_all(want({{"a", {1}}, {"b", {2, 3}}}));
  CAF_CHECK_EQUAL(names(xs.at("a")), "1 ");
  CAF_CHECK_EQUAL(tokens(xs.at("a")), std::vector<std::uint64_t>{floor_of_3 + 1});
  CAF_CHECK_EQUAL(names(xs.at("b")), "2 3 ");
  CAF_MESSAGE("nothing is added to it before somebody comes");
  CAF_CHECK(want({{"a", {1, 4}}, {"b", {2, 3}}}).empty());
}

CAF_TEST(a record is addressed anew as a whole with new tokens) {
  two_owners();
  says("a", beat_state::restarting);
  auto x = only<reconciler::write>(lives("a", "a2"));
  CAF_CHECK_EQUAL(x.value.worker_nonce.value, "a2");
  CAF_CHECK_EQUAL(names(x.value), "1 2 ");
  CAF_CHECK_EQUAL(tokens(x.value),
                  std::vector<std::uint64_t>({floor_of_3 + 2, floor_of_3 + 2}));
  take(x);
  CAF_CHECK(mine->settled());
}

CAF_TEST(one that replaces another gets only what is free) {
  moving_2();
  beat x;
  x.nonce = {"a2"};
  x.replaces = {"a"};
  auto xs = take_all(beats_as("a", x));
  CAF_CHECK_EQUAL(names(xs.at("a")), "1 ");
  CAF_CHECK_EQUAL(xs.at("a").worker_nonce.value, "a2");
  CAF_CHECK_EQUAL(names(xs.at("b")), "2 3 ");
}

CAF_TEST(a record that names nothing is addressed anew at once) {
  no_records();
  show("a", 1, record_of("a", floor_of_3 + 1));
  want({{"a", {1}}});
  auto x = only<reconciler::write>(lives("a", "a2"));
  CAF_CHECK_EQUAL(x.value.worker_nonce.value, "a2");
  CAF_CHECK_EQUAL(names(x.value), "1 ");
}

CAF_TEST(one that ended and drains now gets nothing) {
  two_owners();
  beat x;
  x.nonce = {"a2"};
  x.replaces = {"a"};
  x.state = beat_state::draining;
  beats_as("a", x);
  auto xs = take_all(want({{"b", {1, 2, 3}}}));
  CAF_CHECK_EQUAL(names(xs.at("a")), "");
  CAF_CHECK_EQUAL(names(xs.at("b")), "1 2 3 ");
}

CAF_TEST(records of workers that the target does not name are emptied) {
  two_owners();
  lives("z");
  auto x = only<reconciler::write>(show("z", 5, record_of("z", floor_of_3 + 2, {7})));
  CAF_CHECK_EQUAL(names(x.value), "-7 ");
  take(x);
  CAF_CHECK_EQUAL(names(only<reconciler::write>(confirms("z", x.value)).value), "");
}

// -- compare and set --------------------------------------------------------------------

CAF_TEST(one write of a key is under way and the newest target follows it) {
  no_records();
  lives("a");
  show("a", 1, record_of("a", 0, {}, 0));
  auto x = only<reconciler::write>(want({{"a", {1}}}));
  CAF_CHECK(want({{"a", {2}}}).empty());
  CAF_MESSAGE("nothing is written before the watch has shown the former write");
  CAF_CHECK(answer("a", done(2)).empty());
  auto next = only<reconciler::write>(show("a", 2, x.value));
  CAF_CHECK_EQUAL(next.expected.value, 2u);
  CAF_CHECK_EQUAL(names(next.value), "2 -1 ");
  CAF_CHECK(next.value.version > x.value.version);
}

CAF_TEST(what a write under way names is not free) {
  no_records();
  lives("a");
  lives("b");
  show("a", 1, record_of("a", floor_of_3 + 1));
  show("b", 2, record_of("b", floor_of_3 + 1));
  only<reconciler::write>(want({{"a", {1}}}));
  answer("a", no_answer());
  CAF_CHECK(want({{"b", {1}}}).empty());
}

CAF_TEST(a watch that is faster than the answer does no harm) {
  no_records();
  lives("a");
  show("a", 1, record_of("a", 0, {}, 0));
  auto x = only<reconciler::write>(want({{"a", {1}}}));
  CAF_CHECK(show("a", 2, x.value).empty());
  CAF_CHECK(!mine->settled());
  CAF_CHECK(answer("a", done(2)).empty());
  CAF_CHECK(mine->settled());
}

CAF_TEST(late news of an older revision change nothing) {
  two_owners();
  auto x = only<reconciler::write>(want({{"a", {1, 2, 4}}, {"b", {3}}}));
  take(x);
  CAF_CHECK(show("a", 1, record_of("a", 50, {1, 2})).empty());
  CAF_CHECK(mine->settled());
}

CAF_TEST(an unknown outcome is repeated as it was until it is known) {
  no_records();
  lives("a");
  show("a", 1, record_of("a", 0, {}, 0));
  auto x = only<reconciler::write>(want({{"a", {1}}}));
  CAF_CHECK(answer("a", no_answer()).empty());
  CAF_CHECK(want({{"a", {2}}}).empty());
  nothing_until(100ms);
  auto again = only<reconciler::write>(tick());
  CAF_CHECK_EQUAL(again.value, x.value);
  CAF_CHECK_EQUAL(again.expected.value, 1u);
  only<reconciler::read>(answer("a", conflict()));
  CAF_CHECK(answer("a", holds(2, to_text(x.value))).empty());
  CAF_MESSAGE("it has landed; what is wanted now goes over it once the watch shows it");
  CAF_CHECK_EQUAL(only<reconciler::write>(show("a", 2, x.value)).expected.value, 2u);
}

CAF_TEST(after a conflict the record is changed only once the watch has shown it) {
  no_records();
  lives("a");
  show("a", 1, record_of("a", 0, {}, 0));
  want({{"a", {1}}});
  only<reconciler::read>(answer("a", conflict()));
  auto theirs = record_of("a", 70, {9});
  CAF_CHECK(answer("a", holds(5, to_text(theirs))).empty());
  CAF_CHECK(lives("a").empty());
  CAF_CHECK_EQUAL(only<reconciler::write>(show("a", 5, theirs)).expected.value, 5u);
}

CAF_TEST(a record that is gone at the streams leader is awaited without haste) {
  no_records();
  lives("a");
  show("a", 1, record_of("a", 0, {}, 0));
  want({{"a", {1}}});
  only<reconciler::read>(answer("a", conflict()));
  CAF_MESSAGE("the watch lags");
  CAF_CHECK(answer("a", mark(2)).empty());
  nothing_until(100ms);
  only<reconciler::write>(tick());
}

CAF_TEST(a record that went back to an older revision is awaited without haste) {
  no_records();
  lives("a");
  show("a", 7, record_of("a", 0, {}, 0));
  want({{"a", {1}}});
  only<reconciler::read>(answer("a", conflict()));
  CAF_MESSAGE("the bucket was made anew, and the watch lags");
  CAF_CHECK(answer("a", holds(1, to_text(record_of("a", 0, {}, 0)))).empty());
  nothing_until(100ms);
  only<reconciler::write>(tick());
}

CAF_TEST(without a connection and after a refusal the write is tried again) {
  no_records();
  lives("a");
  show("a", 1, record_of("a", 0, {}, 0));
  want({{"a", {1}}});
  CAF_CHECK(answer("a", not_connected()).empty());
  nothing_until(100ms);
  only<reconciler::write>(tick());
  CAF_CHECK_EQUAL(only<reconciler::complain>(answer("a", refused("too large"))).why,
                  "too large");
  nothing_until(1s);
  only<reconciler::write>(tick());
}

// -- when nobody knows ------------------------------------------------------------------

CAF_TEST(after a record vanished nothing is granted for the hold) {
  two_owners();
  gone("a");
  CAF_CHECK(want({{"b", {1, 2, 3}}}).empty());
  CAF_CHECK(!mine->settled());
  nothing_until(6300ms);
  auto x = only<reconciler::write>(tick());
  CAF_CHECK_EQUAL(x.who, id("b"));
  CAF_CHECK_EQUAL(names(x.value), "1 2 3 ");
}

CAF_TEST(during a hold nothing is taken away for somebody who could not get it yet) {
  two_owners();
  show("c", 5, record_of("c", 0, {}, 0));
  lives("c");
  gone("a");
  CAF_CHECK(want({{"b", {1}}, {"c", {3}}}).empty());
  CAF_MESSAGE("what nobody wants any more is taken away at once");
  auto x = only<reconciler::write>(want({{"b", {1}}, {"c", {}}}));
  CAF_CHECK_EQUAL(names(x.value), "-3 ");
}

CAF_TEST(during a hold no record is addressed anew) {
  two_owners();
  gone("a");
  says("b", beat_state::restarting);
  CAF_CHECK(lives("b", "b2").empty());
  nothing_until(6300ms);
  CAF_CHECK_EQUAL(only<reconciler::write>(tick()).value.worker_nonce.value, "b2");
}

CAF_TEST(a second loss starts the hold anew) {
  two_owners();
  gone("a");
  now += 6s;
  gone("b");
  nothing_until(6300ms);
  CAF_CHECK(!mine->wake_at() || *mine->wake_at() <= now);
}

CAF_TEST(a record that cannot be read is rewritten after the hold) {
  two_owners();
  CAF_CHECK(show("a", 9, malformed{"no json"}).empty());
  CAF_CHECK(!mine->has_record(id("a")));
  CAF_CHECK(want({{"b", {3}}}).empty());
  nothing_until(6300ms);
  auto x = only<reconciler::write>(tick());
  CAF_CHECK_EQUAL(x.who, id("a"));
  CAF_CHECK_EQUAL(x.expected.value, 9u);
  CAF_CHECK_EQUAL(names(x.value), "");
  CAF_CHECK(x.value.version.value > floor_of_3 + 1);
}

CAF_TEST(nothing is granted before the buckets are old enough) {
  no_records();
  lives("a");
  CAF_CHECK(mine->may_grant_at(now + 4s, now).empty());
  CAF_CHECK(show("a", 1, record_of("a", 0, {}, 0)).empty());
  CAF_CHECK(want({{"a", {1}}}).empty());
  CAF_CHECK(!mine->settled());
  nothing_until(4s);
  CAF_CHECK_EQUAL(names(only<reconciler::write>(tick()).value), "1 ");
}

CAF_TEST(a record of a smaller epoch that appears later is void and written over) {
  two_owners();
  CAF_MESSAGE("its worker ignores it, and goes on with what it has");
  auto xs = show("a", 9, record_of("a", floor_of_3 - 1, {}, 2));
  auto x = only<reconciler::write>(xs);
  CAF_CHECK_EQUAL(x.expected.value, 9u);
  CAF_CHECK_EQUAL(names(x.value), "1 2 ");
  CAF_CHECK_EQUAL(tokens(x.value),
                  std::vector<std::uint64_t>({floor_of_3 + 1, floor_of_3 + 1}));
  CAF_CHECK(x.value.version.value > floor_of_3 + 1);
  take(x);
  CAF_CHECK(mine->settled());
}

CAF_TEST(a void record frees nothing) {
  auto revoked = moving_2();
  auto x = only<reconciler::write>(show("a", ++last, record_of("a", 5, {}, 2)));
  CAF_CHECK_EQUAL(names(x.value), "1 -2 ");
  take(x);
  auto xs = take_all(confirms("a", x.value));
  CAF_CHECK_EQUAL(names(xs.at("b")), "2 3 ");
}

CAF_TEST(a record that was made anew unseen does not free what it named) {
  show("a", 1, record_of("a", 50, {1}, 2));
  show("b", 2, record_of("b", 50, {}, 2));
  auto xs = replay();
  lives("b");
  CAF_CHECK(want({{"a", {}}, {"b", {1}}}).empty());
  CAF_MESSAGE("removed and created, and the watch shows but the end of that");
  show("a", 5, record_of("a2", 0, {}, 0));
  answer("a", conflict());
  auto x =
      only<reconciler::write>(answer("a", holds(5, to_text(record_of("a2", 0, {}, 0)))));
  CAF_CHECK_EQUAL(x.value.worker_nonce.value, "a");
  CAF_CHECK_EQUAL(names(x.value), "1 ");
  auto ys = take(std::get<reconciler::write>(xs[1]));
  CAF_CHECK(ys.empty());
  only<reconciler::sealed>(take(x));
  CAF_CHECK(lives("b").empty());
  CAF_MESSAGE("only the end of the one that it named does");
  beat y;
  y.nonce = {"a2"};
  y.replaces = {"a"};
  auto zs = take_all(beats_as("a", y));
  CAF_CHECK_EQUAL(names(zs.at("b")), "1 ");
}

// -- what is known ----------------------------------------------------------------------

CAF_TEST(of two records that name a partition the greater epoch and version has it) {
  show("a", 1, record_of("a", 90, {1}, 1));
  show("b", 2, record_of("b", 50, {1, 2}, 2));
  show("c", 3, record_of("c", 51, {2}, 2));
  CAF_CHECK(mine->names_any());
  auto owners = mine->owners();
  CAF_CHECK_EQUAL(owners.at("p.1"), id("b"));
  CAF_CHECK_EQUAL(owners.at("p.2"), id("c"));
}

CAF_TEST(of two that name a partition the one that shall not have it stops first) {
  show("a", 1, record_of("a", floor_of_3 + 1, {1}));
  show("b", 2, record_of("b", floor_of_3 + 2, {1}));
  no_records();
  lives("a");
  lives("b");
  auto x = only<reconciler::write>(want({{"a", {}}, {"b", {1}}}));
  CAF_CHECK_EQUAL(x.who, id("a"));
  CAF_CHECK_EQUAL(names(x.value), "-1 ");
}

CAF_TEST(owners are those that are wanted once that is known) {
  moving_2();
  CAF_CHECK_EQUAL(mine->owners().at("p.2"), id("b"));
  CAF_CHECK_EQUAL(names(mine->record_of(id("a"))), "1 -2 ");
}

CAF_TEST_FIXTURE_SCOPE_END()
