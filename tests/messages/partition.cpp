// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE messages.partition

#include "partita/messages/partition.hpp"

#include <caf/test/unit_test.hpp>

using namespace partita;

CAF_TEST(a partition is named by its keys) {
  CAF_CHECK_EQUAL(name_of({{"orders", "7"}}), "orders.7");
}

CAF_TEST(a list with two partitions of one name is unusable) {
  CAF_CHECK_EQUAL(why_unusable({{{"a", "b"}}, {{"a", "c"}}}), "");
  CAF_CHECK_NOT_EQUAL(why_unusable({{{"a", "b"}}, {{"a.b"}}}).find("'a.b'"),
                      std::string::npos);
  CAF_CHECK_NOT_EQUAL(why_unusable({{{}}}), "");
  CAF_CHECK_NOT_EQUAL(why_unusable({{{"a", ""}}}), "");
}
