// SPDX-License-Identifier: Apache-2.0
#include "partita/store/nats/nats_requests.hpp"

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

} // namespace

void nats_requests::use(std::shared_ptr<nats::connection> connection,
                        nats::connection::port port) {
  connection_ = std::move(connection);
  port_ = port;
}

void nats_requests::ask(const std::string& subject, const nats::header_list& headers,
                        std::string_view data, clock::time_point deadline,
                        continuation then) {
  auto ticket = ++last_ticket_;
  auto sent = connection_->request(port_, ticket, subject, headers, data);
  if (sent.status != nats::send_status::sent) {
    then(outcome_of(sent));
    return;
  }
  under_way_.emplace(ticket, request{subject, sent.link, deadline, std::move(then)});
  deadlines_.emplace(deadline, ticket);
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
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    auto ticket = deadlines_.begin()->second;
    // A stream without a leader does not answer.
    end(ticket, {kind::unknown,
                 {},
                 "no answer in time from " + under_way_.at(ticket).subject
                     + " (does its stream have a leader?)"});
  }
}

std::optional<nats_requests::clock::time_point> nats_requests::next_deadline() const {
  if (deadlines_.empty())
    return std::nullopt;
  return deadlines_.begin()->first;
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

} // namespace partita::store
