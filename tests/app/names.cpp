#define CAF_SUITE app.names

#include "partita/app/names.hpp"

#include <caf/test/unit_test.hpp>

#include <algorithm>
#include <vector>

using namespace partita;
using app::by_number;
using app::readable;

CAF_TEST(worker ids stand in the order of their numbers) {
  std::vector<worker_id> ids{
      {"worker-10"}, {"b-3"}, {"worker-2"}, {"b-20"}, {"worker-0"}};
  std::sort(ids.begin(), ids.end(), by_number{});
  CAF_CHECK(ids
            == (std::vector<worker_id>{
                {"b-3"}, {"b-20"}, {"worker-0"}, {"worker-2"}, {"worker-10"}}));
}

CAF_TEST(ids without a number have an order too) {
  by_number less;
  CAF_CHECK(less({"alpha"}, {"beta"}));
  CAF_CHECK(less({"worker-1"}, {"worker-1x"}));
  CAF_CHECK(less({"w-01"}, {"w-1"}) != less({"w-1"}, {"w-01"}));
  CAF_CHECK(!less({"alpha"}, {"alpha"}));
  CAF_CHECK(less({"w-99999999999999999999999"}, {"x-1"}));
}

CAF_TEST(a version reads as epoch and count) {
  CAF_CHECK_EQUAL(readable({0}), "0");
  CAF_CHECK_EQUAL(readable({4}), "4");
  CAF_CHECK_EQUAL(readable({versions_per_epoch - 1}), "1048575");
  CAF_CHECK_EQUAL(readable({versions_per_epoch}), "1.0");
  CAF_CHECK_EQUAL(readable({3 * versions_per_epoch + 2}), "3.2");
}
