// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace partita::app {

/// Writes to stderr what must not hold anybody up: gives up after a second if nobody reads
/// there. Safe in a thread of its own, not in a signal handler.
void last_words(std::string_view text);

} // namespace partita::app
