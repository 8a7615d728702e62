// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.what_if

#include "partita/app/inspect/what_if.hpp"

#include "sample_group.hpp"

#include <nlohmann/json.hpp>

#include <caf/test/unit_test.hpp>

#include <algorithm>

using namespace partita;
using namespace partita::app;
using partita::test::holds;
using partita::test::sample_group;

namespace {

/// Three workers with four partitions each.
sample_group three() {
  sample_group x;
  x.leader("worker-0", 3)
      .worker("worker-0", {"0", "1", "2", "3"})
      .worker("worker-1", {"4", "5", "6", "7"})
      .worker("worker-2", {"8", "9", "10", "11"});
  return x;
}

what_if_answer answer(const group_status& group, const what_if_question& question = {}) {
  auto result = plan_if(group, question);
  if (const auto* why = std::get_if<std::string>(&result))
    CAF_FAIL(*why);
  return std::get<what_if_answer>(result);
}

std::string refusal(const group_status& group, const what_if_question& question = {}) {
  auto result = plan_if(group, question);
  const auto* why = std::get_if<std::string>(&result);
  return why ? *why : "no refusal";
}

const what_if_share& share(const what_if_answer& x, const std::string& id) {
  auto i = std::find_if(x.shares.begin(), x.shares.end(),
                        [&](const auto& y) { return y.id.value == id; });
  if (i == x.shares.end())
    CAF_FAIL("no share of " << id);
  return *i;
}

std::size_t after(const what_if_answer& x, const std::string& id) {
  return share(x, id).after.partitions;
}

} // namespace

CAF_TEST(a group that is balanced would not change) {
  auto x = answer(three().status());
  CAF_CHECK(x.moves.empty());
  CAF_CHECK_EQUAL(x.partitions, 12u);
  CAF_CHECK_EQUAL(x.shares.size(), 3u);
  CAF_CHECK(holds(to_table(x), "nothing would move"));
}

CAF_TEST(a newcomer would get its share and nothing else would move) {
  auto group = three();
  group.record("worker-3", {}, {}).beat("worker-3", beat_state::joining);
  auto x = answer(group.status());
  CAF_CHECK_EQUAL(x.moves.size(), 3u);
  CAF_CHECK_EQUAL(after(x, "worker-3"), 3u);
  for (const auto& move : x.moves)
    CAF_CHECK_EQUAL(move.to.value, "worker-3");
  CAF_CHECK_EQUAL(balance_of(x, &what_if_share::before).emptiest, 0.0);
  CAF_CHECK_EQUAL(balance_of(x, &what_if_share::after).fullest, 1.0);
}

CAF_TEST(without a worker the others would share what it has) {
  what_if_question question;
  question.without = {{"worker-1"}};
  auto x = answer(three().status(), question);
  CAF_CHECK_EQUAL(x.moves.size(), 4u);
  CAF_CHECK_EQUAL(after(x, "worker-0"), 6u);
  CAF_CHECK_EQUAL(after(x, "worker-2"), 6u);
  const auto left = share(x, "worker-1");
  CAF_CHECK(left.gone);
  CAF_CHECK_EQUAL(left.losses, 4u);
  CAF_CHECK_EQUAL(x.shares.back().id.value, "worker-1");
}

CAF_TEST(without all workers none would be left) {
  what_if_question question;
  question.without = {{"worker-0"}, {"worker-1"}, {"worker-2"}};
  CAF_CHECK(holds(refusal(three().status(), question), "no worker would be left"));
}

CAF_TEST(without a worker that is not there the nearest one is named) {
  what_if_question question;
  question.without = {{"worker-9"}};
  CAF_CHECK(holds(refusal(three().status(), question), "no worker 'worker-9'"));
  question.without = {{"worker1"}};
  CAF_CHECK(holds(refusal(three().status(), question), "did you mean worker-1?"));
}

CAF_TEST(more workers are new ones of equal capacity with ids that are free) {
  auto group = three();
  group.beat("worker-3", beat_state::stopped);
  what_if_question question;
  question.workers = 6;
  auto x = answer(group.status(), question);
  CAF_CHECK_EQUAL(x.shares.size(), 6u);
  for (const auto* id : {"worker-4", "worker-5", "worker-6"}) {
    CAF_CHECK(share(x, id).thought);
    CAF_CHECK_EQUAL(after(x, id), 2u);
  }
  CAF_CHECK_EQUAL(x.moves.size(), 6u);
}

CAF_TEST(fewer workers are the first of those that are there) {
  what_if_question question;
  question.workers = 2;
  auto x = answer(three().status(), question);
  CAF_CHECK_EQUAL(after(x, "worker-0"), 6u);
  CAF_CHECK_EQUAL(after(x, "worker-1"), 6u);
  CAF_CHECK(share(x, "worker-2").gone);
}

CAF_TEST(both together take the worker away and fill up with new ones) {
  what_if_question question;
  question.workers = 3;
  question.without = {{"worker-1"}};
  auto x = answer(three().status(), question);
  CAF_CHECK(share(x, "worker-1").gone);
  CAF_CHECK(share(x, "worker-3").thought);
  CAF_CHECK_EQUAL(after(x, "worker-3"), 4u);
}

CAF_TEST(capacities count unless the question names a number of workers) {
  sample_group group;
  group.worker("worker-0", {"0", "1", "2", "3"}, 300).worker("worker-1", {}, 100);
  CAF_CHECK_EQUAL(after(answer(group.status()), "worker-0"), 3u);
  what_if_question question;
  question.workers = 2;
  CAF_CHECK_EQUAL(after(answer(group.status(), question), "worker-0"), 2u);
}

