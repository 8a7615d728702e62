// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "application.hpp"
#include "checker.hpp"
#include "guard_process.hpp"
#include "server.hpp"
#include "settings.hpp"

#include "partita/actors/supervisor/supervisor.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace partita::simulation {

/// One process: a worker, its application, its source of partitions and its connection.
struct host {
  process_id id = no_process;
  /// The place that it runs in.
  std::size_t slot = 0;
  bool leaving = false;
  worker_clock clock;
  std::unique_ptr<network_link> wire;
  store::memory_store_actor client;
  source_actor source;
  listener_actor application;
  supervisor_actor supervisor;
  caf::actor watch_observer;
  /// Null if there is none.
  std::shared_ptr<guard_process> guard;
};

/// The processes of a group and what can be done to them from outside.
class group {
public:
  group(world& w, const profile& faults, const simulation::settings& settings,
        server& store, checker& c, watch_checker& watches, bool by_record);
  ~group();

  // -- processes ------------------------------------------------------------------------

  /// Starts a process in a place; nothing if one is there.
  void start(std::size_t slot);
  void start_later(std::size_t slot, core::duration pause);
  /// Another place; it gets a name of its own.
  std::size_t add_slot(bool named);
  std::size_t slots() const { return slots_.size(); }
  /// The next process in this place has another name.
  void rename(std::size_t slot);

  /// The process ends at once, its application after so long. Its guard then says goodbye.
  void die(process_id x, core::duration outlived_by = core::duration{0});
  /// Of a guarded process; the worker leaves once the guard is gone.
  void freeze_guard(process_id x, core::duration how_long);
  void kill_guard(process_id x);
  void freeze(process_id x, core::duration how_long);
  /// It is killed if it takes too long.
  void leave(process_id x, leave_mode how);

  std::size_t processes() const { return hosts_.size(); }
  std::vector<host*> living();
  /// Any process that lives; null if there is none.
  host* any();
  host* find(process_id x);
  host* in_slot(std::size_t slot);

  // -- all of them ----------------------------------------------------------------------

  /// No process reaches the store until admit_all(): connections break, or are blocked.
  void part_all(bool broken, core::duration patience);
  void admit_all();
  /// One way takes up to so much longer; 0: as usual.
  void slow_down(core::duration up_to) { slow_ = up_to; }

  /// From now on all listeners are prompt.
  void make_peace() { peace_ = true; }

  // -- partitions -----------------------------------------------------------------------

  const std::vector<partition>& partitions() const { return partitions_; }
  /// Every process is notified, each in its own time.
  void change_partitions(std::vector<partition> xs, core::duration at_most);

  std::function<void(std::size_t slot, bool failed)> on_end;

private:
  struct place {
    std::string instance;
    process_id process = no_process;
  };

  worker_options options_of(std::size_t slot, const worker_clock& clock);
  void stopped(process_id x, const std::string& failure);
  void end(process_id x, core::duration outlived_by);
  core::duration one_way();
  double some_rate();
  listener_manner some_manner();

  world* world_;
  const profile* faults_;
  const simulation::settings* settings_;
  server* server_;
  checker* checker_;
  watch_checker* watches_;
  bool by_record_;
  std::vector<place> slots_;
  std::size_t names_ = 0;
  /// All, dead ones too: what they sent may still be on its way.
  std::vector<std::unique_ptr<host>> hosts_;
  std::vector<partition> partitions_;
  core::duration slow_{0};
  bool peace_ = false;

  enum class parting : std::uint8_t { no, broken, blocked };
  parting parted_ = parting::no;
  std::set<process_id> parted_hosts_;
  core::duration parting_patience_{0};
};

} // namespace partita::simulation
