// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE strategies.even

#include "support.hpp"

#include "partita/core/strategies/hash_ring.hpp"

#include <caf/test/unit_test.hpp>

#include <rapidcheck.h>

#include <limits>

// sticky where all effective weights are equal.

using namespace planning_test;

namespace {

plan sticky(const planning_input& in) {
  return make("sticky")(in);
}

/// The group as it is once `x` has come into effect.
planning_input after(planning_input in, const plan& x) {
  in.previous = owners_in(in, x);
  return in;
}

/// By partition: the id of its owner on the ring.
std::vector<std::string> homes_in(const planning_input& in) {
  auto order = core::by_id(in.workers);
  core::hash_ring ring{core::ids_of(in.workers, order), core::default_virtual_nodes, 0};
  std::vector<std::string> result;
  for (const auto& x : in.partitions)
    result.push_back(in.workers[order[ring.owner_of(core::hash_of(x, 0))]].id.value);
  return result;
}

std::vector<std::size_t> sizes(const plan& x) {
  std::vector<std::size_t> result;
  for (const auto& share : x.shares)
    result.push_back(share.size());
  return result;
}

/// Whether every share is the fair one, rounded down or up.
bool is_fair(const planning_input& in, const std::vector<std::size_t>& counts) {
  std::size_t total = 0;
  for (const auto& x : in.workers)
    total += static_cast<std::size_t>(x.capacity);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    auto share = in.partitions.size() * static_cast<std::size_t>(in.workers[i].capacity);
    if (counts[i] < share / total || counts[i] > (share + total - 1) / total)
      return false;
  }
  return true;
}

/// The least number of moves to any fair plan: tries every way to round.
std::size_t fewest_moves(const planning_input& in, std::vector<std::size_t>& quotas,
                         std::size_t left) {
  auto worst = in.partitions.size() + 1;
  if (quotas.size() < in.workers.size()) {
    for (std::size_t quota = 0; quota <= left; ++quota) {
      quotas.push_back(quota);
      worst = std::min(worst, fewest_moves(in, quotas, left - quota));
      quotas.pop_back();
    }
    return worst;
  }
  if (left > 0 || !is_fair(in, quotas))
    return worst;
  std::size_t moved = 0;
  std::vector<std::size_t> counts(quotas.size());
  for (auto owner : in.previous)
    if (owner && ++counts[*owner] > quotas[*owner])
      ++moved;
  return moved;
}

std::size_t fewest_moves(const planning_input& in) {
  std::vector<std::size_t> quotas;
  return fewest_moves(in, quotas, in.partitions.size());
}

planning_input any_small(std::mt19937_64& random, bool equal_capacities) {
  auto upto = [&random](std::size_t n) { return random() % (n + 1); };
  auto in = group(1 + upto(4), upto(10));
  if (!equal_capacities)
    for (auto& x : in.workers)
      x.capacity = 1 + static_cast<std::int64_t>(upto(5));
  for (std::size_t p = 0; p < in.partitions.size(); ++p) {
    auto owner = upto(in.workers.size());
    in.previous.push_back(owner < in.workers.size() ? std::optional{owner}
                                                    : std::nullopt);
  }
  return in;
}

} // namespace

CAF_TEST(shares of equal workers differ by at most one and nothing moves beyond that) {
  std::mt19937_64 random{5};
  for (int i = 0; i < 20000; ++i) {
    auto in = any_small(random, true);
    auto x = sticky(in);
    auto [least, most] = std::minmax_element(
        x.shares.begin(), x.shares.end(),
        [](const auto& a, const auto& b) { return a.size() < b.size(); });
    if (!places_all_once(in, x) || most->size() - least->size() > 1
        || moves(in, x) != fewest_moves(in))
      CAF_FAIL("case " << i << ": " << most->size() << " and " << least->size()
                       << ", moved " << moves(in, x) << " instead of "
                       << fewest_moves(in));
  }
  CAF_CHECK(true);
}

