// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.lease

#include "../support.hpp"

#include "partita/core/worker/lease.hpp"

#include <set>

using namespace core_test;

namespace {

/// A lease of 3 s: renewed after 1 s, given up after 2.4 s, repeats every 100 ms.
struct fixture : stepper<lease> {
  core::lease mine{{3s, 7}};

  template <class Event>
  lease::commands on(const Event& what) {
    return step(mine, what);
  }
  lease::commands tick() { return on(lease::tick{}); }
  lease::commands answer(const kv_written& x) { return on(lease::write_answered{x}); }
  lease::commands answer(const kv_read& x, bool ours = false) {
    return on(lease::read_answered{x, ours});
  }

  /// The key is absent, and we create it as revision 1.
  void become_leader() {
    on(lease::key_gone{});
    now += 10ms;
    CAF_REQUIRE_EQUAL(only<lease::write>(tick()).expected.value, 0u);
    CAF_REQUIRE(only<lease::announce>(answer(done(1))).leading);
    CAF_REQUIRE(mine.leading());
  }

  void is_deposed_by(const lease::commands& xs) {
    CAF_CHECK(!one<lease::announce>(xs).leading);
    CAF_CHECK(!mine.leading());
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(lease_tests, fixture)

CAF_TEST(no worker stands for election before the key is known) {
  CAF_CHECK(tick().empty());
  now += 100s;
  CAF_CHECK(tick().empty());
  CAF_CHECK(!mine.wake_at());
}

CAF_TEST(a key that is gone is created after a jitter of at most a three hundredth) {
  std::set<duration> pauses;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    core::lease x{{3s, seed}};
    auto early = x.step(lease::key_gone{}, now);
    auto at = early.empty() ? *x.wake_at() : now;
    CAF_CHECK(at >= now);
    CAF_CHECK(at <= now + 10ms);
    pauses.insert(at - now);
    if (!early.empty())
      continue;
    CAF_CHECK(x.step(lease::tick{}, at - 1ns).empty());
    CAF_CHECK_EQUAL(count<lease::write>(x.step(lease::tick{}, at)), 1u);
  }
  CAF_MESSAGE("not all at the same moment");
  CAF_CHECK(pauses.size() > 90u);
}

CAF_TEST(a follower takes an unchanged key over after a whole lease by that revision) {
  on(lease::key_shown{{5}});
  now += 2s;
  CAF_MESSAGE("the same revision again is no news");
  on(lease::key_shown{{5}});
  now += 999ms;
  CAF_CHECK(tick().empty());
  CAF_CHECK(*mine.wake_at() == now + 1ms);
  now += 1ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 5u);
}

CAF_TEST(every renewal that is seen starts the wait again) {
  for (std::uint64_t at = 5; at < 20; ++at) {
    on(lease::key_shown{{at}});
    now += 2999ms;
    CAF_CHECK(tick().empty());
  }
  now += 1ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 19u);
}

CAF_TEST(a leader renews every third of the lease by its own revision) {
  become_leader();
  auto sent = now;
  for (std::uint64_t at = 1; at < 10; ++at) {
    now = sent + 999ms;
    CAF_CHECK(tick().empty());
    now += 1ms;
    sent = now;
    CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, at);
    now += 200ms;
    CAF_CHECK(answer(done(at + 1)).empty());
    CAF_CHECK(mine.leading());
  }
}

CAF_TEST(the deadline counts from when the last good write was sent) {
  become_leader();
  now += 1s;
  auto sent = now;
  tick();
  now += 900ms;
  CAF_MESSAGE("the answer comes late; the next renewal gets none");
  answer(done(2));
  now = sent + 1s;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 2u);
  now = sent + 2399ms;
  CAF_CHECK(tick().empty());
  CAF_CHECK(mine.leading());
  CAF_CHECK(*mine.wake_at() == sent + 2400ms);
  now += 1ms;
  is_deposed_by(tick());
}

CAF_TEST(repeats after an unknown outcome do not move the deadline) {
  become_leader();
  now += 1s;
  auto sent = now;
  tick();
  now += 500ms;
  CAF_CHECK(answer(no_answer()).empty());
  now += 100ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 1u);
  now += 400ms;
  answer(conflict());
  answer(holds(2), true);
  CAF_CHECK(mine.leading());
  CAF_MESSAGE("the next renewal is due, as the first try was sent a second ago");
  now = sent + 2399ms;
  tick();
  CAF_CHECK(mine.leading());
  now += 1ms;
  is_deposed_by(tick());
}

