#include "partita/core/accession.hpp"

#include "partita/messages/codec.hpp"

#include <algorithm>

namespace partita::core {

accession::commands accession::begin() {
  return {read{}};
}

accession::commands accession::looked(const kv_read& answer, time_point now) {
  out_.clear();
  if (writer_.busy()) {
    auto value = epoch_from(answer.entry.value);
    const auto* found_entry = std::get_if<epoch_entry>(&value);
    auto ours = found_entry && *found_entry == entry_;
    carry_out(writer_.looked(answer, ours, now), now);
    return std::move(out_);
  }
  switch (answer.status) {
  case read_status::found:
  case read_status::missing:
    found(answer.entry, now);
    break;
  case read_status::refused:
    out_.emplace_back(complain{answer.why});
    [[fallthrough]];
  case read_status::not_connected:
  case read_status::unknown:
    read_at_ = now + options_.pause;
    break;
  }
  return std::move(out_);
}

void accession::found(const kv_entry& entry, time_point now) {
  auto value = epoch_from(entry.value);
  if (const auto* x = std::get_if<epoch_entry>(&value)) {
    claim(std::max(partita::epoch{x->epoch.value + 1}, options_.floor), entry.revision,
          now);
    return;
  }
  // Removed, missing or not readable: what it was must be found in what it led to.
  surveyed_over_ = entry.revision;
  out_.emplace_back(survey{});
}

accession::commands accession::surveyed(partita::epoch greatest,
                                        std::int64_t unix_seconds, time_point now) {
  out_.clear();
  auto floor = static_cast<std::uint64_t>(std::max<std::int64_t>(unix_seconds, 0));
  claim(std::max(
            {partita::epoch{greatest.value + 1}, partita::epoch{floor}, options_.floor}),
        surveyed_over_, now);
  return std::move(out_);
}

void accession::claim(partita::epoch next, revision expected, time_point now) {
  entry_ = {next, options_.leader, options_.self};
  carry_out(writer_.begin(expected, now), now);
}

accession::commands accession::answered(const kv_written& answer, time_point now) {
  out_.clear();
  carry_out(writer_.answered(answer, now), now);
  return std::move(out_);
}

accession::commands accession::tick(time_point now) {
  out_.clear();
  if (read_at_ && now >= *read_at_) {
    read_at_.reset();
    out_.emplace_back(read{});
  }
  carry_out(writer_.tick(now), now);
  return std::move(out_);
}

std::optional<time_point> accession::wake_at() const {
  return earlier(read_at_, writer_.wake_at());
}

void accession::carry_out(const key_writer::step& what, time_point now) {
  if (const auto* x = std::get_if<key_writer::write>(&what)) {
    out_.emplace_back(write{entry_, x->expected});
  } else if (std::holds_alternative<key_writer::read>(what)) {
    out_.emplace_back(read{});
  } else if (std::holds_alternative<key_writer::landed>(what)) {
    out_.emplace_back(acceded{entry_.epoch});
  } else if (const auto* y = std::get_if<key_writer::taken>(&what)) {
    found(y->entry,
          now); // Another leader came in between; whoever has the lease goes on.
  } else if (const auto* z = std::get_if<key_writer::vacant>(&what)) {
    surveyed_over_ = z->mark;
    out_.emplace_back(survey{});
  } else if (std::holds_alternative<key_writer::not_sent>(what)) {
    read_at_ = now + options_.pause;
  } else if (const auto* w = std::get_if<key_writer::refused>(&what)) {
    out_.emplace_back(complain{w->why});
    read_at_ = now + options_.pause * 10;
  }
}

} // namespace partita::core
