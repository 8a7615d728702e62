// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/process/child.hpp"
#include "partita/messages/message.hpp"
#include "partita/messages/reports.hpp"

#include <caf/fwd.hpp>
#include <caf/replies_to.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/typed_actor.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <variant>
#include <vector>

/// The application of `partita run -- COMMAND`: a child that runs as long as its worker.
namespace partita::app {

/// The application's process has ended.
PARTITA_SIGNAL(application_over);

/// This process got a signal. SIGTERM and SIGINT wait until the worker has left: with them the
/// application is ended then. Others go to it at once.
struct pass_signal {
  int number = 0;
  PARTITA_MESSAGE(pass_signal, x.number)
};

/// The worker has left: the application must end, and is killed if it has not within
/// `limit`.
struct end_application {
  std::chrono::milliseconds limit{0};
  PARTITA_MESSAGE(end_application, x.limit)
};

/// The APPLICATION: kills what is left of its process group when the process itself ends, and
/// all of it when this actor ends.
using application_actor =
    caf::typed_actor<caf::reacts_to<application_over>, caf::reacts_to<pass_signal>,
                     // Gives its exit code, or 128 and the signal that ended it.
                     caf::replies_to<end_application>::with<int>,
                     // INTERNAL: the application had its time to end.
                     caf::reacts_to<wake>>;

/// Starts it. `over` is called when it ends by itself: the work is no longer done. To be
/// called on the thread that ends last: the application is killed when that ends,
/// however that comes about.
std::variant<application_actor, start_failure>
spawn_application(caf::actor_system& sys, std::vector<std::string> argv,
                  child_variables environment, std::function<void()> over);

/// Ends it in order and waits for that; its exit code.
int end_in_order(caf::scoped_actor& self, const application_actor& application,
                 std::chrono::milliseconds limit);

} // namespace partita::app
