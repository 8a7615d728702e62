// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.handoff_timing

#include "coordinator_fixture.hpp"

#include "partita/core/leader/handoff_timing.hpp"

#include <deque>
#include <utility>

using namespace core_test;

namespace {

std::size_t index(lifecycle x) {
  return static_cast<std::size_t>(x);
}

/// The records and heartbeats of a group, shown one by one.
struct fixture {
  time_point now = time_point{} + 1000s;
  handoff_timing timing;
  partition_index numbers;
  group_stats total;
  std::uint64_t versions = 100;

  using texts = std::vector<std::string>;

  void on(const coordinator::event& what, const coordinator::commands& done = {}) {
    timing.step(what, done, now);
    if (auto news = timing.take())
      total.add(*news);
  }

  void beat_of(const std::string& who, const std::string& nonce,
               beat_state state = beat_state::working) {
    beat x;
    x.nonce = {nonce};
    x.state = state;
    on(coordinator::beat_shown{{who}, {1}, x, now});
  }

  void record_of(const std::string& who, const std::string& nonce, const texts& grants,
                 const texts& revoking = {}, lifecycle why = lifecycle::rebalance) {
    record x;
    x.version = {++versions};
    x.worker_nonce = {nonce};
    x.lifecycle = why;
    for (const auto& y : grants)
      x.partitions.push_back({{{y}, 100}, x.version});
    for (const auto& y : revoking)
      x.revoking.push_back({{{y}, 100}});
    on(coordinator::record_shown{{who}, {versions}, numbers.numbered(x)});
  }

  void list(const texts& names) {
    std::vector<partition> all;
    for (const auto& y : names)
      all.push_back({{y}, 100});
    on(coordinator::partitions_given{numbers.list(all)});
  }

  /// a and b send heartbeats; a owns 1 and 2, b nothing; the leader has just seen it all.
  void lead() {
    beat_of("a", "na");
    beat_of("b", "nb");
    record_of("a", "na", {"1", "2"});
    record_of("b", "nb", {});
    list({"1", "2"});
    on(coordinator::records_replayed{});
  }

  static coordinator::planned plan_of(lifecycle why) {
    coordinator::planned result;
    result.lifecycle = why;
    return result;
  }

  void plan(lifecycle why) {
    on(coordinator::tick{},
       {plan_of(why), coordinator::show_phase{worker_state::scaling, ""}});
  }
  void settle() {
    on(coordinator::tick{}, {coordinator::show_phase{worker_state::stable, ""}});
  }

