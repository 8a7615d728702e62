// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/store.hpp"

#include <optional>
#include <string>

namespace partita::simulation {

/// The wall clock of every life begins here; epochs are shown as what they exceed it by.
inline constexpr std::int64_t wall_start_seconds = 1'750'000'000;

/// `e12.3`: the third version of the epoch that is 12 above the start of the wall clock.
std::string short_text(epoch x);
std::string short_text(version x);
/// A nonce's first characters.
std::string short_text(const nonce& x);

/// What an entry says, in as few words as a trace needs.
std::string short_text(const kv_entry& x);

/// Whether a write only repeats what was there: a renewal, or a heartbeat without news.
bool is_routine(const kv_entry& now, const std::optional<kv_entry>& before);

} // namespace partita::simulation
