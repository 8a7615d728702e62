// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/epoch_takeover.hpp"

#include "partita/messages/codec.hpp"

#include <algorithm>

namespace partita::core {

namespace {

/// How long until this epoch is not more than `lead` seconds ahead of the wall clock, if
/// waiting helps.
std::chrono::seconds seconds_until(epoch x, std::int64_t lead,
                                   const epoch_takeover::instant& at) {
  auto ahead = static_cast<std::int64_t>(x.value) - at.unix_seconds - lead;
  return std::chrono::seconds{
      ahead > epoch_takeover::clock_difference ? 0 : std::max<std::int64_t>(ahead, 0)};
}

} // namespace

epoch_takeover::commands epoch_takeover::begin() {
  return {read{}};
}

epoch_takeover::commands epoch_takeover::looked(const kv_read& answer, instant at) {
  out_.clear();
  if (writer_.busy()) {
    auto value = epoch_from(answer.entry.value, answer.entry.stored_at_ns);
    const auto* found_entry = std::get_if<epoch_entry>(&value);
    auto ours = found_entry && *found_entry == entry_;
    auto known = (found_entry ? found_entry->epoch : partita::epoch{}) == before_;
    carry_out(writer_.looked(answer, key_writer::seen(ours, known), at.now), at);
    return std::move(out_);
  }
  switch (answer.status) {
  case read_status::found:
  case read_status::missing:
    found(answer.entry, at);
    break;
  case read_status::refused:
  case read_status::not_connected:
  case read_status::unknown:
    read_at_ = at.now + options_.pause;
    break;
  }
  return std::move(out_);
}

void epoch_takeover::found(const kv_entry& entry, instant at) {
  auto value = epoch_from(entry.value, entry.stored_at_ns);
  before_ = {};
  if (const auto* x = std::get_if<epoch_entry>(&value)) {
    before_ = x->epoch;
    claim(partita::epoch{x->epoch.value + 1}, entry.stored_at_ns, entry.revision, at);
    return;
  }
  // Removed, missing or unreadable: records and heartbeats show what it must have been.
  surveyed_over_ = entry.revision;
  out_.emplace_back(survey{});
}

epoch_takeover::commands epoch_takeover::surveyed(partita::epoch greatest,
                                                  std::int64_t newest_ns, instant at) {
  out_.clear();
  auto unseen = static_cast<std::uint64_t>(std::max<std::int64_t>(at.unix_seconds, 0)
                                           + options_.lead);
  options_.floor = std::max(options_.floor, partita::epoch{unseen});
  claim(partita::epoch{greatest.value + 1}, newest_ns, surveyed_over_, at);
  return std::move(out_);
}

/// `next` follows what an entry says that was stored at `stored_at_ns`.
void epoch_takeover::claim(partita::epoch next, std::int64_t stored_at_ns,
                           revision expected, instant at) {
  if (next > greatest_epoch(stored_at_ns)) {
    // By one at most, because the entry was readable: one second later it is allowed.
    if (!held_back_ || held_back_->first != next)
      held_back_.emplace(next, at.now + with_clock_margin(std::chrono::seconds{1}));
    if (at.now < held_back_->second) {
      read_at_ = held_back_->second;
      return;
    }
  }
  next = std::max(next, options_.floor);
  if (auto early = seconds_until(next, options_.lead, at); early.count() > 0) {
    // By then another leader may have taken it.
    read_at_ = at.now + early;
    return;
  }
  entry_ = {next, options_.leader, options_.self};
  carry_out(writer_.begin(expected, at.now), at);
}

epoch_takeover::commands epoch_takeover::answered(const kv_written& answer, instant at) {
  out_.clear();
  carry_out(writer_.answered(answer, at.now), at);
  return std::move(out_);
}

epoch_takeover::commands epoch_takeover::tick(instant at) {
  out_.clear();
  if (read_at_ && at.now >= *read_at_) {
    read_at_.reset();
    out_.emplace_back(read{});
  }
  carry_out(writer_.tick(at.now), at);
  return std::move(out_);
}

std::optional<time_point> epoch_takeover::wake_at() const {
  return earlier(read_at_, writer_.wake_at());
}

void epoch_takeover::carry_out(const key_writer::step& what, instant at) {
  if (const auto* x = std::get_if<key_writer::write>(&what)) {
    out_.emplace_back(write{entry_, x->expected});
  } else if (std::holds_alternative<key_writer::read>(what)) {
    out_.emplace_back(read{});
  } else if (std::holds_alternative<key_writer::landed>(what)) {
    auto early = seconds_until(entry_.epoch, options_.lead - 1, at);
    out_.emplace_back(acceded{entry_.epoch, at.now + early});
  } else if (const auto* y = std::get_if<key_writer::taken>(&what)) {
    // Another leader came in between; the worker that has the lease goes on.
    found(y->entry, at);
  } else if (const auto* z = std::get_if<key_writer::vacant>(&what)) {
    before_ = {};
    surveyed_over_ = z->mark;
    out_.emplace_back(survey{});
  } else if (std::holds_alternative<key_writer::not_sent>(what)) {
    read_at_ = at.now + options_.pause;
  } else if (std::holds_alternative<key_writer::refused>(what)) {
    read_at_ = at.now + options_.pause * 10;
  }
}

} // namespace partita::core
