// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "group.hpp"

#include <deque>

namespace partita::simulation {

/// Which processes come and go, and what goes wrong, at random, up to a moment; then what
/// lasts is ended, and the group is left in peace.
class workload {
public:
  workload(world& w, const profile& faults, const settings& s, server& store, group& g,
           checker& c, core::time_point end);

  void start();

  /// All faults are over: places that are empty may be taken again.
  void finish();

private:
  using seconds = std::chrono::seconds;

  void schedule(fault what);
  void strike(fault what);

  // -- processes --
  /// Whom something strikes: the leader more often than others.
  host* victim();
  void crash();
  void freeze();
  void stall_thread();
  void freeze_guard();
  void kill_guard();
  void set_server_clock();
  void leave();
  void begin_rolling_restart();
  void roll_on();
  void arrive();
  void left(std::size_t slot, bool failed);
  void come_back(std::size_t slot, bool soon);

  void spring(process_id who, const std::string& bucket);

  // -- the way to the store --
  void cut();
  void cut_off(host& x);
  void turn(host& x);
  void part();
  void slow_down();

  // -- the store --
  void begin(fault_window x, core::duration how_long);
  fault_window some_window(fault what, double likely);
  void lose_answers();
  void delay_writes();
  void lag_watches();
  void break_watches();
  void kill_watches();
  void take_api_away();
  void play_old_replicas();
  void expire_late();
  void lose_bucket();
  void lose_writes();
  void restart_server();
  void remove_entry();
  void poison_entry();
  void usurp();

  void change_partitions();
  void freeze_and_cut(process_id who);
  void bring_back(const std::vector<partition>& gone);

  /// Between the two, but not past the end; fault lasts as long.
  core::duration lasting(core::duration shortest, core::duration longest);
  const std::string& some_bucket();
  /// For faults of single buckets, which may have a focus.
  const std::string& struck_bucket();
  bool over() const { return world_->now() >= end_; }

  world* world_;
  profile faults_;
  const settings* settings_;
  server* server_;
  group* group_;
  checker* checker_;
  core::time_point end_;
  bool workers_make_buckets_;
  std::vector<std::string> buckets_;
  std::uint64_t partition_names_ = 0;
  /// Places that are to be restarted, one after the other.
  std::deque<std::size_t> rolling_;
  /// How many ambushes wait for a write.
  std::size_t ambushes_ = 0;
  /// Places whose process is on its way out and comes back.
  std::set<std::size_t> returning_;
};

} // namespace partita::simulation
