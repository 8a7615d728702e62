// SPDX-License-Identifier: Apache-2.0
#include "partita/core/consumption/consumption.hpp"

#include "partita/core/stream_listing.hpp"
#include "partita/messages/codec.hpp"
#include "partita/messages/failpoint.hpp"
#include "partita/messages/keys.hpp"

#include <algorithm>
#include <utility>

namespace partita::core {

namespace {

constexpr std::string_view partition_in_filter = "{partition}";
/// What does not answer for so many tries is given up where that costs duplicates only.
constexpr unsigned most_tries = 5;
/// How often the pause between two tries doubles.
constexpr unsigned most_doublings = 6;
/// One time-out is no news.
constexpr unsigned failures_before_report = 3;

std::int64_t created_us(const stream_facts& x) {
  return x.created_at_ns / 1000;
}

/// Whether asking again will not help before an operator acts.
bool needs_operator(stream_status x) {
  return x == stream_status::missing || x == stream_status::refused;
}

} // namespace

consumption::consumption(options opts) : options_{std::move(opts)} {
  auto& filter = options_.consumer.filter;
  const auto& name = options_.partition;
  for (auto at = filter.find(partition_in_filter); at != filter.npos;
       at = filter.find(partition_in_filter, at + name.size()))
    filter.replace(at, partition_in_filter.size(), name);
}

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
  if (auto why = why_no_entry(options_.partition); !why.empty())
    report("its name " + why);
  else if (!asked_)
    interrupted();
}

void consumption::on(const revoked&) {
  revoked_ = true;
  if (!asked_)
    interrupted();
}

void consumption::on(const tick&) {
  if (!asked_ && wake_at_ && now_ >= *wake_at_)
    ask(phase_ == phase::standing ? phase::checking : phase_);
}

void consumption::on(const kv_read& x) {
  if (!std::exchange(asked_, false) || interrupted())
    return;
  if (x.status == read_status::found || x.status == read_status::missing)
    claim_found(x.entry);
  else
    again(phase_, x.why, x.status == read_status::refused);
}

