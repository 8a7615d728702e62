// SPDX-License-Identifier: Apache-2.0
#include "partita/core/worker/lease.hpp"

namespace partita::core {

namespace {

/// Renewals are cheap, and a long lease must outlast as long an outage as it can.
constexpr duration longest_interval = std::chrono::seconds{1};

} // namespace

lease::lease(options opts)
    : options_{opts}, random_{opts.seed}, writer_{opts.length / 30} {}

lease::commands lease::step(const event& what, time_point now) {
  // Before anything else, whatever the event: a process that was asleep past its deadline
  // must not act on the messages that waited for it.
  if (mode_ == mode::leader && now >= held_until_)
    depose("the lease was not renewed in time", now);
  std::visit([&](const auto& x) { on(x, now); }, what);
  proceed(now);
  return std::exchange(out_, {});
}

std::optional<time_point> lease::wake_at() const {
  if (writer_.busy()) {
    auto result = writer_.wake_at();
    return mode_ == mode::leader ? earlier(result, held_until_) : result;
  }
  switch (mode_) {
  case mode::leader:
    return earlier(held_until_, std::max(renew_at_, not_before_));
  case mode::follower:
    if (key_ == key_state::absent)
      return not_before_;
    if (key_ == key_state::present)
      return std::max(seen_at_ + options_.length, not_before_);
    return std::nullopt;
  case mode::leaving:
    return std::nullopt;
  }
  return std::nullopt;
}

void lease::on(const key_shown& what, time_point now) {
  if (mode_ == mode::leader && what.revision > held_ && !what.ours) {
    // Values never go back, so this is news: another worker wrote over our key.
    saw(what.revision, now);
    depose("another worker holds the leader key", now);
    return;
  }
  if (mode_ != mode::leader)
    saw(what.revision, now);
}

void lease::on(const key_gone& what, time_point now) {
  if (mode_ == mode::leader) {
    // The key was removed. The next renewal, which is due now, looks at it again; until
    // the deadline no other worker can know better than we do.
    if (what.mark.value == 0 || what.mark > held_)
      renew_at_ = now;
    return;
  }
  if (what.mark.value != 0 && key_ == key_state::present && what.mark < seen_)
    return;
  key_ = key_state::absent;
  seen_ = what.mark;
  not_before_ = std::max(not_before_, now + jitter());
}

void lease::on(const leader_gone& what, time_point now) {
  // If the revision is not the newest one, this proves nothing: another worker may have
  // written the newest one.
  if (mode_ == mode::follower && key_ == key_state::present && seen_ == what.revision
      && !writer_.busy())
    seen_at_ = std::min(seen_at_, now - options_.length);
}

void lease::on(const bucket_changed&, time_point now) {
  key_ = key_state::not_known;
  held_ = {};
  void_ = writer_.busy();
  if (mode_ == mode::leader)
    depose("the election bucket was made again", now);
}

void lease::on(const read_answered& what, time_point now) {
  // When removing, our own value is the one that had to go.
  auto ours = purpose_ == purpose::hold && what.ours;
  auto known = what.ours == (held_.value != 0);
  carry_out(writer_.looked(what.answer, key_writer::seen(ours, known), now), now);
}

void lease::on(const abdicated& what, time_point now) {
  if (mode_ != mode::leader)
    return;
  depose(what.why, now);
  // The others first: what made us abdicate (a greater epoch) is another leader's claim.
  not_before_ = now + options_.length / 10;
  letting_go_ = true;
}

void lease::proceed(time_point now) {
  if (writer_.busy() || finished_)
    return;
  switch (mode_) {
  case mode::leader:
    if (now >= std::max(renew_at_, not_before_))
      begin(purpose::hold, held_, now);
    break;
  case mode::follower:
    if (letting_go_ && held_.value != 0) {
      begin(purpose::let_go, held_, now);
      break;
    }
    letting_go_ = false;
    if (now < not_before_ || key_ == key_state::not_known)
      break;
    if (key_ == key_state::absent)
      begin(purpose::hold, {}, now);
    else if (now >= seen_at_ + options_.length)
      begin(purpose::hold, seen_, now);
    break;
  case mode::leaving:
    if (held_.value != 0) {
      begin(purpose::let_go, held_, now);
    } else {
      finished_ = true;
      out_.emplace_back(finished{});
    }
    break;
  }
}

void lease::carry_out(const key_writer::step& what, time_point now) {
  if (const auto* x = std::get_if<key_writer::write>(&what)) {
    if (purpose_ == purpose::hold)
      out_.emplace_back(write{x->expected});
    else
      out_.emplace_back(remove{x->expected});
  } else if (std::holds_alternative<key_writer::read>(what)) {
    out_.emplace_back(read{});
  } else if (const auto* y = std::get_if<key_writer::landed>(&what)) {
    landed(*y, now);
  } else if (const auto* z = std::get_if<key_writer::taken>(&what)) {
    held_ = {};
    saw(z->entry.revision, now);
    if (mode_ == mode::leader)
      depose("another worker holds the leader key", now);
  } else if (const auto* v = std::get_if<key_writer::vacant>(&what)) {
    held_ = {};
    key_ = key_state::absent;
    seen_ = v->mark;
    // A leader whose key is gone writes it again: until its deadline no other may object.
    if (mode_ == mode::leader)
      renew_at_ = now;
    else if (purpose_ == purpose::hold)
      not_before_ = std::max(not_before_, now + jitter());
  } else if (std::holds_alternative<key_writer::not_sent>(what)) {
    not_written(options_.length / 30, now);
  } else if (std::holds_alternative<key_writer::refused>(what)) {
    not_written(options_.length / 3, now);
  }
}

void lease::not_written(duration pause, time_point now) {
  // A key that cannot be given back runs out by itself.
  if (purpose_ == purpose::let_go)
    held_ = {};
  not_before_ = now + pause;
}

void lease::landed(const key_writer::landed& what, time_point now) {
  if (purpose_ == purpose::let_go) {
    held_ = {};
    key_ = key_state::absent;
    seen_ = what.at;
    return;
  }
  // It landed in a bucket that is gone, or a write over it was seen.
  if (std::exchange(void_, false) || (key_ == key_state::present && seen_ > what.at)) {
    held_ = {};
    return;
  }
  held_ = what.at;
  saw(what.at, what.sent);
  if (letting_go_)
    return;
  held_until_ = what.sent + options_.length * 4 / 5;
  renew_at_ = what.sent + std::min(options_.length / 3, longest_interval);
  if (mode_ == mode::follower && now < held_until_) {
    mode_ = mode::leader;
    out_.emplace_back(announce{true, "holds the leader key"});
  } else if (mode_ == mode::follower) {
    // The answer came too late to lead by it, but the key is ours: renew it at once.
    seen_at_ = now - options_.length;
  } else if (mode_ == mode::leader && now >= held_until_) {
    depose("the lease was not renewed in time", now);
    seen_at_ = now - options_.length;
  }
}

void lease::saw(revision at, time_point now) {
  if (key_ == key_state::present && at <= seen_)
    return;
  if (key_ == key_state::absent && at < seen_)
    return; // Late news from before the removal.
  key_ = key_state::present;
  seen_ = at;
  seen_at_ = now;
}

// -- the probe --------------------------------------------------------------------------

void leader_probe::follow(const nonce& leader) {
  if (leader == leader_)
    return;
  leader_ = leader;
  alive_over_.reset();
  gone_since_.reset();
}

std::optional<nonce> leader_probe::due(time_point now) {
  auto at = wake_at();
  if (!at || now < *at)
    return std::nullopt;
  asked_ = true;
  sent_at_ = now;
  return leader_;
}

bool leader_probe::found(const nonce& who, const probed& x) {
  asked_ = false;
  if (!active() || who != leader_)
    return false;
  switch (x.status) {
  case probe_status::alive:
    alive_over_ = x.link;
    gone_since_.reset();
    return false;
  case probe_status::unknown:
    gone_since_.reset();
    return false;
  case probe_status::gone:
    break;
  }
  if (alive_over_ != x.link) {
    gone_since_.reset();
    return false;
  }
  if (!gone_since_) {
    gone_since_ = sent_at_;
    return false;
  }
  return *sent_at_ - *gone_since_ >= grace_ + (rank_ - 1) * grace_ / 2;
}

std::optional<time_point> leader_probe::wake_at() const {
  if (!active() || asked_)
    return std::nullopt;
  return sent_at_ ? *sent_at_ + pause() : time_point{};
}

} // namespace partita::core
