// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.explanation

#include "partita/app/inspect/explanation.hpp"

#include "sample_group.hpp"

#include <nlohmann/json.hpp>

#include <caf/test/unit_test.hpp>

using namespace partita;
using namespace partita::app;
using partita::test::holds;
using partita::test::sample_group;

namespace {

history_entry plan(const std::string& reason, const std::string& gainer) {
  history_entry x;
  x.at = 940;
  x.leader = {"worker-0"};
  x.lifecycle = lifecycle::planned_scale;
  x.reason = reason;
  x.moves = 1;
  x.gains = {{worker_id{gainer}, 1}};
  x.losses = {{worker_id{"worker-0"}, 1}};
  return x;
}

explanation explained(sample_group& group, const std::string& partition,
                      const std::vector<std::string>& known = {}) {
  auto result =
      explain(group.status(known), history_of(group.entries()), partition, known);
  if (const auto* why = std::get_if<std::string>(&result))
    CAF_FAIL(*why);
  return std::get<explanation>(result);
}

} // namespace

CAF_TEST(the owner and its token and the time of the grant are shown) {
  sample_group group;
  group.worker("worker-0", {"0"}).worker("worker-1", {"7"});
  auto x = explained(group, "orders.7");
  CAF_REQUIRE(x.owner.has_value());
  CAF_CHECK_EQUAL(x.owner->value, "worker-1");
  CAF_CHECK_EQUAL(x.token.value, 3 * versions_per_epoch + 1);
  CAF_CHECK_EQUAL(x.granted_in.value, 3u);
  CAF_CHECK(x.record_granted_it);
  CAF_CHECK(holds(to_text(x), "owner:    worker-1, since 1970-01-01 00:15:40 UTC"));
  CAF_CHECK(holds(to_text(x), "token:    3.1 (3145729)"));
}

CAF_TEST(the plan that moved it is found by epoch and gain and reason) {
  sample_group group;
  group.worker("worker-1", {"7"})
      .plan({{2}, 9}, plan("an older leader", "worker-1"), 80)
      .plan({{3}, 1}, plan("worker-1 joined", "worker-1"), 70)
      .plan({{3}, 2}, plan("something else", "worker-0"), 65)
      .plan({{3}, 3}, plan("after the record", "worker-1"), 10);
  auto x = explained(group, "orders.7");
  CAF_REQUIRE_EQUAL(x.plans.size(), 1u);
  CAF_CHECK_EQUAL(x.plans[0].id.count, 1u);
  CAF_CHECK(holds(to_text(x), "plan:     3.1 at"));
  CAF_CHECK(holds(to_text(x), "worker-1 joined"));
}

CAF_TEST(a grant that is older than its record is said to be) {
  sample_group group;
  record x;
  x.version = {3 * versions_per_epoch + 5};
  x.epoch = {3};
  x.worker_nonce = {"nonce of worker-1"};
  x.partitions = {
      {{{"orders", "7"}, 100}, {3 * versions_per_epoch + 2}, "worker-0 left"}};
  group.add(group.entries().assignment, "assignment.worker-1", to_text(x), 900);
  group.beat("worker-1");
  auto answer = explained(group, "orders.7");
  CAF_CHECK(!answer.record_granted_it);
  CAF_CHECK_EQUAL(answer.reason, "worker-0 left");
  CAF_CHECK(holds(to_text(answer), "or before"));
  CAF_CHECK(holds(to_text(answer), "why:      worker-0 left"));
}

CAF_TEST(what is taken away is pending and has no owner) {
  sample_group group;
  group.record("worker-0", sample_group::first, {}, {"7"}).beat("worker-0");
  auto x = explained(group, "orders.7");
  CAF_CHECK(!x.owner.has_value());
  CAF_REQUIRE(x.pending.has_value());
  CAF_CHECK_EQUAL(x.pending->from.value, "worker-0");
  auto text = to_text(x);
  CAF_CHECK(holds(text, "owner:    none\n"));
  CAF_CHECK(holds(text, "pending:  taken away from worker-0"));
}

