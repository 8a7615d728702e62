// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rng.hpp"
#include "trace.hpp"

#include "partita/core/time.hpp"
#include "partita/messages/enumeration.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduled_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <vector>

namespace partita::simulation {

/// Numbers the processes of a group-life, in the order of their birth; never used twice.
using process_id = std::size_t;
inline constexpr auto no_process = std::numeric_limits<process_id>::max();

/// The threads of a process, modelled as three that do not delay each other
/// (docs/architecture.md, "Threads"): for plans, for the host and its listeners, and for
/// all the rest.
enum class thread : std::uint8_t { session, planning, host, count };

/// One actor system under virtual time. What comes next of all that could happen at one
/// instant is random; time moves on when nothing is left to be done. The world knows
/// of a process only which actors it consists of: those that are spawned while one of its
/// actors runs, or in within().
class world {
public:
  world(std::uint64_t seed, trace::mode mode, bool mail);
  world(const world&) = delete;
  world& operator=(const world&) = delete;
  ~world();

  caf::actor_system& system() { return *system_; }
  rng& random() { return random_; }
  simulation::trace& log() { return log_; }
  core::time_point now() const { return now_; }
  /// How many things have happened.
  std::uint64_t steps() const { return steps_; }

  // -- what happens ---------------------------------------------------------------------

  using action = std::function<void()>;
  void at(core::time_point when, action what);
  void after(core::duration pause, action what) { at(now_ + pause, std::move(what)); }
  /// After so many more steps, which may be in the middle of an instant.
  void after_steps(std::uint64_t n, action what);
  /// Called whenever an instant is over, before time moves on.
  void at_the_end_of_each_instant(action what) { instant_over_ = std::move(what); }

  /// Until then, or until stop().
  void run_until(core::time_point end);
  void stop() { stopped_ = true; }
  bool stopped() const { return stopped_; }
  /// Kills all processes and forgets what was to happen. Before what the actions refer to
  /// is destroyed.
  void end();

  // -- processes ------------------------------------------------------------------------

  process_id add_process(std::string name);
  const std::string& name(process_id x) const { return processes_[x].name; }

  /// What `f` spawns belongs to the process.
  template <class F>
  auto within(process_id x, F f) {
    auto before = system_->latest_actor_id();
    auto result = f();
    adopt(x, before);
    return result;
  }

  /// Its actors do nothing any more; mail and timers keep arriving.
  void freeze(process_id x);
  void thaw(process_id x);
  /// Its actors end at once: none of them handles another message.
  void kill(process_id x);
  /// The thread does nothing else for so long.
  void occupy(process_id x, thread which, core::duration how_long);
  /// What has reached the session thread before this moment is handled. A process that has been
  /// busy since it thawed still works on what came while it was frozen.
  core::time_point heard_before(process_id x) const {
    const auto& p = processes_[x];
    const auto& lane = p.lanes[static_cast<std::size_t>(thread::session)];
    if (lane.busy_until < now_)
      return now_;
    return p.thawed_at && lane.busy_since <= *p.thawed_at
               ? std::min(lane.busy_since, p.frozen_at)
               : lane.busy_since;
  }
  /// Called after each message of a thread; what it returns is how long that took.
  void messages_cost(std::function<core::duration(thread)> cost) {
    cost_ = std::move(cost);
  }
  /// What its wall clock shows is so much ahead.
  void set_wall_clock(process_id x, core::duration ahead) {
    processes_[x].wall_ahead = ahead;
  }
  /// How much the wall clock of the process is ahead whose turn it is.
  core::duration wall_ahead() const {
    return running_ == no_process ? core::duration{0} : processes_[running_].wall_ahead;
  }

  bool frozen(process_id x) const { return processes_[x].frozen; }
  /// Woke up in this instant: what it does before time moves on cannot be helped.
  bool just_thawed(process_id x) const { return processes_[x].thawed_at == now_; }
  bool alive(process_id x) const { return processes_[x].alive; }

private:
  struct process {
    std::string name;
    bool alive = true;
    bool frozen = false;
    core::time_point frozen_at;
    std::optional<core::time_point> thawed_at;
    /// Jobs of its actors while it is frozen. Each holds a reference: none may get lost.
    std::vector<caf::resumable*> parked;
    struct lane {
      core::time_point busy_since;
      core::time_point busy_until;
      std::vector<caf::resumable*> parked;
    };
    std::array<lane, count_of<thread>> lanes;
    core::duration wall_ahead{0};
    std::vector<caf::weak_actor_ptr> actors;
  };

  struct happening {
    core::time_point when;
    std::uint64_t number;
    action what;
    bool operator<(const happening& x) const {
      return when > x.when || (when == x.when && number > x.number);
    }
  };

  void adopt(process_id x, caf::actor_id before);
  process_id owner_of(const caf::scheduled_actor& x) const;
  void step();
  void run_job(std::size_t which);
  void release(process_id x, thread which);
  void run_front(process_id owner, caf::scheduled_actor* who);
  void meet(process_id owner, caf::scheduled_actor& who);
  bool advance(core::time_point end);
  void collect_due();
  void note_mail(caf::scheduled_actor& who);

  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  caf::scheduler::test_coordinator* scheduler_;
  rng random_;
  simulation::trace log_;
  bool mail_;
  core::time_point now_;
  std::uint64_t steps_ = 0;
  bool stopped_ = false;

  std::priority_queue<happening> happenings_;
  std::uint64_t numbers_ = 0;
  /// What is to happen in this instant.
  std::vector<action> due_;
  /// What is to happen at a step.
  std::vector<std::pair<std::uint64_t, action>> at_step_;
  action instant_over_;

  std::deque<process> processes_;
  /// By actor id, and whether its process knows it.
  struct belonging {
    process_id owner = no_process;
    bool met = false;
    thread runs_on = thread::session;
  };
  std::function<core::duration(thread)> cost_;
  process_id running_ = no_process;
  std::vector<belonging> belongings_;
};

} // namespace partita::simulation
