// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/epoch_survey.hpp"

#include "partita/messages/codec.hpp"

#include <algorithm>
#include <utility>

namespace partita::core {

void epoch_survey::shown(const kv_entry& entry) {
  newest_ns_ = std::max(newest_ns_, entry.stored_at_ns);
  auto found = stored_record_from(entry.value, entry.stored_at_ns);
  if (const auto* x = std::get_if<stored_record>(&found))
    greatest_ = std::max(greatest_, x->value.epoch);
  auto pulse = beat_from(entry.value, entry.stored_at_ns);
  if (const auto* x = std::get_if<beat>(&pulse))
    greatest_ = std::max({greatest_, x->applied.epoch, x->seen.epoch});
}

bool epoch_survey::replayed(source from) {
  auto& done = from == source::records ? records_ : heartbeats_;
  return !std::exchange(done, true) && records_ && heartbeats_;
}

} // namespace partita::core
