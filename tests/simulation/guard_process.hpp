// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "world.hpp"

#include "partita/actors/deadline_observer.hpp"
#include "partita/actors/worker_clock.hpp"
#include "partita/core/sidecar/dead_worker.hpp"
#include "partita/core/sidecar/guard.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace partita::simulation {

/// The process above a worker, with core::guard as it is shipped. It can be frozen and killed by
/// itself; what the worker says meanwhile waits, or is lost.
class guard_process final : public deadline_observer,
                            public std::enable_shared_from_this<guard_process> {
public:
  /// `kill_all`: ends the worker and its application at once.
  guard_process(world& w, const worker_clock& clock,
                std::function<void(const std::string& why)> kill_all);

  // -- deadline_observer ----------------------------------------------------------------

  void must_stop_by(const std::string&, core::time_point when) override;
  void stopped(const std::string&) override;
  void used(const core::used_nonce& x) override { dead_.used(x); }

  /// What to write once the worker has died.
  const core::dead_worker& dead() const { return dead_; }

  // -- what happens to it ---------------------------------------------------------------

  void freeze() { frozen_ = true; }
  void thaw();
  void end() { ended_ = true; }
  bool works() const { return !frozen_ && !ended_; }
  bool has_killed() const { return killed_; }

private:
  core::time_point now() const;
  void hear(const core::guard::event& what);
  void step(const core::guard::event& what);
  void wake();

  world* world_;
  worker_clock clock_;
  std::function<void(const std::string&)> kill_all_;
  core::guard guard_{core::guard::options{}};
  core::dead_worker dead_;
  std::vector<core::guard::event> heard_;
  bool frozen_ = false;
  bool ended_ = false;
  bool killed_ = false;
};

} // namespace partita::simulation
