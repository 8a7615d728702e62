// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.dead_worker_writer

#include "partita/app/change/dead_worker_writer.hpp"

#include "partita/messages/codec.hpp"

#include "../../support/fault_proxy.hpp"
#include "../../support/store_client.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/send.hpp>
#include <caf/test/unit_test.hpp>

using namespace partita;
using namespace partita::app;
using namespace std::chrono_literals;
using partita::test::blocking_bucket;

namespace {

const worker_id three{"worker-3"};

std::string beat_of(const std::string& who, beat_state state = beat_state::working) {
  beat result;
  result.nonce = {who};
  result.replaces = {"before " + who};
  result.state = state;
  return to_text(result);
}

/// A dead worker that led, with id and heartbeat, and the store that it used.
struct fixture {
  fixture() {
    settings.group.name = "g";
    settings.buckets = bucket_options::of("g");
    dead.used({core::nonce_use::leader, three, {"candidate"}});
    dead.used({core::nonce_use::claim, three, {"holder"}});
    dead.used({core::nonce_use::heartbeat, three, {"mine"}});
    election.put("leader", to_text(leader_entry{three, 1, {"candidate"}}));
    ids.put("worker-3", to_text(claim{{"holder"}, "place", 1, 1, false}));
  }

  ~fixture() {
    for (const auto& x : {mine, theirs})
      test::ask<store_closed>(other_client, x, close_store{});
  }

  blocking_bucket bucket(const std::string& name) {
    return {
        other_client,
        test::ask<bucket_opened>(other_client, theirs, open_bucket{.name = name}).bucket};
  }

  int write(std::chrono::milliseconds limit = 20s) {
    group_access access{settings, limit, std::chrono::steady_clock::now() + limit, self,
                        mine};
    return write_for(dead, access);
  }

  void strikes(test::fault_kind kind, std::chrono::milliseconds delay = {}) {
    test::client_fault fault;
    fault.kind = kind;
    fault.bucket = "g-heartbeat";
    fault.times = 1;
    fault.delay = delay;
    caf::anon_send(my_client.faults, fault);
  }

  void later(std::chrono::milliseconds when, const std::string& value) {
    caf::delayed_anon_send(caf::actor_cast<caf::actor>(beats.handle()), when,
                           kv_put{"heartbeat.worker-3", value});
  }

  beat stands() {
    auto value = beat_from(beats.last("heartbeat.worker-3").entry.value, 0);
    return std::holds_alternative<beat>(value) ? std::get<beat>(value) : beat{};
  }

  bool leads() { return !election.last("leader").entry.value.empty(); }

  bool released() {
    return std::get<claim>(claim_from(ids.last("worker-3").entry.value)).released;
  }

  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  caf::scoped_actor other_client{system};
  store::memory_server_actor server = store::spawn_memory_server(system);
  test::faulty_client my_client = test::spawn_faulty_client(system, server);
  store_actor mine = my_client.client;
  store_actor theirs = store::spawn_memory_client(system, server);
  config::settings settings;
  core::dead_worker dead;
  blocking_bucket election = bucket("g-election");
  blocking_bucket beats = bucket("g-heartbeat");
  blocking_bucket ids = bucket("g-stableid");
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(dead_worker_writer_tests, fixture)

CAF_TEST(leadership and session end and the id is free) {
  beats.put("heartbeat.worker-3", beat_of("mine"));
  CAF_CHECK_EQUAL(write(), exit_fine);
  CAF_CHECK(!leads());
  CAF_CHECK(stands().state == beat_state::stopped);
  CAF_CHECK_EQUAL(stands().nonce.value, "mine");
  CAF_CHECK_EQUAL(stands().replaces.value, "before mine");
  CAF_CHECK(released());
}

CAF_TEST(what others hold is left alone) {
  beats.put("heartbeat.worker-3", beat_of("other"));
  election.put("leader", to_text(leader_entry{three, 1, {"other"}}));
  ids.put("worker-3", to_text(claim{{"other"}, "place", 1, 1, false}));
  CAF_CHECK_EQUAL(write(), exit_fine);
  CAF_CHECK(leads());
  CAF_CHECK(stands().state == beat_state::working);
  CAF_CHECK(!released());
}

CAF_TEST(an entry that changes between read and write is not overwritten) {
  beats.put("heartbeat.worker-3", beat_of("mine"));
  strikes(test::fault_kind::write_late, 400ms);
  later(100ms, beat_of("other"));
  CAF_CHECK_EQUAL(write(), exit_fine);
  CAF_CHECK_EQUAL(stands().nonce.value, "other");
  CAF_CHECK(stands().state == beat_state::working);
}

CAF_TEST(a heartbeat that arrives between read and write is replaced as well) {
  beats.put("heartbeat.worker-3", beat_of("mine"));
  strikes(test::fault_kind::write_late, 400ms);
  later(100ms, beat_of("mine", beat_state::draining));
  CAF_CHECK_EQUAL(write(), exit_fine);
  CAF_CHECK(stands().state == beat_state::stopped);
}

CAF_TEST(a write without an answer is settled) {
  beats.put("heartbeat.worker-3", beat_of("mine"));
  strikes(test::fault_kind::answer_lost);
  CAF_CHECK_EQUAL(write(), exit_fine);
  CAF_CHECK(stands().state == beat_state::stopped);
  CAF_CHECK(released());
}

CAF_TEST(a first heartbeat that was still on its way is replaced) {
  later(300ms, beat_of("mine", beat_state::joining));
  CAF_CHECK_EQUAL(write(), exit_fine);
  CAF_CHECK(stands().state == beat_state::stopped);
}

CAF_TEST(one that does not come is waited for no longer than that may take) {
  CAF_CHECK_EQUAL(write(300ms), exit_failed);
  CAF_CHECK(!leads());
  CAF_CHECK(!released());
}

CAF_TEST_FIXTURE_SCOPE_END()
