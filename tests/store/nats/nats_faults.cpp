// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE store.nats_faults

#include "../../support/nats_world.hpp"

using namespace partita;
using namespace partita::test;
using namespace std::chrono_literals;

namespace {

using world = nats_world;
using steady = std::chrono::steady_clock;

} // namespace

// -- the server goes and comes back -----------------------------------------------------

CAF_TEST(a write in flight when the server dies has an unknown outcome) {
  world w;
  auto store = w.connect();
  auto bucket = w.bucket(store, "b");
  auto before = bucket.put("a", "1");
  w.server.freeze();
  auto in_flight =
      w.self->request(bucket.handle(), patience, kv_update{"a", "2", before.revision});
  // Refused without the server, after the one before it was sent.
  CAF_CHECK_EQUAL(bucket.put("no key", "").status, write_status::refused);
  w.server.kill();
  auto written = wait_for<kv_written>(w.self, in_flight);
  CAF_CHECK_EQUAL(written.status, write_status::unknown);
  CAF_CHECK(!written.why.empty());
  w.until(store, link_state::disconnected);
  CAF_MESSAGE("what is asked now is certainly not done");
  CAF_CHECK_EQUAL(bucket.put("a", "3").status, write_status::not_connected);
  CAF_CHECK_EQUAL(bucket.last("a").status, read_status::not_connected);
  CAF_CHECK_EQUAL(w.open(store, {.name = "c"}).status, open_status::not_connected);
  w.server.start();
  w.until(store, link_state::connected);
  auto read = bucket.last("a");
  CAF_REQUIRE_EQUAL(read.status, read_status::found);
  CAF_CHECK_NOT_EQUAL(read.entry.value, "3");
  CAF_CHECK_EQUAL(w.put(bucket, "a", "4").status, write_status::done);
}

CAF_TEST(a watch goes on after the server was killed) {
  world w;
  auto store = w.connect();
  auto bucket = w.bucket(store, "b");
  for (auto key : {"a", "b", "c"})
    bucket.put(key, "before");
  watch_probe probe{w.system};
  probe.watch(bucket.handle(), ">");
  auto before = probe.until(watch_change::replayed).back().bucket;
  for (auto round = 0; round < 3; ++round) {
    w.server.restart();
    auto restarted = probe.until(watch_change::restarted).back();
    CAF_CHECK(!restarted.why.empty());
    auto after = probe.until(watch_change::replayed).back().bucket;
    CAF_CHECK_EQUAL(after.created_at_ns, before.created_at_ns);
    CAF_CHECK_EQUAL(probe.view().size(), 3u);
    auto change = w.put(bucket, "a", std::to_string(round));
    CAF_CHECK_EQUAL(probe.until("a", change.revision).entry.value, std::to_string(round));
  }
}

CAF_TEST(a server that lost its store is another bucket) {
  world w;
  auto store = w.connect();
  auto bucket = w.bucket(store, "b");
  bucket.put("a", "old");
  watch_probe probe{w.system};
  probe.watch(bucket.handle(), ">");
  auto before = probe.until(watch_change::replayed).back().bucket;
  w.server.kill();
  w.server.wipe();
  w.server.start();
  CAF_MESSAGE("the bucket is made again unasked");
  auto changed = probe.until(watch_change::bucket_changed).back();
  CAF_CHECK_NOT_EQUAL(changed.bucket.created_at_ns, before.created_at_ns);
  probe.until(watch_change::replayed);
  CAF_CHECK(probe.view().empty());
  auto change = bucket.put("a", "new");
  CAF_CHECK_EQUAL(change.revision.value, 1u);
  CAF_CHECK_EQUAL(probe.until("a", change.revision).entry.value, "new");
}

