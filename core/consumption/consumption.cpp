// SPDX-License-Identifier: Apache-2.0
#include "partita/core/consumption/consumption.hpp"

#include "partita/messages/codec.hpp"
#include "partita/messages/failpoint.hpp"
#include "partita/messages/keys.hpp"

#include <algorithm>
#include <utility>

namespace partita::core {

namespace {

/// What does not answer for so many tries is given up where that costs duplicates only.
constexpr unsigned most_tries = 5;
/// How often the pause between two tries doubles.
constexpr unsigned most_doublings = 6;
/// One time-out is no news.
constexpr unsigned failures_before_report = 3;

std::int64_t created_us(const stream_facts& x) {
  return x.created_at_ns / 1000;
}

} // namespace

consumption::commands consumption::step(const event& what, time_point now) {
  now_ = now;
  std::visit([this](const auto& x) { on(x); }, what);
  return std::exchange(out_, {});
}

bool consumption::is_left_over(version token, std::string_view name) const {
  if (name == name_ || name == given_ || token.value > token_.value)
    return false;
  // Elsewhere it may hold what the new one is still to begin with.
  return phase_ == phase::standing || (phase_ == phase::making && removes_first());
}

// -- events -----------------------------------------------------------------------------

void consumption::on(const granted& what) {
  if (what.token.value <= token_.value)
    return;
  token_ = what.token;
  revoked_ = false;
  restart_ = true;
  if (!asked_)
    interrupted();
}

void consumption::on(const revoked&) {
  revoked_ = true;
  if (!asked_)
    interrupted();
}

void consumption::on(const claim_read& what) {
  if (!std::exchange(asked_, false) || interrupted())
    return;
  const auto& x = what.answer;
  if (x.status == read_status::found || x.status == read_status::missing)
    claim_found(x.entry);
  else
    again(phase_, x.why, x.status == read_status::refused);
}

void consumption::on(const claim_written& what) {
  const auto& x = what.answer;
  if (!std::exchange(asked_, false))
    return;
  auto done = x.status == write_status::done;
  if (done) {
    claim_ = claim_from(start_);
    at_ = x.revision;
  }
  if (phase_ == phase::ending_write) {
    // The position is nowhere else yet: it stays in the consumer.
    if (done)
      ask(phase::ending_remove);
    else
      end();
  } else if (interrupted()) {
    return;
  } else if (done && phase_ == phase::renewing) {
    stand();
  } else if (done) {
    claim_holds();
  } else if (x.status == write_status::conflict) {
    ask(phase::reading);
  } else {
    again(phase::reading, x.why, x.status == write_status::refused);
  }
}

void consumption::on(const stream_looked& what) {
  const auto& x = what.answer;
  if (!std::exchange(asked_, false) || interrupted())
    return;
  if (x.status != stream_status::done || !x.stream.has_leader) {
    again(phase_, x.why,
          x.status == stream_status::missing || x.status == stream_status::refused);
    return;
  }
  stream_ = x.stream;
  auto known = claim_.stream_created;
  if (known != 0 && known != created_us(x.stream)) {
    again(phase::reading,
          "the stream " + options_.stream
              + " was deleted and made again: the claim says created "
              + std::to_string(known) + " (unix microseconds), found "
              + std::to_string(created_us(x.stream)) + "; remove the key "
              + keys::claim_of(options_.partition)
              + " to read the new stream from its first message",
          true);
  } else if (claim_.token == token_) {
    claim_holds();
  } else if (start_ > x.stream.last_sequence + 1) {
    again(phase::reading,
          "the claim starts at " + std::to_string(start_)
              + ", beyond the end of the stream " + options_.stream + " ("
              + std::to_string(x.stream.last_sequence)
              + "): the stream has lost messages; remove the key "
              + keys::claim_of(options_.partition) + " to read it from its first message",
          true);
  } else if (failpoint(rule::claim_not_written)) {
    claim_ = claim_from(start_);
    claim_holds();
  } else {
    ask(phase::writing);
  }
}

void consumption::on(const consumer_answered& what) {
  const auto& x = what.answer;
  if (!std::exchange(asked_, false))
    return;
  switch (phase_) {
  case phase::ending_look:
    if (x.status == stream_status::done && x.consumer.has_leader) {
      start_ = floor_of(x.consumer) + 1;
      ask(phase::ending_write);
    } else {
      end();
    }
    return;
  case phase::ending_remove:
    end();
    return;
  case phase::making:
    // A consumer that was asked for may exist, whatever comes first.
    made_ = true;
    break;
  default:
    break;
  }
  if (interrupted())
    return;
  switch (phase_) {
  case phase::looking_at_old:
    old_looked(x);
    break;
  case phase::making:
    made(x);
    break;
  case phase::settling:
    settled(x);
    break;
  case phase::removing:
    removed(x);
    break;
  case phase::checking:
    checked(x);
    break;
  default:
    // leaving: our consumer is gone, or the owner's sweep removes it.
    phase_ = phase::idle;
  }
}

void consumption::on(const tick&) {
  if (asked_ || !wake_at_ || now_ < *wake_at_)
    return;
  ask(phase_ == phase::standing ? phase::checking : phase_);
}

// -- the way to a consumer --------------------------------------------------------------

void consumption::claim_found(const kv_entry& entry) {
  claim_ = {};
  at_ = entry.revision;
  if (!entry.value.empty() && !entry.removed) {
    auto value = consumer_claim_from(entry.value, entry.stored_at_ns);
    if (const auto* bad = std::get_if<malformed>(&value)) {
      again(phase_,
            "the claim " + keys::claim_of(options_.partition)
                + " cannot be read: " + bad->why
                + "; upgrade this program, or remove the key to read the stream from its "
                  "first message",
            true);
      return;
    }
    claim_ = std::get<consumer_claim>(value);
  }
  if (claim_.token.value > token_.value) {
    report("the claim has the token " + readable(claim_.token) + ", greater than "
           + readable(token_) + " of this worker's grant: another worker owns it by now");
    given_.clear();
    if (made_ && !keeps_messages())
      ask(phase::leaving);
    else
      phase_ = phase::idle;
  } else if (claim_.token == token_) {
    name_ = claim_.consumer;
    if (phase_ == phase::rereading)
      consumer_stands();
    else if (stream_)
      claim_holds();
    else
      ask(phase::looking_at_stream);
  } else {
    start_ = claim_.start;
    if (claim_.token.value == 0)
      ask(phase::looking_at_stream);
    else
      ask(phase::looking_at_old);
  }
}

std::uint64_t consumption::floor_of(const consumer_facts& x) const {
  if (failpoint(rule::floor_trusted_alone))
    return x.ack_floor;
  return std::max({claim_.start - 1, x.ack_floor, x.start == 0 ? 0 : x.start - 1});
}

void consumption::old_looked(const consumer_answer& x) {
  if (x.status == stream_status::done && x.consumer.has_leader) {
    start_ = floor_of(x.consumer) + 1;
  } else if (x.status != stream_status::missing && tries_ < most_tries) {
    again(phase_, x.why, x.status == stream_status::refused);
    return;
  }
  ask(phase::looking_at_stream);
}

bool consumption::removes_first() const {
  return failpoint(rule::removed_before_made)
         || (stream_ && stream_->retention == stream_retention::work_queue);
}

bool consumption::keeps_messages() const {
  return stream_ && stream_->retention == stream_retention::interest;
}

consumer_claim consumption::claim_from(std::uint64_t start) const {
  consumer_claim result{token_, name_, start, claim_.old, created_us(*stream_)};
  if (claim_.consumer != name_)
    result.old = claim_.consumer;
  return result;
}

void consumption::claim_holds() {
  made_ = false;
  if (removes_first() && !claim_.old.empty())
    ask(phase::removing);
  else
    ask(phase::making);
}

void consumption::made(const consumer_answer& x) {
  if (x.status == stream_status::done && x.consumer.has_leader) {
    report({});
    ask(removes_first() || claim_.old.empty() ? phase::rereading : phase::removing);
  } else if (x.status == stream_status::done || x.status == stream_status::conflict) {
    // A conflict: it was made before claim.start was renewed, or is not ours.
    again(phase::settling, "the consumer " + name_ + " has no leader", false);
    if (x.status == stream_status::conflict)
      wake_at_ = now_;
  } else {
    if (x.error == stream_error::not_unique)
      out_.emplace_back(sweep{});
    again(phase_, x.why,
          x.status == stream_status::missing || x.status == stream_status::refused);
  }
}

void consumption::settled(const consumer_answer& x) {
  if (x.status == stream_status::missing)
    again(phase::making, x.why, false);
  else if (x.status == stream_status::done
           && x.consumer.filter != options_.consumer.filter)
    again(phase_,
          "the consumer " + name_ + " filters on '" + x.consumer.filter + "', expected '"
              + options_.consumer.filter + "'; remove it",
          true);
  else if (x.status == stream_status::done)
    made(x);
  else
    again(phase_, x.why, x.status == stream_status::refused);
}

void consumption::removed(const consumer_answer& x) {
  auto gone = x.status == stream_status::done || x.status == stream_status::missing;
  // A deletion that timed out often took effect; what is left the next sweep finds.
  if (!gone && tries_ < most_tries)
    again(phase_, x.why, x.status == stream_status::refused);
  else
    ask(made_ ? phase::rereading : phase::making);
}

void consumption::consumer_stands() {
  report({});
  if (std::exchange(given_, name_) != name_)
    out_.emplace_back(stands{token_, name_});
  stand();
}

void consumption::stand() {
  phase_ = phase::standing;
  tries_ = failures_ = 0;
  wake_at_ = now_ + options_.check;
}

void consumption::checked(const consumer_answer& x) {
  if (x.status == stream_status::missing) {
    // Made again at the position that the claim has: the owner skips what it knows.
    ask(phase::reading);
    return;
  }
  auto well = x.status == stream_status::done && x.consumer.has_leader;
  start_ = well ? floor_of(x.consumer) + 1 : claim_.start;
  if (well && options_.consumer.in_memory && start_ > claim_.start) {
    // It would begin at its start again after its server's end.
    ask(phase::renewing);
  } else if (well) {
    stand();
  } else if (options_.consumer.in_memory && stream_->replicas > 1
             && tries_ >= most_tries) {
    // The only server that knows it does not answer: another one makes one of another name.
    name_ = keys::consumer_name(options_.group, options_.partition, token_, ++run_);
    ask(phase::writing);
  } else {
    again(phase_, x.why, false);
  }
}

// -- the end ----------------------------------------------------------------------------

bool consumption::interrupted() {
  if (revoked_) {
    auto ours = made_ && claim_.token == token_;
    wake_at_.reset();
    if (!ours || keeps_messages())
      end();
    else if (given_ != name_ || removes_first())
      ask(phase::ending_remove);
    else
      ask(phase::ending_look);
    return true;
  }
  if (!std::exchange(restart_, false))
    return false;
  run_ = failures_ = 0;
  name_ = keys::consumer_name(options_.group, options_.partition, token_, run_);
  made_ = false;
  stream_.reset();
  ask(phase::reading);
  return true;
}

void consumption::end() {
  phase_ = phase::idle;
  wake_at_.reset();
  report({});
  out_.emplace_back(ended{});
}

// -- requests ---------------------------------------------------------------------------

consumer_spec consumption::spec() const {
  auto result = options_.consumer;
  result.name = name_;
  if (stream_->retention != stream_retention::work_queue)
    result.start = claim_.start;
  return result;
}

void consumption::ask(phase what) {
  if (phase_ != what)
    tries_ = 0;
  phase_ = what;
  asked_ = true;
  wake_at_.reset();
  if (what == phase::rereading && failpoint(rule::claim_not_read_again)) {
    asked_ = false;
    consumer_stands();
    return;
  }
  auto send = [this](command x) { out_.push_back(std::move(x)); };
  switch (what) {
  case phase::reading:
  case phase::rereading:
    return send(read_claim{});
  case phase::looking_at_old:
    return send(look{claim_.consumer});
  case phase::looking_at_stream:
    return send(look_at_stream{});
  case phase::writing:
  case phase::renewing:
  case phase::ending_write:
    return send(write_claim{claim_from(start_), at_});
  case phase::making:
    return send(make{spec()});
  case phase::settling:
  case phase::checking:
  case phase::ending_look:
    return send(look{name_});
  case phase::removing:
    return send(remove{claim_.old});
  case phase::leaving:
  case phase::ending_remove:
    return send(remove{name_});
  case phase::idle:
  case phase::standing:
    asked_ = false;
  }
}

void consumption::again(phase what, const std::string& why, bool at_once) {
  tries_ = phase_ == what ? tries_ + 1 : 1;
  phase_ = what;
  wake_at_ = now_ + options_.pause * (1u << std::min(failures_, most_doublings));
  if (++failures_ >= failures_before_report || at_once)
    report(why);
}

void consumption::report(std::string why) {
  if (std::exchange(reported_, why) != why)
    out_.emplace_back(trouble{std::move(why)});
}

} // namespace partita::core
