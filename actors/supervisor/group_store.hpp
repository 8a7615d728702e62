// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/supervisor/worker_alerts.hpp"
#include "partita/core/worker/group_check.hpp"
#include "partita/messages/buckets.hpp"

#include <functional>
#include <string>

namespace partita {

/// Opens a worker's buckets and checks that their store is that of its group: carries out
/// core::group_check.
class group_store {
public:
  /// Called on the supervisor's thread.
  struct callbacks {
    std::function<void()> identified;
    /// Final: `why` says what was found and what to do.
    std::function<void(const std::string& why)> given_up;
    /// wake_at() may have changed.
    std::function<void()> moved;
  };

  group_store(worker_context& context, worker_alerts& alerts, callbacks to);

  void step(const core::group_check::event& what);
  std::optional<core::time_point> wake_at() const {
    return closed_ ? std::nullopt : check_.wake_at();
  }
  /// The worker leaves: nothing is checked any more.
  void close() { closed_ = true; }

private:
  struct bucket {
    wanted_bucket what;
    /// It was opened and, as far as is known, still exists.
    bool open = false;
  };

  void carry_out(const core::group_check::survey&);
  void carry_out(const core::group_check::open&);
  void carry_out(const core::group_check::look&);
  void carry_out(const core::group_check::write& x);
  void carry_out(const core::group_check::expect& x);
  void carry_out(const core::group_check::identified&);
  void carry_out(const core::group_check::waits& x);
  void carry_out(const core::group_check::give_up& x) { to_.given_up(x.why); }
  void answered(std::size_t which, const bucket_opened& x);

  worker_context& context_;
  worker_alerts& alerts_;
  callbacks to_;
  core::group_check check_;
  bool closed_ = false;
  std::array<bucket, bucket_count> buckets_;
  std::size_t opening_ = 0;
  core::group_check::opened trouble_;
};

} // namespace partita
