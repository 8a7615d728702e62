// SPDX-License-Identifier: Apache-2.0
#include "partita/core/worker/record_follower.hpp"

#include "partita/messages/failpoint.hpp"

namespace partita::core {

record_follower::record_follower(options opts, time_point now)
    : options_{std::move(opts)},
      sign_at_{now},
      established_{options_.established},
      writer_{options_.pause} {}

record_follower::commands record_follower::step(const event& what, time_point now) {
  out_.clear();
  if (lost_)
    return {};
  std::visit([&](const auto& x) { on(x, now); }, what);
  return std::move(out_);
}

std::optional<time_point> record_follower::wake_at() const {
  if (lost_)
    return std::nullopt;
  auto result = earlier(create_at_, writer_.wake_at());
  if (options_.exclusive && established_)
    result = earlier(result, sign_at_ + options_.silence);
  return result;
}

void record_follower::on(const shown& what, time_point now) {
  sign_at_ = now;
  consider(what.value, what.revision, now);
}

void record_follower::on(const gone&, time_point now) {
  sign_at_ = now;
  seen_ = false;
  vanished("the record is gone from the store", now);
}

void record_follower::on(const replayed&, time_point now) {
  sign_at_ = now;
  if (!seen_)
    vanished("the store has no record", now);
}

void record_follower::on(const alive&, time_point now) {
  sign_at_ = now;
}

void record_follower::on(const bucket_changed&, time_point now) {
  sign_at_ = now;
  seen_ = false;
  // Where it is not lost, the replay that follows says what to do.
  if (established_)
    lose("the bucket of the record was made again");
}

void record_follower::on(const write_answered& what, time_point now) {
  carry_out(writer_.answered(what.answer, now), now);
}

void record_follower::on(const read_answered& what, time_point now) {
  const auto* found = std::get_if<record>(&what.value);
  auto ours = found && found->worker_nonce == options_.self;
  carry_out(writer_.looked(what.answer, key_writer::seen(ours, false), now), now);
}

void record_follower::on(const tick&, time_point now) {
  if (options_.exclusive && established_ && now >= sign_at_ + options_.silence) {
    lose("the watch of the record shows no sign of life");
    return;
  }
  if (create_at_ && now >= *create_at_ && !writer_.busy()) {
    begin_writing({}, now);
    return;
  }
  carry_out(writer_.tick(now), now);
}

void record_follower::consider(const decoded<record>& value, revision at,
                               time_point now) {
  seen_ = true;
  create_at_.reset();
  const auto* found = std::get_if<record>(&value);
  if (!found) {
    // A record that was never ours is left for the leader to rewrite.
    if (established_)
      lose("the record cannot be read: " + std::get<malformed>(value).why);
    return;
  }
  if (found->worker_nonce != options_.self) {
    // A leader readdresses a record only once the incarnation that it named has ended.
    if (established_) {
      lose("the record is addressed to another incarnation");
      return;
    }
    if (failpoint(rule::joiner_overwrites_record) && !established_ && !writer_.busy())
      begin_writing(at, now);
    return;
  }
  established_ = true;
  if (stamp_of(*found) <= delivered_)
    return;
  delivered_ = stamp_of(*found);
  out_.emplace_back(deliver{*found});
}

void record_follower::vanished(const std::string& how, time_point now) {
  if (established_)
    lose(how);
  else if (!writer_.busy())
    begin_writing({}, now);
}

void record_follower::lose(std::string why) {
  if (failpoint(rule::vanished_record_ignored))
    return;
  lost_ = true;
  out_.emplace_back(lost{std::move(why)});
}

void record_follower::begin_writing(revision over, time_point now) {
  create_at_.reset();
  over_ = over;
  carry_out(writer_.begin(over, now), now);
}

void record_follower::carry_out(const key_writer::step& what, time_point now) {
  if (std::holds_alternative<key_writer::write>(what)) {
    record mine;
    mine.worker_nonce = options_.self;
    mine.terms = options_.terms;
    out_.emplace_back(create{std::move(mine), over_});
  } else if (std::holds_alternative<key_writer::read>(what)) {
    out_.emplace_back(read{});
  } else if (std::holds_alternative<key_writer::landed>(what)) {
    // The watch has yet to show it.
    established_ = true;
    sign_at_ = now;
  } else if (const auto* x = std::get_if<key_writer::taken>(&what)) {
    // Another incarnation's record: the leader addresses it to us in time.
    consider(record_from(x->entry.value, x->entry.stored_at_ns), x->entry.revision, now);
  } else if (std::holds_alternative<key_writer::vacant>(what)
             || std::holds_alternative<key_writer::not_sent>(what)) {
    create_at_ = now + options_.pause;
  } else if (std::holds_alternative<key_writer::refused>(what)) {
    create_at_ = now + options_.pause * 10;
  }
}

} // namespace partita::core
