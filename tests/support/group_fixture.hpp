// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fault_proxy.hpp"
#include "memory/memory_store_client.hpp"
#include "test_source.hpp"

#include "partita/actors/shell.hpp"
#include "partita/actors/supervisor/supervisor.hpp"
#include "partita/core/strategies/strategies.hpp"
#include "partita/core/time.hpp"

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/test/dsl.hpp>

#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace partita::test {

/// What one worker's listener received, in the order in which it came.
struct diary {
  /// Which every event must name.
  std::string group = "g";
  std::vector<worker_id_claimed> ids;
  std::vector<state_changed> states;
  std::vector<leadership_changed> leaderships;
  std::vector<calculator_adopted> adoptions;
  std::vector<assignment_changed> assignments;
  std::vector<alert_raised> alerts;
  std::vector<worker_stopped> stops;
  /// What it works on, with the tokens.
  std::map<std::string, version> works;

  template <class Event>
  void require_group(const Event& x) const {
    if (x.group != group)
      CAF_FAIL("an event names the group '" << x.group
                                            << "': " << caf::deep_to_string(x));
  }
  std::string id() const { return ids.empty() ? "" : ids.back().worker_id.value; }
  bool leading() const { return !leaderships.empty() && leaderships.back().leading; }
  worker_state state() const {
    return states.empty() ? worker_state::init : states.back().to;
  }
  std::set<std::string> owns() const {
    std::set<std::string> result;
    if (!assignments.empty())
      for (const auto& x : assignments.back().partitions)
        result.insert(name_of(x.partition));
    return result;
  }
};

inline listener_actor::behavior_type keep_diary(listener_actor::pointer,
                                                std::shared_ptr<diary> d) {
  return {
      [d](const worker_id_claimed& x) {
        d->require_group(x);
        d->ids.push_back(x);
      },
      [d](const state_changed& x) {
        d->require_group(x);
        d->states.push_back(x);
      },
      [d](const leadership_changed& x) {
        d->require_group(x);
        d->leaderships.push_back(x);
      },
      [d](const calculator_adopted& x) {
        d->require_group(x);
        d->adoptions.push_back(x);
      },
      [d](const assignment_changed& x) {
        d->require_group(x);
        d->assignments.push_back(x);
      },
      [d](const partitions_assigned& x) {
        d->require_group(x);
        for (const auto& y : x.partitions)
          d->works[name_of(y.partition)] = y.token;
      },
      [d](const partitions_revoked& x) {
        d->require_group(x);
        for (const auto& y : x.partitions)
          d->works.erase(name_of(y.partition));
        return work_stopped{};
      },
      [d](const partitions_lost& x) {
        d->require_group(x);
        for (const auto& y : x.partitions)
          d->works.erase(name_of(y.partition));
        return work_stopped{};
      },
      [d](const alert_raised& x) {
        d->require_group(x);
        d->alerts.push_back(x);
      },
      [d](const worker_stopped& x) {
        d->require_group(x);
        d->stops.push_back(x);
      },
  };
}

/// Whole workers under virtual time: one memory server, one client and one supervisor for
/// each worker.
struct group_fixture : test_coordinator_fixture<> {
  struct member {
    store::memory_store_actor client;
    fault_proxy_actor faults;
    supervisor_actor supervisor;
    std::shared_ptr<diary> heard;
  };

  store::memory_server_actor server = store::spawn_memory_server(sys);
  test_source_actor source = sys.spawn(test_source, numbered_partitions(12));
  std::map<std::string, member> members;
  worker_options base = options();
  store::memory_store_actor operator_;

  static worker_options options() {
    worker_options result;
    result.group.name = "g";
    result.buckets = bucket_options::of("g");
    result.strategy = core::make_strategy({});
    result.worker.shutdown = leave_mode::stop;
    result.random_seed = 1;
    result.clock = worker_clock::of_actors();
    return result;
  }

  /// The wall clock goes with virtual time, too.
  group_fixture() {
    static const group_fixture* present;
    present = this;
    partita::simulated_unix_seconds = +[]() -> std::int64_t {
      using namespace std::chrono;
      auto since = present->sched.clock().now().time_since_epoch();
      return 1'750'000'000 + duration_cast<seconds>(since).count();
    };
  }

  ~group_fixture() {
    partita::simulated_unix_seconds = nullptr;
    for (auto& [name, x] : members) {
      anon_send_exit(x.supervisor, caf::exit_reason::kill);
      anon_send_exit(x.client, caf::exit_reason::kill);
    }
    if (operator_)
      anon_send_exit(operator_, caf::exit_reason::kill);
    anon_send_exit(server, caf::exit_reason::kill);
    anon_send_exit(source, caf::exit_reason::kill);
    members.clear();
    consume_messages();
    sched.clock().cancel_all();
  }