CAF_TEST(shares are within one partition of what capacities ask for and moves are fewest) {
  std::mt19937_64 random{6};
  for (int i = 0; i < 20000; ++i) {
    auto in = any_small(random, false);
    auto x = sticky(in);
    if (!places_all_once(in, x) || !is_fair(in, sizes(x))
        || moves(in, x) != fewest_moves(in))
      CAF_FAIL("case " << i << ": moved " << moves(in, x) << " instead of "
                       << fewest_moves(in));
  }
  CAF_CHECK(true);
}

CAF_TEST(larger groups are fair and are left alone once they are) {
  CAF_CHECK(rc::check([] {
    auto in = group(*rc::gen::inRange<std::size_t>(1, 40),
                    *rc::gen::inRange<std::size_t>(0, 300));
    for (auto& x : in.workers)
      x.capacity = *rc::gen::inRange<std::int64_t>(1, 1000);
    auto x = sticky(in);
    RC_ASSERT(is_fair(in, sizes(x)));
    auto next = after(in, x);
    RC_ASSERT(sticky(next) == x);
    next.workers.push_back(worker(77));
    auto grown = sticky(next);
    RC_ASSERT(is_fair(next, sizes(grown)));
    auto gone = *rc::gen::inRange<std::size_t>(0, next.workers.size());
    auto shrunk = without(after(next, grown), gone);
    RC_ASSERT(is_fair(shrunk, sizes(sticky(shrunk))));
  }));
}

CAF_TEST(a worker of twice the capacity gets twice the partitions) {
  auto in = group(3, 40);
  in.workers[1].capacity = 200;
  CAF_CHECK(sizes(sticky(in)) == (std::vector<std::size_t>{10, 20, 10}));
}

CAF_TEST(where nothing else decides the largest remainder rounds up) {
  auto in = group(3, 10);
  in.workers[0].capacity = 10;
  in.workers[1].capacity = 26;
  in.workers[2].capacity = 64;
  CAF_CHECK(sizes(sticky(in)) == (std::vector<std::size_t>{1, 3, 6}));
}

CAF_TEST(many workers of one capacity share what does not divide evenly) {
  auto in = group(40, 100);
  auto x = sticky(in);
  CAF_CHECK(places_all_once(in, x));
  CAF_CHECK(is_fair(in, sizes(x)));
}

CAF_TEST(extreme capacities do no harm) {
  auto in = group(3, 9);
  in.workers[0].capacity = std::numeric_limits<std::int64_t>::max();
  in.workers[1].capacity = 0;
  in.workers[2].capacity = std::numeric_limits<std::int64_t>::min();
  auto x = sticky(in);
  CAF_CHECK(places_all_once(in, x));
  CAF_CHECK(x.shares[0].size() >= 8u);
}

CAF_TEST(previous owners that do not exist count as none) {
  auto in = group(2, 4);
  in.previous = {7, 7};
  CAF_CHECK(sizes(sticky(in)) == (std::vector<std::size_t>{2, 2}));
}

CAF_TEST(a first plan follows the ring wherever the quota allows) {
  auto in = group(4, 80);
  auto x = sticky(in);
  auto owners = named(in, x);
  auto homes = homes_in(in);
  std::map<std::string, std::size_t> wanted, got;
  for (std::size_t p = 0; p < in.partitions.size(); ++p) {
    ++wanted[homes[p]];
    got[homes[p]] += owners[name_of(in.partitions[p])] == homes[p] ? 1 : 0;
  }
  for (const auto& [id, count] : wanted)
    CAF_CHECK(got[id] == std::min<std::size_t>(count, 20));
}

