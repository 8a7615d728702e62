// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.applied_record

#include "../support.hpp"

#include "partita/core/worker/duties.hpp"

using namespace core_test;

namespace {

const worker_id self{"worker-0"};

record a_record(std::uint64_t version, std::vector<std::string> names) {
  record result;
  result.epoch = {5};
  result.version = {version};
  for (auto& x : names)
    result.partitions.push_back({.partition = {.keys = {std::move(x)}}, .token = {1}});
  return result;
}

} // namespace

CAF_TEST(listeners receive what came and what went) {
  applied_record mine;
  CAF_CHECK(!mine.get());
  auto news = mine.apply(self, a_record(1, {"a", "b"}));
  CAF_CHECK(news.worker_id == self);
  CAF_CHECK_EQUAL(news.partitions.size(), 2u);
  CAF_CHECK_EQUAL(news.added.size(), 2u);
  CAF_CHECK(news.removed.empty());
  news = mine.apply(self, a_record(2, {"b", "c"}));
  CAF_REQUIRE(news.added.size() == 1 && news.removed.size() == 1);
  CAF_CHECK_EQUAL(name_of(news.added.front()), "c");
  CAF_CHECK_EQUAL(name_of(news.removed.front()), "a");
  CAF_CHECK_EQUAL(mine.get()->version.value, 2u);
}

CAF_TEST(what is known already is no news) {
  applied_record mine;
  CAF_CHECK(mine.is_news(a_record(2, {})));
  mine.apply(self, a_record(2, {"a"}));
  CAF_CHECK(!mine.is_news(a_record(2, {"a"})));
  CAF_CHECK(!mine.is_news(a_record(1, {"b"})));
  CAF_CHECK(mine.is_news(a_record(3, {})));
}

CAF_TEST(with the session everything goes) {
  applied_record mine;
  CAF_CHECK(!mine.drop(self));
  mine.apply(self, a_record(1, {"a"}));
  auto news = mine.drop(self);
  CAF_REQUIRE(news);
  CAF_CHECK(news->partitions.empty());
  CAF_CHECK_EQUAL(news->removed.size(), 1u);
  CAF_CHECK(!mine.get());
  CAF_MESSAGE("nothing is reported where there was nothing to lose");
  mine.apply(self, a_record(2, {}));
  CAF_CHECK(!mine.drop(self));
  CAF_CHECK(!mine.get());
}