  member& start(const std::string& name, const std::string& instance = "") {
    auto o = base;
    o.worker.instance = instance;
    o.random_seed = ++base.random_seed;
    auto& x = members[name];
    x.heard = std::make_shared<diary>();
    x.heard->group = o.group.name;
    auto behind_proxy = spawn_faulty_client(sys, server);
    x.client = behind_proxy.client;
    x.faults = behind_proxy.faults;
    x.supervisor = spawn_supervisor(sys, o, caf::actor_cast<store_actor>(x.client),
                                    source, sys.spawn(keep_diary, x.heard));
    return x;
  }

  diary& heard(const std::string& name) { return *members.at(name).heard; }

  void source_list(std::size_t n) {
    anon_send(source, partition_list{numbered_partitions(n)});
  }

  /// A bucket, as a client other than the workers reaches it.
  bucket_actor bucket(const std::string& name) {
    if (!operator_)
      operator_ = store::spawn_memory_client(sys, server);
    open_bucket what;
    what.name = name;
    what.mode = open_mode::look;
    caf::scoped_actor asker{sys};
    bucket_actor result;
    asker->send(operator_, what);
    consume_messages();
    asker->receive([&](const bucket_opened& x) { result = x.bucket; });
    return result;
  }

  /// Lets virtual time pass, timer by timer.
  void pass(core::duration how_long) {
    auto end = sched.clock().now() + how_long;
    for (;;) {
      consume_messages();
      auto& schedule = sched.clock().schedule();
      if (schedule.empty() || schedule.begin()->first > end)
        break;
      auto now = sched.clock().now();
      auto next = schedule.begin()->first;
      sched.advance_time(next > now ? next - now : core::duration{0});
    }
    auto now = sched.clock().now();
    if (end > now)
      sched.advance_time(end - now);
    consume_messages();
  }

  /// Lets time pass in small steps until it holds, at most for so long.
  bool pass_until(const std::function<bool()>& holds, core::duration at_most) {
    using namespace std::chrono_literals;
    for (core::duration passed{0}; passed <= at_most; passed += 10ms) {
      if (holds())
        return true;
      pass(10ms);
    }
    return holds();
  }

  /// Starts a group that shares twelve partitions; its cold start is over.
  void settle(std::initializer_list<const char*> names, std::size_t each) {
    using namespace std::chrono_literals;
    for (auto name : names)
      start(name);
    CAF_REQUIRE(pass_until([&] { return balanced(12, each); }, 15s));
    CAF_MESSAGE("past the cold start");
    pass(31s);
  }

  void fault(const std::string& name, fault_kind kind, const std::string& bucket = {},
             std::uint32_t times = for_ever, std::chrono::milliseconds delay = {}) {
    anon_send(
        members.at(name).faults,
        client_fault{.kind = kind, .bucket = bucket, .times = times, .delay = delay});
  }

  worker_status status(const std::string& name) {
    worker_status result;
    caf::scoped_actor asker{sys};
    asker->send(members.at(name).supervisor, get_status{});
    consume_messages();
    asker->receive([&](const worker_status& x) { result = x; });
    return result;
  }

  /// The process dies: nothing is said, nothing is given back.
  void crash(const std::string& name) {
    auto& x = members.at(name);
    fault(name, fault_kind::link_down);
    consume_messages();
    anon_send_exit(x.supervisor, caf::exit_reason::kill);
    anon_send_exit(x.client, caf::exit_reason::kill);
    consume_messages();
    members.erase(name);
  }

  std::vector<std::string> leaders() {
    std::vector<std::string> result;
    for (auto& [name, x] : members)
      if (x.heard->leading() && x.heard->stops.empty())
        result.push_back(name);
    return result;
  }

  /// The only leader; empty if there is none or several.
  std::string the_leader() {
    auto all = leaders();
    return all.size() == 1 ? all.front() : std::string{};
  }

  /// One of those that do not lead.
  std::string follower() {
    for (auto& [name, x] : members)
      if (!x.heard->leading())
        return name;
    return {};
  }

  /// How many of the members own each partition.
  std::map<std::string, int> owners() {
    std::map<std::string, int> result;
    for (auto& [name, x] : members)
      for (const auto& p : x.heard->owns())
        ++result[p];
    return result;
  }

  bool all_owned_once(std::size_t n) {
    auto all = owners();
    if (all.size() != n)
      return false;
    for (auto& [p, count] : all)
      if (count != 1)
        return false;
    return true;
  }

  bool settled(std::size_t n) {
    for (auto& [name, x] : members)
      if (x.heard->state() != worker_state::stable)
        return false;
    return leaders().size() == 1 && all_owned_once(n);
  }

  bool balanced(std::size_t n, std::size_t each) {
    if (!settled(n))
      return false;
    for (auto& [name, x] : members)
      if (x.heard->owns().size() != each)
        return false;
    return true;
  }
};

} // namespace partita::test
