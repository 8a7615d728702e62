// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE integration.bursts

#include "support/group.hpp"
#include "support/tree_group.hpp"

#include "../support/eventually.hpp"
#include "../support/store_client.hpp"

#include "partita/messages/control_codec.hpp"

#include <caf/scoped_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/test/unit_test.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <set>
#include <thread>

// Much happens at once, with default settings and one thread for all workers, as in `partita
// run`: no session is lost, no leader is deposed, and no partition has two owners.
using namespace partita;
using namespace partita::test;

namespace {

struct group_at_default : tree_group {
  explicit group_at_default(std::size_t partitions) : tree_group{partitions, 1, 1} {
    options().heartbeat = {};
    options().rebalance = {};
    options().worker.shutdown = leave_mode::stop;
  }

  void require_rest(std::size_t workers, std::size_t partitions,
                    std::chrono::seconds at_most) {
    // Looked at now and then: each event of a thousand workers would be too often.
    auto rested = eventually(
        at_most, [&] { return settled(journal().now(), workers, partitions); });
    if (!rested) {
      std::map<std::string, int> states;
      for (const auto& [name, x] : journal().now())
        ++states[x.state];
      for (const auto& [state, count] : states)
        CAF_MESSAGE(count << " workers are " << state);
    }
    CAF_REQUIRE(rested);
  }

  std::size_t sessions() {
    std::size_t result = 0;
    for (const auto& [name, x] : journal().now())
      result += static_cast<std::size_t>(
          std::count(x.states.begin(), x.states.end(), "claiming_id"));
    return result;
  }

  std::size_t leaderships() {
    std::size_t result = 0;
    for (const auto& [name, x] : journal().now())
      result += x.adopted.size();
    return result;
  }

  /// Each worker has had one session, and one of them has led.
  void nothing_was_lost(std::size_t workers) {
    CAF_CHECK_EQUAL(sessions(), workers);
    CAF_CHECK_EQUAL(leaderships(), 1u);
    auto wrong = journal().violations();
    CAF_CHECK_EQUAL(wrong, "");
  }

  /// Some that do not lead.
  std::vector<std::string> followers(std::size_t count) {
    std::vector<std::string> result;
    auto now = journal().now();
    auto leads = leader_of(now);
    for (const auto& [name, x] : now)
      if (name != leads && result.size() < count)
        result.push_back(name);
    return result;
  }
};

/// What a variable of the environment asks for.
int number_of(const char* variable, int usual) {
  const auto* asked = std::getenv(variable);
  return asked ? std::atoi(asked) : usual;
}

/// What a great many workers do, counted by one listener on a thread of its own: a journal
/// would cost more than the workers.
struct tally {
  std::atomic<int> stable{0};
  std::atomic<int> owned{0};
  std::atomic<int> sessions{0};
  std::atomic<int> leaderships{0};
  std::atomic<int> twice_owned{0};
};

struct tally_state {
  std::map<std::string, worker_id> owners;
};

listener_actor::behavior_type
count_for(listener_actor::stateful_pointer<tally_state> self, tally* to) {
  auto stop = [=](const worker_id& who, const std::vector<grant>& what) {
    auto& owners = self->state.owners;
    for (const auto& x : what)
      if (auto i = owners.find(name_of(x.partition));
          i != owners.end() && i->second == who)
        owners.erase(i);
    to->owned = static_cast<int>(owners.size());
    return work_stopped{};
  };
  return {
      [](const worker_id_claimed&) {},
      [=](const state_changed& x) {
        to->stable += (x.to == worker_state::stable) - (x.from == worker_state::stable);
        to->sessions += x.to == worker_state::claiming_id;
      },
      [](const leadership_changed&) {},
      [=](const calculator_adopted&) { ++to->leaderships; },
      [](const assignment_changed&) {},
      [=](const partitions_assigned& x) {
        auto& owners = self->state.owners;
        for (const auto& y : x.partitions) {
          auto [i, is_new] = owners.try_emplace(name_of(y.partition), x.worker_id);
          to->twice_owned += !is_new && i->second != x.worker_id;
          i->second = x.worker_id;
        }
        to->owned = static_cast<int>(owners.size());
      },
      [=](const partitions_revoked& x) { return stop(x.worker_id, x.partitions); },
      [=](const partitions_lost& x) { return stop(x.worker_id, x.partitions); },
      [](const alert_raised&) {},
      [](const worker_stopped&) {},
  };
}

/// Gives processes a tenth of the time of a processor, as a quota of a container does.
class throttle {
public:
  explicit throttle(std::vector<pid_t> pids)
      : pids_{std::move(pids)}, thread_{[this] {
          // Not waits: the times are the quota that is imitated.
          while (!ended_) {
            signal(SIGSTOP);
            std::this_thread::sleep_for(90ms);
            signal(SIGCONT);
            std::this_thread::sleep_for(10ms);
          }
        }} {}
  ~throttle() {
    ended_ = true;
    thread_.join();
  }

private:
  void signal(int number) const {
    for (auto pid : pids_)
      ::kill(pid, number);
  }

