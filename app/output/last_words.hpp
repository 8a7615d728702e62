// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace partita::app {

/// Writes to stderr, but waits at most a second for a reader that stalls. Safe in a thread of its own, not in a signal handler.
void last_words(std::string_view text);

} // namespace partita::app
