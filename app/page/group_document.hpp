// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/inspect/group_status.hpp"
#include "partita/app/inspect/plan_history.hpp"

#include <nlohmann/json.hpp>

/// What the page shows, as JSON (docs/http.md). A quiet group has the same document all the
/// time: nothing in it merely grows older.
namespace partita::app {

/// What `status`, `workers` and `history` say with --json, by worker and by plan. The time
/// that is left of a session stands there only below half of it.
nlohmann::json group_document(const group_status& group, const plan_history& history);

/// The merge patch (RFC 7396) that makes `to` of `from`; empty: they are equal. A member that
/// is null counts as missing.
nlohmann::json patch_between(const nlohmann::json& from, const nlohmann::json& to);

} // namespace partita::app
