// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/fwd.hpp>

namespace partita {

/// The option of an actor system with which an exception ends the process.
constexpr auto exceptions_end_process = "partita.exceptions-end-process";

/// For the start of each actor: what happens to an exception that `self` does not catch, because
/// memory or a thread cannot be had, or by a mistake in the program. Where the actor system has
/// the option above (`partita run`), it reaches std::terminate: a process without one of its
/// actors would neither work nor end. Elsewhere the actor ends with an error that bears the
/// exception's text, for those that monitor it. CAF alone would print to stdout.
void end_on_exception(caf::scheduled_actor* self);

} // namespace partita
