// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE strategies.zones

#include "support.hpp"

#include <caf/test/unit_test.hpp>

#include <rapidcheck.h>

using namespace planning_test;

namespace {

plan sticky(const planning_input& in) {
  return make("sticky")(in);
}

planning_input without_zones(planning_input in) {
  for (auto& x : in.workers)
    x.zone.clear();
  in.zones.clear();
  return in;
}

std::vector<std::int64_t> loads(const planning_input& in, const plan& x) {
  std::vector<std::int64_t> result;
  for (const auto& share : x.shares) {
    result.push_back(0);
    for (auto p : share)
      result.back() += effective(in.partitions[p].weight);
  }
  return result;
}

/// The zone in which a partition was; empty: not known.
std::string zone_of(const planning_input& in, std::size_t p) {
  if (p < in.previous.size() && in.previous[p])
    return in.workers[*in.previous[p]].zone;
  return p < in.zones.size() ? in.zones[p] : std::string{};
}

bool moved(const planning_input& in, std::size_t p, std::size_t owner) {
  return p >= in.previous.size() || in.previous[p] != owner;
}

/// Two of one weight that moved, of which one would come to its zone and none leave its own
/// if they changed places.
bool could_be_better(const planning_input& in, const plan& x) {
  auto owners = owners_in(in, x);
  auto abroad = [&](std::size_t p) {
    return moved(in, p, *owners[p]) && zone_of(in, p) != in.workers[*owners[p]].zone;
  };
  for (std::size_t p = 0; p < owners.size(); ++p)
    for (std::size_t q = 0; q < owners.size(); ++q)
      if (abroad(p) && abroad(q)
          && effective(in.partitions[p].weight) == effective(in.partitions[q].weight)
          && !zone_of(in, p).empty() && zone_of(in, p) == in.workers[*owners[q]].zone)
        return true;
  return false;
}

planning_input any_input() {
  planning_input result;
  auto workers = *rc::gen::inRange<std::size_t>(1, 10);
  auto partitions = *rc::gen::inRange<std::size_t>(0, 60);
  auto weighted = *rc::gen::arbitrary<bool>();
  auto any_zone = [] { return *rc::gen::element<std::string>("", "a", "b", "c"); };
  for (std::size_t i = 0; i < workers; ++i) {
    result.workers.push_back(worker(i, *rc::gen::element(100, 50, 300)));
    result.workers.back().zone = any_zone();
  }
  for (std::size_t i = 0; i < partitions; ++i) {
    result.partitions.push_back(
        part(i, weighted ? *rc::gen::element(100, 200, 300) : 100));
    auto owner = *rc::gen::inRange<std::size_t>(0, workers + 3);
    result.previous.push_back(owner < workers ? std::optional{owner} : std::nullopt);
    result.zones.push_back(any_zone());
  }
  return result;
}

} // namespace

CAF_TEST(zones cost no balance and no move) {
  CAF_CHECK(rc::check([] {
    auto in = any_input();
    auto x = sticky(in);
    auto plain = without_zones(in);
    auto y = sticky(plain);
    RC_ASSERT(places_all_once(in, x));
    RC_ASSERT(loads(in, x) == loads(in, y));
    RC_ASSERT(weight_moved(in, x) <= weight_moved(in, y));
  }));
}

CAF_TEST(no exchange would bring more partitions to their zones) {
  CAF_CHECK(rc::check([] {
    auto in = any_input();
    RC_ASSERT(!could_be_better(in, sticky(in)));
  }));
}

CAF_TEST(zones do not depend on any order of the input) {
  CAF_CHECK(rc::check([] {
    auto in = any_input();
    std::mt19937_64 random{*rc::gen::arbitrary<std::uint64_t>()};
    auto other = shuffled(in, random);
    RC_ASSERT(named(in, sticky(in)) == named(other, sticky(other)));
  }));
}

CAF_TEST(what two lost workers had goes to the workers of their zones) {
  planning_input in;
  for (std::size_t i = 0; i < 2; ++i) {
    in.workers.push_back(worker(i));
    in.workers.back().zone = i == 0 ? "east" : "west";
  }
  for (std::size_t i = 0; i < 40; ++i) {
    in.partitions.push_back(part(i));
    in.previous.push_back(std::nullopt);
    in.zones.push_back(i % 2 == 0 ? "east" : "west");
  }
  auto owners = owners_in(in, sticky(in));
  for (std::size_t i = 0; i < 40; ++i)
    CAF_CHECK_EQUAL(*owners[i], i % 2);
}

CAF_TEST(what moves to new workers stays in its zone) {
  planning_input in;
  for (std::size_t i = 0; i < 4; ++i) {
    in.workers.push_back(worker(i));
    in.workers.back().zone = i % 2 == 0 ? "east" : "west";
  }
  for (std::size_t i = 0; i < 40; ++i) {
    in.partitions.push_back(part(i));
    in.previous.push_back(i % 2);
  }
  auto owners = owners_in(in, sticky(in));
  for (std::size_t i = 0; i < 40; ++i)
    CAF_CHECK_EQUAL(*owners[i] % 2, i % 2);
}
