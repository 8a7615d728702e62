// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.simultaneous_claims

#include "id_claim_fixture.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

using namespace core_test;

namespace {

/// A register of ids with compare-and-set, which all claimers see at once.
struct bureau {
  struct entry {
    std::uint64_t revision = 0;
    std::string nonce;
  };
  std::map<std::uint32_t, entry> ids;
  std::uint64_t last = 0;

  kv_written write(const id_claim::write& x, const std::string& nonce) {
    auto& e = ids[x.number];
    if (e.revision != x.expected.value)
      return conflict();
    e = {++last, nonce};
    return done(last);
  }
};

std::size_t rounds_until_all_hold(std::uint64_t seed, std::size_t claimers) {
  time_point now = time_point{} + 1000s;
  bureau office;
  std::vector<id_claim> all;
  std::vector<id_claim::commands> wanted;
  std::set<std::uint32_t> held;
  for (std::size_t i = 0; i < claimers; ++i) {
    auto o = small_range();
    o.max = 999;
    o.self = {"n" + std::to_string(i)};
    o.seed = seed * 1000 + i;
    all.emplace_back(o, now);
    wanted.push_back(all.back().step(id_claim::replayed{}, now));
  }
  std::size_t rounds = 0;
  while (held.size() < claimers && rounds < 1000) {
    ++rounds;
    // All writes of a round are sent before any claimer sees one of them.
    for (std::size_t i = 0; i < claimers; ++i) {
      const auto* x = first<id_claim::write>(wanted[i]);
      if (!x)
        continue;
      auto number = x->number;
      auto answer = office.write(*x, "n" + std::to_string(i));
      wanted[i] = all[i].step(id_claim::write_answered{answer}, now);
      if (first<id_claim::held>(wanted[i])) {
        CAF_CHECK(held.insert(number).second);
        continue;
      }
      auto& e = office.ids[number];
      claim holder;
      holder.nonce = {e.nonce};
      wanted[i] = all[i].step(id_claim::read_answered{holds(e.revision), holder}, now);
    }
    for (auto& x : all)
      for (const auto& [number, e] : office.ids) {
        claim holder;
        holder.nonce = {e.nonce};
        x.step(id_claim::shown{number, {e.revision}, holder}, now);
      }
  }
  CAF_CHECK_EQUAL(held.size(), claimers);
  CAF_CHECK(*held.rbegin() < 2 * claimers);
  return rounds;
}

} // namespace

CAF_TEST(fifty that start at once all hold distinct low ids after a few rounds) {
  std::size_t most = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed)
    most = std::max(most, rounds_until_all_hold(seed, 50));
  CAF_MESSAGE("rounds: " << most);
  CAF_MESSAGE("far fewer than fifty");
  CAF_CHECK(most <= 12u);
}

CAF_TEST(four hundred that start at once need twice as many rounds as fifty) {
  auto rounds = rounds_until_all_hold(1, 400);
  CAF_MESSAGE("rounds: " << rounds);
  CAF_CHECK(rounds <= 24u);
}