CAF_TEST(a leader that cannot reach the store tries on and steps down in time) {
  become_leader();
  auto sent = now;
  now += 1s;
  only<lease::write>(tick());
  while (now < sent + 2300ms) {
    CAF_CHECK(answer(not_connected()).empty());
    now += 99ms;
    CAF_CHECK(tick().empty());
    CAF_CHECK(mine.leading());
    now += 1ms;
    only<lease::write>(tick());
  }
  answer(not_connected());
  now += 99ms;
  CAF_CHECK(tick().empty());
  CAF_CHECK(mine.leading());
  now += 1ms;
  is_deposed_by(tick());
}

CAF_TEST(a process that slept past its deadline is deposed before its mail counts) {
  become_leader();
  now += 1s;
  tick();
  now += 20s;
  auto xs = answer(done(2));
  CAF_REQUIRE(!xs.empty());
  CAF_REQUIRE(std::holds_alternative<lease::announce>(xs.front()));
  CAF_CHECK(!std::get<lease::announce>(xs.front()).leading);
  CAF_CHECK_EQUAL(count<lease::announce>(xs), 1u);
  CAF_MESSAGE("the key is still ours: it is renewed at once and by that we lead again");
  CAF_CHECK_EQUAL(one<lease::write>(xs).expected.value, 2u);
  CAF_CHECK(only<lease::announce>(answer(done(3))).leading);
}

CAF_TEST(an answer that comes just in time makes a leader and one at the deadline none) {
  on(lease::key_gone{});
  now += 10ms;
  tick();
  auto other = mine;
  now += 2399ms;
  CAF_CHECK(one<lease::announce>(answer(done(1))).leading);
  now += 1ms;
  auto xs = other.step(lease::write_answered{done(1)}, now);
  CAF_CHECK_EQUAL(count<lease::announce>(xs), 0u);
  CAF_CHECK(!other.leading());
}

CAF_TEST(a late answer does not take the key from a holder that was seen since) {
  on(lease::key_gone{});
  now += 10ms;
  tick();
  now += 10s;
  on(lease::key_shown{{6}});
  CAF_CHECK(answer(done(5)).empty());
  now += 2999ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 6u);
}

CAF_TEST(a holder that wrote over our key before our answer came leads) {
  on(lease::key_gone{});
  now += 10ms;
  tick();
  on(lease::key_shown{{6}});
  CAF_CHECK(answer(done(5)).empty());
  CAF_CHECK(!mine.leading());
}

CAF_TEST(a candidate whose own entry is shown before its answer leads by the answer) {
  on(lease::key_gone{});
  now += 10ms;
  tick();
  CAF_CHECK(on(lease::key_shown{{1}, true}).empty());
  CAF_CHECK(only<lease::announce>(answer(done(1))).leading);
  CAF_CHECK(mine.leads_until() == now + 2400ms);
}

CAF_TEST(another holder of the key deposes at once and our own entry does not ) {
  become_leader();
  on(lease::key_shown{{1}, true});
  CAF_CHECK(mine.leading());
  now += 1s;
  tick();
  on(lease::key_shown{{2}, true});
  CAF_CHECK(mine.leading());
  answer(done(2));
  CAF_MESSAGE("late news of an earlier holder");
  on(lease::key_shown{{1}, false});
  CAF_CHECK(mine.leading());
  is_deposed_by(on(lease::key_shown{{3}, false}));
  now += 2999ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 3u);
}

CAF_TEST(a renewal that meets another holder deposes) {
  become_leader();
  now += 1s;
  tick();
  only<lease::read>(answer(conflict()));
  CAF_CHECK(mine.leading());
  is_deposed_by(answer(holds(4), false));
  now += 3s;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 4u);
}

CAF_TEST(a leader that lost the key to another holder resigns without removing it) {
  become_leader();
  now += 1s;
  tick();
  answer(conflict());
  is_deposed_by(answer(holds(4), false));
  only<lease::finished>(on(lease::resigned{}));
}

CAF_TEST(a leader whose key is gone writes it again) {
  become_leader();
  auto xs = on(lease::key_gone{{3}});
  CAF_CHECK(mine.leading());
  CAF_CHECK_EQUAL(only<lease::write>(xs).expected.value, 1u);
  answer(conflict());
  xs = answer(mark(3));
  CAF_CHECK(mine.leading());
  CAF_CHECK_EQUAL(only<lease::write>(xs).expected.value, 0u);
  answer(done(4));
  CAF_CHECK(mine.leading());
}

