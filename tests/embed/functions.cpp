// SPDX-License-Identifier: Apache-2.0
// The partitions and the strategy of a host that writes them as functions.
#define CAF_SUITE embed.functions
#include "fixture.hpp"

#include <caf/test/unit_test.hpp>

#include <atomic>

using namespace partita;
using namespace partita::test;

CAF_TEST(a list that changes is read again on request) {
  journal seen;
  std::atomic<int> count = 2;
  auto how = quick(seen, "a");
  how.partitions_every = 0ms;
  how.partitions = [&] { return numbered(count); };
  embed::member a{embed::connection::in_memory(), how};
  CAF_CHECK(seen.shows([](const journal& j) { return j.count("a") == 2; }));
  count = 3;
  a.refresh_partitions();
  CAF_CHECK(seen.shows([](const journal& j) { return j.count("a") == 3; }));
}

CAF_TEST(a list that changes is read again by itself) {
  journal seen;
  std::atomic<int> count = 2;
  auto how = quick(seen, "a");
  how.partitions_every = 50ms;
  how.partitions = [&] { return numbered(count++ > 10 ? 3 : 2); };
  embed::member a{embed::connection::in_memory(), how};
  CAF_CHECK(seen.shows([](const journal& j) { return j.count("a") == 3; }));
}

CAF_TEST(a list that cannot be read leaves the last one in force and raises an alert) {
  journal seen;
  std::atomic<int> call = 0;
  auto how = quick(seen, "a");
  how.partitions_every = 0ms;
  how.partitions = [&]() -> std::vector<embed::partition> {
    switch (call++) {
    case 0:
      return numbered(2);
    case 1:
      throw std::runtime_error{"the table of topics is locked"};
    default:
      return {};
    }
  };
  embed::member a{embed::connection::in_memory(), how};
  CAF_REQUIRE(seen.shows([](const journal& j) { return j.count("a") == 2; }));
  auto raised = [&](const std::string& text) {
    return seen.shows([&](const journal& j) {
      return !j.alerts.empty() && j.alerts.back().what == "partitions_unknown"
             && j.alerts.back().why.find(text) != std::string::npos;
    });
  };
  a.refresh_partitions();
  CAF_CHECK(raised("the table of topics is locked"));
  a.refresh_partitions();
  CAF_CHECK(raised("returned no partition"));
  CAF_CHECK_EQUAL(seen.count("a"), 2u);
}

CAF_TEST(a strategy of the host decides who gets what) {
  journal seen;
  auto here = embed::connection::in_memory();
  // The last worker gets all.
  auto last = [](const embed::planning& x) {
    return std::vector<std::size_t>(x.partitions.size(), x.workers.size() - 1);
  };
  auto how = quick(seen, "a");
  how.assign = last;
  embed::member a{here, how};
  CAF_CHECK(seen.shows([](const journal& j) { return j.count("a") == 4; }));
  how = quick(seen, "b");
  how.assign = last;
  embed::member b{here, how};
  CAF_CHECK(seen.shows(
      [](const journal& j) { return j.count("a") == 0 && j.count("b") == 4; }));
}

CAF_TEST(a strategy that fails is replaced by the built in one) {
  for (auto kind : {0, 1, 2}) {
    journal seen;
    auto how = quick(seen, "a");
    how.assign = [=](const embed::planning& x) {
      if (kind == 0)
        throw std::runtime_error{"no plan"};
      return std::vector<std::size_t>(x.partitions.size() - (kind == 1 ? 1 : 0), 7);
    };
    embed::member a{embed::connection::in_memory(), how};
    CAF_CHECK(seen.shows([](const journal& j) { return j.count("a") == 4; }));
  }
}
