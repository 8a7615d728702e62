// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.id_claim

#include "../support.hpp"

#include "partita/core/worker/id_claim.hpp"

#include <set>

using namespace core_test;

namespace {

id_claim::options small_range() {
  id_claim::options result;
  result.min = 0;
  result.max = 9;
  result.ttl = 30s;
  result.instance_grace = 6s;
  result.startup = 60s;
  result.pause = 100ms;
  result.self = {"me"};
  return result;
}

struct fixture : stepper<id_claim> {
  id_claim::options options = small_range();
  std::optional<id_claim> mine;

  void start() { mine.emplace(options, now); }
  void start_in(const std::string& instance) {
    options.instance = instance;
    start();
  }

  template <class Event>
  id_claim::commands on(const Event& what) {
    return step(*mine, what);
  }
  id_claim::commands tick() { return on(id_claim::tick{}); }
  id_claim::commands answer(const kv_written& x) {
    return on(id_claim::write_answered{x});
  }
  id_claim::commands answer(const kv_read& x, claim holder = {}) {
    return on(id_claim::read_answered{x, std::move(holder)});
  }

  static claim claim_of(const std::string& nonce, const std::string& instance = "",
                        bool released = false) {
    claim result;
    result.nonce = {nonce};
    result.instance = instance;
    result.released = released;
    return result;
  }
  id_claim::commands show(std::uint32_t number, std::uint64_t at, claim holder) {
    return on(id_claim::shown{number, {at}, std::move(holder)});
  }
  id_claim::commands replay() { return on(id_claim::replayed{}); }

  void takes(const id_claim::commands& xs, std::uint32_t number, std::uint64_t expected) {
    auto x = only<id_claim::write>(xs);
    CAF_CHECK_EQUAL(x.number, number);
    CAF_CHECK_EQUAL(x.expected.value, expected);
    CAF_CHECK(!x.released);
  }

  /// Holds number 0 since revision 1.
  void hold_one() {
    start();
    takes(replay(), 0, 0);
    CAF_CHECK_EQUAL(only<id_claim::held>(answer(done(1))).number, 0u);
  }

