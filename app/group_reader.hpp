#pragma once

#include "partita/actors/options.hpp"
#include "partita/app/group_status.hpp"
#include "partita/messages/interfaces.hpp"

#include <caf/scoped_actor.hpp>

#include <chrono>
#include <string>
#include <variant>

namespace partita::app {

/// Waits until the store is connected; says why not if it is not within `limit`.
std::optional<std::string> wait_for_link(caf::scoped_actor& self,
                                         const store_actor& store,
                                         std::chrono::milliseconds limit);

/// Reads every key of the group's election, heartbeat and assignment buckets; makes none.
/// The other alternative says why that is not possible: the group does not exist, or the
/// store did not answer within `limit`.
std::variant<group_entries, std::string>
read_group(caf::scoped_actor& self, const store_actor& store, const std::string& group,
           const bucket_options& buckets, std::chrono::milliseconds limit);

} // namespace partita::app
