// SPDX-License-Identifier: Apache-2.0
#include "partita/core/worker/session.hpp"

#include "partita/messages/failpoint.hpp"

#include <algorithm>
#include <utility>

namespace partita::core {

// Whether the first heartbeat landed and was written over is not known: a nonce that may
// have been seen, and ended, is not used again.
constexpr const char* lost_first =
    "its first heartbeat met another entry: it joins again under a new nonce";

duration session_length(duration ttl) {
  return failpoint(rule::no_clock_margin) ? ttl : ttl - ttl / 8;
}

session::session(options opts) : options_{std::move(opts)}, writer_{options_.pause} {
  next_.nonce = options_.self;
  next_.program_version = options_.program_version;
  next_.capacity = options_.capacity;
  next_.zone = options_.zone;
  next_.terms = {std::chrono::duration_cast<std::chrono::milliseconds>(options_.ttl),
                 options_.exclusive ? ownership::exclusive : ownership::available};
}

session::commands session::step(const event& what, time_point now) {
  if (phase_ == phase::over)
    return {};
  std::visit([&](const auto& x) { on(x, now); }, what);
  // After the event: it may have been the answer that extends the session.
  if (phase_ == phase::beating && until_ && now >= *until_ && !goodbye_)
    end("no heartbeat was acknowledged for too long");
  proceed(now);
  return std::exchange(out_, {});
}

std::optional<time_point> session::wake_at() const {
  if (phase_ == phase::over || phase_ == phase::opening)
    return phase_ == phase::opening ? read_at_ : std::nullopt;
  auto result = writer_.busy() ? writer_.wake_at() : std::optional{beat_at_};
  return goodbye_ ? result : earlier(result, until_);
}

void session::on(const read_answered& what, time_point now) {
  found_ = what.found;
  if (phase_ == phase::opening) {
    auto status = what.answer.status;
    if (status == read_status::found || status == read_status::missing)
      find(what.answer.entry.revision, now);
    else
      read_at_ = now + options_.pause;
    return;
  }
  auto ours =
      found_ && found_->nonce == options_.self && found_->state == under_way_.state;
  auto known = (found_ ? found_->nonce : nonce{}) == holder_;
  carry_out(writer_.looked(what.answer, key_writer::seen(ours, known), now), now);
}

void session::on(const tick&, time_point now) {
  if (phase_ == phase::opening) {
    if (read_at_ && now >= *read_at_) {
      read_at_.reset();
      out_.emplace_back(read{});
    }
    return;
  }
  carry_out(writer_.tick(now), now);
}

void session::on(const progressed& what, time_point) {
  auto before = next_;
  next_.seen = what.what.seen;
  next_.applied = what.what.applied;
  next_.stopping = what.what.stopping;
  if (what.what.draining)
    next_.state = beat_state::draining;
  else if (next_.applied.version.value != 0)
    next_.state = beat_state::working;
  news_ = news_ || next_ != before;
}

void session::on(const goodbye& what, time_point) {
  if (goodbye_)
    return;
  goodbye_ = what.restarting ? beat_state::restarting : beat_state::stopped;
  // Where nothing was written there is nothing to take back.
  if (phase_ == phase::opening || (phase_ == phase::entering && !writer_.busy()))
    end_with_goodbye(true);
}

void session::proceed(time_point now) {
  auto wanted = phase_ == phase::beating && (goodbye_ || news_);
  auto due = (phase_ == phase::beating || phase_ == phase::entering) && now >= beat_at_;
  if (!writer_.busy() && (wanted || due))
    beat_now(now);
}

/// Decides whether the first heartbeat may be written over what was found at `at`.
void session::find(revision at, time_point now) {
  const auto& past = options_.past;
  auto mine = found_ && std::find(past.begin(), past.end(), found_->nonce) != past.end();
  if (found_ && is_living(found_->state) && !mine
      && !failpoint(rule::joiner_beats_over_live_beat)) {
    // It ends with its goodbye, or when the leader expels it.
    read_at_ = now + options_.interval;
    if (!std::exchange(said_to_wait_, true))
      out_.emplace_back(waits{"another incarnation lives under this worker id (nonce "
                              + found_->nonce.value + ')'});
    return;
  }
  phase_ = phase::entering;
  revision_ = at;
  holder_ = found_ ? found_->nonce : nonce{};
  beat_at_ = now;
  // An incarnation that a `forced` mark orders to end may still work: its end counts from
  // that mark, and not from our heartbeat.
  if (found_ && (found_->state != beat_state::forced || mine))
    next_.replaces = found_->nonce;
  else if (!found_ && !past.empty())
    // The TTL removed its heartbeat in a long outage; a record may still name it.
    next_.replaces = past.back();
}

void session::beat_now(time_point now) {
  if (goodbye_)
    next_.state = *goodbye_;
  news_ = false;
  under_way_ = next_;
  carry_out(writer_.begin(revision_, now), now);
}

void session::carry_out(const key_writer::step& what, time_point now) {
  if (const auto* x = std::get_if<key_writer::write>(&what)) {
    out_.emplace_back(write{under_way_, x->expected});
  } else if (std::holds_alternative<key_writer::read>(what)) {
    out_.emplace_back(read{});
  } else if (const auto* y = std::get_if<key_writer::landed>(&what)) {
    landed(*y, now);
  } else if (const auto* z = std::get_if<key_writer::taken>(&what)) {
    taken(z->entry, now);
  } else if (std::holds_alternative<key_writer::vacant>(what)) {
    if (!look_again(now))
      end(phase_ == phase::entering ? lost_first
                                    : "its heartbeat is gone from the store");
  } else if (std::holds_alternative<key_writer::not_sent>(what)) {
    not_written(now + options_.pause);
  } else if (std::holds_alternative<key_writer::refused>(what)) {
    not_written(now + options_.interval);
  }
}

void session::landed(const key_writer::landed& what, time_point now) {
  revision_ = what.at;
  holder_ = options_.self;
  beat_at_ = what.sent + options_.interval;
  phase_ = phase::beating;
  if (goodbye_ && under_way_.state == *goodbye_) {
    end_with_goodbye(true);
    return;
  }
  auto from = failpoint(rule::deadline_from_answer) ? now : what.sent;
  auto until = from + session_length(options_.ttl);
  if (!started_) {
    // An answer that took longer than a session lasts: the next heartbeat starts it.
    if (options_.exclusive && now >= until) {
      beat_at_ = now;
      return;
    }
    started_ = true;
    out_.emplace_back(started{});
  }
  if (options_.exclusive)
    until_ = until;
  out_.emplace_back(extended{until});
}

void session::taken(const kv_entry& entry, time_point now) {
  auto at = std::to_string(entry.revision.value);
  if (look_again(now))
    return;
  if (phase_ == phase::entering)
    end(lost_first);
  else if (!found_)
    end("its heartbeat was overwritten by something that is none (revision " + at + ')');
  else if (found_->nonce != options_.self)
    end("another incarnation overwrote its heartbeat (revision " + at + ')');
  else if (!is_living(found_->state))
    end("the leader ended it (revision " + at + ')');
  else
    end("the store lost writes (revision " + at + ')');
}

/// Only with the failpoint of that name: looks again under the same nonce.
bool session::look_again(time_point now) {
  if (phase_ != phase::entering || goodbye_ || !failpoint(rule::nonce_used_again))
    return false;
  phase_ = phase::opening;
  read_at_ = now + options_.pause;
  return true;
}

void session::end(std::string why) {
  if (goodbye_) {
    // What ended the session takes the place of the goodbye.
    end_with_goodbye(true);
    return;
  }
  phase_ = phase::over;
  out_.emplace_back(over{std::move(why)});
}

} // namespace partita::core
