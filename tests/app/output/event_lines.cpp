// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.event_lines

#include "partita/app/output/event_lines.hpp"

#include <nlohmann/json.hpp>

#include <caf/test/unit_test.hpp>

using namespace partita;
using app::event_line;

namespace {

constexpr std::int64_t now_ns = 1'763'884'512'345'678'901;

partition named(std::string a, std::string b) {
  return {{std::move(a), std::move(b)}, 100};
}

} // namespace

CAF_TEST(every line begins with time and event and group and worker) {
  CAF_CHECK_EQUAL(event_line(now_ns, worker_id_claimed{{"worker-3"}, "orders"}),
                  R"({"ts_ns":1763884512345678901,"event":"worker_id_claimed",)"
                  R"("group":"orders","worker_id":"worker-3"})");
  CAF_CHECK_EQUAL(app::gap_line(7, "orders", 3),
                  R"({"ts_ns":7,"event":"lines_dropped","group":"orders",)"
                  R"("worker_id":"","lines":3})");
}

CAF_TEST(a change of state says from and to and why) {
  CAF_CHECK_EQUAL(
      event_line(7, state_changed{{"worker-3"},
                                  worker_state::election,
                                  worker_state::waiting_assignment,
                                  "the election is \"over\""}),
      R"({"ts_ns":7,"event":"state","group":"","worker_id":"worker-3","from":"election",)"
      R"("to":"waiting_assignment","reason":"the election is \"over\""})");
}

CAF_TEST(leadership comes with the word of the elector) {
  CAF_CHECK_EQUAL(event_line(7, leadership_changed{{"worker-3"}, true, "key created"}),
                  R"({"ts_ns":7,"event":"leadership","group":"","worker_id":"worker-3",)"
                  R"("leading":true,"reason":"key created"})");
}

CAF_TEST(the epoch is said when the calculator starts to act) {
  CAF_CHECK_EQUAL(
      event_line(7, calculator_adopted{{"worker-3"}, {12}}),
      R"({"ts_ns":7,"event":"adopted","group":"","worker_id":"worker-3","epoch":12})");
}

CAF_TEST(an assignment names its partitions and what is new and what is gone) {
  assignment_changed x;
  x.worker_id = {"worker-3"};
  x.version = {3145730};
  x.epoch = {3};
  x.lifecycle = lifecycle::planned_scale;
  x.partitions = {{named("orders", "7"), {3145730}}, {named("orders", "8"), {3145729}}};
  x.added = {named("orders", "7")};
  x.removed = {named("orders", "9")};
  CAF_CHECK_EQUAL(event_line(7, x),
                  R"({"ts_ns":7,"event":"assignment","group":"","worker_id":"worker-3",)"
                  R"("version":3145730,"epoch":3,"lifecycle":"planned_scale",)"
                  R"("partitions":["orders.7","orders.8"],"added":["orders.7"],)"
                  R"("removed":["orders.9"]})");
}

CAF_TEST(an assignment of nothing has empty lists) {
  auto obj = nlohmann::json::parse(event_line(7, assignment_changed{}));
  CAF_CHECK(obj["partitions"].is_array() && obj["partitions"].empty());
  CAF_CHECK(obj["added"].is_array() && obj["added"].empty());
  CAF_CHECK(obj["removed"].is_array() && obj["removed"].empty());
}

CAF_TEST(only a worker that gave up says why it stopped) {
  CAF_CHECK_EQUAL(event_line(7, worker_stopped{{"worker-3"}, ""}),
                  R"({"ts_ns":7,"event":"stopped","group":"","worker_id":"worker-3"})");
  CAF_CHECK_EQUAL(
      event_line(7, worker_stopped{{""}, "no server"}),
      R"({"ts_ns":7,"event":"stopped","group":"","worker_id":"","failure":"no server"})");
}

CAF_TEST(bytes that are no text and line breaks never break a line) {
  auto line = event_line(7, leadership_changed{{"worker-3"}, false, "a\nb\xff\xfe"});
  CAF_CHECK_EQUAL(line.find('\n'), std::string::npos);
  CAF_CHECK(nlohmann::json::parse(line, nullptr, false).is_object());
}

CAF_TEST(what is to be worked on and what not any more says why) {
  partitions_assigned x;
  x.worker_id = {"worker-3"};
  x.granted_by = {{3}, {3145730}};
  x.partitions = {{named("orders", "7"), {3145730}, "worker-2 was lost"},
                  {named("orders", "8"), {3145730}}};
  CAF_CHECK_EQUAL(
      event_line(7, x),
      R"({"ts_ns":7,"event":"assigned","group":"","worker_id":"worker-3",)"
      R"("version":3145730,"epoch":3,"exclusive":true,"partitions":[)"
      R"({"partition":"orders.7","token":3145730,"reason":"worker-2 was lost"},)"
      R"({"partition":"orders.8","token":3145730}]})");
  CAF_MESSAGE("and what to pull its messages from");
  auto line = nlohmann::json::parse(event_line(7, x, {"S", {{"orders.7", "g-7-5"}}}));
  CAF_CHECK_EQUAL(line["partitions"][0]["consumer"].dump(),
                  R"({"name":"g-7-5","stream":"S"})");
  CAF_CHECK(!line["partitions"][1].contains("consumer"));
  partitions_revoked y;
  y.worker_id = {"worker-3"};
  y.partitions = {{named("orders", "7"), {3145730}, "drain of worker-3"}};
  y.time_left = std::chrono::milliseconds{5};
  CAF_CHECK_EQUAL(
      event_line(7, y),
      R"({"ts_ns":7,"event":"revoked","group":"","worker_id":"worker-3",)"
      R"("time_left_ms":5,"partitions":[)"
      R"({"partition":"orders.7","token":3145730,"reason":"drain of worker-3"}]})");
  CAF_MESSAGE("lost is all for one reason");
  partitions_lost z;
  z.partitions = {{named("orders", "7"), {3145730}, "worker-2 was lost"}};
  CAF_CHECK_EQUAL(event_line(7, z).find("worker-2"), std::string::npos);
}
