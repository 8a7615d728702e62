// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE strategies.weights

#include "support.hpp"

#include <caf/test/unit_test.hpp>

#include <rapidcheck.h>

#include <chrono>
#include <limits>

// sticky where weights differ: the bounds of balance and of movement, the latter against
// all plans that there are.

using namespace planning_test;

namespace {

plan sticky(const planning_input& in) {
  return make("sticky")(in);
}

/// The bounds of the contract, in the words of the contract: whole numbers, scaled by ten
/// times the total capacity.
struct balance {
  explicit balance(const planning_input& in) {
    for (const auto& x : in.workers)
      capacity += x.capacity;
    for (const auto& x : in.partitions) {
      total += effective(x.weight);
      heaviest = std::max(heaviest, effective(x.weight));
    }
    for (const auto& x : in.workers)
      shares.push_back(total * x.capacity);
  }

  std::int64_t slack(std::size_t i) const {
    return std::max(shares[i], 10 * capacity * heaviest);
  }

  bool too_much(std::size_t i, std::int64_t load) const {
    return 10 * (load * capacity - shares[i]) > slack(i);
  }

  bool too_little(std::size_t i, std::int64_t load) const {
    return 10 * (shares[i] - load * capacity) > slack(i);
  }

  bool holds(const planning_input& in, const plan& x) const {
    for (std::size_t i = 0; i < x.shares.size(); ++i) {
      std::int64_t load = 0;
      for (auto p : x.shares[i])
        load += effective(in.partitions[p].weight);
      if (too_much(i, load) || too_little(i, load))
        return false;
    }
    return true;
  }

  std::int64_t capacity = 0;
  std::int64_t total = 0;
  std::int64_t heaviest = 0;
  std::vector<std::int64_t> shares;
};

/// Tries every plan that moves less than a limit; leaves a branch where a worker has too
/// much or the limit is met.
class brute_force {
public:
  explicit brute_force(const planning_input& in)
      : in_(in), balance_(in), loads_(in.workers.size()) {}

  bool can_move_less_than(std::int64_t limit) { return visit(0, limit); }

private:
  bool visit(std::size_t p, std::int64_t limit) {
    if (limit <= 0)
      return false;
    if (p == in_.partitions.size())
      return nobody_has_too_little();
    auto weight = effective(in_.partitions[p].weight);
    for (std::size_t i = 0; i < loads_.size(); ++i) {
      auto moves = in_.previous[p] && *in_.previous[p] != i;
      loads_[i] += weight;
      auto found = !balance_.too_much(i, loads_[i])
                   && visit(p + 1, moves ? limit - weight : limit);
      loads_[i] -= weight;
      if (found)
        return true;
    }
    return false;
  }

  bool nobody_has_too_little() const {
    for (std::size_t i = 0; i < loads_.size(); ++i)
      if (balance_.too_little(i, loads_[i]))
        return false;
    return true;
  }

  const planning_input& in_;
  balance balance_;
  std::vector<std::int64_t> loads_;
};

class case_maker {
public:
  explicit case_maker(std::uint64_t seed) : random_(seed) {}

  std::size_t upto(std::size_t n) { return random_() % (n + 1); }

  planning_input next(std::size_t max_workers, std::size_t max_partitions) {
    auto in = group(1 + upto(max_workers - 1), 1 + upto(max_partitions - 1));
    auto kind = upto(3);
    for (auto& x : in.partitions)
      x.weight = weight(kind);
    if (upto(1) == 0)
      for (auto& x : in.workers)
        x.capacity = 1 + static_cast<std::int64_t>(upto(9));
    // From "all at one worker" to "anywhere", with and without homeless ones.
    auto owners = upto(in.workers.size() - 1);
    auto homeless = upto(2) == 0;
    for (std::size_t p = 0; p < in.partitions.size(); ++p)
      in.previous.push_back(homeless && upto(2) == 0 ? std::nullopt
                                                     : std::optional{upto(owners)});
    return in;
  }

private:
  std::int64_t weight(std::size_t kind) {
    switch (kind) {
    case 0:
      return static_cast<std::int64_t>(1 + upto(5));
    case 1:
      return static_cast<std::int64_t>(50 + upto(100));
    case 2:
      return upto(4) == 0 ? 100 : 7;
    default:
      return static_cast<std::int64_t>(upto(1000)) - 3;
    }
  }

