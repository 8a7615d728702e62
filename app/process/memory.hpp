// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace partita::app {

/// Gives the pages that starting has used and left free back to the kernel: a sixth of the
/// memory of an idle worker. Does nothing in a process that has grown large, where the search
/// would hold up every thread that allocates. May be called by any thread.
void return_memory_of_start();

} // namespace partita::app
