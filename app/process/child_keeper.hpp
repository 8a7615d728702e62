// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/process/child.hpp"

#include <caf/fwd.hpp>

#include <functional>
#include <string>

namespace partita::app {

/// Feeds a child and waits for its end, on a thread that exists only for that; then calls
/// `ended` there. So no other thread waits for a child, and nothing polls. The owner of
/// the child reaps it after that call. The actor system waits for the end of all children
/// that are kept: they must end before the process can.
void keep_child(caf::actor_system& sys, const child& x, std::string input,
                std::function<void()> ended);

} // namespace partita::app
