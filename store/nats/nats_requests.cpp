// SPDX-License-Identifier: Apache-2.0
#include "partita/store/nats/nats_requests.hpp"

#include "partita/store/request_counters.hpp"

#include <limits>

namespace partita::store {

namespace {

using kind = nats_outcome::kind;

constexpr int no_responders_status = 503;

/// The outcome of a request whose send did not succeed.
nats_outcome outcome_of(const nats::send_result& x) {
  switch (x.status) {
  case nats::send_status::not_connected:
    return {kind::not_connected, {}, "not connected: " + x.why};
  case nats::send_status::too_large:
  case nats::send_status::refused:
    return {kind::refused, {}, x.why};
  case nats::send_status::broken:
  case nats::send_status::sent:
    break;
  }
  return {kind::unknown, {}, x.why};
}

kv_read read_from(nats::answer<nats::stored_message> x, const std::string& bucket) {
  if (auto* found = std::get_if<nats::stored_message>(&x))
    return {read_status::found, entry_from(std::move(*found), bucket), {}};
  const auto& error = std::get<nats::api_error>(x);
  if (error.err_code == nats::err_code::no_message_found)
    return {read_status::missing, {}, {}};
  auto why = "bucket '" + bucket + "': " + to_string(error);
  return {
      is_final(error) ? read_status::refused : read_status::unknown, {}, std::move(why)};
}

kv_written refusal_from(const nats::api_error& error, const std::string& bucket,
                        const std::string& key) {
  auto why = "'" + key + "' in bucket '" + bucket + "': " + to_string(error);
  if (error.err_code == nats::err_code::wrong_last_sequence)
    return {write_status::conflict, {}, why + "; read it again from the stream's leader"};
  return {is_final(error) ? write_status::refused : write_status::unknown,
          {},
          std::move(why)};
}

} // namespace

void nats_requests::use(std::shared_ptr<nats::connection> connection,
                        std::shared_ptr<nats::sink> user) {
  connection_ = std::move(connection);
  port_ = connection_->open_port(std::move(user));
}

void nats_requests::leave() {
  if (connection_)
    connection_->close_port(port_);
  connection_.reset();
}

void nats_requests::ask(const std::string& subject, const nats::header_list& headers,
                        std::string_view data, clock::time_point deadline,
                        continuation then) {
  auto ticket = ++last_ticket_;
  auto sent = connection_->request(port_, ticket, subject, headers, data);
  if (sent.status != nats::send_status::sent)
    then(outcome_of(sent));
  else
    add(ticket, {subject, sent.link, deadline, std::move(then)});
}

void nats_requests::wait(std::chrono::milliseconds delay, std::function<void()> then) {
  // Over no link, and to no subject that could be denied.
  constexpr auto no_link = std::numeric_limits<std::uint64_t>::max();
  add(++last_ticket_, {"a wait", no_link, clock::now() + delay,
                       [then = std::move(then)](const nats_outcome&) { then(); }});
}

void nats_requests::add(std::uint64_t ticket, request x) {
  deadlines_.emplace(x.deadline, ticket);
  under_way_.emplace(ticket, std::move(x));
}

void nats_requests::answered(std::uint64_t ticket, nats::message answer) {
  auto i = under_way_.find(ticket);
  if (i == under_way_.end())
    return; // too late: the caller has got `unknown`
  if (answer.status() == no_responders_status && answer.data.empty())
    end(ticket, {kind::no_responders, {}, "no responders at " + i->second.subject});
  else
    end(ticket, {kind::answered, std::move(answer), {}});
}

void nats_requests::link_lost(std::uint64_t link, const std::string& why) {
  for (auto ticket : all([=](const request& x) { return x.link <= link; }))
    end(ticket, {kind::unknown, {}, why});
}

// One permission covers all requests to one subject, so a denial answers all of them.
// If what was denied is not a publish, the server may have done what was asked.
void nats_requests::denied(const std::string& subject, const std::string& why) {
  for (auto ticket : all([&](const request& x) { return x.subject == subject; }))
    end(ticket, {kind::refused, {}, "NATS does not permit it: " + why});
}

void nats_requests::expire(clock::time_point now) {
  alarm_.reset();
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    auto ticket = deadlines_.begin()->second;
    // A stream without a leader does not answer.
    end(ticket, {kind::unknown,
                 {},
                 "no answer in time from " + under_way_.at(ticket).subject
                     + " (does its stream have a leader?)"});
  }
}

