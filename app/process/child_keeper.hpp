// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/process/child.hpp"

#include <caf/fwd.hpp>

#include <functional>
#include <string>

namespace partita::app {

/// Feeds a child and waits for its end, on a thread that exists only for that; then calls
/// `ended` there. So nobody else ever waits for a child, and nothing polls. Who keeps the
/// child reaps it after that call. The actor system waits for the end of all children that
/// are kept: whoever wants to leave has to see to it.
void keep_child(caf::actor_system& sys, const child& x, std::string input,
                std::function<void()> ended);

} // namespace partita::app