CAF_TEST(news from before a removal do not bring the key back) {
  on(lease::key_shown{{5}});
  on(lease::key_gone{{6}});
  on(lease::key_shown{{5}});
  now += 10ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 0u);
}

CAF_TEST(nor do they where a conflict has shown the removal) {
  on(lease::key_shown{{4}});
  now += 3s;
  tick();
  answer(conflict());
  CAF_CHECK(answer(mark(6)).empty());
  CAF_CHECK(on(lease::key_shown{{5}}).empty());
  now += 10ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 0u);
}

CAF_TEST(a mark that is older than the value that was seen is no removal) {
  on(lease::key_shown{{7}});
  on(lease::key_gone{{6}});
  now += 2999ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 7u);
}

CAF_TEST(a key that is absent from a replay is created) {
  on(lease::key_shown{{7}});
  on(lease::key_gone{});
  now += 10ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 0u);
}

CAF_TEST(a lost race is followed by watching the winner) {
  on(lease::key_gone{});
  now += 10ms;
  tick();
  only<lease::read>(answer(conflict()));
  CAF_CHECK(answer(holds(4), false).empty());
  now += 2999ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 4u);
}

CAF_TEST(a candidate whose rival left meanwhile creates the key at once) {
  on(lease::key_shown{{4}});
  now += 3s;
  tick();
  answer(conflict());
  auto xs = answer(mark(5));
  if (xs.empty()) {
    now += 10ms;
    xs = tick();
  }
  CAF_CHECK_EQUAL(only<lease::write>(xs).expected.value, 0u);
}

CAF_TEST(a leader that abdicates gives the key back and lets others go first) {
  become_leader();
  auto start = now;
  auto xs = on(lease::abdicated{"a greater epoch"});
  CAF_CHECK_EQUAL(one<lease::announce>(xs).why, "a greater epoch");
  CAF_CHECK_EQUAL(one<lease::remove>(xs).expected.value, 1u);
  CAF_CHECK(answer(done(2)).empty());
  now = start + 299ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 0u);
}

CAF_TEST(abdicating while a renewal is under way waits for its outcome) {
  become_leader();
  now += 1s;
  tick();
  auto xs = on(lease::abdicated{"why"});
  is_deposed_by(xs);
  CAF_CHECK_EQUAL(count<lease::remove>(xs), 0u);
  CAF_CHECK(answer(no_answer()).empty());
  now += 100ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 1u);
  CAF_CHECK_EQUAL(only<lease::remove>(answer(done(2))).expected.value, 2u);
  CAF_CHECK(!mine.leading());
}

CAF_TEST(a follower has nothing to abdicate) {
  on(lease::key_shown{{5}});
  CAF_CHECK(on(lease::abdicated{"why"}).empty());
}

CAF_TEST(a leader that resigns removes its key by its own revision and finishes) {
  become_leader();
  auto xs = on(lease::resigned{});
  is_deposed_by(xs);
  CAF_CHECK_EQUAL(one<lease::remove>(xs).expected.value, 1u);
  only<lease::finished>(answer(done(2)));
  now += 100s;
  on(lease::key_gone{{2}});
  CAF_CHECK(tick().empty());
  CAF_CHECK(!mine.wake_at());
}

CAF_TEST(resigning while a write is under way removes what it wrote) {
  on(lease::key_gone{});
  now += 10ms;
  tick();
  CAF_CHECK(on(lease::resigned{}).empty());
  CAF_CHECK(answer(no_answer()).empty());
  now += 100ms;
  only<lease::write>(tick());
  only<lease::read>(answer(conflict()));
  CAF_CHECK_EQUAL(only<lease::remove>(answer(holds(3), true)).expected.value, 3u);
  CAF_CHECK(!mine.leading());
  only<lease::finished>(answer(done(4)));
}

CAF_TEST(resigning while a write is lost to another one finishes) {
  on(lease::key_gone{});
  now += 10ms;
  tick();
  on(lease::resigned{});
  answer(conflict());
  only<lease::finished>(answer(holds(3), false));
}

CAF_TEST(a follower resigns at once) {
  on(lease::key_shown{{5}});
  only<lease::finished>(on(lease::resigned{}));
}

CAF_TEST(a key that cannot be given back is left to run out) {
  become_leader();
  on(lease::resigned{});
  only<lease::finished>(answer(not_connected()));
}