CAF_TEST(a frozen server leaves writes unknown and answers come in time) {
  world w;
  auto store = w.connect({.request_timeout = 300ms});
  auto bucket = w.bucket(store, "b");
  bucket.put("a", "1");
  w.server.freeze();
  auto begun = steady::now();
  CAF_CHECK_EQUAL(bucket.put("a", "2").status, write_status::unknown);
  auto took = steady::now() - begun;
  CAF_CHECK(took >= 300ms);
  CAF_CHECK(took < 1500ms);
  w.until(store, link_state::disconnected);
  w.server.thaw();
  w.until(store, link_state::connected);
  CAF_CHECK_EQUAL(w.put(bucket, "a", "3").status, write_status::done);
  CAF_CHECK_EQUAL(bucket.last("a").entry.value, "3");
}

CAF_TEST(a store started before its server finds it) {
  world w;
  w.server.kill();
  auto store = w.start();
  auto why = w.until(store, link_state::connecting, "cannot connect");
  CAF_CHECK(has(why, w.server.url()));
  CAF_CHECK_EQUAL(w.open(store, {.name = "b"}).status, open_status::not_connected);
  w.server.start();
  w.until(store, link_state::connected);
  CAF_CHECK_EQUAL(w.open(store, {.name = "b"}).status, open_status::opened);
}

// -- behind our back --------------------------------------------------------------------

