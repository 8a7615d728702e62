// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE messages.keys

#include "partita/messages/keys.hpp"

#include <caf/test/unit_test.hpp>

using namespace partita;

CAF_TEST(the name of a consumer says whose it is) {
  CAF_CHECK_EQUAL(keys::consumer_name("g", "orders.7", {5}), "g-orders~7-5");
  CAF_CHECK_EQUAL(keys::consumer_name("g", "a/b", {5}, 2), "g-a=2Fb-5-r2");
  for (const auto* partition : {"7", "orders.7", "a-b", "a/b", "a=b", "p-5-r1", "5"})
    for (auto run : {0u, 1u}) {
      auto found =
          keys::consumer_in(keys::consumer_name("my-g", partition, {77}, run), "my-g");
      CAF_REQUIRE(found.has_value());
      CAF_CHECK_EQUAL(found->partition, partition);
      CAF_CHECK_EQUAL(found->token.value, 77u);
    }
}

CAF_TEST(other names are no consumers of the group) {
  for (const auto* name : {"", "g", "g-", "g-7", "g-7-", "g-7-x", "g-7-05", "h-7-5",
                           "g--5", "g-=2-5", "g-=4F-5", "g-7-5-r0", "g-7-5-rx"})
    CAF_CHECK(!keys::consumer_in(name, "g"));
}
