// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/calculator_records.hpp"

#include "partita/messages/keys.hpp"

#include <utility>

namespace partita::calculation {

namespace {

/// Writes what the record of `who` consists of, one after the other.
void write_next(self_pointer self, const worker_id& who, kv_update what) {
  ask_to_replace(
      self, self->state.assignments, std::move(what.key), std::move(what.value),
      what.expected, reported(self, "a record", [self, who](const kv_written& y) {
        auto next = self->state.parts->answered(who, y);
        if (auto* x = std::get_if<kv_update>(&next))
          write_next(self, who, std::move(*x));
        else
          feed(self, core::coordinator::write_answered{who, std::get<kv_written>(next)});
      }));
}

void record_found(self_pointer self, const worker_id& who, const kv_entry& entry) {
  auto& s = self->state;
  auto value = s.parts->read(who, entry);
  if (const auto* bad = std::get_if<malformed>(&value))
    report_invalid(self, "assignment", entry.key, bad->why);
  feed(self, core::coordinator::record_shown{who, entry.revision, std::move(value)});
  // A part that stays is met again with the next record.
  for (auto& x : s.parts->surplus(who))
    ask_write(self, s.assignments, std::move(x), [](const kv_written&) {});
}

} // namespace

void write_record(self_pointer self, const core::coordinator::write& x) {
  auto& s = self->state;
  write_next(self, x.who,
             s.parts->begin(x.who, x.value, x.format, x.expected, s.most_value));
}

bool record_shown(self_pointer self, const kv_entry& entry, bool removed) {
  auto& parts = *self->state.parts;
  if (auto part = keys::part_in(entry.key)) {
    parts.shown(part->first, part->second, entry);
    return true;
  }
  auto who = keys::owner_of(entry.key, keys::records);
  if (!who)
    return false;
  if (removed) {
    parts.gone(*who);
    feed(self, core::coordinator::record_gone{*who});
  } else {
    record_found(self, *who, entry);
  }
  return true;
}

} // namespace partita::calculation
