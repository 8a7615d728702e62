// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.directive_checks

#include "partita/app/change/directive_checks.hpp"

#include "../inspect/sample_group.hpp"

#include <caf/test/unit_test.hpp>

using namespace partita;
using namespace partita::app;
using partita::test::holds;
using partita::test::sample_group;

namespace {

sample_group two() {
  sample_group x;
  x.leader("worker-0", 3).worker("worker-0", {"0", "1"}).worker("worker-1", {"2", "3"});
  return x;
}

directive_change change(const checked_directive& x) {
  if (const auto* why = std::get_if<std::string>(&x))
    CAF_FAIL(*why);
  return std::get<directive_change>(x);
}

/// Why not; empty if it is allowed.
std::string refusal(const checked_directive& x) {
  const auto* why = std::get_if<std::string>(&x);
  return why ? *why : std::string{};
}

const worker_id w0{"worker-0"};
const worker_id w1{"worker-1"};
const worker_id nobody{"worker-7"};

} // namespace

CAF_TEST(a drain is written under the name of its worker) {
  auto x = change(drain(two().status(), w1, false));
  CAF_REQUIRE_EQUAL(x.set.size(), 1u);
  CAF_CHECK_EQUAL(directive_key(x.set[0]), "directive.drain.worker-1");
  CAF_CHECK(x.removed.empty());
  CAF_CHECK(holds(x.meaning, "worker-1 is drained"));
}

CAF_TEST(a worker that left no trace gets no mark unless that is forced) {
  auto group = two().status();
  CAF_CHECK(holds(refusal(drain(group, nobody, false)), "no worker 'worker-7'"));
  CAF_CHECK(holds(refusal(cordon(group, {"worker0"}, false)), "did you mean worker-0?"));
  CAF_CHECK(refusal(cordon(group, nobody, true)).empty());
  CAF_CHECK(refusal(drain(group, nobody, true)).empty());
}

CAF_TEST(the only worker that could own anything is not drained) {
  auto alone = sample_group{}.worker("worker-0", {"0"}).status();
  CAF_CHECK(holds(refusal(drain(alone, w0, false)), "no other worker could own"));
  CAF_CHECK(refusal(drain(alone, w0, true)).empty());
  for (auto mark :
       {directive::kind{drain_directive{w1}}, directive::kind{cordon_directive{w1}}}) {
    auto group = two();
    group.directive(mark);
    CAF_CHECK(holds(refusal(drain(group.status(), w0, false)), "no other worker"));
  }
}

CAF_TEST(uncordon takes back whatever was said) {
  auto group = two();
  CAF_CHECK_EQUAL(refusal(uncordon(group.status(), w1)),
                  "worker-1 is neither cordoned nor drained");
  group.directive(drain_directive{w1}).directive(cordon_directive{w1});
  auto x = change(uncordon(group.status(), w1));
  CAF_REQUIRE_EQUAL(x.removed.size(), 2u);
  CAF_CHECK_EQUAL(directive_key(x.removed[0]), "directive.cordon.worker-1");
  CAF_CHECK_EQUAL(directive_key(x.removed[1]), "directive.drain.worker-1");
  CAF_CHECK(holds(refusal(uncordon(group.status(), nobody)), "no worker 'worker-7'"));
}

CAF_TEST(a mark of a worker that never came can be taken back) {
  auto group = two();
  group.directive(drain_directive{nobody});
  CAF_CHECK_EQUAL(change(uncordon(group.status(), nobody)).removed.size(), 1u);
}