  /// All ids are held by others.
  void fill() {
    for (std::uint32_t n = options.min; n <= options.max; ++n)
      show(n, n + 1, claim_of("other"));
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(id_claim_tests, fixture)

CAF_TEST(nothing is taken before all ids were shown) {
  start();
  show(0, 1, claim_of("other"));
  CAF_CHECK(tick().empty());
  takes(replay(), 1, 0);
}

CAF_TEST(an id that bears our own nonce comes before everything) {
  start_in("here");
  show(3, 1, claim_of("old", "here", true));
  show(7, 2, claim_of("me", "here"));
  takes(replay(), 7, 2);
}

CAF_TEST(our own nonce on a released id is no claim of ours any more) {
  start();
  show(7, 2, claim_of("me", "", true));
  takes(replay(), 0, 0);
}

CAF_TEST(a released id of our instance comes before one that waits and unused ones) {
  start_in("here");
  show(3, 1, claim_of("old", "here"));
  show(5, 2, claim_of("old", "here", true));
  takes(replay(), 5, 2);
}

CAF_TEST(an id of our instance is taken once it was unchanged for the grace) {
  start_in("here");
  show(3, 7, claim_of("old", "here"));
  now += 1s;
  CAF_MESSAGE("nothing else is taken meanwhile");
  CAF_CHECK(replay().empty());
  now += 4999ms;
  CAF_CHECK(tick().empty());
  CAF_CHECK(*mine->wake_at() == now + 1ms);
  now += 1ms;
  takes(tick(), 3, 7);
}

CAF_TEST(a twin of the same instance that is alive is left in peace) {
  start_in("here");
  show(3, 7, claim_of("twin", "here"));
  replay();
  now += 2s;
  CAF_MESSAGE("it renews its claim, so we take another one");
  takes(show(3, 8, claim_of("twin", "here")), 0, 0);
}

CAF_TEST(without an instance the same empty place means nothing) {
  start();
  show(3, 1, claim_of("old", "", true));
  takes(replay(), 0, 0);
}

CAF_TEST(never used ids come before released ones and these before silent ones) {
  options.max = 2;
  start();
  show(0, 1, claim_of("other"));
  show(1, 2, claim_of("gone", "", true));
  auto other = *mine;
  takes(replay(), 2, 0);
  other.step(id_claim::shown{2, {3}, claim_of("other")}, now);
  takes(other.step(id_claim::replayed{}, now), 1, 2);
}

CAF_TEST(a silent id is free after its ttl on our own clock) {
  options.max = 1;
  start();
  show(0, 1, claim_of("other"));
  now += 1s;
  show(1, 2, claim_of("other"));
  CAF_CHECK(replay().empty());
  now += 28999ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  takes(tick(), 0, 1);
}

CAF_TEST(a holder that renews keeps its id) {
  options.max = 0;
  start();
  show(0, 1, claim_of("other"));
  replay();
  now += 29s;
  CAF_CHECK(show(0, 2, claim_of("other")).empty());
  now += 29999ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  takes(tick(), 0, 2);
}

CAF_TEST(numbers outside of the range do not count) {
  options.min = 5;
  options.max = 6;
  start();
  show(4, 1, claim_of("gone", "", true));
  show(7, 2, claim_of("me"));
  takes(replay(), 5, 0);
}

CAF_TEST(a worker that has worked waits for an id without end and says once why) {
  options.min = 3;
  options.max = 5;
  options.startup.reset();
  start();
  fill();
  auto x = only<id_claim::waits>(replay());
  CAF_CHECK_NOT_EQUAL(x.why.find("3 to 5"), std::string::npos);
  now += 10s;
  CAF_CHECK(tick().empty());
}

CAF_TEST(an exhausted range is named with what to do) {
  options.min = 3;
  options.max = 5;
  options.startup = 10s;
  start();
  fill();
  replay();
  now += 9999ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  auto why = only<id_claim::failed>(tick()).why;
  for (auto word : {"3 to 5", "worker.id_max", "worker.id_ttl"})
    CAF_CHECK_NOT_EQUAL(why.find(word), std::string::npos);
  CAF_MESSAGE("and that is the end");
  now += 100s;
  CAF_CHECK(tick().empty());
  CAF_CHECK(!mine->wake_at());
}

CAF_TEST(a store that shows nothing is named when the time is over) {
  start();
  now += 60s;
  CAF_CHECK_NOT_EQUAL(only<id_claim::failed>(tick()).why.find("connection"),
                      std::string::npos);
}

CAF_TEST(a store that refuses is named when the time is over) {
  start();
  replay();
  CAF_CHECK(answer(refused("no rights")).empty());
  now += 399ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  only<id_claim::write>(tick());
  now += 60s;
  CAF_CHECK_NOT_EQUAL(one<id_claim::failed>(tick()).why.find("no rights"),
                      std::string::npos);
}

CAF_TEST(a store that does not answer is named when the time is over) {
  start();
  takes(replay(), 0, 0);
  answer(no_answer());
  now += 100ms;
  takes(tick(), 0, 0);
  now += 1h;
  auto why = only<id_claim::failed>(tick()).why;
  CAF_CHECK_EQUAL(why.find("the store does not answer the write of a worker id: "), 0u);
}

CAF_TEST(after giving up nothing is written) {
  start();
  replay();
  now += 59950ms;
  answer(no_answer());
  now += 50ms;
  CAF_CHECK_EQUAL(count<id_claim::failed>(tick()), 1u);
  for (int i = 0; i < 5; ++i) {
    now += 100ms;
    CAF_CHECK(tick().empty());
  }
  CAF_CHECK(!mine->wake_at());
}

CAF_TEST(a lost race is followed by another id) {
  start();
  takes(replay(), 0, 0);
  only<id_claim::read>(answer(conflict()));
  auto next = only<id_claim::write>(answer(holds(1), claim_of("rival")));
  CAF_CHECK(next.number == 1u || next.number == 2u);
}

CAF_TEST(a claim of unknown outcome is repeated and found to be ours) {
  start();
  replay();
  CAF_CHECK(answer(no_answer()).empty());
  now += 99ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  takes(tick(), 0, 0);
  answer(conflict());
  CAF_CHECK_EQUAL(only<id_claim::held>(answer(holds(4), claim_of("me"))).number, 0u);
}

CAF_TEST(without a connection the choice is made again after a pause) {
  start();
  replay();
  CAF_CHECK(answer(not_connected()).empty());
  CAF_CHECK(show(0, 9, claim_of("other")).empty());
  now += 99ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  takes(tick(), 1, 0);
}

CAF_TEST(an id is renewed every third of its ttl by its own revision) {
  hold_one();
  auto sent = now;
  for (std::uint64_t at = 1; at < 5; ++at) {
    now = sent + 9999ms;
    CAF_CHECK(tick().empty());
    now += 1ms;
    sent = now;
    takes(tick(), 0, at);
    now += 1s;
    CAF_CHECK(answer(done(at + 1)).empty());
  }
}

CAF_TEST(the holder of an id wakes for its renewal) {
  hold_one();
  CAF_CHECK(mine->wake_at() == now + 10s);
  now += 10s;
  takes(tick(), 0, 1);
  CAF_MESSAGE("and for nothing while that is under way");
  CAF_CHECK(!mine->wake_at());
}

CAF_TEST(an id of an instance is renewed before a twin could take it) {
  options.instance = "here";
  hold_one();
  now += 1999ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  takes(tick(), 0, 1);
}

CAF_TEST(an id that another one took is lost) {
  hold_one();
  now += 10s;
  tick();
  only<id_claim::read>(answer(conflict()));
  CAF_CHECK(!only<id_claim::lost>(answer(holds(9), claim_of("other"))).why.empty());
  now += 100s;
  CAF_CHECK(tick().empty());
}

CAF_TEST(a held id whose entry was swept is written again) {
  hold_one();
  now += 10s;
  tick();
  answer(conflict());
  takes(answer(mark(5)), 0, 5);
  answer(conflict());
  takes(answer(nothing_there()), 0, 0);
  CAF_CHECK(answer(done(6)).empty());
  now += 10s;
  takes(tick(), 0, 6);
}

CAF_TEST(a renewal without a connection is tried again and the id stays) {
  hold_one();
  now += 10s;
  tick();
  CAF_CHECK(answer(not_connected()).empty());
  now += 99ms;
  CAF_CHECK(tick().empty());
  now += 1ms;
  takes(tick(), 0, 1);
}

CAF_TEST(a released id says so and is released once the store has it) {
  hold_one();
  auto x = only<id_claim::write>(on(id_claim::release{}));
  CAF_CHECK(x.released);
  CAF_CHECK_EQUAL(x.expected.value, 1u);
  CAF_CHECK(answer(no_answer()).empty());
  now += 100ms;
  CAF_CHECK(only<id_claim::write>(tick()).released);
  answer(conflict());
  CAF_MESSAGE("our own claim that is not marked as released is not the release");
  only<id_claim::released>(answer(holds(2), claim_of("me", "", true)));
}

CAF_TEST(releasing while looking ends at once) {
  start();
  only<id_claim::released>(on(id_claim::release{}));
  CAF_CHECK(replay().empty());
  CAF_CHECK(!mine->wake_at());
}

CAF_TEST(releasing while an id is being taken gives back what was taken) {
  start();
  replay();
  CAF_CHECK(on(id_claim::release{}).empty());
  auto xs = answer(done(1));
  auto x = one<id_claim::write>(xs);
  CAF_CHECK(x.released);
  CAF_CHECK_EQUAL(x.expected.value, 1u);
  only<id_claim::released>(answer(done(2)));
}

CAF_TEST(releasing while taking goes on after the time to look for an id has passed) {
  start();
  replay();
  on(id_claim::release{});
  now += 59900ms;
  CAF_CHECK(answer(no_answer()).empty());
  now += 100ms;
  only<id_claim::write>(tick());
  CAF_MESSAGE("no answer yet: nothing to do, and nothing to be woken for");
  now += 50ms;
  CAF_CHECK(tick().empty());
  answer(done(1));
  only<id_claim::released>(answer(done(2)));
}

CAF_TEST(releasing while a race is lost ends) {
  start();
  replay();
  on(id_claim::release{});
  answer(conflict());
  only<id_claim::released>(answer(holds(1), claim_of("rival")));
}

CAF_TEST(releasing waits for the renewal under way) {
  hold_one();
  now += 10s;
  tick();
  CAF_CHECK(on(id_claim::release{}).empty());
  auto x = only<id_claim::write>(answer(done(2)));
  CAF_CHECK(x.released);
  CAF_CHECK_EQUAL(x.expected.value, 2u);
}

CAF_TEST(a release that cannot be written is left to its ttl) {
  hold_one();
  on(id_claim::release{});
  only<id_claim::released>(answer(not_connected()));
}

CAF_TEST(after a new bucket the ids are looked at again) {
  start();
  show(0, 10, claim_of("other"));
  on(id_claim::bucket_changed{});
  CAF_CHECK(tick().empty());
  takes(replay(), 0, 0);
}

CAF_TEST_FIXTURE_SCOPE_END()

// -- many at once
// ------------------------------------------------------------------------

namespace {

/// A register of ids with compare-and-set, which all claimers see at once.
struct bureau {
  struct entry {
    std::uint64_t revision = 0;
    std::string nonce;
  };
  std::map<std::uint32_t, entry> ids;
  std::uint64_t last = 0;

  kv_written write(const id_claim::write& x, const std::string& nonce) {
    auto& e = ids[x.number];
    if (e.revision != x.expected.value)
      return conflict();
    e = {++last, nonce};
    return done(last);
  }
};

std::size_t rounds_until_all_hold(std::uint64_t seed, std::size_t claimers) {
  time_point now = time_point{} + 1000s;
  bureau office;
  std::vector<id_claim> all;
  std::vector<id_claim::commands> wanted;
  std::set<std::uint32_t> held;
  for (std::size_t i = 0; i < claimers; ++i) {
    auto o = small_range();
    o.max = 999;
    o.self = {"n" + std::to_string(i)};
    o.seed = seed * 1000 + i;
    all.emplace_back(o, now);
    wanted.push_back(all.back().step(id_claim::replayed{}, now));
  }
  std::size_t rounds = 0;
  while (held.size() < claimers && rounds < 1000) {
    ++rounds;
    // All writes of a round are sent before any claimer sees one of them.
    for (std::size_t i = 0; i < claimers; ++i) {
      const auto* x = first<id_claim::write>(wanted[i]);
      if (!x)
        continue;
      auto number = x->number;
      auto answer = office.write(*x, "n" + std::to_string(i));
      wanted[i] = all[i].step(id_claim::write_answered{answer}, now);
      if (first<id_claim::held>(wanted[i])) {
        CAF_CHECK(held.insert(number).second);
        continue;
      }
      auto& e = office.ids[number];
      claim holder;
      holder.nonce = {e.nonce};
      wanted[i] = all[i].step(id_claim::read_answered{holds(e.revision), holder}, now);
    }
    for (auto& x : all)
      for (const auto& [number, e] : office.ids) {
        claim holder;
        holder.nonce = {e.nonce};
        x.step(id_claim::shown{number, {e.revision}, holder}, now);
      }
  }
  CAF_CHECK_EQUAL(held.size(), claimers);
  CAF_CHECK(*held.rbegin() < 4 * claimers);
  return rounds;
}

} // namespace

CAF_TEST(fifty that start at once all hold distinct low ids after a few rounds) {
  std::size_t most = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed)
    most = std::max(most, rounds_until_all_hold(seed, 50));
  CAF_MESSAGE("rounds: " << most);
  CAF_MESSAGE("far fewer than fifty");
  CAF_CHECK(most <= 20u);
}
