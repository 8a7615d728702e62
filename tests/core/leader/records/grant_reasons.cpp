// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.grant_reasons

#include "reconciler_fixture.hpp"

#include "partita/core/leader/records/record_facts.hpp"

/// Why each partition was granted or revoked.
using namespace core_test;

CAF_TEST_FIXTURE_SCOPE(grant_reasons_tests, reconciler_fixture)

CAF_TEST(every grant and every revocation says why) {
  two_owners();
  auto wants = [&](const goals& what, const reconciler::reasons& because) {
    return mine->want(target_of(what), lifecycle::rebalance, now, because);
  };
  auto x =
      only<reconciler::write>(wants({{"a", {1, 4, 5}}, {"b", {2, 3}}},
                                    {"b grew", {{index.number_of(part(5)), "a pin"}}}));
  CAF_REQUIRE_EQUAL(x.value->partitions.size(), 3u);
  CAF_MESSAGE("what stays keeps its reason: none was known");
  CAF_CHECK_EQUAL(x.value->partitions[0].reason, "");
  CAF_CHECK_EQUAL(x.value->partitions[1].reason, "a pin");
  CAF_CHECK_EQUAL(x.value->partitions[2].reason, "b grew");
  CAF_CHECK_EQUAL(x.value->revoking.at(0).reason, "b grew");
  take(x);
  CAF_MESSAGE("a later plan that leaves it there does not change why it moved");
  CAF_CHECK(wants({{"a", {1, 4, 5}}, {"b", {2, 3}}}, {"something else", {}}).empty());
  auto y = only<reconciler::write>(confirms("a", *x.value));
  CAF_CHECK_EQUAL(y.value->partitions[2].reason, "b grew");
  auto z = only<reconciler::write>(take(y));
  CAF_CHECK_EQUAL(z.who.value, "b-1");
  CAF_CHECK_EQUAL(z.value->partitions[0].reason + z.value->partitions[1].reason,
                  "b grew");
}

CAF_TEST(sealing keeps the reasons) {
  auto x = record_of("a", 50, {1}, 2);
  x.partitions[0].reason = "worker-3 was lost";
  show("a", 7, x);
  auto sealed = *only<reconciler::write>(replay()).value;
  CAF_CHECK_EQUAL(sealed.partitions.at(0).reason, "worker-3 was lost");
}

CAF_TEST(what the next incarnation takes over says so) {
  two_owners();
  auto ended = says("a", beat_state::stopped);
  CAF_CHECK(ended.empty());
  auto x = only<reconciler::write>(lives("a", "a2"));
  CAF_CHECK_EQUAL(x.value->worker_nonce.value, "a2");
  CAF_CHECK_EQUAL(x.value->partitions.at(0).reason, "a-1 joined again");
}

CAF_TEST(grants of one token and reason stand side by side in the order of the plan) {
  partita::core::numbered_record x;
  auto token = std::uint32_t{0};
  for (const auto* reason : {"b", "a", "", "b", "a"}) {
    x.partitions.push_back({part(static_cast<int>(token)), {9 - token % 2}, reason});
    x.revoking.push_back({part(static_cast<int>(token)), reason});
    x.owned.push_back(token);
    x.given_up.push_back(token);
    ++token;
  }
  group_grants(x);
  auto order = [](const auto& xs) {
    std::string result;
    for (const auto& y : xs)
      result += y.partition.keys.back() + y.reason + ' ';
    return result;
  };
  CAF_CHECK_EQUAL(order(x.partitions), "1a 3b 2 4a 0b ");
  CAF_CHECK_EQUAL(order(x.revoking), "2 1a 4a 0b 3b ");
  using numbers = std::vector<std::uint32_t>;
  CAF_CHECK(x.owned == (numbers{1, 3, 2, 4, 0}));
  CAF_CHECK(x.given_up == (numbers{2, 1, 4, 0, 3}));
}

CAF_TEST(reasons of old grants are left out where there are too many) {
  record x;
  for (int i = 0; i < 1000; ++i)
    x.partitions.push_back({{{"p", std::to_string(i)}, 100},
                            {static_cast<std::uint64_t>(i + 1)},
                            std::to_string(i) + std::string(96, '.')});
  x.revoking.push_back({{{"q"}, 100}, "kept"});
  bound_reasons(x);
  CAF_CHECK_EQUAL(x.partitions.back().reason.substr(0, 3), "999");
  CAF_CHECK_EQUAL(x.partitions.front().reason, "");
  CAF_CHECK_EQUAL(x.revoking.front().reason, "kept");
  std::size_t size = 0;
  for (const auto& y : x.partitions)
    size += y.reason.size();
  CAF_CHECK(size <= most_of_reasons && size > most_of_reasons - 200);
}

CAF_TEST_FIXTURE_SCOPE_END()
