// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.partition_changes

#include "partita/app/change/partition_changes.hpp"
#include "partita/config/partitions_file.hpp"

#include <nlohmann/json.hpp>

#include <caf/test/unit_test.hpp>

#include <sstream>

using namespace partita;
using namespace partita::app;
using kind = partition_change::kind;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

kv_entry entry(const std::string& key, const std::string& value, std::uint64_t at) {
  kv_entry result;
  result.key = key;
  result.value = value;
  result.revision = {at};
  return result;
}

watch_event event(watch_change change, kv_entry what = {}) {
  watch_event result;
  result.change = change;
  result.entry = std::move(what);
  return result;
}

void show(partition_entries& all, kv_entry x) {
  take(all, event(watch_change::value, std::move(x)));
}

template <class Write>
std::string written(Write write) {
  std::ostringstream to;
  write(to);
  return to.str();
}

/// orders.7 and orders.8 weigh 100 and 300, orders.9 cannot be read.
partition_entries some() {
  partition_entries result;
  show(result, entry("p.orders.7", R"({"weight":100})", 1));
  show(result, entry("p.orders.8", R"({"weight":300})", 2));
  show(result, entry("p.orders.9", "nonsense", 3));
  show(result, entry("note", "of another client", 4));
  return result;
}

partition part(const std::string& key, std::int64_t weight = 100) {
  return {{"orders", key}, weight};
}

} // namespace

CAF_TEST(a bucket tells its partitions and what cannot be read) {
  auto xs = some();
  CAF_REQUIRE_EQUAL(xs.size(), 3u);
  CAF_CHECK(xs["orders.8"].weight == 300);
  CAF_CHECK_EQUAL(xs["orders.8"].revision.value, 2u);
  CAF_CHECK(!xs["orders.9"].weight);
  CAF_CHECK(contains(xs["orders.9"].why_bad, "not JSON"));
}

CAF_TEST(what is removed or void is no partition any more) {
  auto xs = some();
  show(xs, entry("p.orders.9", R"({"weight":5})", 5));
  CAF_CHECK(xs["orders.9"].weight == 5);
  CAF_CHECK(xs["orders.9"].why_bad.empty());
  take(xs, event(watch_change::removed, entry("p.orders.7", {}, 6)));
  CAF_CHECK_EQUAL(xs.size(), 2u);
  take(xs, event(watch_change::replayed));
  CAF_CHECK_EQUAL(xs.size(), 2u);
  take(xs, event(watch_change::restarted));
  CAF_CHECK(xs.empty());
}

CAF_TEST(a table is as wide as its longest name) {
  CAF_CHECK_EQUAL(written([](auto& to) {
                    partition_entries all;
                    show(all, entry("p.a", R"({"weight":7})", 1));
                    show(all, entry("p.orders.100000", R"({"weight":300})", 2));
                    write_table(to, all);
                  }),
                  "PARTITION      WEIGHT\n"
                  "a                   7\n"
                  "orders.100000     300\n");
}

CAF_TEST(what is there already is not added again) {
  auto x = to_add(some(), {"orders.10", "orders.7", "orders.10"}, 100);
  CAF_CHECK(x.refusals.empty());
  CAF_CHECK_EQUAL(x.unchanged, 1u);
  CAF_REQUIRE_EQUAL(x.changes.size(), 1u);
  partition_change expected{kind::add, "orders.10", {}, 100, {}};
  CAF_CHECK(x.changes[0] == expected);
  CAF_MESSAGE("with another weight that is no addition");
  x = to_add(some(), {"orders.8", "orders.9"}, 100);
  CAF_REQUIRE_EQUAL(x.refusals.size(), 2u);
  CAF_CHECK(contains(x.refusals[0], "orders.8 is there already, with weight 300"));
  CAF_CHECK(contains(x.refusals[1], "cannot be read"));
}

CAF_TEST(an unknown partition names the nearest one) {
  auto x = to_remove(some(), {"orders.7", "order.7"});
  CAF_REQUIRE_EQUAL(x.refusals.size(), 1u);
  CAF_CHECK(contains(x.refusals[0], "'order.7'; did you mean orders.7?"));
  x = to_set_weight(some(), "nothing-like-it", 5);
  CAF_REQUIRE_EQUAL(x.refusals.size(), 1u);
  CAF_CHECK(contains(x.refusals[0], "`partita partitions list` shows all"));
}

