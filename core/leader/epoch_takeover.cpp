// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/epoch_takeover.hpp"

#include "partita/messages/codec.hpp"
#include "partita/messages/failpoint.hpp"

#include <algorithm>

#include <utility>

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

/// Whether nothing that this bucket was acknowledged can be lost since a leader granted under
/// `x`, or since `partita init` wrote it.
bool is_of_server(const epoch_entry& x, const bucket_identity& bucket) {
  constexpr std::int64_t ns_per_us = 1000;
  auto same = x.server_id == bucket.server || failpoint(rule::other_server_skipped);
  return !x.server_id.empty() && !bucket.server.empty() && same
         && (x.created == 0 || x.created == bucket.created_at_ns / ns_per_us);
}

} // namespace

epoch_takeover::commands epoch_takeover::begin() {
  return {read{}};
}

epoch_takeover::commands
epoch_takeover::looked(const kv_read& answer, const bucket_identity& bucket, instant at) {
  if (ours_.value == 0) // Later it may be another server, which says nothing of ours.
    bucket_ = bucket;
  if (writer_.busy()) {
    auto value = epoch_from(answer.entry.value, answer.entry.stored_at_ns);
    const auto* found_entry = std::get_if<epoch_entry>(&value);
    auto ours = found_entry && *found_entry == entry_;
    auto known = (found_entry ? found_entry->epoch : partita::epoch{}) == before_
                 && (ours_.value == 0 || found_entry->nonce == entry_.nonce);
    carry_out(writer_.looked(answer, key_writer::seen(ours, known), at.now), at);
    return std::exchange(out_, {});
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
  return std::exchange(out_, {});
}

void epoch_takeover::found(const kv_entry& entry, instant at) {
  auto value = epoch_from(entry.value, entry.stored_at_ns);
  before_ = {};
  on_known_server_ = false;
  if (const auto* x = std::get_if<epoch_entry>(&value)) {
    before_ = x->epoch;
    on_known_server_ = is_of_server(*x, bucket_);
    claim(partita::epoch{x->epoch.value + 1}, entry.stored_at_ns, entry.revision, at);
    return;
  }
  // Removed, missing or unreadable: records and heartbeats show what it must have been.
  surveyed_over_ = entry.revision;
  out_.emplace_back(survey{});
}

epoch_takeover::commands epoch_takeover::surveyed(partita::epoch greatest,
                                                  std::int64_t newest_ns, instant at) {
  auto unseen = static_cast<std::uint64_t>(std::max<std::int64_t>(at.unix_seconds, 0)
                                           + options_.lead);
  options_.usual.floor = std::max(options_.usual.floor, partita::epoch{unseen});
  claim(partita::epoch{greatest.value + 1}, newest_ns, surveyed_over_, at);
  return std::exchange(out_, {});
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
  next = std::max(next, from().floor);
  if (auto early = seconds_until(next, options_.lead, at); early.count() > 0) {
    // By then another leader may have taken it.
    read_at_ = at.now + early;
    return;
  }
  entry_ = {next, options_.leader, options_.self, on_known_server_ ? bucket_.server : ""};
  carry_out(writer_.begin(expected, at.now), at);
}

epoch_takeover::commands epoch_takeover::answered(const kv_written& answer, instant at) {
  carry_out(writer_.answered(answer, at.now), at);
  return std::exchange(out_, {});
}

epoch_takeover::commands epoch_takeover::tick(instant at) {
  if (read_at_ && at.now >= *read_at_) {
    read_at_.reset();
    if (ours_.value == 0)
      out_.emplace_back(read{});
  }
  carry_out(writer_.tick(at.now), at);
  write_note(at);
  return std::exchange(out_, {});
}

epoch_takeover::commands epoch_takeover::granting(instant at) {
  if (bucket_.server.empty() || entry_.server_id == bucket_.server)
    return {};
  auto next = note_.value_or(entry_);
  next.server_id = bucket_.server;
  next.waits_ms = 0;
  return note(std::move(next), at);
}

epoch_takeover::commands epoch_takeover::waiting(duration how_long, std::string why,
                                                 instant at) {
  if (how_long <= duration{})
    return {};
  auto next = note_.value_or(entry_);
  next.waits_ms = std::chrono::ceil<std::chrono::milliseconds>(how_long).count();
  next.waits_for = std::move(why);
  return note(std::move(next), at);
}

epoch_takeover::commands epoch_takeover::note(epoch_entry next, instant at) {
  note_ = std::move(next);
  write_note(at);
  return std::exchange(out_, {});
}

void epoch_takeover::write_note(instant at) {
  if (!note_ || read_at_ || writer_.busy())
    return;
  entry_ = std::move(*note_);
  note_.reset();
  before_ = entry_.epoch;
  carry_out(writer_.begin(ours_, at.now), at);
}

std::optional<time_point> epoch_takeover::wake_at() const {
  return earlier(read_at_, writer_.wake_at());
}

void epoch_takeover::carry_out(const key_writer::step& what, instant at) {
  if (const auto* x = std::get_if<key_writer::write>(&what)) {
    out_.emplace_back(write{entry_, x->expected});
  } else if (std::holds_alternative<key_writer::read>(what)) {
    out_.emplace_back(read{});
  } else if (ours_.value != 0) {
    carry_out_note(what, at);
  } else if (const auto* landed = std::get_if<key_writer::landed>(&what)) {
    ours_ = landed->at;
    auto early = seconds_until(entry_.epoch, options_.lead - 1, at);
    out_.emplace_back(acceded{entry_.epoch, at.now + early, from().doubted_since});
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

/// Where the entry is not ours any more, the watch of the records says so.
void epoch_takeover::carry_out_note(const key_writer::step& what, instant at) {
  auto refused = std::holds_alternative<key_writer::refused>(what);
  if (const auto* x = std::get_if<key_writer::landed>(&what)) {
    ours_ = x->at;
    write_note(at);
  } else if (refused || std::holds_alternative<key_writer::not_sent>(what)) {
    if (!note_)
      note_ = entry_;
    read_at_ = at.now + options_.pause * (refused ? 10 : 1);
  }
}

} // namespace partita::core
