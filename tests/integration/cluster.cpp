// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE integration.cluster

#include "support/group.hpp"

#include <caf/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>

using namespace partita::test;

namespace {

const std::vector<std::string> streams{"it-stableid", "it-election", "it-heartbeat",
                                       "it-assignment", "it-control"};

/// What a group on a cluster uses by default.
timings cluster_profile() {
  auto result = default_timings();
  result.lease = 15s;
  result.ttl = 15s;
  return result;
}

/// How often each fault comes; PARTITA_CLUSTER_ROUNDS asks for more.
int rounds(int usual) {
  const auto* more = std::getenv("PARTITA_CLUSTER_ROUNDS");
  return more ? std::atoi(more) : usual;
}

struct fixture {
  std::unique_ptr<process_group> group;

  void start(timings with, const std::filesystem::path& program = nats_cluster::newest(),
             std::unique_ptr<cluster_network> network = nullptr) {
    group.reset();
    group = std::make_unique<process_group>(
        with, std::make_unique<nats_cluster>(program, std::move(network)));
    CAF_MESSAGE("nats-server: " << (program.empty() ? "installed" : program.string()));
    group->start_many(6);
    group->require_rest();
    group->cluster().wait_until_current(streams);
  }

  /// Each node on a host of its own; false: that cannot be had here.
  bool start_on_network(timings with) {
    if (!cluster_network::available()) {
      CAF_MESSAGE("not run: hosts of their own need root and the program ip");
      return false;
    }
    start(with, nats_cluster::newest(),
          std::make_unique<cluster_network>(nats_cluster::size));
    return true;
  }

  nats_cluster& cluster() { return group->cluster(); }

  /// How often all workers together began to look for an id, that is lost a session.
  std::size_t sessions() const {
    std::size_t result = 0;
    for (const auto& [name, x] : group->journal().now())
      result += static_cast<std::size_t>(
          std::count(x.states.begin(), x.states.end(), "claiming_id"));
    return result;
  }

  /// Else why.
  void check_no_session_lost(std::size_t before) const {
    CAF_CHECK_EQUAL(sessions(), before);
    if (sessions() != before)
      CAF_MESSAGE(group->journal().story());
  }

  std::size_t adoptions() const {
    std::size_t result = 0;
    for (const auto& [name, x] : group->journal().now())
      result += x.adopted.size();
    return result;
  }

  /// The two nodes that do not lead this stream stop for so long.
  void freeze_followers_of(const std::string& stream, std::chrono::milliseconds length) {
    auto leader = cluster().leader_of(stream, 0);
    for_others(leader, [](auto& node) { node.freeze(); });
    pass(length);
    for_others(leader, [](auto& node) { node.thaw(); });
  }

  /// Freezes them; no session may end by that, nor, if so said, a leadership.
  void freeze_and_look(const std::string& stream, std::chrono::milliseconds length,
                       bool keeps_leader) {
    auto sessions_before = sessions();
    auto adoptions_before = adoptions();
    freeze_followers_of(stream, length);
    auto thawed = std::chrono::steady_clock::now();
    CAF_CHECK(group->journal().wait(
        [](const auto& all) { return !leader_of(all).empty(); }, 30s));
    auto took = std::chrono::steady_clock::now() - thawed;
    CAF_REQUIRE(group->rest());
    CAF_MESSAGE(stream << ", " << length.count() << " ms: a leader after " << took / 1ms
                       << " ms, sessions lost " << sessions() - sessions_before
                       << ", elections " << adoptions() - adoptions_before);
    check_no_session_lost(sessions_before);
    if (keeps_leader)
      CAF_CHECK_EQUAL(adoptions(), adoptions_before);
    CAF_CHECK_LESS_OR_EQUAL(took / 1ms, 1000);
    cluster().wait_until_current(streams);
    // Each worker has sent two heartbeats since: the next fault is a separate one.
    pass(2s);
  }

  /// Around the node that leads the heartbeats' stream.
  template <class Cut, class Mend>
  void cut_for_a_while(Cut cut, Mend mend) {
    auto sessions_before = sessions();
    for (int round = 0; round < rounds(1); ++round) {
      auto leader = cluster().leader_of("KV_it-heartbeat", 0);
      cut(cluster().network(), leader);
      pass(10s);
      mend(cluster().network(), leader);
      cluster().wait_until_current(streams);
      CAF_CHECK(group->rest(60s));
      CAF_MESSAGE("sessions lost " << sessions() - sessions_before);
    }
    check_no_violation();
  }

  template <class F>
  void for_others(std::size_t one, F f) {
    for (std::size_t i = 0; i < nats_cluster::size; ++i)
      if (i != one)
        f(cluster().node(i));
  }

  /// Time passes; nothing is waited for, because nothing may happen.
  void pass(std::chrono::milliseconds how_long) {
    group->journal().wait([](const auto&) { return false; }, how_long);
  }