  /// Exactly one value, of this length.
  static void one(const histogram& x, std::chrono::duration<double> length) {
    CAF_CHECK_EQUAL(x.count(), 1u);
    CAF_CHECK_EQUAL(x.sum, length.count());
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(handoff_timing_tests, fixture)

// -- where it begins --------------------------------------------------------------------

CAF_TEST(what the records said before all were shown is no event) {
  lead();
  CAF_CHECK_EQUAL(total.partitions, 2u);
  CAF_CHECK_EQUAL(total.unowned, 0u);
  CAF_CHECK_EQUAL(total.published.value, versions);
  CAF_CHECK_EQUAL(total.unowned_for.count(), 0u);
  for (auto n : total.moves)
    CAF_CHECK_EQUAL(n, 0u);
}

CAF_TEST(nothing is said before records and list are known) {
  beat_of("a", "na");
  record_of("a", "na", {"1"});
  CAF_CHECK(!timing.take());
  on(coordinator::records_replayed{});
  CAF_CHECK_EQUAL(total.partitions, 0u);
  list({"1", "2"});
  CAF_CHECK_EQUAL(total.partitions, 2u);
  CAF_CHECK_EQUAL(total.unowned, 1u);
}

CAF_TEST(nothing is said where nothing has happened) {
  lead();
  beat_of("a", "na");
  timing.step(coordinator::tick{}, {}, now);
  CAF_CHECK(!timing.take());
  CAF_MESSAGE("a record that is sealed says the same");
  auto before = total;
  record_of("a", "na", {"1", "2"});
  before.published = {versions};
  CAF_CHECK_EQUAL(total, before);
}

CAF_TEST(a partition that no worker had waits since the list named it) {
  lead();
  now += 5s;
  list({"1", "2", "3"});
  CAF_CHECK_EQUAL(total.unowned, 1u);
  now += 7s;
  record_of("b", "nb", {"3"}, {}, lifecycle::cold_start);
  CAF_CHECK_EQUAL(total.unowned, 0u);
  one(total.unowned_for, 7s);
  CAF_CHECK_EQUAL(total.moves[index(lifecycle::cold_start)], 1u);
  CAF_CHECK_EQUAL(total.grant.count(), 0u);
}

CAF_TEST(a partition that left the list does not count as unowned) {
  lead();
  list({"1"});
  record_of("a", "na", {"1"});
  CAF_CHECK_EQUAL(total.partitions, 1u);
  CAF_CHECK_EQUAL(total.unowned, 0u);
  CAF_MESSAGE("and counts again when it comes back");
  now += 60s;
  list({"1", "2"});
  CAF_CHECK_EQUAL(total.unowned, 1u);
  now += 1s;
  record_of("b", "nb", {"2"});
  one(total.unowned_for, 1s);
}

// -- hand-offs --------------------------------------------------------------------------

CAF_TEST(a hand - off has its two phases and the partition has no owner meanwhile) {
  lead();
  record_of("a", "na", {"1"}, {"2"});
  CAF_CHECK_EQUAL(total.unowned, 1u);
  now += 2s;
  record_of("a", "na", {"1"});
  one(total.confirm, 2s);
  CAF_CHECK_EQUAL(total.unowned, 1u);
  now += 3s;
  record_of("b", "nb", {"2"}, {}, lifecycle::planned_scale);
  one(total.confirm, 2s);
  one(total.grant, 3s);
  one(total.unowned_for, 5s);
  CAF_CHECK_EQUAL(total.unowned, 0u);
  CAF_CHECK_EQUAL(total.moves[index(lifecycle::planned_scale)], 1u);
}

CAF_TEST(an owner that has its partition back was not confirmed and nothing moved) {
  lead();
  record_of("a", "na", {"1"}, {"2"});
  now += 2s;
  record_of("a", "na", {"1", "2"});
  CAF_CHECK_EQUAL(total.confirm.count(), 0u);
  CAF_CHECK_EQUAL(total.grant.count(), 0u);
  one(total.unowned_for, 2s);
  CAF_CHECK_EQUAL(total.moves[index(lifecycle::rebalance)], 0u);
}

CAF_TEST(a hand - off that the last leader began goes on) {
  beat_of("a", "na");
  beat_of("b", "nb");
  record_of("a", "na", {}, {"1"});
  list({"1"});
  on(coordinator::records_replayed{});
  CAF_CHECK_EQUAL(total.unowned, 1u);
  now += 1s;
  record_of("a", "na", {});
  one(total.confirm, 1s);
  now += 1s;
  record_of("b", "nb", {"1"});
  one(total.grant, 1s);
  CAF_CHECK_EQUAL(total.moves[index(lifecycle::rebalance)], 1u);
}

// -- ends -------------------------------------------------------------------------------

CAF_TEST(a worker that fell silent owned nothing since its last heartbeat) {
  lead();
  now += 1s;
  beat_of("a", "na");
  now += 6s;
  CAF_CHECK_EQUAL(total.unowned, 0u);
  beat_of("a", "na", beat_state::expelled);
  CAF_CHECK_EQUAL(total.unowned, 2u);
  now += 1s;
  record_of("a", "na", {});
  CAF_CHECK_EQUAL(total.unowned, 2u);
  record_of("b", "nb", {"1", "2"}, {}, lifecycle::emergency);
  CAF_CHECK_EQUAL(total.unowned, 0u);
  CAF_CHECK_EQUAL(total.unowned_for.count(), 2u);
  CAF_CHECK_EQUAL(total.unowned_for.sum, 14.0);
  CAF_CHECK_EQUAL(total.moves[index(lifecycle::emergency)], 2u);
}

CAF_TEST(a worker that says goodbye worked until then) {
  lead();
  now += 5s;
  beat_of("a", "na", beat_state::stopped);
  CAF_CHECK_EQUAL(total.unowned, 2u);
  now += 1s;
  record_of("a", "na", {"2"});
  record_of("b", "nb", {"1"});
  one(total.unowned_for, 1s);
  CAF_CHECK_EQUAL(total.unowned, 1u);
}

CAF_TEST(the same worker under another incarnation is no move) {
  lead();
  now += 4s;
  beat_of("a", "na2");
  CAF_CHECK_EQUAL(total.unowned, 2u);
  now += 1s;
  record_of("a", "na2", {"1", "2"}, {}, lifecycle::emergency);
  CAF_CHECK_EQUAL(total.unowned, 0u);
  CAF_CHECK_EQUAL(total.unowned_for.sum, 10.0);
  CAF_CHECK_EQUAL(total.moves[index(lifecycle::emergency)], 0u);
}

CAF_TEST(a record that vanished owns nothing) {
  lead();
  on(coordinator::record_gone{{"a"}});
  CAF_CHECK_EQUAL(total.unowned, 2u);
  now += 6s;
  record_of("a", "na", {"1", "2"});
  CAF_CHECK_EQUAL(total.unowned, 0u);
  CAF_CHECK_EQUAL(total.unowned_for.sum, 12.0);
}

// -- plans and writes -------------------------------------------------------------------

CAF_TEST(a rebalance lasts until all records are published) {
  lead();
  plan(lifecycle::planned_scale);
  now += 3s;
  CAF_CHECK_EQUAL(total.rebalance[index(lifecycle::planned_scale)].count(), 0u);
  settle();
  one(total.rebalance[index(lifecycle::planned_scale)], 3s);
  now += 3s;
  settle();
  one(total.rebalance[index(lifecycle::planned_scale)], 3s);
}

CAF_TEST(a plan that is made meanwhile goes on under its own reason) {
  lead();
  plan(lifecycle::planned_scale);
  now += 3s;
  plan(lifecycle::emergency);
  now += 1s;
  settle();
  CAF_CHECK_EQUAL(total.rebalance[index(lifecycle::planned_scale)].count(), 0u);
  one(total.rebalance[index(lifecycle::emergency)], 4s);
}

CAF_TEST(a plan that changes nothing is no rebalance) {
  lead();
  on(coordinator::tick{}, {plan_of(lifecycle::rebalance)});
  now += 1s;
  settle();
  CAF_CHECK_EQUAL(total.rebalance[index(lifecycle::rebalance)].count(), 0u);
}

CAF_TEST(writes of records that met another revision or no answer are counted) {
  lead();
  on(coordinator::write_answered{{"a"}, done(7)});
  on(coordinator::write_answered{{"a"}, conflict()});
  on(coordinator::write_answered{{"a"}, no_answer()});
  on(coordinator::write_answered{{"a"}, no_answer()});
  on(coordinator::write_answered{{"a"}, not_connected()});
  CAF_CHECK_EQUAL(total.conflicts, 1u);
  CAF_CHECK_EQUAL(total.unknown, 2u);
}

CAF_TEST_FIXTURE_SCOPE_END()

// -- with a real coordinator ------------------------------------------------------------

namespace {

struct led_group : coordinator_fixture {
  handoff_timing timing;
  group_stats total;

  /// What is still to be shown, in the order in which the store would show it.
  std::deque<coordinator::event> news;
  bool telling = false;

  /// As coordinator_fixture::on, observed. A store answers and shows one write after the
  /// other.
  void observed(const coordinator::event& what) {
    news.push_back(what);
    if (std::exchange(telling, true))
      return;
    for (; !news.empty(); news.pop_front()) {
      auto commands = mine->step(news.front(), now);
      timing.step(news.front(), commands, now);
      if (auto measured = timing.take())
        total.add(*measured);
      for (const auto& x : commands)
        carry_out(x);
    }
    telling = false;
  }

  void carry_out(const coordinator::command& x) {
    if (const auto* w = std::get_if<coordinator::write>(&x)) {
      auto at = ++last;
      store[w->who] = {at, *w->value};
      observed(coordinator::write_answered{w->who, done(at)});
      observed(coordinator::record_shown{w->who, {at}, w->value});
      tell(w->who);
    } else if (const auto* m = std::get_if<coordinator::write_mark>(&x)) {
      auto& e = beats[m->who];
      e.revision = ++last;
      e.value = m->mark;
      observed(coordinator::mark_answered{m->who, done(last)});
      observed(coordinator::beat_shown{m->who, {last}, m->mark, now});
    } else if (std::holds_alternative<coordinator::adopt>(x)) {
      observed(coordinator::may_act{});
    }
  }

  /// The worker says that it has applied its record, if it lives.
  void tell(const worker_id& who) {
    auto& e = beats[who];
    if (e.deaf || !is_living(e.value.state) || e.value.nonce.value.empty())
      return;
    if (auto i = store.find(who); i != store.end())
      e.value.applied = stamp_of(i->second.value);
    e.revision = ++last;
    observed(coordinator::beat_shown{who, {last}, e.value, now});
  }

  void arrive(int n) {
    record empty;
    empty.worker_nonce = {nonce(n)};
    store[id(n)] = {++last, empty};
    observed(coordinator::record_shown{id(n), {last}, mine->index().numbered(empty)});
    beats[id(n)].value.nonce = {nonce(n)};
    beats[id(n)].value.state = beat_state::working;
    tell(id(n));
  }

  void go_on(duration how_long, const std::set<int>& who) {
    for (auto end = now + how_long; now < end;) {
      now += 100ms;
      observed(coordinator::tick{});
      if ((now - time_point{}) % 1s == 0s)
        for (int n : who)
          tell(id(n));
    }
  }

  std::uint64_t moves(lifecycle why) { return total.moves[index(why)]; }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(led_group_tests, led_group)

CAF_TEST(a group that starts and grows and loses a worker is measured) {
  arrive(0);
  arrive(1);
  std::vector<partition> list;
  for (int i = 0; i < 12; ++i)
    list.push_back(part(i));
  observed(coordinator::partitions_given{mine->index().list(list)});
  observed(coordinator::records_replayed{});
  observed(coordinator::directives_replayed{});
  observed(coordinator::beats_replayed{now});
  go_on(60s, {0, 1});
  CAF_CHECK_EQUAL(total.partitions, 12u);
  CAF_CHECK_EQUAL(total.unowned, 0u);
  CAF_CHECK_EQUAL(moves(lifecycle::cold_start), 12u);
  CAF_CHECK_EQUAL(total.unowned_for.count(), 12u);
  CAF_CHECK_EQUAL(total.confirm.count(), 0u);
  CAF_MESSAGE("a third one takes four");
  arrive(2);
  go_on(30s, {0, 1, 2});
  CAF_CHECK_EQUAL(moves(lifecycle::planned_scale), 4u);
  CAF_CHECK_EQUAL(total.confirm.count(), 4u);
  CAF_CHECK_EQUAL(total.grant.count(), 4u);
  CAF_CHECK_EQUAL(total.unowned_for.count(), 16u);
  CAF_CHECK_EQUAL(total.rebalance[index(lifecycle::planned_scale)].count(), 1u);
  CAF_MESSAGE("and dies");
  auto before = total.unowned_for.sum;
  beats[id(2)].deaf = true;
  go_on(20s, {0, 1});
  CAF_CHECK_EQUAL(moves(lifecycle::emergency), 4u);
  CAF_CHECK_EQUAL(total.confirm.count(), 4u);
  CAF_CHECK_EQUAL(total.unowned, 0u);
  CAF_CHECK(total.unowned_for.sum - before >= 4 * 6.0);
  CAF_CHECK(total.unowned_for.sum - before < 4 * 8.0);
}

CAF_TEST_FIXTURE_SCOPE_END()
