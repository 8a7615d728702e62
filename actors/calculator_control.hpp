// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/calculator.hpp"

/// INTERNAL to the calculator: its access to the control bucket. Directives go to the
/// coordinator, plans into the history. A bucket that cannot be used is reported and
/// opened again, and does not keep the leader from planning.
namespace partita::calculation {

using self_pointer = calculator_actor::stateful_pointer<calculator_state>;

/// Steps the coordinator and carries out what it commands (calculator.cpp).
void feed(self_pointer self, const core::coordinator::event& what);
/// Sets the alarm for what is due next (calculator.cpp).
void set_alarm(self_pointer self);
/// Reports an entry that cannot be read to the supervisor, once (calculator.cpp).
void report_invalid(self_pointer self, const char* bucket, const std::string& key,
                    const std::string& why);

/// Opens the bucket and watches it under this number.
void open_control(self_pointer self, std::uint64_t watch);
void control_watched(self_pointer self, const watch_event& x);
void remove_directive(self_pointer self, const core::coordinator::remove_directive& x);
void write_history(self_pointer self, const core::coordinator::planned& x);
/// Does what is due.
void control_tick(self_pointer self, core::time_point now);
std::optional<core::time_point> control_wake_at(const calculator_state& s);

} // namespace partita::calculation
