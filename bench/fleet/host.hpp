// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace partita::bench {

/// A process with workers of the library: reads lines from stdin, `add N` for one more worker
/// with that number and `stop N`, and writes what happens to each to stdout as event lines.
/// Ends with its input.
int run_host(const std::string& config_file);

} // namespace partita::bench