CAF_TEST(a removal with unknown outcome is repeated) {
  become_leader();
  on(lease::resigned{});
  CAF_CHECK(answer(no_answer()).empty());
  now += 100ms;
  CAF_CHECK_EQUAL(only<lease::remove>(tick()).expected.value, 1u);
  answer(conflict());
  only<lease::finished>(answer(mark(2)));
}

CAF_TEST(a new bucket voids leadership and all that was known) {
  become_leader();
  is_deposed_by(on(lease::bucket_changed{}));
  now += 100s;
  CAF_CHECK(tick().empty());
  on(lease::key_gone{});
  now += 10ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 0u);
}

CAF_TEST(a write into the bucket that went away makes no leader) {
  become_leader();
  now += 1s;
  tick();
  is_deposed_by(on(lease::bucket_changed{}));
  CAF_CHECK_EQUAL(count<lease::announce>(answer(done(2))), 0u);
  CAF_CHECK(!mine.leading());
  on(lease::key_shown{{1}});
  now += 2999ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 1u);
}

CAF_TEST(a refusal is reported and tried again after a third of the lease) {
  on(lease::key_gone{});
  now += 10ms;
  tick();
  CAF_CHECK(answer(refused("no rights")).empty());
  now += 999ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  only<lease::write>(tick());
}

// -- a leader whose process is gone -----------------------------------------------------

CAF_TEST(a key whose leader is gone is taken over at once by the revision that was seen) {
  on(lease::key_shown{{5}});
  now += 1s;
  CAF_CHECK(tick().empty());
  CAF_CHECK_EQUAL(only<lease::write>(on(lease::leader_gone{{5}})).expected.value, 5u);
  CAF_CHECK(only<lease::announce>(answer(done(6))).leading);
}

CAF_TEST(that the leader of another revision of the key is gone says nothing) {
  on(lease::key_shown{{5}});
  CAF_CHECK(on(lease::leader_gone{{4}}).empty());
  CAF_CHECK(on(lease::leader_gone{{6}}).empty());
  CAF_MESSAGE("nor of a key that was written again, or removed");
  on(lease::key_shown{{7}});
  CAF_CHECK(on(lease::leader_gone{{5}}).empty());
  now += 2999ms;
  CAF_CHECK(tick().empty());
  on(lease::key_gone{{8}});
  now += 10ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 0u);
}

CAF_TEST(before the key is known no leader is gone) {
  CAF_CHECK(on(lease::leader_gone{{0}}).empty());
  CAF_CHECK(!mine.wake_at());
}

CAF_TEST(a leader and a worker that leaves ignore that a leader is gone) {
  become_leader();
  CAF_CHECK(on(lease::leader_gone{{1}}).empty());
  CAF_CHECK(mine.leading());
  core::lease other{{3s, 7}};
  other.step(lease::key_shown{{5}}, now);
  only<lease::finished>(other.step(lease::resigned{}, now));
  CAF_CHECK(other.step(lease::leader_gone{{5}}, now).empty());
}

CAF_TEST(a takeover that met a renewal waits for the lease or for the next word) {
  on(lease::key_shown{{5}});
  now += 1s;
  only<lease::write>(on(lease::leader_gone{{5}}));
  CAF_MESSAGE("while a write is under way nothing else is begun");
  CAF_CHECK(on(lease::leader_gone{{5}}).empty());
  only<lease::read>(answer(conflict()));
  CAF_CHECK(answer(holds(6)).empty());
  now += 2999ms;
  CAF_CHECK(tick().empty());
  CAF_CHECK_EQUAL(only<lease::write>(on(lease::leader_gone{{6}})).expected.value, 6u);
}

CAF_TEST(after a refusal even a dead leader is left alone for a third of the lease) {
  on(lease::key_shown{{5}});
  on(lease::leader_gone{{5}});
  CAF_CHECK(answer(refused("no rights")).empty());
  now += 999ms;
  CAF_CHECK(on(lease::leader_gone{{5}}).empty());
  now += 1ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 5u);
}

CAF_TEST(a leader that abdicated lets others go first even if the new holder is gone) {
  become_leader();
  auto start = now;
  on(lease::abdicated{"a greater epoch"});
  answer(done(2));
  on(lease::key_shown{{3}});
  CAF_CHECK(on(lease::leader_gone{{3}}).empty());
  now = start + 299ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  CAF_CHECK_EQUAL(only<lease::write>(tick()).expected.value, 3u);
}

CAF_TEST_FIXTURE_SCOPE_END()