CAF_TEST(what a dead worker had goes home where that is free and nothing else moves) {
  CAF_CHECK(rc::check([] {
    auto in = group(*rc::gen::inRange<std::size_t>(2, 12),
                    *rc::gen::inRange<std::size_t>(1, 120));
    auto gone = *rc::gen::inRange<std::size_t>(0, in.workers.size());
    auto less = without(after(in, sticky(in)), gone);
    RC_ASSERT(moves(less, sticky(less)) == 0u);
  }));
}

CAF_TEST(a worker that returns gets partitions of its own back before any others) {
  CAF_CHECK(rc::check([] {
    auto in = group(*rc::gen::inRange<std::size_t>(2, 12),
                    *rc::gen::inRange<std::size_t>(1, 120));
    auto gone = *rc::gen::inRange<std::size_t>(0, in.workers.size());
    auto first = sticky(in);
    auto less = without(after(in, first), gone);
    auto owners = named(less, sticky(less));
    std::map<std::string, std::size_t> position;
    for (std::size_t i = 0; i < in.workers.size(); ++i)
      position[in.workers[i].id.value] = i;
    auto back = in;
    for (const auto& p : in.partitions)
      back.previous.push_back(position[owners[name_of(p)]]);
    auto last = sticky(back);
    RC_ASSERT(moves(back, last) == last.shares[gone].size());
    // A worker that gives it something that is not its own has nothing left that is.
    auto homes = homes_in(in);
    auto now = owners_in(back, last);
    std::vector<std::size_t> own_left(in.workers.size()), others_taken(in.workers.size());
    for (std::size_t p = 0; p < in.partitions.size(); ++p) {
      auto own = homes[p] == in.workers[gone].id.value;
      own_left[*back.previous[p]] += own && now[p] != gone ? 1 : 0;
      others_taken[*back.previous[p]] += !own && now[p] == gone ? 1 : 0;
    }
    for (std::size_t i = 0; i < in.workers.size(); ++i)
      RC_ASSERT(own_left[i] == 0 || others_taken[i] == 0);
  }));
}

CAF_TEST(a worker with too much gives away first what the ring gives to others) {
  for (std::size_t partitions = 6; partitions <= 60; partitions += 6) {
    auto in = group(3, partitions);
    in.previous.assign(partitions, 0);
    auto homes = homes_in(in);
    auto owners = owners_in(in, sticky(in));
    std::size_t own_given = 0, others_kept = 0;
    for (std::size_t p = 0; p < partitions; ++p) {
      auto own = homes[p] == in.workers[0].id.value;
      own_given += own && owners[p] != std::size_t{0} ? 1 : 0;
      others_kept += !own && owners[p] == std::size_t{0} ? 1 : 0;
    }
    CAF_CHECK(own_given == 0 || others_kept == 0);
  }
}

CAF_TEST(a thousand partitions that join ten thousand move none beyond the balance) {
  auto in = group(100, 10'000);
  in = after(in, sticky(in));
  for (std::size_t i = 10'000; i < 11'000; ++i) {
    in.partitions.push_back(part(i));
    in.previous.push_back(std::nullopt);
  }
  auto x = sticky(in);
  CAF_CHECK(is_fair(in, sizes(x)));
  CAF_CHECK_EQUAL(moves(in, x), 0u);
}

CAF_TEST(partitions that are added move none of the others beyond the balance) {
  CAF_CHECK(rc::check([] {
    auto in = group(*rc::gen::inRange<std::size_t>(1, 5),
                    *rc::gen::inRange<std::size_t>(0, 14));
    for (auto& x : in.workers)
      x.capacity = *rc::gen::element(100, 100, 50, 300);
    in = after(in, sticky(in));
    auto added = *rc::gen::inRange<std::size_t>(1, 8);
    for (std::size_t i = 0; i < added; ++i) {
      in.partitions.push_back(part(in.partitions.size()));
      in.previous.push_back(std::nullopt);
    }
    auto x = sticky(in);
    RC_ASSERT(is_fair(in, sizes(x)));
    RC_ASSERT(moves(in, x) == fewest_moves(in));
  }));
}