  void check_no_violation() const {
    CAF_CHECK_EQUAL(group->journal().violations(), "");
    CAF_CHECK_EQUAL(went_back(group->journal().now()), "");
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(cluster_tests, fixture)

CAF_TEST(followers that freeze for up to three seconds cost no session) {
  start(default_timings());
  for (int round = 0; round < rounds(4); ++round) {
    auto length = std::array{1000ms, 1500ms, 2000ms, 3000ms}[round % 4];
    for (const auto& stream : {"KV_it-heartbeat", "KV_it-election"}) {
      // Shorter than what a leader with a lease of 3 s can wait for.
      freeze_and_look(stream, length, length <= 1s);
    }
  }
  check_no_violation();
}

CAF_TEST(with the timings of a cluster they cost no leader either) {
  start(cluster_profile());
  for (int round = 0; round < rounds(1); ++round)
    for (const auto& stream : {"KV_it-heartbeat", "KV_it-election"})
      freeze_and_look(stream, 3s, true);
  check_no_violation();
}

CAF_TEST(no process ends while the quorum is away for forty seconds) {
  const auto programs = nats_cluster::programs();
  for (int round = 0; round < rounds(static_cast<int>(programs.size())); ++round) {
    start(default_timings(), programs[static_cast<std::size_t>(round) % programs.size()]);
    freeze_followers_of("KV_it-heartbeat", 40s);
    // The servers' own elections come first.
    for (const auto& stream : streams)
      cluster().leader_of("KV_" + stream, 0);
    auto back = std::chrono::steady_clock::now();
    CAF_CHECK(group->rest());
    auto took = std::chrono::steady_clock::now() - back;
    CAF_MESSAGE("all owned again after " << took / 1ms << " ms");
    CAF_CHECK_LESS_OR_EQUAL(took / 1ms, 5000);
    for (const auto& [name, x] : group->journal().now()) {
      CAF_CHECK(!x.stopped);
      CAF_CHECK_EQUAL(x.failure, "");
    }
    check_no_violation();
  }
}

CAF_TEST(with the timings of a cluster the death of nodes costs no session) {
  start(cluster_profile());
  auto sessions_before = sessions();
  auto adoptions_before = adoptions();
  for (int round = 0; round < rounds(3); ++round) {
    auto victim = cluster().leader_of("KV_it-heartbeat", 0);
    cluster().node(victim).kill();
    pass(8s);
    cluster().node(victim).start();
    cluster().wait_until_current(streams);
    CAF_CHECK(group->rest());
    CAF_MESSAGE("round " << round << ": sessions lost " << sessions() - sessions_before
                         << ", elections " << adoptions() - adoptions_before);
  }
  CAF_MESSAGE("nor does a rolling restart");
  for (int round = 0; round < rounds(3); ++round) {
    auto& node = cluster().node(static_cast<std::size_t>(round) % nats_cluster::size);
    node.stop();
    node.start();
    cluster().wait_until_current(streams);
    CAF_MESSAGE("round " << round << ": sessions lost " << sessions() - sessions_before
                         << ", elections " << adoptions() - adoptions_before);
  }
  CAF_CHECK(group->rest());
  check_no_session_lost(sessions_before);
  check_no_violation();
}

CAF_TEST(a node that is cut off costs no session with the timings of a cluster) {
  if (!start_on_network(cluster_profile()))
    return;
  auto sessions_before = sessions();
  cut_for_a_while([](auto& network, std::size_t leader) { network.isolate(leader); },
                  [](auto& network, std::size_t leader) { network.rejoin(leader); });
  check_no_session_lost(sessions_before);
}

CAF_TEST(two nodes that do not see each other give no partition two owners) {
  if (!start_on_network(cluster_profile()))
    return;
  // The node that receives nothing from the leader calls elections, and the streams have
  // no leader: that ends sessions.
  auto other = [](std::size_t leader) { return (leader + 1) % nats_cluster::size; };
  cut_for_a_while([&](auto& x, std::size_t leader) { x.cut(leader, other(leader)); },
                  [&](auto& x, std::size_t leader) { x.mend(leader, other(leader)); });
}

CAF_TEST(a worker that is cut off together with its node stops before others begin) {
  if (!start_on_network(default_timings()))
    return;
  auto& network = cluster().network();
  for (const auto& [name, x] : group->journal().now())
    CAF_CHECK_EQUAL(group->stop(name), 0);
  auto host_of = [](const std::string& name) { return name == "on-0" ? 0u : 1u; };
  for (const auto* name : {"on-0", "on-1"}) {
    group->use_network(network.name(host_of(name)));
    group->start(name);
  }
  group->require_rest();
  for (int round = 0; round < rounds(2); ++round) {
    auto victim = group->leader();
    auto other = victim == "on-0" ? "on-1" : "on-0";
    network.isolate(host_of(victim));
    CAF_CHECK(group->journal().wait(
        [&](const auto& all) {
          return all.at(victim).owns.empty()
                 && all.at(other).owns.size() == group->with().partitions;
        },
        60s));
    CAF_CHECK_EQUAL(group->leader(), other);
    network.rejoin(host_of(victim));
    CAF_CHECK(group->rest(60s));
    cluster().wait_until_current(streams);
  }
  check_no_violation();
}

CAF_TEST_FIXTURE_SCOPE_END()
