// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.group_document

#include "partita/app/page/page.hpp"

#include "../inspect/sample_group.hpp"

#include <caf/test/unit_test.hpp>

#include <nlohmann/json.hpp>

using namespace partita;
using namespace partita::app;
using nlohmann::json;
using partita::test::sample_group;

namespace {

json document(sample_group& group) {
  return group_document(group.status(), history_of(group.entries()));
}

json patch(const char* from, const char* to) {
  return patch_between(json::parse(from), json::parse(to));
}

} // namespace

CAF_TEST(a patch names what differs and nothing else) {
  CAF_CHECK_EQUAL(patch(R"({"a":1,"b":{"c":2,"d":3}})", R"({"a":1,"b":{"c":4,"d":3}})"),
                  json::parse(R"({"b":{"c":4}})"));
  CAF_CHECK_EQUAL(patch(R"({"a":[1,2]})", R"({"a":[2]})"), json::parse(R"({"a":[2]})"));
  CAF_CHECK(patch(R"({"a":{"b":1}})", R"({"a":{"b":1}})").empty());
}

CAF_TEST(a patch removes what is gone) {
  CAF_CHECK_EQUAL(patch(R"({"a":1,"b":2})", R"({"b":2})"), json::parse(R"({"a":null})"));
  CAF_CHECK(patch(R"({"b":2})", R"({"a":null,"b":2})").empty());
}

CAF_TEST(a patch makes the new document of the old one) {
  sample_group before;
  before.leader("worker-0", 3).worker("worker-0", {"0", "1"}).worker("worker-1", {"2"});
  sample_group after;
  after.leader("worker-1", 4).worker("worker-1", {"1", "2"});
  auto x = document(before);
  auto to = document(after);
  x.merge_patch(patch_between(x, to));
  CAF_CHECK(patch_between(x, to).empty());
  CAF_CHECK_EQUAL(x["group"]["leader"], "worker-1");
  CAF_CHECK(!x["workers"].contains("worker-0"));
}

CAF_TEST(a worker is shown with its row and its partitions) {
  sample_group group;
  group.leader("worker-0", 3).worker("worker-0", {"0", "1"}).worker("worker-1", {"2"});
  auto x = document(group)["workers"]["worker-0"];
  CAF_CHECK_EQUAL(x["partitions"], json::parse(R"(["orders.0","orders.1"])"));
  CAF_CHECK_EQUAL(x["leader"], true);
  CAF_CHECK_EQUAL(x["state"], "working");
}

CAF_TEST(a document does not change by time alone) {
  sample_group group;
  group.leader("worker-0", 3).worker("worker-0", {"0"}).worker("worker-1", {"1"});
  auto before = document(group);
  group.entries().since_newest_ns = 20 * partita::test::second_ns;
  CAF_CHECK(patch_between(before, document(group)).empty());
}

CAF_TEST(a plan stands under its epoch and its number) {
  sample_group group;
  history_entry plan;
  plan.reason = "worker-1 joined";
  group.plan({{3}, 2}, plan);
  auto x = document(group);
  CAF_CHECK_EQUAL(x["plans"]["3.2"]["reason"], "worker-1 joined");
}
