// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/calculator_control.hpp"

/// INTERNAL to the calculator: the workers' records in the store, whole or in parts.
namespace partita::calculation {

/// Writes one; the coordinator gets the answer.
void write_record(self_pointer self, const core::coordinator::write& x);
/// The newest value of a key, or its removal: false if it belongs to no record.
bool record_shown(self_pointer self, const kv_entry& entry, bool removed);

} // namespace partita::calculation
