// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/interfaces.hpp"

#include <caf/scoped_actor.hpp>

/// How a process ends.
namespace partita::app {

/// Makes the process end with a message where memory or a thread cannot be had and nothing
/// handles that: a library's or a destructor's. Other causes end it as before.
void report_exhaustion();

/// Closes the store and waits for that, not for ever. False: a thread of it hangs, as the NATS
/// library does where it gets no thread or a name server does not answer.
[[nodiscard]] bool close(caf::scoped_actor& self, const store_actor& store);

/// Ends the process with this code, where threads that cannot be ended still run.
[[noreturn]] void end_at_once(int code);

} // namespace partita::app
