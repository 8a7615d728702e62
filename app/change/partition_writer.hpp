// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/change/partition_changes.hpp"
#include "partita/messages/interfaces.hpp"

#include <caf/scoped_actor.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace partita::app {

/// Writes the changes to the bucket by compare-and-set, several at a time, and passes how
/// many are written to `written`. Says why not all of them could be written, and how many
/// were: another client changed the same partition meanwhile, the store refused, did not
/// answer within `limit`, or `self` was sent a stop_worker.
std::optional<std::string> write_changes(caf::scoped_actor& self,
                                         const bucket_actor& bucket,
                                         const std::vector<partition_change>& changes,
                                         std::chrono::milliseconds limit,
                                         const std::function<void(std::size_t)>& written);

} // namespace partita::app
