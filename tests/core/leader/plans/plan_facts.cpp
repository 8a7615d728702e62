// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.plan_facts

#include "../../support.hpp"

#include "partita/core/leader/plans/plan_facts.hpp"

using namespace core_test;

namespace {

/// worker-0 in zone x owns a and b, worker-1 in zone y owns c, d has no owner.
struct fixture {
  time_point now = time_point{} + 1000s;
  membership members{{6s, 30s, 5s}};
  partition_index index;
  std::vector<partition> partitions{part("a"), part("b"), part("c"), part("d")};
  partition_list_ptr all = index.list(partitions);
  std::vector<worker_id> ids{id(0), id(1), id(7)};
  partition_owners owners;

  fixture() {
    own({0, 0, 1});
    beats(0, 100, "x");
    beats(1, 300, "y");
  }

  static worker_id id(int n) { return {"worker-" + std::to_string(n)}; }
  static partition part(const std::string& name) { return {{name}, 100}; }

  void beats(int n, std::int64_t capacity, const std::string& zone) {
    beat x;
    x.nonce = {"n" + std::to_string(n)};
    x.state = beat_state::working;
    x.capacity = capacity;
    x.zone = zone;
    members.beat_shown(id(n), {1}, x, now, now);
  }

  planning_input input(const std::set<worker_id, by_number>& workers) const {
    return input_of(workers, members, *all, owners);
  }
  planning_input input() const { return input({id(0), id(1)}); }

  /// Those of a and of those that follow, as places in `ids`.
  void own(const std::vector<std::uint32_t>& by_partition) {
    owners = {};
    for (const auto& who : ids)
      owners.add(who);
    for (std::size_t i = 0; i < by_partition.size(); ++i)
      owners.set(all->numbers[i], by_partition[i]);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(plan_facts_tests, fixture)

CAF_TEST(a strategy gets what workers say about themselves and who owns what) {
  auto in = input();
  CAF_REQUIRE_EQUAL(in.workers.size(), 2u);
  CAF_CHECK(in.workers[0].id == id(0) && in.workers[1].id == id(1));
  CAF_CHECK(in.workers[1].capacity == 300 && in.workers[1].zone == "y");
  CAF_CHECK(in.partitions == partitions);
  using owner = std::optional<std::size_t>;
  CAF_CHECK(in.previous == (std::vector<owner>{0, 0, 1, std::nullopt}));
  CAF_CHECK(in.zones == (std::vector<std::string>{"x", "x", "y", ""}));
}

CAF_TEST(an owner that no longer takes part counts as none and its zone is remembered) {
  auto in = input({id(1)});
  using owner = std::optional<std::size_t>;
  CAF_CHECK(in.previous
            == (std::vector<owner>{std::nullopt, std::nullopt, owner{0}, std::nullopt}));
  CAF_CHECK(in.zones == (std::vector<std::string>{"x", "x", "y", ""}));
}

CAF_TEST(a group without owners never had a plan) {
  own({});
  auto in = input();
  CAF_CHECK(in.previous.empty());
  CAF_CHECK(in.zones.empty());
}

CAF_TEST(a target names every worker and keeps the order of the source) {
  auto target = target_of(input(), {{{3, 0, 2, 1}, {}}}, all);
  CAF_CHECK(target.list == all);
  CAF_REQUIRE_EQUAL(target.shares.size(), 2u);
  CAF_CHECK(target.shares[id(0)] == (partition_places{0, 1, 2, 3}));
  CAF_CHECK(target.shares[id(1)].empty());
}

CAF_TEST(owners that have gone keep what they have until a plan says more) {
  own({0, 2, 1});
  auto target = target_as_owned(all, owners);
  CAF_CHECK(target.list == all);
  CAF_REQUIRE_EQUAL(target.shares.size(), 3u);
  CAF_CHECK(target.shares[id(0)] == partition_places{0});
  CAF_CHECK(target.shares[id(7)] == partition_places{1});
  CAF_CHECK(target.shares[id(1)] == partition_places{2});
}

CAF_TEST(moves are counted by who gets and who gives) {
  CAF_CHECK_EQUAL(changes_of(input(), {{{1, 0}, {2}}}).moves, 0u);
  auto x = changes_of(input(), {{{0}, {1, 2, 3}}});
  CAF_CHECK_EQUAL(x.moves, 2u);
  CAF_CHECK(x.gains == (std::map<worker_id, std::uint64_t>{{id(1), 2}}));
  CAF_CHECK(x.losses == (std::map<worker_id, std::uint64_t>{{id(0), 1}}));
  CAF_MESSAGE("in a first plan all gain and none loses");
  own({});
  x = changes_of(input(), {{{0, 1}, {2, 3}}});
  CAF_CHECK_EQUAL(x.moves, 4u);
  CAF_CHECK(x.gains == (std::map<worker_id, std::uint64_t>{{id(0), 2}, {id(1), 2}}));
  CAF_CHECK(x.losses.empty());
}

CAF_TEST_FIXTURE_SCOPE_END()
