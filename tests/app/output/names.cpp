// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.names

#include "partita/app/output/names.hpp"

#include <caf/test/unit_test.hpp>

#include <algorithm>
#include <vector>

using namespace partita;
using app::by_reading;
using app::readable_span;
using app::readable_time;

CAF_TEST(a version reads as epoch and count) {
  CAF_CHECK_EQUAL(readable({0}), "0");
  CAF_CHECK_EQUAL(readable({4}), "4");
  CAF_CHECK_EQUAL(readable({versions_per_epoch - 1}), "1048575");
  CAF_CHECK_EQUAL(readable({versions_per_epoch}), "1.0");
  CAF_CHECK_EQUAL(readable({3 * versions_per_epoch + 2}), "3.2");
}

CAF_TEST(names of partitions stand as people count) {
  by_reading less;
  CAF_CHECK(less("orders.2", "orders.10"));
  CAF_CHECK(!less("orders.10", "orders.2"));
  CAF_CHECK(less("orders", "orders.0"));
  CAF_CHECK(less("a.1.x", "a.1.y"));
  CAF_CHECK(less("a.99999999999999999999998", "a.99999999999999999999999"));
  CAF_MESSAGE("two names are never the same place in the order");
  CAF_CHECK(less("p.01", "p.1") != less("p.1", "p.01"));
  CAF_CHECK(!less("p.1", "p.1"));
  CAF_CHECK(less("", "a") && !less("", ""));
}

CAF_TEST(a name that is none is answered with the nearest or with all if they are few) {
  using app::name_hint;
  CAF_CHECK_EQUAL(name_hint("ordres", {"billing", "orders"}), "; did you mean orders?");
  CAF_CHECK_EQUAL(name_hint("x", {"billing", "orders"}), "; found billing or orders");
  CAF_CHECK_EQUAL(name_hint("x", {}), "; there is none");
  std::vector<std::string> many(9, "between");
  many.front() = "first";
  many.back() = "last";
  CAF_CHECK_EQUAL(name_hint("x", many), "; found first to last");
}

CAF_TEST(spans read in their two greatest units) {
  CAF_CHECK_EQUAL(readable_span(1), "1 s");
  CAF_CHECK_EQUAL(readable_span(59'000), "59 s");
  CAF_CHECK_EQUAL(readable_span(60'000), "1 min");
  CAF_CHECK_EQUAL(readable_span(1'752'000), "29 min 12 s");
  CAF_CHECK_EQUAL(readable_span(2 * 3'600'000 + 5 * 60'000 + 7'000), "2 h 5 min");
  CAF_CHECK_EQUAL(readable_span(std::int64_t{7} * 86'400'000), "7 d");
}

CAF_TEST(times read as dates) {
  CAF_CHECK_EQUAL(readable_time(1'795'424'376), "2026-11-23 08:59:36 UTC");
}
