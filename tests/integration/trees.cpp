// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE integration.trees

#include "support/tree_group.hpp"

#include "partita/messages/interfaces.hpp"

#include <caf/scoped_actor.hpp>
#include <caf/test/unit_test.hpp>

using namespace partita;
using namespace partita::test;

namespace {

void require_rest(tree_group& group, std::size_t partitions) {
  if (!group.rest(partitions))
    CAF_FAIL("the group did not come to rest:\n" << group.journal().story());
}

} // namespace

CAF_TEST(cold start of fifty workers in one process) {
  tree_group group{200};
  group.start_many(50);
  require_rest(group, 200);
  std::set<std::string> ids;
  std::size_t calculators = 0;
  for (const auto& [name, x] : group.journal().now()) {
    ids.insert(x.id);
    calculators += x.adopted.size();
  }
  CAF_CHECK_EQUAL(ids.size(), 50u);
  CAF_CHECK_EQUAL(calculators, 1u);
}

CAF_TEST(partitions added and removed at run time through the source actor) {
  tree_group group{10};
  group.start_many(3);
  require_rest(group, 10);
  group.set_partitions(40);
  require_rest(group, 40);
  group.set_partitions(7);
  require_rest(group, 7);
  group.set_partitions(0);
  require_rest(group, 0);
  group.set_partitions(21);
  require_rest(group, 21);
  CAF_CHECK_EQUAL(went_back(group.journal().now()), "");
}

CAF_TEST(a new leader works on what its own source says) {
  tree_group group{10};
  group.start_many(3);
  require_rest(group, 10);
  group.set_partitions(20);
  require_rest(group, 20);
  group.stop(leader_of(group.journal().now()));
  require_rest(group, 20);
}

CAF_TEST(concurrent bucket creation by many connections at once) {
  nats_server server;
  caf::actor_system_config config;
  caf::actor_system system{config};
  nats_options options;
  options.url = {server.url()};
  options.request_timeout = 5s;
  std::vector<store_actor> stores;
  for (int i = 0; i < 50; ++i)
    stores.push_back(spawn_nats_store(system, options));
  caf::scoped_actor self{system};
  auto ask_all = [&](const std::string& bucket) {
    std::vector<bucket_opened> answers;
    for (const auto& x : stores)
      self->send(x, open_bucket{.name = bucket});
    self->receive_while([&] { return answers.size() < stores.size(); })(
        [&](const bucket_opened& x) { answers.push_back(x); });
    return answers;
  };
  auto connected = [](const std::vector<bucket_opened>& xs) {
    return std::all_of(xs.begin(), xs.end(),
                       [](const auto& x) { return x.status == open_status::opened; });
  };
  CAF_MESSAGE("until all fifty are connected");
  while (!connected(ask_all("warm-up"))) {
  }
  std::set<std::int64_t> lives;
  std::size_t opened = 0;
  for (const auto& x : ask_all("race")) {
    CAF_CHECK_EQUAL(x.why, "");
    opened += x.status == open_status::opened ? 1 : 0;
    lives.insert(x.identity.created_at_ns);
  }
  CAF_CHECK_EQUAL(opened, 50u);
  for (auto created_at_ns : lives)
    CAF_MESSAGE("created at " << created_at_ns << " ns");
  CAF_CHECK_EQUAL(lives.size(), 1u);
  for (const auto& x : stores)
    self->request(x, 10s, close_store{})
        .receive([](store_closed) {}, [](const caf::error&) {});
}
