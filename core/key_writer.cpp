// SPDX-License-Identifier: Apache-2.0
#include "partita/core/key_writer.hpp"

#include "partita/messages/failpoint.hpp"

#include <cassert>

namespace partita::core {

key_writer::step key_writer::begin(revision expected, time_point now) {
  assert(!busy());
  phase_ = phase::writing;
  expected_ = expected;
  in_doubt_ = false;
  settling_ = false;
  sent_ = now;
  return write{expected_};
}

key_writer::step key_writer::end(step what) {
  phase_ = phase::idle;
  retry_at_.reset();
  return what;
}

key_writer::step key_writer::repeat_later(time_point now) {
  retry_at_ = now + pause_;
  return waiting{};
}

key_writer::step key_writer::answered(const kv_written& answer, time_point now) {
  if (phase_ != phase::writing)
    return waiting{};
  switch (answer.status) {
  case write_status::done:
    return end(landed{answer.revision, sent_});
  case write_status::conflict:
    phase_ = phase::reading;
    return read{};
  case write_status::unknown:
    in_doubt_ = true;
    if (failpoint(rule::unknown_settled_by_reading)) {
      settling_ = true;
      phase_ = phase::reading;
      return read{};
    }
    return repeat_later(now);
  case write_status::not_connected:
    return in_doubt_ ? repeat_later(now) : end(not_sent{answer.why});
  case write_status::refused:
    return in_doubt_ ? repeat_later(now) : end(refused{answer.why});
  }
  return waiting{};
}

key_writer::step key_writer::looked(const kv_read& answer, sight what, time_point now) {
  if (phase_ != phase::reading)
    return waiting{};
  if (unchanged(answer, what)) {
    if (settling_)
      return end(not_sent{"it was not there when the key was read back"});
    if (!failpoint(rule::conflict_believed)) {
      in_doubt_ = true;
      phase_ = phase::writing;
      return repeat_later(now);
    }
  }
  switch (answer.status) {
  case read_status::found:
    if (answer.entry.removed)
      return end(vacant{answer.entry.revision});
    if (what == sight::ours && answer.entry.revision > expected_)
      return end(landed{answer.entry.revision, sent_});
    return end(taken{answer.entry, answer.entry.revision <= expected_});
  case read_status::missing:
    return end(vacant{});
  case read_status::not_connected:
  case read_status::unknown:
  case read_status::refused:
    return repeat_later(now);
  }
  return waiting{};
}

bool key_writer::unchanged(const kv_read& answer, sight what) const {
  if (answer.status == read_status::missing)
    return expected_.value == 0;
  return answer.status == read_status::found && answer.entry.revision == expected_
         && (what != sight::other || answer.entry.removed);
}

key_writer::step key_writer::tick(time_point now) {
  if (!retry_at_ || now < *retry_at_)
    return waiting{};
  retry_at_.reset();
  if (phase_ == phase::writing)
    return write{expected_};
  return read{};
}

} // namespace partita::core