  std::mt19937_64 random_;
};

std::string show(const planning_input& in) {
  std::string result = "capacities";
  for (const auto& x : in.workers)
    result += " " + std::to_string(x.capacity);
  result += ", weight@owner";
  for (std::size_t p = 0; p < in.partitions.size(); ++p) {
    result += " " + std::to_string(in.partitions[p].weight) + "@";
    result += in.previous[p] ? std::to_string(*in.previous[p]) : "-";
  }
  return result;
}

bool is_weighted(const planning_input& in) {
  for (const auto& x : in.partitions)
    if (effective(x.weight) != effective(in.partitions[0].weight))
      return true;
  return false;
}

void compare_with_all_plans(case_maker cases, int count, std::size_t max_workers,
                            std::size_t max_partitions) {
  for (int i = 0; i < count; ++i) {
    auto in = cases.next(max_workers, max_partitions);
    if (!is_weighted(in))
      continue;
    auto x = sticky(in);
    balance allowed{in};
    if (!places_all_once(in, x) || !allowed.holds(in, x))
      CAF_FAIL("case " << i << " is out of balance: " << show(in));
    auto moved = weight_moved(in, x);
    if (brute_force{in}.can_move_less_than(moved - allowed.heaviest))
      CAF_FAIL("case " << i << " moves " << moved << ", which is too much: " << show(in));
  }
  CAF_CHECK(true);
}

} // namespace

CAF_TEST(
    with up to eight partitions no plan moves less by more than one heaviest partition) {
  compare_with_all_plans(case_maker{1}, 150000, 4, 8);
}

CAF_TEST(the same holds with more workers) {
  compare_with_all_plans(case_maker{2}, 20000, 8, 8);
}

CAF_TEST(the same holds with a few partitions more) {
  compare_with_all_plans(case_maker{3}, 5000, 4, 12);
}

CAF_TEST(groups of any size are in balance whatever was before) {
  case_maker cases{4};
  for (int i = 0; i < 2000; ++i) {
    auto in = cases.next(40, 400);
    if (!is_weighted(in))
      continue;
    auto x = sticky(in);
    if (!places_all_once(in, x) || !balance{in}.holds(in, x))
      CAF_FAIL("case " << i << ": " << show(in));
  }
  CAF_CHECK(true);
}

CAF_TEST(a group that is in balance is left alone) {
  case_maker cases{5};
  for (int i = 0; i < 2000; ++i) {
    auto in = cases.next(10, 60);
    auto x = sticky(in);
    in.previous = owners_in(in, x);
    if (sticky(in) != x)
      CAF_FAIL("case " << i << ": " << show(in));
  }
  CAF_CHECK(true);
}

CAF_TEST(weights that differ in writing but not in effect are no weights) {
  auto in = group(3, 9);
  for (std::size_t p = 0; p < 9; p += 2)
    in.partitions[p].weight = p % 4 == 0 ? 0 : -5;
  auto x = sticky(in);
  for (const auto& share : x.shares)
    CAF_CHECK_EQUAL(share.size(), 3u);
}

CAF_TEST(one very heavy partition does not scatter the others) {
  auto in = group(3, 30);
  in.partitions[4].weight = 100000;
  auto x = sticky(in);
  CAF_CHECK((balance{in}.holds(in, x)));
  in.previous = owners_in(in, x);
  CAF_CHECK_EQUAL(weight_moved(in, sticky(in)), 0);
}

CAF_TEST(weights at the end of the range do no harm) {
  auto in = group(3, 40);
  for (std::size_t p = 0; p < 40; p += 3)
    in.partitions[p].weight = std::numeric_limits<std::int64_t>::max();
  in.workers[1].capacity = std::numeric_limits<std::int64_t>::max();
  CAF_CHECK(places_all_once(in, sticky(in)));
}

