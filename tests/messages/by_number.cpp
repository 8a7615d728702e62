// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE messages.by_number

#include "partita/messages/ids.hpp"

#include <caf/test/unit_test.hpp>

#include <algorithm>
#include <vector>

using namespace partita;

CAF_TEST(worker ids stand in the order of their numbers) {
  std::vector<worker_id> ids{
      {"worker-10"}, {"b-3"}, {"worker-2"}, {"b-20"}, {"worker-0"}};
  std::sort(ids.begin(), ids.end(), by_number{});
  CAF_CHECK(ids
            == (std::vector<worker_id>{
                {"worker-0"}, {"worker-2"}, {"b-3"}, {"worker-10"}, {"b-20"}}));
}

CAF_TEST(ids without a number have an order too) {
  by_number less;
  CAF_CHECK(less({"alpha"}, {"beta"}));
  CAF_CHECK(less({"worker-1x"}, {"worker-1"}));
  CAF_CHECK(less({"w-01"}, {"w-1"}) != less({"w-1"}, {"w-01"}));
  CAF_CHECK(!less({"alpha"}, {"alpha"}));
}