CAF_TEST(a worker that drains or is silent or has ended gets nothing) {
  auto group = three();
  for (const auto* id : {"worker-3", "worker-4", "worker-5", "worker-6"})
    group.record(id, {}, {});
  group.beat("worker-3", beat_state::draining)
      .beat("worker-4", beat_state::expelled)
      .beat("worker-5", beat_state::working, 100, 7)
      .beat("worker-6", beat_state::working, 100, 6);
  auto x = answer(group.status());
  CAF_CHECK_EQUAL(x.shares.size(), 4u);
  CAF_CHECK_EQUAL(after(x, "worker-6"), 3u);
}

CAF_TEST(a worker that restarts keeps what it has for as long as that is waited for) {
  auto moves_after = [](std::int64_t seconds) {
    sample_group group;
    group.worker("worker-0", {"0", "1"})
        .record("worker-1", sample_group::first, {"2", "3"})
        .beat("worker-1", beat_state::restarting, 100, seconds);
    return answer(group.status()).moves.size();
  };
  CAF_CHECK_EQUAL(moves_after(29), 0u);
  CAF_CHECK_EQUAL(moves_after(30), 2u);
}

CAF_TEST(a worker without a heartbeat keeps what its record names and that is noted) {
  auto group = three();
  group.record("worker-3", sample_group::first, {"12", "13", "14", "15"});
  auto x = answer(group.status());
  CAF_CHECK(x.moves.empty());
  CAF_CHECK(holds(to_table(x), "note: worker-3 has no readable heartbeat"));
}

CAF_TEST(a worker without a record gets nothing yet) {
  auto group = three();
  group.beat("worker-3", beat_state::joining);
  CAF_CHECK(answer(group.status()).moves.empty());
}

CAF_TEST(the partitions are those of the question before those of the records) {
  what_if_question question;
  for (auto i = 0; i < 15; ++i)
    question.partitions.push_back({{"orders", std::to_string(i)}, 100});
  auto x = answer(three().status(), question);
  CAF_CHECK_EQUAL(x.partitions, 15u);
  CAF_CHECK_EQUAL(x.moves.size(), 3u);
  for (const auto& move : x.moves)
    CAF_CHECK(move.from.value.empty());
}

CAF_TEST(nothing to plan for is said) {
  CAF_CHECK(holds(refusal(sample_group{}.worker("worker-0", {}).status()),
                  "no partition is known"));
  sample_group ownerless;
  ownerless.record("worker-0", sample_group::first, {"0"})
      .beat("worker-0", beat_state::stopped);
  CAF_CHECK(holds(refusal(ownerless.status()), "no worker takes part"));
}

// -- directives -----------------------------------------------------------------------------

CAF_TEST(a drained worker would give all away for that reason) {
  auto group = three();
  group.directive(drain_directive{{"worker-1"}}, "disk is full");
  auto x = answer(group.status());
  CAF_CHECK_EQUAL(after(x, "worker-1"), 0u);
  CAF_CHECK_EQUAL(x.moves.size(), 4u);
  for (const auto& move : x.moves)
    CAF_CHECK(holds(move.reason, "disk is full"));
  CAF_CHECK(holds(to_table(x), "disk is full"));
  CAF_MESSAGE("a worker that must own nothing does not make the plan uneven");
  CAF_CHECK_EQUAL(balance_of(x, &what_if_share::after).emptiest, 1.0);
}

CAF_TEST(a pinned partition would go to its worker) {
  auto group = three();
  group.directive(pin_directive{"orders.0", {"worker-2"}});
  auto x = answer(group.status());
  auto i = std::find_if(x.moves.begin(), x.moves.end(),
                        [](const auto& y) { return y.partition == "orders.0"; });
  CAF_REQUIRE(i != x.moves.end());
  CAF_CHECK_EQUAL(i->to.value, "worker-2");
}

CAF_TEST(in a pause only partitions without an owner would be assigned) {
  auto group = three();
  group.worker("worker-3", {})
      .directive(pause_directive{"0f3a9c21", std::chrono::seconds{60}});
  what_if_question question;
  for (auto i = 0; i < 13; ++i)
    question.partitions.push_back({{"orders", std::to_string(i)}, 100});
  auto x = answer(group.status(), question);
  CAF_REQUIRE_EQUAL(x.moves.size(), 1u);
  CAF_CHECK_EQUAL(x.moves[0].partition, "orders.12");
  CAF_CHECK(holds(to_table(x), "note: paused"));
}

CAF_TEST(a directive that cannot be followed is noted) {
  auto group = three();
  group.directive(pin_directive{"orders.0", {"worker-9"}});
  auto x = answer(group.status());
  CAF_CHECK(holds(to_table(x), "worker-9"));
}

// -- output -----------------------------------------------------------------------------

CAF_TEST(programs get every move on one line) {
  what_if_question question;
  question.without = {{"worker-1"}};
  question.strategy.name = "round_robin";
  auto text = to_json(answer(three().status(), question));
  CAF_CHECK_EQUAL(text.find('\n'), std::string::npos);
  auto obj = nlohmann::json::parse(text);
  CAF_CHECK_EQUAL(obj["strategy"].get<std::string>(), "round_robin");
  CAF_CHECK_EQUAL(obj["partitions"].get<int>(), 12);
  CAF_REQUIRE_EQUAL(obj["workers"].size(), 3u);
  CAF_CHECK_EQUAL(obj["workers"][2]["gone"].get<bool>(), true);
  CAF_CHECK(obj["moves"].size() >= 4u);
  CAF_CHECK(obj["after"]["fullest"].is_number());
}
