// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE store.random_watch_feed

#include "../support/store_feed_world.hpp"

using namespace partita;
using namespace partita::test;

namespace {

void run(std::uint64_t seed, bool with_faults, std::map<watch_change, int>& told,
         int& confirms) {
  feed_world world{seed};
  for (auto i = 0; i < 150; ++i) {
    world.step(with_faults);
    if (!world.broken.empty())
      CAF_FAIL("seed " << seed << ", step " << i << ": " << world.broken);
  }
  world.calm_down();
  if (!world.broken.empty())
    CAF_FAIL("seed " << seed << ", in the end: " << world.broken);
  if (auto found = world.difference(); !found.empty())
    CAF_FAIL("seed " << seed << ": " << found);
  for (const auto& [what, times] : world.told)
    told[what] += times;
  confirms += world.confirms;
}

} // namespace

CAF_TEST(whatever goes wrong all watchers see the bucket in the end) {
  std::map<watch_change, int> told;
  auto confirms = 0;
  for (std::uint64_t seed = 1; seed <= 3000; ++seed)
    run(seed, true, told, confirms);
  for (auto what :
       {watch_change::value, watch_change::removed, watch_change::replayed,
        watch_change::alive, watch_change::restarted, watch_change::bucket_changed}) {
    CAF_MESSAGE(to_string(what) << ": " << told[what]);
    CAF_CHECK(told[what] > 100);
  }
  CAF_MESSAGE("questions to the leader: " << confirms);
  CAF_CHECK(confirms > 100);
}

CAF_TEST(watchers that come and go see the bucket) {
  std::map<watch_change, int> told;
  auto confirms = 0;
  for (std::uint64_t seed = 1; seed <= 500; ++seed)
    run(seed, false, told, confirms);
  CAF_CHECK(told[watch_change::value] > 100);
}
