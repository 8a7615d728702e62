// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.work_ledger

#include "../support.hpp"

#include "partita/core/sidecar/work_ledger.hpp"

using namespace core_test;

namespace {

using result = work_ledger::release_result;

grant given(const std::string& name, std::uint64_t token) {
  return {{{name}, 100}, {token}};
}

struct fixture {
  time_point now{};
  work_ledger mine{true, 100};

  work_ledger::orders revoke(std::uint64_t order, const std::vector<grant>& what) {
    return mine.take_back(order, what, false, now + 30s);
  }
  bool owns(const std::string& name) const { return mine.owned().contains(name); }
  bool ends(const std::string& name) const { return mine.endings().contains(name); }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(work_ledger_tests, fixture)

CAF_TEST(an order is done once everything that it takes back is released) {
  mine.assigned({given("a", 1), given("b", 1), given("c", 1)});
  CAF_CHECK(revoke(7, {given("a", 1), given("b", 1)}).empty());
  CAF_CHECK(!owns("a") && ends("a") && ends("b") && owns("c"));
  auto first = mine.release("a", {1});
  CAF_CHECK(first.result == result::released);
  CAF_CHECK(first.done.empty());
  auto second = mine.release("b", {1});
  CAF_CHECK(second.result == result::released);
  CAF_CHECK(second.done == work_ledger::orders{7});
  CAF_CHECK(!ends("a") && !ends("b") && owns("c"));
}

CAF_TEST(without releases every order is done at once) {
  work_ledger quick{false, 1};
  quick.assigned({given("a", 1)});
  CAF_CHECK(quick.take_back(3, {given("a", 1)}, false, now) == work_ledger::orders{3});
  CAF_CHECK(quick.owned().empty());
  CAF_CHECK(quick.endings().empty());
}

CAF_TEST(an order that takes nothing back is done at once) {
  CAF_CHECK(revoke(4, {}) == work_ledger::orders{4});
}

CAF_TEST(only the token under which a partition ends releases it) {
  mine.assigned({given("a", 5)});
  CAF_CHECK(mine.release("a", {5}).result == result::still_owned);
  auto early = mine.release("a", {4});
  CAF_CHECK(early.result == result::wrong_token);
  CAF_CHECK_EQUAL(early.token.value, 5u);
  CAF_CHECK(revoke(1, {given("a", 5)}).empty());
  auto wrong = mine.release("a", {6});
  CAF_CHECK(wrong.result == result::wrong_token);
  CAF_CHECK_EQUAL(wrong.token.value, 5u);
  CAF_CHECK(ends("a"));
  CAF_CHECK(mine.release("x", {5}).result == result::unknown);
  CAF_CHECK(mine.release("a", {5}).done == work_ledger::orders{1});
}

CAF_TEST(a second release is answered as done already) {
  mine.assigned({given("a", 5)});
  CAF_CHECK(revoke(1, {given("a", 5)}).empty());
  mine.release("a", {5});
  auto again = mine.release("a", {5});
  CAF_CHECK(again.result == result::already);
  CAF_CHECK(again.done.empty());
  CAF_MESSAGE("a new grant is another matter");
  mine.assigned({given("a", 9)});
  CAF_CHECK(mine.release("a", {9}).result == result::still_owned);
}

CAF_TEST(a loss while a revocation is open waits for the same release) {
  mine.assigned({given("a", 1), given("b", 1)});
  CAF_CHECK(revoke(1, {given("a", 1)}).empty());
  CAF_CHECK(mine.take_back(2, {given("a", 1), given("b", 1)}, true, now + 1s).empty());
  CAF_CHECK(mine.endings().at("a").lost);
  CAF_CHECK(mine.release("a", {1}).done == work_ledger::orders{1});
  CAF_CHECK(mine.release("b", {1}).done == work_ledger::orders{2});
}

CAF_TEST(an application that is gone has released everything) {
  mine.assigned({given("a", 1), given("b", 1)});
  CAF_CHECK(revoke(1, {given("a", 1)}).empty());
  CAF_CHECK(revoke(2, {given("b", 1)}).empty());
  auto done = mine.application_gone();
  CAF_CHECK_EQUAL(done.size(), 2u);
  CAF_CHECK(mine.endings().empty());
  CAF_CHECK(mine.application_gone().empty());
}

CAF_TEST(nothing is owned after the worker is gone) {
  mine.assigned({given("a", 1), given("b", 1)});
  CAF_CHECK(revoke(1, {given("b", 1)}).empty());
  mine.worker_gone();
  CAF_CHECK(mine.owned().empty() && mine.endings().empty());
  CAF_CHECK(mine.release("b", {1}).result == result::unknown);
}

CAF_TEST(the version grows with everything that shows and with nothing else) {
  auto last = mine.version();
  auto grew = [&] { return std::exchange(last, mine.version()) < mine.version(); };
  CAF_CHECK_EQUAL(last, 100u);
  mine.assigned({given("a", 1)});
  CAF_CHECK(grew());
  mine.assigned({given("a", 2)});
  CAF_CHECK(grew());
  mine.assigned({});
  CAF_CHECK(!grew());
  mine.release("a", {1});
  mine.release("a", {2});
  CAF_CHECK(!grew());
  CAF_CHECK(revoke(1, {given("a", 2)}).empty());
  CAF_CHECK(grew());
  mine.release("a", {2});
  CAF_CHECK(grew());
  mine.release("a", {2});
  mine.worker_gone();
  CAF_CHECK(!grew());
}

CAF_TEST_FIXTURE_SCOPE_END()
