// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE embed.member
#include "fixture.hpp"

#include <caf/test/unit_test.hpp>

#include <atomic>
#include <utility>

using namespace partita;
using namespace partita::test;

namespace {

struct fixture {
  journal seen;
  embed::connection here = embed::connection::in_memory();

  bool all_owned_by(const std::string& who, std::size_t count) {
    return seen.shows([&](const journal& j) { return j.count(who) == count; });
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(member_tests, fixture)

CAF_TEST(two members share the partitions and one takes over what the other leaves) {
  embed::member a{here, quick(seen, "a")};
  CAF_REQUIRE(all_owned_by("a", 4));
  embed::member b{here, quick(seen, "b")};
  CAF_CHECK(seen.shows(
      [](const journal& j) { return j.count("a") == 2 && j.count("b") == 2; }));
  auto tokens = seen.work["b"];
  CAF_CHECK_EQUAL(a.leave(), "");
  CAF_CHECK(all_owned_by("b", 4));
  seen.note([&](const journal& j) {
    CAF_CHECK_EQUAL(j.count("a"), 0u);
    for (const auto& [name, token] : j.work.at("b"))
      CAF_CHECK(tokens.contains(name) ? token == tokens[name]
                                      : token > tokens.begin()->second);
    CAF_CHECK(j.states.contains("orders stable"));
    CAF_CHECK_EQUAL(j.ends, std::vector<std::string>{""});
  });
}

CAF_TEST(an order holds its partitions until it is confirmed on any thread) {
  auto slow = quick(seen, "a");
  slow.revoke = [&](const embed::stop_order& x) {
    seen.note([&](journal& j) { j.orders.push_back(x); });
  };
  slow.worker.shutdown = embed::leave_mode::stop;
  embed::member a{here, slow};
  CAF_REQUIRE(all_owned_by("a", 4));
  embed::member b{here, quick(seen, "b")};
  CAF_REQUIRE(seen.shows([](const journal& j) {
    std::size_t named = 0;
    for (const auto& x : j.orders)
      named += x.partitions.size();
    return named == 2;
  }));
  std::vector<embed::stop_order> orders;
  seen.note([&](journal& j) {
    CAF_CHECK_EQUAL(j.count("b"), 0u);
    orders.swap(j.orders);
  });
  for (const auto& x : orders) {
    CAF_CHECK_EQUAL(x.group, "orders");
    CAF_CHECK(x.time_left() > 10s && x.time_left() <= 30s);
    CAF_CHECK(!x.partitions.front().reason.empty());
    x.stopped();
    x.stopped();
  }
  CAF_CHECK(all_owned_by("b", 2));
  // What is left: the destructors wait for it.
  a.begin_to_leave();
  CAF_REQUIRE(seen.shows([](const journal& j) { return !j.orders.empty(); }));
  seen.note([&](journal& j) { orders.swap(j.orders); });
  for (const auto& x : orders)
    x.stopped();
  CAF_CHECK_EQUAL(a.leave(), "");
  // When nothing is there any more, it does nothing.
  orders.front().stopped();
}

CAF_TEST(an exception in a callback ends the member and is named) {
  auto how = quick(seen, "a");
  how.assigned = [](const embed::work_assigned&) {
    throw std::runtime_error{"no room on the disk"};
  };
  embed::member a{here, how};
  CAF_CHECK(seen.shows([](const journal& j) { return !j.ends.empty(); }));
  CAF_CHECK_EQUAL(a.leave(), "a callback of the application failed: no room on the disk");
  CAF_CHECK_EQUAL(seen.ends.front(), a.leave());
  // What may have begun was stopped.
  CAF_CHECK_EQUAL(seen.orders.size(), 1u);
}

CAF_TEST(leaving waits in no callback but can begin there) {
  std::promise<embed::member*> made;
  auto known = made.get_future().share();
  std::promise<std::string> refused;
  auto how = quick(seen, "a");
  how.assigned = [&](const embed::work_assigned&) {
    auto me = known.get();
    try {
      me->leave();
    } catch (const std::logic_error& x) {
      refused.set_value(x.what());
    }
    me->begin_to_leave(embed::leave_mode::stop);
  };
  embed::member a{here, how};
  made.set_value(&a);
  CAF_CHECK(seen.shows([](const journal& j) { return !j.ends.empty(); }));
  CAF_CHECK(refused.get_future().get().find("begin_to_leave") != std::string::npos);
  CAF_CHECK_EQUAL(a.leave(), "");
}

CAF_TEST(a strategy cannot wait for its own member) {
  std::promise<embed::member*> made;
  auto known = made.get_future().share();
  std::promise<void> refused;
  auto how = quick(seen, "a");
  how.assign = [&, first = true](const embed::planning& x) mutable {
    try {
      if (std::exchange(first, false))
        known.get()->leave();
    } catch (const std::logic_error&) {
      refused.set_value();
    }
    return std::vector<std::size_t>(x.partitions.size(), 0);
  };
  embed::member a{here, how};
  made.set_value(&a);
  CAF_REQUIRE(refused.get_future().wait_for(20s) == std::future_status::ready);
  CAF_CHECK(all_owned_by("a", 4));
}

CAF_TEST(a list that is read is read once more however often that is asked for) {
  std::promise<embed::member*> made;
  auto known = made.get_future().share();
  std::atomic<int> reads = 0;
  auto how = quick(seen, "a");
  how.partitions_every = 0s;
  how.partitions = [&] {
    if (reads++ == 0)
      for (int i = 0; i < 100; ++i)
        known.get()->refresh_partitions();
    return numbered(reads == 1 ? 3 : 4);
  };
  embed::member a{here, how};
  made.set_value(&a);
  CAF_REQUIRE(all_owned_by("a", 4));
  CAF_CHECK_EQUAL(a.leave(), "");
  CAF_CHECK_EQUAL(reads.load(), 2);
}

CAF_TEST(a member may end before it has begun) {
  { embed::member a{here, quick(seen, "a")}; }
  embed::connection nats{{.url = {"nats://127.0.0.1:9"}}};
  { embed::member b{nats, quick(seen, "b")}; }
  CAF_CHECK_EQUAL(seen.ends.size(), 2u);
}

CAF_TEST(an exception where work is to be stopped leaves the order open) {
  auto how = quick(seen, "a");
  how.shutdown_timeout = 600ms;
  how.revoke = [](const embed::stop_order&) { throw std::runtime_error{"stuck"}; };
  embed::member a{here, how};
  CAF_REQUIRE(all_owned_by("a", 4));
  CAF_CHECK_EQUAL(a.leave(embed::leave_mode::stop),
                  "a callback of the application failed: stuck");
}

CAF_TEST(work that others may take is lost with the reason) {
  auto slow = quick(seen, "a");
  auto other = quick(seen, "b");
  std::vector<embed::stop_order> revoked;
  slow.revoke = [&](const embed::stop_order& x) {
    seen.note([&](journal&) { revoked.push_back(x); });
  };
  slow.lost = [&](const embed::stop_order& x) {
    seen.note([&](journal& j) { j.orders.push_back(x); });
    x.stopped();
  };
  for (auto* how : {&slow, &other})
    how->rebalance.handoff_timeout = 1s;
  embed::member a{here, slow};
  CAF_REQUIRE(all_owned_by("a", 4));
  embed::member b{here, other};
  CAF_REQUIRE(seen.shows([](const journal& j) { return !j.orders.empty(); }));
  seen.note([&](journal& j) {
    CAF_MESSAGE(j.orders.front().why);
    CAF_CHECK(!j.orders.front().why.empty());
    CAF_CHECK(j.orders.front().partitions.size() > 0);
    CAF_CHECK(!revoked.empty());
    // Too late: it does nothing.
    revoked.front().stopped();
  });
  CAF_CHECK(seen.shows([](const journal& j) { return j.count("b") > 0; }));
  a.begin_to_leave(embed::leave_mode::stop);
  auto failure = a.leave();
  CAF_MESSAGE(failure);
}

CAF_TEST(no function is kept once the member has left) {
  auto used = std::make_shared<int>(0);
  auto how = quick(seen, "a");
  how.partitions = [used] { return numbered(1); };
  how.lost = [used](const embed::stop_order& x) { x.stopped(); };
  how.assign = [used](const embed::planning& x) {
    return std::vector<std::size_t>(x.partitions.size(), 0);
  };
  embed::member a{here, std::move(how)};
  CAF_REQUIRE(all_owned_by("a", 1));
  CAF_CHECK(used.use_count() > 1);
  CAF_CHECK_EQUAL(a.leave(), "");
  // Nothing of `how` stays behind, moved as it is.
  CAF_CHECK_EQUAL(used.use_count(), 1);
}

CAF_TEST(work that is not confirmed is stopped at the deadline) {
  std::promise<void> missed;
  auto how = quick(seen, "a");
  how.on_deadline = embed::deadline_action::call([&] { missed.set_value(); });
  how.revoke = [](const embed::stop_order&) {};
  how.heartbeat = {.interval = 500ms, .ttl = 2s};
  how.shutdown_timeout = 600ms;
  embed::member a{here, how};
  CAF_REQUIRE(all_owned_by("a", 4));
  CAF_CHECK(!a.leave(embed::leave_mode::stop).empty());
  CAF_CHECK(missed.get_future().wait_for(20s) == std::future_status::ready);
}

CAF_TEST(members of two groups share a connection) {
  auto other = quick(seen, "b");
  other.group = "invoices";
  embed::member a{here, quick(seen, "a")};
  embed::member b{here, other};
  CAF_CHECK(all_owned_by("a", 4));
  CAF_CHECK(all_owned_by("b", 4));
  CAF_CHECK(seen.shows([](const journal& j) {
    return j.states.contains("orders stable") && j.states.contains("invoices stable");
  }));
  CAF_CHECK_EQUAL(a.leave(), "");
  CAF_MESSAGE("the other group goes on");
  auto third = quick(seen, "c");
  third.group = "invoices";
  embed::member c{here, third};
  CAF_CHECK(all_owned_by("c", 2));
}

CAF_TEST(a connection lasts as long as its last member) {
  auto via = std::make_unique<embed::connection>(embed::connection::in_memory());
  embed::member a{*via, quick(seen, "a")};
  via.reset();
  CAF_CHECK(all_owned_by("a", 4));
  CAF_CHECK_EQUAL(a.leave(embed::leave_mode::restart), "");
}

CAF_TEST(a member without a server ends and says why) {
  // The discard service: no server of NATS is there.
  embed::connection nats{{.url = {"nats://127.0.0.1:9"}}};
  auto how = quick(seen, "a");
  how.startup_timeout = 500ms;
  embed::member a{nats, how};
  CAF_CHECK(seen.shows([](const journal& j) { return !j.ends.empty(); }));
  CAF_MESSAGE(seen.ends.front());
  CAF_CHECK(seen.ends.front().find("127.0.0.1:9") != std::string::npos);
  CAF_CHECK_EQUAL(a.leave(), seen.ends.front());
}

CAF_TEST_FIXTURE_SCOPE_END()
