// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE store.request_counters

#include "partita/store/request_counters.hpp"

#include "partita/store/memory/memory_store.hpp"
#include "partita/store/nats/nats_store.hpp"

#include "../support/nats_server.hpp"
#include "../support/store_client.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/test/unit_test.hpp>

using namespace partita;
using namespace partita::store;
using namespace std::chrono_literals;

namespace {

const operation_stats& of(const store_stats& x, store_operation what) {
  return x.operations.at(static_cast<std::size_t>(what));
}

std::uint64_t counted(const store_stats& x, store_operation what, store_outcome how) {
  return of(x, what).outcomes.at(static_cast<std::size_t>(how));
}

} // namespace

CAF_TEST(a request is counted with its outcome and its length) {
  request_counters counters;
  counters.answered(store_operation::update, store_outcome::done, 3ms);
  counters.answered(store_operation::update, store_outcome::unknown, 500ms);
  counters.answered(store_operation::last, store_outcome::done, 1ms);
  const auto& x = counters.stats();
  CAF_CHECK_EQUAL(counted(x, store_operation::update, store_outcome::done), 1u);
  CAF_CHECK_EQUAL(counted(x, store_operation::update, store_outcome::unknown), 1u);
  CAF_CHECK_EQUAL(of(x, store_operation::update).latency.count(), 2u);
  CAF_CHECK_EQUAL(of(x, store_operation::last).latency.count(), 1u);
  CAF_CHECK_EQUAL(of(x, store_operation::put).latency.count(), 0u);
}

CAF_TEST(a request that found no connection has no length) {
  request_counters counters;
  counters.answered(store_operation::update, store_outcome::not_connected, 0ms);
  const auto& x = counters.stats();
  CAF_CHECK_EQUAL(counted(x, store_operation::update, store_outcome::not_connected), 1u);
  CAF_CHECK_EQUAL(of(x, store_operation::update).latency.count(), 0u);
}

CAF_TEST(the first consumer of a watch is no rebuild) {
  request_counters counters;
  counters.watched(1);
  CAF_CHECK_EQUAL(counters.stats().watch_rebuilds, 0u);
  counters.watched(2);
  counters.watched(3);
  counters.watched(1);
  CAF_CHECK_EQUAL(counters.stats().watch_rebuilds, 2u);
}

CAF_TEST(a bucket whose counters start again takes nothing from the sum) {
  bucket_stats sum;
  store_stats a;
  a.watch_rebuilds = 3;
  store_stats b;
  b.watch_rebuilds = 4;
  sum.began("a");
  sum.told("a", a);
  sum.told("b", b);
  sum.told("a", a);
  CAF_CHECK_EQUAL(sum.sum().watch_rebuilds, 7u);
  sum.began("a");
  CAF_CHECK_EQUAL(sum.sum().watch_rebuilds, 7u);
  a.watch_rebuilds = 1;
  sum.told("a", a);
  CAF_CHECK_EQUAL(sum.sum().watch_rebuilds, 8u);
}

CAF_TEST(both stores count the same requests alike) {
  test::nats_server server;
  nats_options options;
  options.url = {server.url()};
  caf::actor_system_config cfg;
  caf::actor_system sys{cfg};
  for (const auto& store : {spawn_memory_store(sys), spawn_nats_store(sys, options)}) {
    caf::scoped_actor self{sys};
    self->send(store, test::handle_of<link_listener_actor>(self));
    for (auto link = link_state::connecting; link != link_state::connected;)
      self->receive([&](const link_changed& x) { link = x.state; },
                    caf::after(test::patience) >> [] { CAF_FAIL("no connection"); });
    open_bucket what;
    what.name = "counted";
    auto opened = test::ask<bucket_opened>(self, store, what);
    CAF_REQUIRE_EQUAL(opened.status, open_status::opened);
    test::blocking_bucket bucket{self, opened.bucket};
    auto first = bucket.create("a", "1").revision;
    bucket.create("a", "2");
    bucket.update("a", "2", first);
    bucket.update("a", "3", first);
    bucket.put("b", "1");
    bucket.put("no good key", "1");
    bucket.last("a");
    bucket.last("nothing");
    bucket.remove("a", bucket.last("a").entry.revision);
    auto x = test::ask<store_stats>(self, store, get_store_stats{});
    using enum store_operation;
    using how = store_outcome;
    CAF_CHECK(x.connected);
    CAF_CHECK_EQUAL(counted(x, open, how::done), 1u);
    CAF_CHECK_EQUAL(counted(x, create, how::done), 1u);
    CAF_CHECK_EQUAL(counted(x, create, how::conflict), 1u);
    CAF_CHECK_EQUAL(counted(x, update, how::done), 1u);
    CAF_CHECK_EQUAL(counted(x, update, how::conflict), 1u);
    CAF_CHECK_EQUAL(counted(x, put, how::done), 1u);
    CAF_CHECK_EQUAL(counted(x, put, how::refused), 1u);
    CAF_CHECK_EQUAL(counted(x, last, how::done), 3u);
    CAF_CHECK_EQUAL(counted(x, store_operation::remove, how::done), 1u);
    CAF_CHECK(of(x, create).latency.sum > 0);
    CAF_MESSAGE("a closed store still tells what it did");
    self->request(store, test::patience, close_store{})
        .receive([](store_closed) {}, [](const caf::error&) { CAF_FAIL("not closed"); });
    auto y = test::ask<store_stats>(self, store, get_store_stats{});
    CAF_CHECK(!y.connected);
    CAF_CHECK_EQUAL(counted(y, create, how::done), 1u);
  }
}
