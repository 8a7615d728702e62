// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.outage

#include "../support.hpp"

#include "partita/core/alerts/outage.hpp"

using namespace core_test;

namespace {

struct fixture : stepper<outage> {
  outage mine{{.after = 3s, .warn = 10s, .error = 60s, .critical = 300s}};
  time_point proof = now;

  outage::commands tick() { return step(mine, outage::tick{}); }
  outage::commands prove(time_point sent) {
    return step(mine, outage::acknowledged{sent});
  }

  void degrade() {
    prove(now);
    proof = now;
    now += 3s;
    auto xs = tick();
    CAF_CHECK_EQUAL(xs.size(), 2u);
    one<outage::degrade>(xs);
    CAF_CHECK(one<outage::alert>(xs).level == alert_level::info);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(outage_tests, fixture)

CAF_TEST(without a proof for too long a worker is degraded and says so at once) {
  CAF_CHECK(!mine.wake_at());
  CAF_CHECK(prove(now).empty());
  CAF_CHECK(mine.wake_at() == now + 3s);
  now += 3s - 1ns;
  CAF_CHECK(tick().empty());
  now += 1ns;
  auto xs = tick();
  CAF_CHECK_EQUAL(count<outage::degrade>(xs), 1u);
  auto x = one<outage::alert>(xs);
  CAF_CHECK(x.level == alert_level::info);
  CAF_CHECK(x.age == 3s);
  CAF_CHECK(!x.over);
}

CAF_TEST(what counts is when the proof was sent and not when it was acknowledged) {
  prove(now);
  now += 2s;
  CAF_CHECK(prove(now - 1s).empty());
  CAF_CHECK(mine.wake_at() == now + 2s);
  CAF_MESSAGE("an older one changes nothing");
  CAF_CHECK(prove(now - 2s).empty());
  CAF_CHECK(mine.wake_at() == now + 2s);
}

CAF_TEST(each level is said once at its age) {
  degrade();
  for (auto [level, age] :
       {std::pair{alert_level::warn, 10s}, std::pair{alert_level::error, 60s},
        std::pair{alert_level::critical, 300s}}) {
    CAF_CHECK(mine.wake_at() == proof + age);
    now = proof + age - 1ns;
    CAF_CHECK(tick().empty());
    now += 1ns;
    auto x = only<outage::alert>(tick());
    CAF_CHECK(x.level == level);
    CAF_CHECK(x.age == age);
    CAF_CHECK(tick().empty());
  }
  CAF_CHECK(!mine.wake_at());
}

CAF_TEST(levels that were slept through are said as the greatest of them) {
  prove(now);
  now += 70s;
  auto xs = tick();
  CAF_CHECK(one<outage::alert>(xs).level == alert_level::error);
  one<outage::degrade>(xs);
}

CAF_TEST(the first fresh proof ends it and says so once) {
  degrade();
  now = proof + 12s;
  tick();
  CAF_MESSAGE("an answer to what was sent too long ago does not");
  CAF_CHECK(prove(now - 3s).empty());
  now += 1s;
  auto xs = prove(now - 100ms);
  CAF_CHECK_EQUAL(count<outage::recover>(xs), 1u);
  auto x = one<outage::alert>(xs);
  CAF_CHECK(x.over);
  CAF_CHECK(x.level == alert_level::warn);
  CAF_CHECK(prove(now).empty());
  CAF_CHECK(tick().empty());
  CAF_MESSAGE("and the next outage starts at the first level again");
  now += 3s;
  CAF_CHECK(one<outage::alert>(tick()).level == alert_level::info);
}

CAF_TEST(while nothing is tried nothing is counted) {
  prove(now);
  CAF_CHECK(step(mine, outage::released{}).empty());
  CAF_CHECK(!mine.wake_at());
  now += 100s;
  CAF_CHECK(tick().empty());
  CAF_MESSAGE("but who is degraded stays so until there is a proof");
  degrade();
  step(mine, outage::released{});
  CAF_CHECK(mine.wake_at() == proof + 10s);
  one<outage::recover>(prove(now));
}

CAF_TEST_FIXTURE_SCOPE_END()
