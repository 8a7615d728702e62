// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace partita::app {

/// The commit that this program was built from: its short hash, with `-dirty` if files differed
/// from it; empty if the sources had no history. cmake/BuildCommit.cmake writes the source.
std::string_view build_commit();

} // namespace partita::app