CAF_TEST(a partition is pinned to a worker that could take it) {
  auto group = two();
  auto x = change(pin(group.status(), "orders.0", w1, {}, false));
  CAF_REQUIRE_EQUAL(x.set.size(), 1u);
  CAF_CHECK_EQUAL(directive_key(x.set[0]), "directive.pin.orders.0");
  CAF_CHECK(holds(refusal(pin(group.status(), "orders.9", w1, {}, false)),
                  "no partition is named 'orders.9'"));
  CAF_CHECK(refusal(pin(group.status(), "orders.9", w1, {"orders.9"}, false)).empty());
  CAF_CHECK(refusal(pin(group.status(), "orders.9", w1, {}, true)).empty());
  CAF_CHECK(holds(refusal(pin(group.status(), "orders.0", nobody, {}, false)),
                  "no worker 'worker-7'"));
  CAF_CHECK(refusal(pin(group.status(), "orders.0", nobody, {}, true)).empty());
  group.beat("worker-2", beat_state::stopped).directive(cordon_directive{w1});
  CAF_CHECK(holds(refusal(pin(group.status(), "orders.0", {"worker-2"}, {}, false)),
                  "worker-2 is stopped"));
  CAF_CHECK(holds(refusal(pin(group.status(), "orders.0", w1, {}, false)),
                  "worker-1 is cordoned"));
}

CAF_TEST(only what is pinned can be unpinned) {
  auto group = two();
  group.directive(pin_directive{"orders.10", w1});
  CAF_CHECK_EQUAL(change(unpin(group.status(), "orders.10")).removed.size(), 1u);
  CAF_CHECK(holds(refusal(unpin(group.status(), "orders.1")),
                  "'orders.1' is not pinned; did you mean orders.10?"));
}

CAF_TEST(resume ends the only pause or the one that is named or all) {
  auto group = two();
  CAF_CHECK(holds(refusal(resume(group.status(), "")), "not paused"));
  CAF_CHECK(holds(refusal(resume_all(group.status())), "not paused"));
  group.directive(pause_directive{"0f3a9c21", std::chrono::seconds{60}}, "deploying");
  CAF_CHECK_EQUAL(directive_key(change(resume(group.status(), "")).removed.at(0)),
                  "directive.pause.0f3a9c21");
  group.directive(pause_directive{"11112222", std::chrono::seconds{90}});
  auto which = refusal(resume(group.status(), ""));
  CAF_CHECK(holds(which, "0f3a9c21") && holds(which, "11112222")
            && holds(which, "deploying"));
  CAF_CHECK_EQUAL(directive_key(change(resume(group.status(), "11112222")).removed.at(0)),
                  "directive.pause.11112222");
  CAF_CHECK(holds(refusal(resume(group.status(), "33334444")), "no pause '33334444'"));
  CAF_CHECK_EQUAL(change(resume_all(group.status())).removed.size(), 2u);
}

CAF_TEST(a leader that leads is asked to step down by name and epoch) {
  auto x = change(step_down(two().status()));
  CAF_REQUIRE_EQUAL(x.set.size(), 1u);
  CAF_CHECK(x.set[0] == directive::kind(step_down_directive{w0, {3}}));
  CAF_CHECK(holds(refusal(step_down(sample_group{}.worker("worker-0", {}).status())),
                  "has no leader"));
}

CAF_TEST(one that was just elected is not asked to step down) {
  auto group = two();
  group.entries().election.clear();
  group.add(group.entries().election, "leader", "worker-1:1763884512:ab", 1'000);
  CAF_CHECK(holds(refusal(step_down(group.status())), "has not taken over yet"));
}

CAF_TEST(a rebalance needs a leader and no pause) {
  auto group = two();
  CAF_CHECK_EQUAL(directive_key(change(rebalance(group.status())).set.at(0)),
                  "directive.rebalance");
  group.directive(pause_directive{"0f3a9c21", std::chrono::seconds{60}});
  CAF_CHECK(holds(refusal(rebalance(group.status())), "the group is paused"));
  CAF_CHECK(holds(refusal(rebalance(sample_group{}.worker("worker-0", {}).status())),
                  "has no leader"));
}

CAF_TEST(a drained worker owns nothing once all is confirmed) {
  CAF_CHECK(!owns_nothing(two().status(), w0));
  auto revoking = sample_group{}.record("worker-0", sample_group::first, {}, {"0"});
  CAF_CHECK(!owns_nothing(revoking.status(), w0));
  auto empty = sample_group{}.record("worker-0", sample_group::first, {});
  CAF_CHECK(owns_nothing(empty.status(), w0));
}
