// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE simulation.consumption

#include "consumption_model.hpp"

#include "partita/messages/failpoint.hpp"

#include <caf/test/unit_test.hpp>

using namespace partita;
using namespace consumption_model;

/// Each step of docs/consuming.md is left out once, and random lives find what breaks then.
namespace {

constexpr std::uint64_t seeds = 400;

struct fixture {
  ~fixture() { active_failpoint = rule::none; }

  /// What the first of the lives breaks; empty: none of them.
  std::string broken_without(rule x, stream_retention how) {
    active_failpoint = x;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      try {
        life{seed, how}.play();
      } catch (const broken& e) {
        return "seed " + std::to_string(seed) + ": " + e.what();
      }
    }
    return {};
  }

  void finds(rule x, stream_retention how, const std::string& what) {
    auto found = broken_without(x, how);
    CAF_MESSAGE(found);
    CAF_CHECK(found.find(what) != std::string::npos);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(consumption_lives, fixture)

CAF_TEST(every message is stored once and in order whatever fails) {
  for (auto how : {stream_retention::limits, stream_retention::interest,
                   stream_retention::work_queue})
    CAF_CHECK_EQUAL(broken_without(rule::none, how), std::string{});
}

CAF_TEST(a claim that is not written is no fence) {
  CAF_CHECK(!broken_without(rule::claim_not_written, stream_retention::limits).empty());
}

CAF_TEST(a consumer that is removed before the next one stands takes its messages along) {
  finds(rule::removed_before_made, stream_retention::interest, "stored once");
}

CAF_TEST(an acknowledgement floor says nothing about what was acknowledged before) {
  finds(rule::floor_trusted_alone, stream_retention::limits, "never falls");
}

CAF_TEST(a claim that is not read again lets an old owner work) {
  finds(rule::claim_not_read_again, stream_retention::limits, "made too late");
}

CAF_TEST(a name without a token is used by two owners) {
  finds(rule::token_not_in_name, stream_retention::limits, "belongs to one token");
}

CAF_TEST_FIXTURE_SCOPE_END()
