// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE store.nats_identity

#include "../../support/nats_world.hpp"

using namespace partita;
using namespace partita::test;
using namespace std::chrono_literals;

namespace {

/// Two servers that know nothing of each other.
struct fixture : nats_world {
  nats_server other;

  store_actor connect_to(std::vector<std::string> urls) {
    nats_options options;
    options.url = std::move(urls);
    options.watch_heartbeat = 100ms;
    stores.push_back(spawn_nats_store(system, options));
    until(stores.back(), link_state::connected);
    return stores.back();
  }

  void write(const std::string& url, const std::string& value) {
    auto x = bucket(connect_to({url}), "b");
    CAF_REQUIRE_EQUAL(put(x, "group", value).status, write_status::done);
  }

  std::vector<surveyed_server> survey(const store_actor& store) {
    return ask<servers_surveyed>(self, store, survey_servers{"b", "group"}).servers;
  }

  /// Waits for word of a foreign server.
  std::string until_foreign(const store_actor& store) {
    caf::scoped_actor listener{system};
    listener->send(store, handle_of<link_listener_actor>(listener));
    std::optional<std::string> why;
    while (!why)
      listener->receive(
          [&](const link_changed& x) {
            if (x.foreign)
              why = x.why;
          },
          caf::after(patience) >> [] { CAF_FAIL("no foreign server is reported"); });
    return *why;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(nats_identity_tests, fixture)

CAF_TEST(a survey shows what each server holds) {
  write(server.url(), "mine");
  auto store = connect_to({server.url(), other.url(), "nats://127.0.0.1:1"});
  auto xs = survey(store);
  CAF_REQUIRE_EQUAL(xs.size(), 3u);
  CAF_CHECK_EQUAL(xs[0].server, server.url());
  CAF_CHECK(xs[0].status == read_status::found && xs[0].value == "mine");
  CAF_CHECK(xs[1].status == read_status::missing);
  CAF_CHECK(xs[2].status == read_status::unknown);
  CAF_CHECK(xs[0].cluster.empty());
  CAF_MESSAGE("a value that was deleted is none");
  auto x = bucket(connect_to({server.url()}), "b");
  auto there = x.last("group");
  CAF_REQUIRE_EQUAL(x.remove("group", there.entry.revision).status, write_status::done);
  CAF_CHECK(survey(store)[0].status == read_status::missing);
}

CAF_TEST(a server of another store is not used) {
  write(server.url(), "mine");
  write(other.url(), "theirs");
  auto store = connect_to({server.url(), other.url()});
  // Which of the two it is depends on chance.
  auto x = bucket(store, "b");
  auto first = x.last("group").entry.value;
  auto& used = first == "mine" ? server : other;
  auto& foreign = first == "mine" ? other : server;
  self->send(store, expect_entry{"b", "group", first});
  ask<store_stats>(self, store, get_store_stats{});
  used.kill();
  auto why = until_foreign(store);
  CAF_CHECK(has(why, foreign.url()));
  CAF_CHECK(has(why, used.url()));
  CAF_CHECK(has(why, "nats.url"));
  CAF_MESSAGE("nothing is written there");
  CAF_CHECK_EQUAL(x.put("a", "1").status, write_status::not_connected);
  CAF_MESSAGE("until the one that was used is back");
  used.start();
  until(store, link_state::connected, used.url());
}

CAF_TEST(a server that knows nothing beside the one that was used is not used) {
  write(server.url(), "mine");
  auto store = connect_to({server.url()});
  close(store);
  store = connect_to({server.url(), other.url()});
  while (!has(until(store, link_state::connected), server.url()))
    other.restart();
  self->send(store, expect_entry{"b", "group", "mine"});
  ask<store_stats>(self, store, get_store_stats{});
  server.kill();
  CAF_CHECK(has(until_foreign(store), "no entry of this group"));
}

CAF_TEST(the same server without its data is used again) {
  write(server.url(), "mine");
  auto store = connect_to({server.url()});
  self->send(store, expect_entry{"b", "group", "mine"});
  ask<store_stats>(self, store, get_store_stats{});
  server.kill();
  until(store, link_state::disconnected);
  server.wipe();
  server.start();
  until(store, link_state::connected);
}

CAF_TEST_FIXTURE_SCOPE_END()
