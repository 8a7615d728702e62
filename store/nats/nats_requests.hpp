// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/store.hpp"
#include "partita/store/nats/client/api.hpp"
#include "partita/store/nats/client/connection.hpp"
#include "partita/store/nats/client/subjects.hpp"

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

/// A port of a connection, and its requests that are under way. Each is continued exactly
/// once, whatever happens: an answer, no answer in time, the loss of the link that it went
/// over, a refusal.
class nats_requests {
public:
  using clock = std::chrono::steady_clock;
  using continuation = std::function<void(nats_outcome)>;

  ~nats_requests() { leave(); }

  /// Opens the port; what its user receives is to be passed on to this.
  void use(std::shared_ptr<nats::connection> connection,
           std::shared_ptr<nats::sink> user);
  /// Closes it.
  void leave();

  nats::connection& connection() const { return *connection_; }
  nats::connection::port port() const { return port_; }

  /// Sends a request; continued at once if it cannot be sent.
  void ask(const std::string& subject, const nats::header_list& headers,
           std::string_view data, clock::time_point deadline, continuation then);
  /// Continues after a while; counts as a request.
  void wait(std::chrono::milliseconds delay, std::function<void()> then);

  void answered(std::uint64_t ticket, nats::message answer);
  /// Link number `link` was lost: what went over it, or an earlier one, has no answer.
  void link_lost(std::uint64_t link, const std::string& why);
  void denied(const std::string& subject, const std::string& why);
  /// The connection has woken us.
  void expire(clock::time_point now);

  bool empty() const { return under_way_.empty(); }
  /// Has the connection wake us for the next deadline, or at `also` if that is earlier.
  void set_alarm(std::optional<clock::time_point> also = std::nullopt);

private:
  struct request {
    std::string subject;
    std::uint64_t link = 0;
    clock::time_point deadline;
    continuation then;
  };

  void add(std::uint64_t ticket, request x);
  void end(std::uint64_t ticket, nats_outcome x);
  template <class Predicate>
  std::set<std::uint64_t> all(Predicate chosen) const;

  std::shared_ptr<nats::connection> connection_;
  nats::connection::port port_ = 0;
  std::uint64_t last_ticket_ = 0;
  std::map<std::uint64_t, request> under_way_;
  std::set<std::pair<clock::time_point, std::uint64_t>> deadlines_;
  /// When the connection is to wake us.
  std::optional<clock::time_point> alarm_;
};

// -- what answers mean, in the terms of the store port ----------------------------------

/// The answer to a write to `key`.
kv_written written_from(const nats_outcome& x, const std::string& bucket,
                        const std::string& key);

/// The answer to a read from the stream's leader.
kv_read read_from(nats_outcome x, const std::string& bucket);

/// Reads the newest entry of a key, or of a pattern, from the stream's leader.
void read_last(nats_requests& by, const std::string& bucket, const std::string& key,
               nats_requests::clock::time_point until, std::function<void(kv_read)> then);

/// A stored message as an entry.
kv_entry entry_from(nats::stored_message x, const std::string& bucket);

/// What a consumer delivered, as an entry. `x` is parsed from the message's reply
/// subject.
kv_entry entry_from(nats::message news, const nats::delivery& x,
                    const std::string& bucket);

} // namespace partita::store
