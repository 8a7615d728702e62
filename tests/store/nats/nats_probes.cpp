// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE store.nats_probes

#include "../../support/nats_world.hpp"

#include <caf/event_based_actor.hpp>

#include <future>

using namespace partita;
using namespace partita::test;
using namespace std::chrono_literals;

namespace {

using world = nats_world;
using steady = std::chrono::steady_clock;

probed look(world& w, const store_actor& store) {
  return ask<probed>(w.self, store, probe{{"me"}});
}

/// Asks until this is the answer; nothing tells when it changes.
probed until(world& w, const store_actor& store, probe_status what) {
  for (auto end = steady::now() + patience;;) {
    auto x = look(w, store);
    if (x.status == what)
      return x;
    if (steady::now() > end)
      CAF_FAIL("it never is " << to_string(what) << ": " << x.why);
    w.self->receive(caf::after(1ms) >> [] {});
  }
}

} // namespace

CAF_TEST(a process whose actors are all busy is found alive) {
  world w;
  auto other = w.connect();
  caf::actor_system_config config;
  config.set("scheduler.max-threads", 1);
  caf::actor_system busy{config};
  {
    nats_options options;
    options.url = {w.server.url()};
    auto store = spawn_nats_store(busy, options);
    anon_send(store, serve_probe{{"me"}});
    until(w, other, probe_status::alive);
    std::promise<void> begun;
    std::promise<void> enough;
    busy.spawn(
        [](caf::event_based_actor*, std::promise<void>* here, std::promise<void>* end) {
          here->set_value();
          end->get_future().wait();
        },
        &begun, &enough);
    begun.get_future().wait();
    CAF_MESSAGE("the only thread of its actors does not return");
    for (int i = 0; i < 20; ++i)
      CAF_CHECK_EQUAL(look(w, other).status, probe_status::alive);
    enough.set_value();
    caf::scoped_actor self{busy};
    ask<store_closed>(self, store, close_store{});
  }
  CAF_CHECK_EQUAL(look(w, other).status, probe_status::gone);
}

CAF_TEST(a frozen server leaves a probe unknown after a tenth of a second) {
  world w;
  auto store = w.connect({.request_timeout = 10s});
  w.self->send(store, serve_probe{{"me"}});
  until(w, store, probe_status::alive);
  w.server.freeze();
  auto begun = steady::now();
  CAF_CHECK_EQUAL(look(w, store).status, probe_status::unknown);
  auto took = steady::now() - begun;
  CAF_CHECK(took >= 100ms);
  CAF_CHECK(took < 2s);
}

CAF_TEST(a probe waits no longer than a request) {
  world w;
  auto store = w.connect({.request_timeout = 20ms});
  w.server.freeze();
  auto begun = steady::now();
  CAF_CHECK_EQUAL(look(w, store).status, probe_status::unknown);
  CAF_CHECK(steady::now() - begun < 190ms);
}

CAF_TEST(
    after a reconnect the same nonce is served again and the link has another number) {
  world w;
  auto store = w.connect();
  auto other = w.connect();
  w.self->send(store, serve_probe{{"me"}});
  CAF_CHECK_EQUAL(until(w, other, probe_status::alive).link, 1u);
  w.server.kill();
  w.until(other, link_state::disconnected);
  auto cut_off = look(w, other);
  CAF_CHECK_EQUAL(cut_off.status, probe_status::unknown);
  CAF_CHECK_EQUAL(cut_off.link, 0u);
  w.server.start();
  CAF_CHECK_EQUAL(until(w, other, probe_status::alive).link, 2u);
}

CAF_TEST(a probe in flight when the server dies is unknown) {
  world w;
  auto store = w.connect();
  w.server.freeze();
  auto in_flight = w.self->request(store, patience, probe{{"me"}});
  w.server.kill();
  CAF_CHECK_EQUAL(wait_for<probed>(w.self, in_flight).status, probe_status::unknown);
}

CAF_TEST(closing a store answers a probe under way) {
  world w;
  auto store = w.connect();
  w.server.freeze();
  auto in_flight = w.self->request(store, patience, probe{{"me"}});
  auto closing = w.self->request(store, patience, close_store{});
  CAF_CHECK_EQUAL(wait_for<probed>(w.self, in_flight).status, probe_status::unknown);
  wait_for<store_closed>(w.self, closing);
}

CAF_TEST(probes that are not permitted are unknown and the server is not asked again) {
  world w{{.config = R"(authorization { users: [ { user: me, password: p,
    permissions: { publish: { deny: "partita.probe.>" } } } ] })"}};
  auto store = w.connect({.user = "me", .password = "p"});
  for (int i = 0; i < 10; ++i) {
    auto x = look(w, store);
    CAF_CHECK_EQUAL(x.status, probe_status::unknown);
    CAF_CHECK(has(x.why, "Permissions Violation"));
  }
  auto log = w.server.log();
  auto first = log.find("partita.probe.me");
  CAF_REQUIRE_NOT_EQUAL(first, std::string::npos);
  CAF_CHECK_EQUAL(log.find("partita.probe.me", first + 1), std::string::npos);
}

CAF_TEST(a process that may not be found is never alive) {
  world w{{.config = R"(authorization { users: [ { user: me, password: p,
    permissions: { subscribe: { deny: "partita.probe.>" } } } ] })"}};
  auto store = w.connect({.user = "me", .password = "p"});
  w.self->send(store, serve_probe{{"me"}});
  for (int i = 0; i < 100; ++i)
    CAF_REQUIRE_EQUAL(look(w, store).status, probe_status::gone);
  CAF_CHECK_EQUAL(w.bucket(store, "b").put("a", "1").status, write_status::done);
}