CAF_TEST(a worker that dies moves nothing that others have if they can take its part) {
  auto in = group(10, 200);
  for (std::size_t p = 0; p < in.partitions.size(); ++p)
    in.partitions[p].weight = static_cast<std::int64_t>(50 + p % 100);
  in.previous = owners_in(in, sticky(in));
  auto less = without(in, 3);
  CAF_CHECK_EQUAL(weight_moved(less, sticky(less)), 0);
}

CAF_TEST(a worker that joins gets its part and no other worker gets anything) {
  auto in = group(10, 200);
  for (std::size_t p = 0; p < in.partitions.size(); ++p)
    in.partitions[p].weight = static_cast<std::int64_t>(50 + p % 100);
  in.previous = owners_in(in, sticky(in));
  in.workers.push_back(worker(10));
  auto x = sticky(in);
  CAF_CHECK((balance{in}.holds(in, x)));
  auto owners = owners_in(in, x);
  for (std::size_t p = 0; p < in.partitions.size(); ++p)
    CAF_CHECK(owners[p] == in.previous[p] || owners[p] == 10u);
}

CAF_TEST(workers that join get what they lack and at most one heaviest partition more) {
  std::mt19937_64 random{7};
  auto in = group(100, 2000);
  for (auto& x : in.partitions)
    x.weight = static_cast<std::int64_t>(50 + random() % 100);
  in.previous = owners_in(in, sticky(in));
  for (std::size_t i = 0; i < 10; ++i)
    in.workers.push_back(worker(500 + i));
  balance allowed{in};
  std::int64_t lack = 0;
  while (allowed.too_little(105, lack))
    ++lack;
  auto x = sticky(in);
  CAF_CHECK(allowed.holds(in, x));
  CAF_MESSAGE("moves " << weight_moved(in, x) << " for " << 10 * lack);
  CAF_CHECK(weight_moved(in, x) <= 10 * lack + allowed.heaviest);
}

CAF_TEST(a worker that returns gets mostly what the ring gives to it) {
  std::mt19937_64 random{8};
  auto in = group(10, 300);
  for (auto& x : in.partitions)
    x.weight = static_cast<std::int64_t>(1 + random() % 200);
  auto ring = owners_in(in, make("consistent_hash")(in));
  in.previous = owners_in(in, sticky(in));
  auto less = without(in, 9);
  auto back = in;
  back.previous = owners_in(less, sticky(less));
  auto last = sticky(back);
  std::size_t at_home = 0;
  for (auto p : last.shares[9])
    at_home += ring[p] == std::size_t{9} ? 1 : 0;
  CAF_MESSAGE(at_home << " of " << last.shares[9].size());
  CAF_CHECK(at_home * 2 > last.shares[9].size());
  CAF_CHECK_EQUAL(moves(back, last), last.shares[9].size());
}

CAF_TEST(a worker with too much gives away first what the ring gives to others) {
  auto in = group(3, 31);
  in.partitions[30].weight = 90;
  in.previous.assign(31, 0);
  auto ring = owners_in(in, make("consistent_hash")(in));
  auto owners = owners_in(in, sticky(in));
  std::size_t own_given = 0, others_kept = 0;
  for (std::size_t p = 0; p < 30; ++p) {
    own_given += ring[p] == std::size_t{0} && owners[p] != std::size_t{0} ? 1 : 0;
    others_kept += ring[p] != std::size_t{0} && owners[p] == std::size_t{0} ? 1 : 0;
  }
  CAF_MESSAGE("gave " << own_given << " of its own, kept " << others_kept
                      << " of others");
  CAF_CHECK(own_given == 0 || others_kept == 0);
}

CAF_TEST(ten thousand partitions on a thousand workers are planned in a moment) {
  case_maker cases{6};
  auto in = group(1000, 10000);
  for (auto& x : in.partitions)
    x.weight = static_cast<std::int64_t>(1 + cases.upto(499));
  in.previous.assign(10000, std::nullopt);
  for (auto& owner : in.previous)
    owner = cases.upto(999);
  auto begin = std::chrono::steady_clock::now();
  auto x = sticky(in);
  auto took = std::chrono::steady_clock::now() - begin;
  auto took_ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  CAF_MESSAGE("planned in " << took_ms << " ms");
  CAF_CHECK((balance{in}.holds(in, x)));
}