CAF_TEST(removals and weights name the revision that they replace) {
  auto x = to_remove(some(), {"orders.8", "orders.9"});
  partition_change first{kind::remove, "orders.8", 300, {}, {2}};
  partition_change second{kind::remove, "orders.9", {}, {}, {3}};
  CAF_REQUIRE_EQUAL(x.changes.size(), 2u);
  CAF_CHECK(x.changes[0] == first);
  CAF_CHECK(x.changes[1] == second);
  x = to_set_weight(some(), "orders.9", 50);
  partition_change heal{kind::set_weight, "orders.9", {}, 50, {3}};
  CAF_REQUIRE_EQUAL(x.changes.size(), 1u);
  CAF_CHECK(x.changes[0] == heal);
  CAF_CHECK_EQUAL(to_set_weight(some(), "orders.7", 100).unchanged, 1u);
}

CAF_TEST(an import adds and weighs and removes only if it replaces) {
  std::vector<partition> list{part("7"), part("8", 5), part("10")};
  auto x = to_import(some(), list, false);
  CAF_CHECK_EQUAL(x.unchanged, 1u);
  partition_change weigh{kind::set_weight, "orders.8", 300, 5, {2}};
  partition_change add{kind::add, "orders.10", {}, 100, {}};
  CAF_REQUIRE_EQUAL(x.changes.size(), 2u);
  CAF_CHECK(x.changes[0] == weigh);
  CAF_CHECK(x.changes[1] == add);
  x = to_import(some(), list, true);
  partition_change remove{kind::remove, "orders.9", {}, {}, {3}};
  CAF_REQUIRE_EQUAL(x.changes.size(), 3u);
  CAF_CHECK(x.changes[2] == remove);
}

CAF_TEST(what a list shows can be imported again) {
  auto text = written([](auto& to) { write_partitions_file(to, some()); });
  auto read = config::load_partitions_text(text, "list");
  CAF_REQUIRE(std::holds_alternative<std::vector<partition>>(read));
  auto x = to_import(some(), std::get<std::vector<partition>>(read), false);
  CAF_CHECK(x.changes.empty());
  CAF_CHECK_EQUAL(x.unchanged, 2u);
}

CAF_TEST(programs read what was changed as JSON) {
  auto x = to_import(some(), {part("7"), part("8", 5), part("10")}, true);
  auto json =
      nlohmann::json::parse(written([&](auto& to) { write_json(to, "b", x, true); }));
  CAF_CHECK_EQUAL(json["bucket"].get<std::string>(), "b");
  CAF_CHECK(json["dry_run"].get<bool>());
  CAF_CHECK(json["added"] == nlohmann::json({{{"name", "orders.10"}, {"weight", 100}}}));
  CAF_CHECK(json["removed"][0]["weight"].is_null());
  CAF_CHECK_EQUAL(json["changed"][0]["to"].get<int>(), 5);
  CAF_CHECK_EQUAL(json["unchanged"].get<int>(), 1);
  auto list =
      nlohmann::json::parse(written([](auto& to) { write_json(to, "b", some()); }));
  CAF_CHECK_EQUAL(list["partitions"].size(), 2u);
  CAF_CHECK_EQUAL(list["partitions"][0]["keys"].size(), 2u);
  CAF_CHECK_EQUAL(list["invalid"][0]["key"].get<std::string>(), "p.orders.9");
}

CAF_TEST(a list is in the order in which people count) {
  partition_entries all;
  for (const auto* name : {"p.orders.10", "p.orders.2", "p.orders.1"})
    show(all, entry(name, R"({"weight":100})", 1));
  std::vector<std::string> names;
  for (const auto& [name, x] : all)
    names.push_back(name);
  std::vector<std::string> expected{"orders.1", "orders.2", "orders.10"};
  CAF_CHECK_EQUAL(names, expected);
}

CAF_TEST(people read the first changes and how many there are) {
  std::vector<partition> many;
  for (int i = 0; i < 100; ++i)
    many.push_back(part("n" + std::to_string(i)));
  auto text = to_text("b", to_import(some(), many, true), false);
  CAF_CHECK(contains(text, "+ orders.n0  weight 100\n"));
  CAF_CHECK(contains(text, "and 83 more\n"));
  CAF_CHECK(contains(text, "bucket b: 100 added, 3 removed, 0 changed, 0 unchanged\n"));
  CAF_CHECK(contains(to_text("b", to_set_weight(some(), "orders.8", 5), true),
                     "~ orders.8  weight 300 -> 5\nbucket b would have 0 added"));
}