void consumption::on(const kv_written& x) {
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
      ask(phase::leaving);
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

void consumption::on(const stream_answer& x) {
  if (!std::exchange(asked_, false) || interrupted())
    return;
  if (x.status != stream_status::done || !x.facts.has_leader) {
    again(phase_, x.why, needs_operator(x.status));
    return;
  }
  stream_ = x.facts;
  auto known = claim_.stream_created;
  if (known != 0 && known != created_us(x.facts))
    refuse("the stream " + options_.stream
           + " was deleted and made again: the claim says created "
           + std::to_string(known) + " (unix microseconds), found "
           + std::to_string(created_us(x.facts)) + ";");
  else if (auto why = why_no_match(x.facts, options_.consumer.filter); !why.empty())
    again(phase::reading, why, true);
  else if (claim_.token == token_)
    claim_holds();
  else if (start_ > x.facts.last_sequence + 1)
    refuse("the claim starts at " + std::to_string(start_)
           + ", beyond the end of the stream " + options_.stream + " ("
           + std::to_string(x.facts.last_sequence) + "): the stream has lost messages;");
  else if (!failpoint(rule::claim_not_written))
    ask(phase::writing);
  else {
    claim_ = claim_from(start_);
    claim_holds();
  }
}

void consumption::on(const consumer_answer& x) {
  if (!std::exchange(asked_, false))
    return;
  // A consumer that was asked for may exist, whatever comes first.
  made_ |= phase_ == phase::making;
  auto well = x.status == stream_status::done && x.facts.has_leader;
  if (phase_ == phase::ending_look && well) {
    start_ = floor_of(x.facts) + 1;
    ask(phase::ending_write);
    return;
  }
  if (phase_ == phase::ending_look || (revoked_ && phase_ == phase::leaving)) {
    end();
    return;
  }
  if (interrupted())
    return;
  if (well && (phase_ == phase::making || phase_ == phase::checking))
    lag_ = {options_.partition, x.facts.pending, floor_of(x.facts)};
  auto missing = x.status == stream_status::missing;
  auto at_once = x.status == stream_status::refused;
  switch (phase_) {
  case phase::looking_at_old:
    if (well)
      start_ = floor_of(x.facts) + 1;
    else if (!missing && tries_ < most_tries)
      return again(phase_, x.why, at_once);
    return ask(phase::looking_at_stream);
  case phase::making:
    return made(x);
  case phase::settling:
    if (missing)
      again(phase::making, x.why, false);
    else if (x.status != stream_status::done)
      again(phase_, x.why, at_once);
    else if (x.facts.filter != options_.consumer.filter)
      again(phase_,
            "the consumer " + name_ + " filters on '" + x.facts.filter + "', expected '"
                + options_.consumer.filter + "'; remove it",
            true);
    else
      made(x);
    return;
  case phase::removing:
    // A deletion that timed out often took effect; what is left the next sweep finds.
    if (x.status != stream_status::done && !missing && tries_ < most_tries)
      return again(phase_, x.why, at_once);
    return ask(made_ ? phase::rereading : phase::making);
  case phase::checking:
    return checked(x);
  default:
    // leaving: our consumer is gone, or the owner's sweep removes it.
    phase_ = phase::idle;
  }
}

// -- the way to a consumer --------------------------------------------------------------

void consumption::claim_found(const kv_entry& entry) {
  claim_ = {};
  at_ = entry.revision;
  if (!entry.value.empty() && !entry.removed) {
    auto value = consumer_claim_from(entry.value, entry.stored_at_ns);
    if (const auto* bad = std::get_if<malformed>(&value))
      return refuse("the claim " + keys::claim_of(options_.partition)
                    + " cannot be read: " + bad->why + "; upgrade this program, or");
    claim_ = std::get<consumer_claim>(value);
  }
  start_ = claim_.start;
  if (claim_.token.value > token_.value) {
    report("the claim has the token " + readable(claim_.token) + ", greater than "
           + readable(token_) + " of this worker's grant: another worker owns it by now");
    given_.clear();
    lag_.reset();
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
    ask(claim_.token.value == 0 ? phase::looking_at_stream : phase::looking_at_old);
  }
}

std::uint64_t consumption::floor_of(const consumer_facts& x) const {
  if (failpoint(rule::floor_trusted_alone))
    return x.ack_floor;
  return std::max({claim_.start - 1, x.ack_floor, x.start == 0 ? 0 : x.start - 1});
}

bool consumption::removes_first() const {
  return failpoint(rule::removed_before_made)
         || (stream_ && stream_->retention == stream_retention::work_queue);
}

bool consumption::keeps_messages() const {
  return stream_ && stream_->retention == stream_retention::interest;
}

consumer_claim consumption::claim_from(std::uint64_t start) const {
  return {token_, name_, start, claim_.consumer == name_ ? claim_.old : claim_.consumer,
          created_us(*stream_)};
}

void consumption::claim_holds() {
  made_ = false;
  ask(removes_first() && !claim_.old.empty() ? phase::removing : phase::making);
}

void consumption::made(const consumer_answer& x) {
  if (x.status == stream_status::done && x.facts.has_leader) {
    report({});
    ask(removes_first() || claim_.old.empty() ? phase::rereading : phase::removing);
  } else if (x.status == stream_status::done || x.status == stream_status::conflict) {
    // A conflict: it was made before claim.start was renewed, or is not ours.
    again(phase::settling, "the consumer " + name_ + " has no leader", false);
    if (x.status == stream_status::conflict)
      wake_at_ = now_;
  } else {
    // One of an older token may be in the way.
    if (x.status == stream_status::refused && removes_first())
      out_.emplace_back(sweep{});
    again(phase_, x.why, needs_operator(x.status));
  }
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
  auto well = x.status == stream_status::done && x.facts.has_leader;
  start_ = well ? floor_of(x.facts) + 1 : claim_.start;
  if (x.status == stream_status::missing) {
    // Made again at the position that the claim has: the owner skips what it knows.
    ask(phase::reading);
  } else if (well && options_.consumer.in_memory && start_ > claim_.start) {
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
  if (revoked_ || restart_)
    lag_.reset();
  if (revoked_) {
    auto ours = made_ && claim_.token == token_;
    wake_at_.reset();
    if (!ours || keeps_messages())
      end();
    else
      ask(given_ != name_ || removes_first() ? phase::leaving : phase::ending_look);
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
  // A work queue takes only consumers that acknowledge each message and begin with the first.
  if (stream_->retention == stream_retention::work_queue)
    result.acks = ack_policy::each;
  else
    result.start = claim_.start;
  return result;
}

void consumption::ask(phase what) {
  if (phase_ != what)
    tries_ = 0;
  phase_ = what;
  wake_at_.reset();
  if (what == phase::rereading && failpoint(rule::claim_not_read_again)) {
    consumer_stands();
    return;
  }
  asked_ = true;
  auto send = [this](command x) { out_.push_back(std::move(x)); };
  const auto& stream = options_.stream;
  switch (what) {
  case phase::reading:
  case phase::rereading:
    return send(read_claim{});
  case phase::looking_at_old:
    return send(consumer_look{stream, claim_.consumer});
  case phase::looking_at_stream:
    return send(stream_look{stream});
  case phase::writing:
  case phase::renewing:
  case phase::ending_write:
    return send(write_claim{claim_from(start_), at_});
  case phase::making:
    return send(consumer_make{stream, spec()});
  case phase::settling:
  case phase::checking:
  case phase::ending_look:
    return send(consumer_look{stream, name_});
  case phase::removing:
    return send(consumer_remove{stream, claim_.old});
  case phase::leaving:
    return send(consumer_remove{stream, name_});
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

void consumption::refuse(const std::string& why) {
  again(phase::reading,
        why + " remove the key " + keys::claim_of(options_.partition)
            + " to read the stream from its first message",
        true);
}

void consumption::report(std::string why) {
  if (std::exchange(reported_, why) != why)
    out_.emplace_back(trouble{std::move(why)});
}

} // namespace partita::core
