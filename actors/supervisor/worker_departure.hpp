// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/supervisor/work_orders.hpp"
#include "partita/actors/supervisor/worker_children.hpp"
#include "partita/core/worker/departure.hpp"
#include "partita/core/worker/life.hpp"

#include <caf/typed_response_promise.hpp>

#include <functional>
#include <string>
#include <vector>

namespace partita {

/// How a worker leaves: carries out core::departure, and ends the supervisor.
class worker_departure {
public:
  /// Called on the supervisor's thread.
  struct callbacks {
    std::function<void(const std::string& why)> begun;
    std::function<void()> session_over;
    std::function<void(const std::string& why)> over;
    /// wake_at() may have changed.
    std::function<void()> moved;
  };

  worker_departure(worker_context& context, worker_children& children, work_orders& work,
                   const core::life& life, callbacks to);

  void step(const core::departure::event& what);
  /// For the host; answered once the worker has stopped.
  caf::typed_response_promise<worker_stopped> ask(leave_mode mode);
  const core::departure& now() const { return departure_; }

private:
  void carry_out(const core::departure::begun& x);
  void carry_out(const core::departure::kill& x) { children_.kill(x.who); }
  void carry_out(const core::departure::resign&) { children_.resign(); }
  void carry_out(const core::departure::drain&) { work_.step(core::duties::drain{}); }
  void carry_out(const core::departure::look_for_leader&);
  void carry_out(const core::departure::give_up& x);
  void carry_out(const core::departure::end_session&);
  void carry_out(const core::departure::say_goodbye& x);
  void carry_out(const core::departure::release_id&) { children_.release_id(); }
  void carry_out(const core::departure::note& x) { context_.log(x.level, x.text); }
  void carry_out(const core::departure::finish& x);

  worker_context& context_;
  worker_children& children_;
  work_orders& work_;
  const core::life& life_;
  callbacks to_;
  core::departure departure_;
  std::vector<caf::typed_response_promise<worker_stopped>> answers_;
};

} // namespace partita
