// SPDX-License-Identifier: Apache-2.0
// What makes hosts with CAF shorter.
#define CAF_SUITE embed.host
#include "partita/embed/host.hpp"

#include "partita/actors/sources/static_source.hpp"
#include "partita/store/memory/memory_store.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/test/unit_test.hpp>
#include <caf/typed_event_based_actor.hpp>

using namespace partita;
using namespace std::chrono_literals;

namespace {

struct fixture {
  caf::actor_system_config config;
  caf::actor_system sys{config};
  store_actor store = spawn_memory_store(sys);
  partition_source_actor source = spawn_static_source(sys, {{{"p", "0"}}});

  worker_options quick() {
    worker_options result;
    result.group.name = "orders";
    result.heartbeat.ttl = 3s;
    result.rebalance.settle_time = 100ms;
    return result;
  }
};

listener_actor::behavior_type work(listener_actor::pointer, caf::actor to) {
  return embed::listener_behavior(
      [=](const partitions_assigned& x) { caf::anon_send(to, x); },
      [](const partitions_revoked&) { return work_stopped{}; },
      [](const partitions_lost&) { return work_stopped{}; },
      [=](const worker_stopped& x) { caf::anon_send(to, x); });
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(host_tests, fixture)

CAF_TEST(a worker needs a group and the handlers for its work alone) {
  caf::scoped_actor self{sys};
  auto listener = sys.spawn(work, caf::actor_cast<caf::actor>(self));
  auto worker = embed::spawn_worker(sys, quick(), store, source, listener);
  self->receive(
      [](const partitions_assigned& x) { CAF_CHECK_EQUAL(x.partitions.size(), 1u); },
      caf::after(20s) >> [] { CAF_FAIL("nothing was assigned"); });
  CAF_CHECK(embed::stop_workers(sys, {worker}, store).empty());
  self->receive([](const worker_stopped& x) { CAF_CHECK_EQUAL(x.failure, ""); },
                caf::after(0s) >> [] { CAF_FAIL("the worker has not stopped"); });
  self->request(store, 1s, open_bucket{})
      .receive([](const bucket_opened& x) { CAF_CHECK(x.status != open_status::opened); },
               [](const caf::error&) {});
}

CAF_TEST(options are checked when a worker is started) {
  auto how = quick();
  how.rebalance.handoff_timeout = 600ms;
  how.worker.id_ttl = 1s;
  try {
    embed::spawn_worker(sys, how, store, source, listener_actor{});
    CAF_FAIL("it was started");
  } catch (const embed::bad_options& x) {
    CAF_MESSAGE(x.what());
    CAF_CHECK_EQUAL(x.mistakes().size(), 2u);
    CAF_CHECK(
        x.mistakes().front().starts_with("group orders: worker.id_ttl: found \"1s\""));
  }
}

CAF_TEST(the failure of a worker that could not leave is returned) {
  auto stuck = [](listener_actor::pointer self, caf::actor to) {
    return embed::listener_behavior(
        [=](const partitions_assigned& x) { caf::anon_send(to, x); },
        [=](const partitions_revoked&) -> caf::result<work_stopped> {
          return self->make_response_promise<work_stopped>();
        },
        [](const partitions_lost&) { return work_stopped{}; });
  };
  caf::scoped_actor self{sys};
  auto how = quick();
  how.timeouts.shutdown = 600ms;
  auto listener = sys.spawn(stuck, caf::actor_cast<caf::actor>(self));
  auto worker = embed::spawn_worker(sys, how, store, source, listener);
  self->receive([](const partitions_assigned&) {});
  auto failures = embed::stop_workers(sys, {worker}, store, leave_mode::stop);
  CAF_REQUIRE_EQUAL(failures.size(), 1u);
  CAF_CHECK(failures.front().starts_with("worker-0: "));
}

CAF_TEST_FIXTURE_SCOPE_END()