CAF_TEST(a partition without owner says why no worker has it) {
  sample_group group;
  group.record("worker-0", sample_group::first, {"7"})
      .beat("worker-0", beat_state::expelled);
  CAF_CHECK(holds(to_text(explained(group, "orders.7")),
                  "no worker works on it: worker-0 is expelled"));
  CAF_CHECK(holds(to_text(explained(group, "orders.8", {"orders.8"})),
                  "no worker works on it: no record names it"));
}

CAF_TEST(a pin is shown with who set it) {
  sample_group group;
  group.worker("worker-0", {"7"})
      .directive(pin_directive{"orders.7", {"worker-0"}}, "its cache");
  CAF_CHECK(holds(to_text(explained(group, "orders.7")),
                  "pinned:   to worker-0 by ann@box: its cache"));
}

CAF_TEST(a second record that names it is shown) {
  sample_group group;
  group.worker("worker-0", {"7"})
      .record("worker-1", {{4}, {4 * versions_per_epoch + 1}}, {"7"})
      .beat("worker-1");
  auto x = explained(group, "orders.7");
  CAF_CHECK_EQUAL(x.owner->value, "worker-1");
  CAF_REQUIRE_EQUAL(x.also_named_by.size(), 1u);
  CAF_CHECK_EQUAL(x.also_named_by[0].value, "worker-0");
}

CAF_TEST(an unknown name is refused with the nearest one) {
  sample_group group;
  group.worker("worker-0", {"7"});
  auto x = explain(group.status(), {}, "order.7", {});
  CAF_REQUIRE(std::holds_alternative<std::string>(x));
  CAF_CHECK(holds(std::get<std::string>(x), "did you mean orders.7?"));
}

CAF_TEST(programs get all of it on one line) {
  sample_group group;
  group.worker("worker-1", {"7"}).plan({{3}, 1}, plan("worker-1 joined", "worker-1"), 70);
  auto obj = nlohmann::json::parse(to_json(explained(group, "orders.7")));
  CAF_CHECK_EQUAL(obj["owner"].get<std::string>(), "worker-1");
  CAF_CHECK_EQUAL(obj["token"].get<std::uint64_t>(), 3145729u);
  CAF_CHECK_EQUAL(obj["plans"][0]["reason"].get<std::string>(), "worker-1 joined");
  CAF_CHECK(obj["pending"].is_null() && obj["pin"].is_null() && obj["unowned"].is_null());
}

// -- history ----------------------------------------------------------------------------

CAF_TEST(the newest plans stand last and who gained is shown on request) {
  sample_group group;
  group.plan({{3}, 10}, plan("third", "worker-1"))
      .plan({{2}, 1}, plan("first", "worker-10"))
      .plan({{3}, 2}, plan("second", "worker-2"));
  auto x = history_of(group.entries());
  CAF_REQUIRE_EQUAL(x.plans.size(), 3u);
  CAF_CHECK_EQUAL(x.plans[0].plan.reason, "first");
  CAF_CHECK_EQUAL(x.plans[2].plan.reason, "third");
  keep_newest(x, 2);
  CAF_CHECK_EQUAL(x.plans.size(), 2u);
  CAF_CHECK(holds(to_table(x, true), "3.10: worker-0 -1, worker-1 +1\n"));
  CAF_CHECK(!holds(to_table(x, false), "worker-1 +1"));
  auto obj = nlohmann::json::parse(to_json(x));
  CAF_CHECK_EQUAL(obj["plans"][1]["gains"]["worker-1"].get<int>(), 1);
}

CAF_TEST(a plan that cannot be read is named and hides nothing else) {
  sample_group group;
  group.plan({{3}, 1}, plan("good", "worker-1"));
  group.add(group.entries().control, "history.x", "{}", 1'000);
  auto x = history_of(group.entries());
  CAF_CHECK_EQUAL(x.plans.size(), 1u);
  CAF_REQUIRE_EQUAL(x.unreadable.size(), 1u);
  CAF_CHECK(holds(to_table(x, false), "cannot read 'history.x'"));
}

CAF_TEST(a group without plans says so) {
  CAF_CHECK_EQUAL(to_table(history_of(sample_group{}.entries()), true),
                  "no plan is on record\n");
}
