// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.planning_view

#include "../../support.hpp"

#include "partita/core/leader/plans/planning_view.hpp"

using namespace core_test;

namespace {

/// Workers with a heartbeat and a record each, which a test changes before it looks.
struct fixture {
  std::map<int, beat> beats;
  std::map<int, record> records;
  std::map<worker_id, planning_view::traces, by_number> traces;
  planning_view::rules rules;

  fixture() {
    owns(0, {"a"}, 1);
    owns(1, {"b"}, 2);
  }

  static worker_id id(int n) { return {"worker-" + std::to_string(n)}; }
  static partition part(const std::string& name) { return {{name}, 100}; }

  void owns(int n, const std::vector<std::string>& names, std::uint64_t version) {
    beats[n].nonce = {"n" + std::to_string(n)};
    beats[n].state = beat_state::working;
    beats[n].zone = "zone " + std::to_string(n);
    records[n].worker_nonce = beats[n].nonce;
    records[n].version = {version};
    for (const auto& name : names)
      records[n].partitions.push_back({part(name), {version}});
    traces[id(n)] = {&beats[n], false, 0ms, &records[n]};
  }

  planning_view view() const { return {rules, traces}; }

  bool takes_part(int n) const { return view().workers().contains(id(n)); }
  bool takes_part_after(int n, duration age) {
    traces[id(n)].age = age;
    return takes_part(n);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(planning_view_tests, fixture)

CAF_TEST(a worker is gone once it was silent for its ttl and the allowance for clocks) {
  CAF_CHECK(takes_part_after(1, 6'299ms));
  CAF_CHECK(!takes_part_after(1, 6'300ms));
  beats[1].terms.ttl = 8'000ms;
  CAF_CHECK(takes_part_after(1, 8'399ms));
  CAF_CHECK(!takes_part_after(1, 8'400ms));
}

CAF_TEST(a restarting worker is kept for as long as its partitions are) {
  beats[1].state = beat_state::restarting;
  CAF_CHECK(takes_part_after(1, 29'999ms));
  CAF_CHECK(!takes_part_after(1, 30s));
  rules.restart_hold = 40s;
  CAF_CHECK(takes_part(1));
  CAF_MESSAGE("not for what another incarnation had");
  records[1].worker_nonce = {"another"};
  CAF_CHECK(!takes_part(1));
}

CAF_TEST(
    without a heartbeat that can be read a worker counts while its record names any) {
  traces[id(1)].pulse = nullptr;
  CAF_CHECK(takes_part(1));
  traces[id(1)].unreadable = true;
  CAF_CHECK(takes_part(1));
  CAF_CHECK(!takes_part_after(1, 7s));
  traces[id(1)].unreadable = false;
  records[1].partitions.clear();
  CAF_CHECK(!takes_part(1));
}

CAF_TEST(a worker needs a record and the ownership of the group) {
  beats[1].terms.ownership = ownership::available;
  CAF_CHECK(!takes_part(1));
  rules.ownership = ownership::available;
  CAF_CHECK(takes_part(1));
  traces[id(1)].found = nullptr;
  CAF_CHECK(!takes_part(1));
}

CAF_TEST(the zone of an owner that left is remembered) {
  beats[1].state = beat_state::stopped;
  auto now = view();
  auto in = now.input(now.workers(), {part("a"), part("b"), part("c")});
  CAF_REQUIRE_EQUAL(in.workers.size(), 1u);
  CAF_CHECK(in.zones == (std::vector<std::string>{"zone 0", "zone 1", ""}));
  using owner = std::optional<std::size_t>;
  CAF_CHECK(in.previous == (std::vector<owner>{0, std::nullopt, std::nullopt}));
}

CAF_TEST(a worker that is only thought has stated nothing) {
  auto in = view().input({id(0), id(9)}, {part("a")});
  CAF_REQUIRE_EQUAL(in.workers.size(), 2u);
  CAF_CHECK(in.workers[1].capacity == 100 && in.workers[1].zone.empty());
}

CAF_TEST(of two records that name a partition the newer one says who owns it) {
  records[0].partitions.push_back({{{"b"}, 300}, {1}});
  records[1].revoking.push_back({part("c")});
  auto now = view();
  CAF_CHECK(now.owner_of("b") && *now.owner_of("b") == id(1));
  CAF_CHECK(now.named() == (std::vector<partition>{part("a"), part("b"), part("c")}));
}

CAF_TEST_FIXTURE_SCOPE_END()
