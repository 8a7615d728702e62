#include "partita/core/record_follower.hpp"

namespace partita::core {

record_follower::record_follower(options opts, time_point now)
    : options_{std::move(opts)},
      last_turn_{now},
      established_{options_.applied.version.value != 0},
      delivered_{options_.applied},
      writer_{options_.pause} {}

record_follower::commands record_follower::step(const event& what, time_point now) {
  out_.clear();
  if (lost_)
    return {};
  if (now - last_turn_ > options_.asleep_after) {
    // Answers that wait in the mailbox are as old as the rest of it.
    verifying_ = true;
    read_at_.reset();
    outdated_reads_ = reads_;
    ask_to_read();
  }
  last_turn_ = now;
  std::visit([&](const auto& x) { on(x, now); }, what);
  return std::move(out_);
}

std::optional<time_point> record_follower::wake_at() const {
  if (lost_)
    return std::nullopt;
  auto result = last_turn_ + options_.asleep_after / 4;
  return earlier(earlier(result, read_at_), earlier(create_at_, writer_.wake_at()));
}

void record_follower::on(const shown& what, time_point) {
  if (!verifying_)
    consider(what.value);
}

void record_follower::on(const gone&, time_point now) {
  if (!verifying_)
    vanished("was removed from the store", now);
}

void record_follower::on(const replayed&, time_point now) {
  // Ours may have been created a moment ago, for a replay that began before that.
  auto missed = !established_ || options_.applied.version.value != 0;
  if (!verifying_ && !seen_ && missed)
    vanished("is gone from the store", now);
}

void record_follower::on(const bucket_changed&, time_point now) {
  vanished("went away with its bucket, which was made anew", now);
}

void record_follower::on(const write_answered& what, time_point now) {
  carry_out(writer_.answered(what.answer, now), now);
}

void record_follower::on(const read_answered& what, time_point now) {
  if (reads_ > 0)
    --reads_;
  if (outdated_reads_ > 0) {
    --outdated_reads_;
    return;
  }
  // One answer serves both who may have asked.
  if (verifying_)
    look_again(what, now);
  const auto* found = std::get_if<record>(&what.value);
  auto ours = found && found->worker_nonce == options_.self;
  carry_out(writer_.looked(what.answer, ours, now), now);
}

void record_follower::on(const tick&, time_point now) {
  if (verifying_ && read_at_ && now >= *read_at_) {
    read_at_.reset();
    ask_to_read();
    return;
  }
  if (create_at_ && now >= *create_at_ && !writer_.busy()) {
    begin_creating(now);
    return;
  }
  carry_out(writer_.tick(now), now);
}

void record_follower::consider(const decoded<record>& value) {
  seen_ = true;
  create_at_.reset();
  const auto* found = std::get_if<record>(&value);
  if (!found) {
    if (established_) {
      lost_ = true;
      out_.emplace_back(
          lost{"the record cannot be read: " + std::get<malformed>(value).why});
    }
    return;
  }
  if (found->worker_nonce != options_.self)
    return;
  established_ = true;
  if (stamp_of(*found) <= delivered_)
    return;
  delivered_ = stamp_of(*found);
  out_.emplace_back(deliver{*found});
}

void record_follower::vanished(const std::string& how, time_point now) {
  if (established_) {
    lost_ = true;
    out_.emplace_back(lost{"the record " + how});
  } else if (!writer_.busy()) {
    begin_creating(now);
  }
}

void record_follower::begin_creating(time_point now) {
  create_at_.reset();
  carry_out(writer_.begin({}, now), now);
}

void record_follower::ask_to_read() {
  ++reads_;
  out_.emplace_back(read{});
}

void record_follower::carry_out(const key_writer::step& what, time_point now) {
  if (std::holds_alternative<key_writer::write>(what)) {
    record mine;
    mine.worker_nonce = options_.self;
    out_.emplace_back(create{std::move(mine)});
  } else if (std::holds_alternative<key_writer::read>(what)) {
    ask_to_read();
  } else if (std::holds_alternative<key_writer::landed>(what)) {
    established_ = true;
  } else if (const auto* x = std::get_if<key_writer::taken>(&what)) {
    // Somebody's record: the leader addresses it to us in time.
    seen_ = true;
    consider(record_from(x->entry.value));
  } else if (std::holds_alternative<key_writer::vacant>(what)
             || std::holds_alternative<key_writer::not_sent>(what)) {
    create_at_ = now + options_.pause;
  } else if (const auto* y = std::get_if<key_writer::refused>(&what)) {
    out_.emplace_back(complain{y->why});
    create_at_ = now + options_.pause * 10;
  }
}

void record_follower::look_again(const read_answered& what, time_point now) {
  switch (what.answer.status) {
  case read_status::found:
    verifying_ = false;
    if (what.answer.entry.removed)
      vanished("was removed from the store", now);
    else
      consider(what.value);
    break;
  case read_status::missing:
    verifying_ = false;
    vanished("is gone from the store", now);
    break;
  case read_status::not_connected:
  case read_status::unknown:
  case read_status::refused:
    read_at_ = now + options_.pause;
    break;
  }
}

} // namespace partita::core