CAF_TEST(a bucket that vanishes is made again as it was opened) {
  world w;
  auto bucket = w.open(w.connect(), {.name = "b", .ttl = 60'000ms}).bucket;
  nats_client admin{w.server.url()};
  admin.put("b", "a", "old");
  watch_probe probe{w.system};
  probe.watch(bucket, ">");
  probe.until(watch_change::replayed);
  admin.delete_bucket("b");
  probe.until(watch_change::bucket_changed);
  CAF_CHECK_EQUAL(admin.info("b").max_age_ns, 60'000'000'000);
}

CAF_TEST(another stream on the subjects of a bucket is named) {
  world w;
  nats_client admin{w.server.url()};
  admin.api("STREAM.CREATE.other", R"({"name":"other","subjects":["$KV.b.>"]})");
  auto opened = w.open(w.connect(), {.name = "b"});
  CAF_MESSAGE(opened.why);
  CAF_CHECK_EQUAL(opened.status, open_status::refused);
  CAF_CHECK(has(opened.why, "overlap"));
}

CAF_TEST(a consumer that is deleted is made again) {
  world w;
  auto bucket = w.bucket(w.connect(), "b");
  watch_probe probe{w.system};
  probe.watch(bucket.handle(), "a");
  probe.until(watch_change::replayed);
  nats_client admin{w.server.url()};
  auto names = admin.request("$JS.API.CONSUMER.NAMES.KV_b").data;
  auto at = names.find("\"consumers\":[\"") + 14;
  admin.api("CONSUMER.DELETE.KV_b." + names.substr(at, names.find('"', at) - at));
  probe.until(watch_change::restarted);
  probe.until(watch_change::replayed);
  auto change = bucket.put("a", "1");
  probe.until("a", change.revision);
}

CAF_TEST(marks of other clients are seen as removals) {
  world w;
  auto bucket = w.bucket(w.connect(), "b");
  watch_probe probe{w.system};
  probe.watch(bucket.handle(), ">");
  nats_client admin{w.server.url()};
  for (const auto& mark : nats::header_list{{"KV-Operation", "DEL"},
                                            {"KV-Operation", "PURGE"},
                                            {"Nats-Marker-Reason", "MaxAge"}}) {
    auto written = bucket.create("a", "1");
    CAF_REQUIRE_EQUAL(written.status, write_status::done);
    probe.until("a", written.revision);
    admin.request("$KV.b.a", {}, {mark});
    probe.until_gone("a");
    CAF_CHECK(bucket.last("a").entry.removed);
  }
}

// -- rights -----------------------------------------------------------------------------

CAF_TEST(a wrong password is named and its repair is noticed) {
  world w{{.config = "authorization { user: me, password: right }"}};
  auto store = w.start({.user = "me", .password = "wrong"});
  auto why = w.until(store, link_state::connecting, "Authorization Violation");
  CAF_MESSAGE(why);
  CAF_CHECK(!has(why, "wrong"));
  w.server.reload("authorization { user: me, password: wrong }");
  w.until(store, link_state::connected);
}

CAF_TEST(a missing permission refuses a write at once and is named) {
  world w{{.config = R"(authorization { users: [ { user: me, password: p,
    permissions: { publish: { deny: ["$KV.b.closed", "$JS.API.STREAM.CREATE.KV_no"] } } } ] })"}};
  // So long that only the server's word can end it.
  auto store = w.connect({.user = "me", .password = "p", .request_timeout = 20s});
  auto bucket = w.bucket(store, "b");
  auto written = bucket.put("closed", "1");
  CAF_MESSAGE(written.why);
  CAF_CHECK_EQUAL(written.status, write_status::refused);
  CAF_CHECK(has(written.why, "Permissions Violation for Publish to \"$KV.b.closed\""));
  CAF_CHECK_EQUAL(bucket.put("open", "1").status, write_status::done);
  auto opened = w.open(store, {.name = "no"});
  CAF_CHECK_EQUAL(opened.status, open_status::refused);
  CAF_CHECK(has(opened.why, "STREAM.CREATE.KV_no"));
}

CAF_TEST(a store works over TLS) {
  world w{{.scheme = "tls"}};
  if (!make_certificates(w.server.dir())) {
    CAF_MESSAGE("skipped: there is no openssl program");
    return;
  }
  w.server.configure("tls { cert_file: \"$DIR/cert.pem\", key_file: \"$DIR/key.pem\" }");
  w.server.restart();
  auto bucket =
      w.bucket(w.connect({.tls_ca = (w.server.dir() / "ca.pem").string()}), "b");
  CAF_CHECK_EQUAL(bucket.put("a", "1").status, write_status::done);
  auto store = w.start();
  w.until(store, link_state::connecting, "SSL");
}

CAF_TEST(without JetStream a bucket cannot be opened and the reason is named) {
  world w{{.jetstream = false}};
  auto opened = w.open(w.connect(), {.name = "b"});
  CAF_CHECK_EQUAL(opened.status, open_status::refused);
  CAF_MESSAGE(opened.why);
  CAF_CHECK(has(opened.why, "JetStream"));
}

// -- size -------------------------------------------------------------------------------

CAF_TEST(five thousand keys are replayed) {
  world w;
  auto bucket = w.bucket(w.connect(), "b");
  constexpr std::size_t count = 5000;
  const auto name = [](std::size_t i) { return "key." + std::to_string(i); };
  std::vector<decltype(w.self->request(bucket.handle(), patience, kv_put{}))> handles;
  for (std::size_t i = 0; i < count; ++i)
    handles.push_back(
        w.self->request(bucket.handle(), patience, kv_put{name(i), "value"}));
  for (std::size_t i = 0; i < count; ++i)
    // All at once are more than a busy machine answers within a request's time.
    if (wait_for<kv_written>(w.self, handles[i]).status != write_status::done)
      CAF_REQUIRE_EQUAL(w.put(bucket, name(i), "value").status, write_status::done);
  watch_probe probe{w.system};
  probe.watch(bucket.handle(), "key.*");
  // Beside the values there may be signs of life: on a busy machine this takes a while.
  std::size_t shown = 0;
  auto broken = false;
  for (const auto& event : probe.until(watch_change::replayed)) {
    shown += event.change == watch_change::value;
    broken |= event.change == watch_change::restarted;
  }
  CAF_CHECK_EQUAL(probe.view().size(), count);
  CAF_CHECK(broken || shown == count);
}

CAF_TEST(a value over the limit of the server is refused with both sizes) {
  world w{{.config = "max_payload: 4096"}};
  auto bucket = w.bucket(w.connect(), "b");
  auto written = bucket.put("a", std::string(5000, 'x'));
  CAF_CHECK_EQUAL(written.status, write_status::refused);
  CAF_MESSAGE(written.why);
  CAF_CHECK(has(written.why, "5000"));
  CAF_CHECK(has(written.why, "4096"));
  CAF_CHECK(has(written.why, "max_payload"));
}

// -- lives ------------------------------------------------------------------------------

CAF_TEST(watchers of one pattern share a consumer that goes with the last of them) {
  world w;
  auto bucket = w.bucket(w.connect(), "b");
  nats_client admin{w.server.url()};
  {
    watch_probe one{w.system}, two{w.system};
    for (auto* x : {&one, &two}) {
      x->watch(bucket.handle(), ">");
      x->until(watch_change::replayed);
    }
    CAF_CHECK_EQUAL(admin.consumers("b"), 1u);
  }
  while (admin.consumers("b") > 0)
    continue;
}

CAF_TEST(watches that come and go before they are made leave one consumer) {
  world w;
  auto bucket = w.bucket(w.connect(), "b");
  bucket.put("a", "1");
  nats_client admin{w.server.url()};
  watch_probe probe{w.system};
  for (auto round = 0; round < 50; ++round) {
    for (auto i = 0; i < 5; ++i) {
      probe.watch(bucket.handle(), ">");
      probe.unwatch(bucket.handle());
    }
    probe.watch(bucket.handle(), ">", 2);
    probe.until(watch_change::replayed);
  }
  auto change = bucket.put("a", "2");
  CAF_CHECK_EQUAL(probe.until("a", change.revision).watch, 2u);
  while (admin.consumers("b") > 1)
    continue;
}

CAF_TEST(a store without a handle ends with its connection) {
  nats_server server;
  auto begun = steady::now();
  {
    caf::actor_system_config config;
    caf::actor_system system{config};
    caf::scoped_actor self{system};
    watch_probe probe{system};
    nats_options options;
    options.url = {server.url()};
    options.request_timeout = 60s;
    auto store = spawn_nats_store(system, options);
    bucket_opened opened;
    while (opened.status != open_status::opened)
      opened = ask<bucket_opened>(self, store, open_bucket{.name = "b"});
    probe.watch(opened.bucket, ">");
    probe.until(watch_change::replayed);
    CAF_MESSAGE("a bucket keeps its store");
    store = nullptr;
    auto written = ask<kv_written>(self, opened.bucket, kv_put{"a", "1"});
    CAF_CHECK_EQUAL(written.status, write_status::done);
  }
  CAF_CHECK(steady::now() - begun < 10s);
}

CAF_TEST(a store whose server is frozen ends soon) {
  nats_server server;
  auto begun = steady::now();
  {
    caf::actor_system_config config;
    caf::actor_system system{config};
    caf::scoped_actor self{system};
    nats_options options;
    options.url = {server.url()};
    auto store = spawn_nats_store(system, options);
    bucket_opened opened;
    while (opened.status != open_status::opened)
      opened = ask<bucket_opened>(self, store, open_bucket{.name = "b"});
    server.freeze();
    self->send(opened.bucket, kv_put{"a", "1"});
  }
  CAF_CHECK(steady::now() - begun < 10s);
}

CAF_TEST(closing a store answers what is under way) {
  world w;
  auto store = w.connect({.request_timeout = 400ms});
  auto bucket = w.bucket(store, "b");
  w.server.freeze();
  auto in_flight = w.self->request(bucket.handle(), patience, kv_put{"a", "1"});
  CAF_CHECK_EQUAL(bucket.put("no key", "").status, write_status::refused);
  auto begun = steady::now();
  w.close(store);
  CAF_CHECK(steady::now() - begun < 5s);
  CAF_CHECK_EQUAL(wait_for<kv_written>(w.self, in_flight).status, write_status::unknown);
  CAF_CHECK_EQUAL(bucket.put("a", "2").status, write_status::not_connected);
}
