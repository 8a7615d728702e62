// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE strategies.ring

#include "support.hpp"

#include "partita/core/strategies/hash_ring.hpp"

#include <caf/test/unit_test.hpp>

#include <rapidcheck.h>

using namespace planning_test;
using core::hash_ring;

namespace {

std::vector<std::string> ids(std::size_t n) {
  std::vector<std::string> result;
  for (std::size_t i = 0; i < n; ++i)
    result.push_back("worker-" + std::to_string(i));
  return result;
}

std::vector<std::string_view> views(const std::vector<std::string>& xs) {
  return {xs.begin(), xs.end()};
}

std::uint64_t hash(std::string_view text, std::uint64_t seed = 0) {
  return core::hash_of(partition{{std::string{text}}}, seed);
}

/// The ring as its contract has it: all points, sorted.
using plain_ring = std::vector<std::pair<std::uint64_t, std::size_t>>;

plain_ring plain(const std::vector<std::string>& workers, std::size_t nodes,
                 std::uint64_t seed) {
  plain_ring result;
  for (std::size_t w = 0; w < workers.size(); ++w)
    for (std::size_t i = 0; i < nodes; ++i) {
      std::string bytes(8, '\0');
      for (std::size_t at = 0; at < 8; ++at)
        bytes[at] = static_cast<char>(i >> 8 * at & 0xff);
      result.emplace_back(hash(bytes, hash(workers[w], seed)), w);
    }
  std::sort(result.begin(), result.end());
  return result;
}

/// The workers from `place` on, in their order on the ring.
template <class Accepts>
std::size_t first_of(const plain_ring& ring, std::uint64_t place, Accepts accepts) {
  auto pos = std::lower_bound(ring.begin(), ring.end(), std::pair{place, std::size_t{0}});
  for (;; ++pos) {
    if (pos == ring.end())
      pos = ring.begin();
    if (accepts(pos->second))
      return pos->second;
  }
}

struct shape {
  std::size_t workers;
  std::size_t nodes;
  std::uint64_t seed;
};

// One worker of one point, few points, many (which are not sorted), and more workers than
// points would ask for sectors.
constexpr shape shapes[] = {{1, 1, 0},     {2, 1, 7},     {3, 150, 0},   {40, 3, 1},
                            {100, 150, 5}, {150, 150, 9}, {2000, 10, 3}, {5000, 1, 2}};

auto anyone = [](std::size_t) { return true; };

/// Places anywhere, on points, beside them and at the ends of the circle.
std::vector<std::uint64_t> places_on(const plain_ring& ring) {
  std::vector<std::uint64_t> result{0, 1, ~std::uint64_t{0}, std::uint64_t{1} << 63};
  for (std::size_t i = 0; i < 300; ++i) {
    result.push_back(hash(std::to_string(i)));
    auto point = ring[i * 31 % ring.size()].first;
    result.insert(result.end(), {point - 1, point, point + 1});
  }
  return result;
}

} // namespace

CAF_TEST(the owner of a place is the worker of the next point) {
  for (const auto& x : shapes) {
    auto workers = ids(x.workers);
    auto expected = plain(workers, x.nodes, x.seed);
    hash_ring ring{views(workers), x.nodes, x.seed};
    for (auto place : places_on(expected)) {
      CAF_REQUIRE_EQUAL(ring.owner_of(place), first_of(expected, place, anyone));
      auto third = [](std::size_t w) { return w % 3 == 0; };
      CAF_REQUIRE_EQUAL(ring.first_of(place, third), first_of(expected, place, third));
    }
  }
}

CAF_TEST(a part of a ring knows its places and answers nothing wrong elsewhere) {
  for (const auto& x : shapes) {
    auto workers = ids(x.workers);
    auto expected = plain(workers, x.nodes, x.seed);
    std::vector<std::uint64_t> asked;
    for (std::size_t i = 0; i < 10; ++i)
      asked.push_back(hash("asked" + std::to_string(i)));
    hash_ring part{views(workers), x.nodes, x.seed, asked};
    if (x.workers * x.nodes > 10'000) // Else two sectors may have no point.
      for (auto place : asked)
        CAF_CHECK_EQUAL(part.owner_of(place), first_of(expected, place, anyone));
    auto fifth = [](std::size_t w) { return w % 5 == 0; };
    std::size_t unknown = 0;
    for (auto place : places_on(expected)) {
      auto found = part.first_of(place, fifth);
      unknown += found == hash_ring::unknown ? 1 : 0;
      CAF_REQUIRE(found == hash_ring::unknown
                  || found == first_of(expected, place, fifth));
    }
    CAF_CHECK(x.workers < 100 || unknown > 0);
  }
}

CAF_TEST(workers are ordered by the bytes of their ids) {
  CAF_CHECK(rc::check([] {
    auto prefix = *rc::gen::element<std::string>("", "worker-", "\xff");
    auto names =
        *rc::gen::unique<std::vector<std::string>>(rc::gen::container<std::string>(
            rc::gen::element('\0', 'a', 'b', '9', '\x80', '\xff')));
    planning_input in;
    std::vector<std::string> expected;
    for (const auto& x : names) {
      in.workers.push_back({{prefix + x}, 100, {}});
      expected.push_back(prefix + x);
    }
    std::sort(expected.begin(), expected.end());
    std::vector<std::string> found;
    for (auto id : core::ids_of(in.workers, core::by_id(in.workers)))
      found.emplace_back(id);
    RC_ASSERT(found == expected);
  }));
}