  std::vector<pid_t> pids_;
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

/// Default settings, as far as a test can wait for them.
timings at_default() {
  auto result = default_timings();
  result.settle = 1s;
  result.planned_scale_window = 10s;
  result.min_interval = 10s;
  result.handoff_timeout = 30s;
  result.partitions = 20'000;
  return result;
}

} // namespace

CAF_TEST(a worker joins while all have a tenth of a processor) {
  process_group group{at_default()};
  group.start_many(3);
  group.require_rest();
  auto leader = group.leader();
  auto adopted = group.journal().now().at(leader).adopted;
  auto lost = [&] {
    std::size_t result = 0;
    for (const auto& [name, x] : group.journal().now())
      result += static_cast<std::size_t>(
          std::count(x.states.begin(), x.states.end(), "claiming_id"));
    return result;
  };
  group.start("new");
  CAF_REQUIRE(
      eventually(20s, [&] { return !group.journal().now().at("new").id.empty(); }));
  std::vector<pid_t> pids;
  for (const auto* name : {"w0", "w1", "w2", "new"})
    pids.push_back(group.process(name).worker());
  auto begin = std::chrono::steady_clock::now();
  {
    throttle tenth{pids};
    CAF_CHECK(eventually(60s, [&] { return settled(group.journal().now(), 4, 20'000); }));
    CAF_MESSAGE("the join took " << std::chrono::duration_cast<std::chrono::milliseconds>(
                                        std::chrono::steady_clock::now() - begin)
                                        .count()
                                 << " ms");
  }
  CAF_CHECK(group.journal().now().at(leader).adopted == adopted);
  CAF_CHECK_EQUAL(lost(), 4u);
  CAF_CHECK_EQUAL(group.journal().violations(), "");
}

CAF_TEST(two thousand pins at once) {
  group_at_default group{6000};
  group.start_many(3);
  group.require_rest(3, 6000, 60s);
  caf::scoped_actor self{group.system()};
  nats_options nats;
  nats.url = {group.server().url()};
  auto store = spawn_nats_store(group.system(), nats);
  auto name = group.journal().now().begin()->first;
  std::set<std::string> pinned;
  CAF_REQUIRE(eventually(30s, [&] {
    auto opened = ask<bucket_opened>(
        self, store,
        open_bucket{.name = group.options().buckets.control, .mode = open_mode::look});
    if (opened.status != open_status::opened)
      return false;
    // Each to a worker that does not have it.
    auto now = group.journal().now();
    for (const auto& [other, x] : now)
      for (const auto& partition : x.owns) {
        if (other == name || pinned.size() == 2000)
          continue;
        pinned.insert(partition);
        directive pin;
        pin.what = pin_directive{partition, {now.at(name).id}};
        caf::anon_send(opened.bucket, kv_put{directive_key(pin.what), to_text(pin)});
      }
    return true;
  }));
  CAF_CHECK(eventually(120s, [&] {
    auto owns = group.journal().now().at(name).owns;
    return std::includes(owns.begin(), owns.end(), pinned.begin(), pinned.end());
  }));
  group.require_rest(3, 6000, 60s);
  group.nothing_was_lost(3);
  ask<store_closed>(self, store, close_store{});
}

CAF_TEST(five hundred of five hundred and three say goodbye within a second) {
  group_at_default group{2000};
  group.start_many(503);
  group.require_rest(503, 2000, 180s);
  group.nothing_was_lost(503);
  auto before = std::chrono::steady_clock::now();
  group.stop_all(group.followers(500));
  CAF_MESSAGE("they took " << std::chrono::duration_cast<std::chrono::milliseconds>(
                                  std::chrono::steady_clock::now() - before)
                                  .count()
                           << " ms");
  group.require_rest(3, 2000, 60s);
  group.nothing_was_lost(3);
}

CAF_TEST(a hundred of four hundred workers in one process leave) {
  // A thousand take some minutes of two processors.
  const auto workers = number_of("PARTITA_BURST_WORKERS", 400);
  const auto partitions = number_of("PARTITA_BURST_PARTITIONS", 10 * workers);
  tally all;
  group_at_default group{static_cast<std::size_t>(partitions)};
  group.tell_instead(group.system().spawn<caf::detached>(count_for, &all));
  for (int i = 0; i < workers; ++i) {
    group.start("w" + std::to_string(i));
    // A hundred at a time: the cost of many that begin at once is another matter.
    if (i % 100 == 99)
      CAF_REQUIRE(eventually(60s, [&] { return all.stable == i + 1; }));
  }
  CAF_REQUIRE(
      eventually(60s, [&] { return all.stable == workers && all.owned == partitions; }));
  CAF_CHECK_EQUAL(all.sessions.load(), workers);
  std::vector<std::string> some;
  for (int i = 100; i < 200; ++i)
    some.push_back("w" + std::to_string(i));
  auto before = std::chrono::steady_clock::now();
  group.stop_all(some);
  CAF_REQUIRE(eventually(
      60s, [&] { return all.stable == workers - 100 && all.owned == partitions; }));
  CAF_MESSAGE("all is owned again after "
              << std::chrono::duration_cast<std::chrono::milliseconds>(
                     std::chrono::steady_clock::now() - before)
                     .count()
              << " ms");
  CAF_CHECK_EQUAL(all.sessions.load(), workers);
  CAF_CHECK_EQUAL(all.leaderships.load(), 1);
  CAF_CHECK_EQUAL(all.twice_owned.load(), 0);
  auto turns = group.turns();
  CAF_CHECK_GREATER(turns.taken.count(), 0u);
  auto bound =
      std::find_if(turns.taken.bounds.begin(), turns.taken.bounds.end(),
                   [&, seen = std::uint64_t{0}, i = std::size_t{0}](double) mutable {
                     seen += turns.taken.counts[i++];
                     return seen * 1000 >= turns.taken.count() * 999;
                   });
  CAF_MESSAGE(turns.taken.count()
              << " turns of the session thread, 99.9 % of at most "
              << (bound == turns.taken.bounds.end() ? 0 : *bound * 1000)
              << " ms, the longest of " << turns.longest / 1us << " us");
}
