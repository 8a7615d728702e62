// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checker.hpp"
#include "group.hpp"
#include "server.hpp"
#include "settings.hpp"

#include "partita/messages/control.hpp"

#include <string>
#include <vector>

namespace partita::simulation {

/// The operators of a group: they write directives into the control bucket and take them
/// back, at random, while the workload makes fault. Has rng of its own, and in a
/// profile without directives it does nothing: such lives are what they would be without it.
class operator_model {
public:
  /// `end`: of the fault.
  operator_model(world& w, const profile& faults, const settings& s, server& store,
                 const group& g, checker& c, std::uint64_t seed, core::time_point end);

  /// Whether there are directives in this life.
  bool any() const { return a_minute_ > 0; }

  void start();
  /// The fault is over: pauses end, and in most lives some cordons and drains.
  void finish();
  /// The fault is over, and some directives change once more. Cordons only come.
  void change_in_peace();
  void take_all_back();

  /// What stands in the bucket now, as far as a calm group must follow it.
  directed standing() const;
  /// Partitions and workers of all pins that stood since change_in_peace began.
  const std::set<std::pair<std::string, std::string>>& pinned_in_peace() const {
    return pinned_in_peace_;
  }
  /// A directive that a leader of a calm group should have removed; empty if there is none.
  std::string left_over() const;

private:
  void schedule();
  void give_some_directive();
  void mark_worker(bool drained);
  void pin();
  void pause(core::duration longest);
  void step_down();
  void scribble();
  void take_one_back();
  void take_pauses_back();
  void take_back(const std::string& key);

  void put(const directive::kind& what);
  void put(const std::string& key, const std::string& value);
  /// All keys of directives that stand there; their values may be no directives.
  std::vector<kv_entry> entries() const;
  std::string some_worker();
  std::string some_partition();

  world* world_;
  const settings* settings_;
  server* server_;
  const group* group_;
  checker* checker_;
  /// Not the world's: what else a seed decides does not depend on how many numbers are
  /// drawn here.
  rng random_;
  core::time_point end_;
  std::set<std::pair<std::string, std::string>> pinned_in_peace_;
  double a_minute_ = 0;
};

} // namespace partita::simulation
