// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/supervisor/worker_alerts.hpp"
#include "partita/actors/supervisor/worker_children.hpp"
#include "partita/core/worker/life.hpp"

#include <functional>
#include <string>

namespace partita {

/// A worker as the leader of its group: runs the calculator from `elected` to the end of
/// the leadership, and passes on its reports.
class worker_leadership {
public:
  /// Called on the supervisor's thread.
  struct callbacks {
    std::function<void(const core::life::event&)> live;
    /// The store may show less than it did before.
    std::function<void()> doubt;
    /// Whether the roster is needed may have changed.
    std::function<void()> need_roster;
    /// The alerts' wake_at() may have changed.
    std::function<void()> moved;
  };

  worker_leadership(worker_context& context, worker_alerts& alerts,
                    worker_children& children, const core::life& life, callbacks to)
      : context_{context},
        alerts_{alerts},
        children_{children},
        life_{life},
        to_{std::move(to)} {}

  void stop(const std::string& why);

  // -- from the elector -----------------------------------------------------------------

  void on(const elected& x);
  void on(const deposed& x);

  // -- from the calculator --------------------------------------------------------------

  caf::result<may_act> on(const adopted& x);
  void on(const phase_changed& x);
  void on(const superseded& x);
  void on(const stepped_down& x);
  void on(const control_unknown& x);
  void on(const source_trouble& x);
  void on(const settings_differ& x);
  void on(const measured& x);

  const group_stats& led() const { return led_; }

private:
  bool leaving() const { return life_.state() == worker_state::shutdown; }

  worker_context& context_;
  worker_alerts& alerts_;
  worker_children& children_;
  const core::life& life_;
  callbacks to_;
  group_stats led_;
};

} // namespace partita
