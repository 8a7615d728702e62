// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/store/nats/client/connection.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace partita::store {

/// The earlier of two moments of which either may be missing.
inline std::optional<nats::connection::clock::time_point>
earlier(std::optional<nats::connection::clock::time_point> x,
        std::optional<nats::connection::clock::time_point> y) {
  return !x || (y && *y < *x) ? y : x;
}

/// How a request to the server ended.
struct nats_outcome {
  enum class kind : std::uint8_t {
    /// `answer` holds it.
    answered,
    /// The server has no responders for the subject; certainly nothing was done.
    no_responders,
    /// Not sent: no link.
    not_connected,
    /// Not sent, or not let through by the server; certainly nothing was done.
    refused,
    /// No answer in time, or the link broke: may have been done, may still be.
    unknown
  };

  kind what = kind::unknown;
  nats::message answer;
  /// For people, unless `answered`.
  std::string why;
};

/// The requests of one port that are under way. Each is continued exactly once, whatever
/// happens: an answer, no answer in time, the loss of the link that it went over, a
/// refusal.
class nats_requests {
public:
  using clock = std::chrono::steady_clock;
  using continuation = std::function<void(nats_outcome)>;

  void use(std::shared_ptr<nats::connection> connection, nats::connection::port port);

  /// Sends a request; continued at once if it cannot be sent.
  void ask(const std::string& subject, const nats::header_list& headers,
           std::string_view data, clock::time_point deadline, continuation then);

  void answered(std::uint64_t ticket, nats::message answer);
  /// Link number `link` was lost: what went over it, or an earlier one, has no answer.
  void link_lost(std::uint64_t link, const std::string& why);
  void denied(const std::string& subject, const std::string& why);
  void expire(clock::time_point now);

  bool empty() const { return under_way_.empty(); }
  std::optional<clock::time_point> next_deadline() const;

private:
  struct request {
    std::string subject;
    std::uint64_t link = 0;
    clock::time_point deadline;
    continuation then;
  };

  void end(std::uint64_t ticket, nats_outcome x);
  template <class Predicate>
  std::set<std::uint64_t> all(Predicate chosen) const;

  std::shared_ptr<nats::connection> connection_;
  nats::connection::port port_ = 0;
  std::uint64_t last_ticket_ = 0;
  std::map<std::uint64_t, request> under_way_;
  std::set<std::pair<clock::time_point, std::uint64_t>> deadlines_;
};

} // namespace partita::store