// The connection's timers, not those of actors: these would keep an actor alive for as long
// as they run, and cannot be cancelled.
void nats_requests::set_alarm(std::optional<clock::time_point> also) {
  if (!deadlines_.empty())
    also = earlier(also, deadlines_.begin()->first);
  if (std::exchange(alarm_, also) != also)
    connection_->wake_at(port_, also);
}

void nats_requests::end(std::uint64_t ticket, nats_outcome x) {
  auto found = under_way_.extract(ticket);
  if (found.empty())
    return;
  deadlines_.erase({found.mapped().deadline, ticket});
  found.mapped().then(std::move(x));
}

template <class Predicate>
std::set<std::uint64_t> nats_requests::all(Predicate chosen) const {
  std::set<std::uint64_t> result;
  for (const auto& [ticket, x] : under_way_)
    if (chosen(x))
      result.insert(ticket);
  return result;
}

// -- what answers mean ------------------------------------------------------------------

void read_last(nats_requests& by, const std::string& bucket, const std::string& key,
               nats_requests::clock::time_point until,
               std::function<void(kv_read)> then) {
  by.ask("$JS.API.STREAM.MSG.GET." + nats::stream_of(bucket), {},
         nats::last_message_request(nats::subject_of(bucket, key)), until,
         [bucket, then = std::move(then)](nats_outcome x) {
           then(read_from(std::move(x), bucket));
         });
}

kv_written written_from(const nats_outcome& x, const std::string& bucket,
                        const std::string& key) {
  switch (x.what) {
  case kind::answered:
    break;
  case kind::no_responders:
  case kind::not_connected:
    return {write_status::not_connected, {}, x.why};
  case kind::refused:
    return {write_status::refused, {}, "'" + key + "': " + x.why};
  case kind::unknown:
    return {write_status::unknown,
            {},
            x.why + "; write the same again until an answer comes"};
  }
  auto answer = nats::parse_publish_ack(x.answer.data);
  if (const auto* error = std::get_if<nats::api_error>(&answer))
    return refusal_from(*error, bucket, key);
  const auto& ack = std::get<nats::publish_ack>(answer);
  if (ack.stream != nats::stream_of(bucket))
    return {write_status::refused,
            {},
            "'" + key + "' was taken by the stream " + ack.stream + " instead of "
                + nats::stream_of(bucket) + ": its subjects overlap with the bucket's"};
  return {write_status::done, {ack.sequence}, {}};
}

kv_read read_from(nats_outcome x, const std::string& bucket) {
  if (x.what == kind::no_responders)
    return {read_status::not_connected, {}, x.why};
  if (x.what != kind::answered)
    return {failure_as<read_status>(x.what), {}, x.why};
  return read_from(nats::parse_stored(x.answer.data), bucket);
}

kv_entry entry_from(nats::stored_message x, const std::string& bucket) {
  kv_entry result;
  result.key = nats::key_in(bucket, x.subject);
  result.removed = nats::is_removal(x.headers);
  if (!result.removed)
    result.value = std::move(x.data);
  result.revision = {x.sequence};
  result.stored_at_ns = x.stored_at_ns;
  return result;
}

kv_entry entry_from(nats::message news, const nats::delivery& x,
                    const std::string& bucket) {
  return entry_from({std::move(news.subject), std::move(news.data), x.stream_sequence,
                     x.stored_at_ns, std::move(news.headers)},
                    bucket);
}

} // namespace partita::store
