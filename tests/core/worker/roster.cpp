// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.roster

#include "partita/core/worker/roster.hpp"

#include "partita/messages/codec.hpp"

#include <caf/test/unit_test.hpp>

using namespace partita;
using namespace std::chrono_literals;

namespace {

using kind = roster_news::kind;

struct fixture {
  core::roster roster{6s};
  core::time_point now{1h};

  static kv_entry entry(std::uint64_t at, const beat& x) {
    return {"heartbeat.worker-1", to_text(x), {at}, false, 7};
  }

  static kv_entry entry(std::uint64_t at, beat_state state = beat_state::working) {
    beat result;
    result.nonce.value = "n";
    result.state = state;
    return entry(at, result);
  }

  std::optional<roster_news> shows(const char* who, const kv_entry& what) {
    now += 1s;
    return roster.shown({who}, what, now);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(roster_tests, fixture)

CAF_TEST(silence counts from the first sight of a revision) {
  auto first = shows("worker-1", entry(5));
  CAF_REQUIRE(first);
  CAF_CHECK_EQUAL(first->seen_at, core::time_point{1h + 1s});
  CAF_CHECK_EQUAL(first->stored_at_ns, 7);
  CAF_MESSAGE("a replay shows it again");
  CAF_CHECK(!shows("worker-1", entry(5)));
  auto known = roster.known(now);
  CAF_REQUIRE_EQUAL(known.size(), 1u);
  CAF_CHECK_EQUAL(known[0].seen_at, core::time_point{1h + 1s});
  CAF_MESSAGE("and an older one");
  CAF_CHECK(!shows("worker-1", entry(4)));
  CAF_CHECK(shows("worker-1", entry(6)));
}

CAF_TEST(a key that goes at the same revision is news) {
  shows("worker-1", entry(5));
  auto gone = roster.gone({"worker-1"}, {}, now);
  CAF_CHECK(gone && gone->what == kind::gone);
  CAF_CHECK(!roster.gone({"worker-1"}, {}, now));
}

CAF_TEST(a new listener learns what was seen and whether that is all) {
  shows("worker-1", entry(5));
  CAF_CHECK_EQUAL(roster.known(now).size(), 1u);
  auto complete_at = now;
  roster.replayed({42, {5}, true}, now);
  now += 5s;
  auto known = roster.known(now);
  CAF_REQUIRE_EQUAL(known.size(), 2u);
  CAF_CHECK(known[1].what == kind::replayed);
  CAF_CHECK_EQUAL(known[1].seen_at, complete_at);
  CAF_CHECK_EQUAL(known[1].stored_at_ns, 42);
  CAF_MESSAGE("an interruption does not move the time since when all is seen");
  CAF_CHECK(roster.interrupted(now).what == kind::interrupted);
  CAF_CHECK_EQUAL(roster.known(now).size(), 1u);
  auto again = roster.replayed({42, {5}, true}, now);
  CAF_CHECK_EQUAL(again.seen_at, complete_at);
}

CAF_TEST(a new incarnation of the bucket voids all) {
  shows("worker-1", entry(5));
  roster.replayed({42, {5}, true}, now);
  auto changed = roster.bucket_changed({43, {1}, true}, "it is another one", now);
  CAF_CHECK(changed.what == kind::bucket_changed);
  CAF_CHECK_EQUAL(changed.why, "it is another one");
  CAF_CHECK_EQUAL(changed.stored_at_ns, 43);
  CAF_CHECK(roster.known(now).empty());
  CAF_CHECK(shows("worker-1", entry(1)));
  auto replayed = roster.replayed({43, {1}, true}, now);
  CAF_CHECK_EQUAL(replayed.seen_at, now);
}

CAF_TEST(the longest ttl is remembered) {
  beat x;
  x.nonce.value = "n";
  for (auto [ttl, longest] : {std::pair{4s, 6s}, {8s, 8s}, {7s, 8s}}) {
    x.terms.ttl = ttl;
    CAF_CHECK(shows("worker-1",
                    entry(static_cast<std::uint64_t>(now.time_since_epoch() / 1s), x)));
    CAF_CHECK_EQUAL(roster.longest_ttl(), longest);
  }
}

CAF_TEST(a heartbeat that cannot be read is news and says why) {
  auto news = shows("worker-1", {"heartbeat.worker-1", "no heartbeat", {5}, false, 7});
  CAF_REQUIRE(news);
  CAF_CHECK(news->what == kind::unreadable);
  CAF_CHECK(!news->why.empty());
}

CAF_TEST_FIXTURE_SCOPE_END()
