// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/options.hpp"
#include "partita/messages/store.hpp"
#include "partita/store/nats/client/api.hpp"
#include "partita/store/nats/client/server_info.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The border to the NATS library. Nothing outside of this folder sees nats.h, and
/// nothing in here sees an actor.
namespace partita::nats {

/// The version of the NATS library that this process runs with.
std::string library_version();

/// What is known of the server when a link comes up.
struct server_facts {
  std::string url;
  /// Names its process, another one after each start. Servers that survey() found running
  /// together have one name: none of them has been restarted since.
  std::string process;
  /// The largest message that it takes, in bytes, headers included.
  std::int64_t max_payload = 0;
};

// -- events -----------------------------------------------------------------------------

/// The state of the link: at once for a new user, and at every change.
struct link_event {
  bool up = false;
  /// Counts the links from 1: the present one, or the last; 0: there was none yet.
  std::uint64_t link = 0;
  /// Why there is none: it was lost, or a try failed for another reason than the one
  /// before. Authentication failures are named.
  std::string why = {};
  /// A server was reached, and it is of another store.
  bool foreign = false;
  /// Of a link that is up.
  server_facts server = {};
};

/// Soon after a link came up: what its server says of itself.
struct server_event {
  server_info server;
};

/// The answer to a request.
struct answer_event {
  std::uint64_t ticket = 0;
  message answer;
};

/// A message to an inbox that was opened with connection::listen.
struct news_event {
  std::uint64_t inbox = 0;
  message news;
};

/// The server did not permit a publish to `subject`, or if that is empty, something else
/// that we do; `why` has the server's text.
struct denial_event {
  std::string subject;
  std::string why;
};

/// The time asked for with connection::wake_at has come.
struct wake_event {};

using event = std::variant<link_event, server_event, answer_event, news_event,
                           denial_event, wake_event>;

/// Receives the events of a connection. Called on threads of the connection and of the
/// library: an implementation passes the event on and returns; it never waits, and never
/// closes the connection.
class sink {
public:
  virtual ~sink() = default;
  virtual void take(event x) = 0;
};

enum class send_status : std::uint8_t {
  /// Handed to the server's socket.
  sent,
  /// There is no link; certainly not sent.
  not_connected,
  /// Larger than this server takes; certainly not sent.
  too_large,
  /// The library refused it; certainly not sent.
  refused,
  /// The link broke while sending: may have arrived.
  broken
};

struct send_result {
  send_status status = send_status::not_connected;
  /// The link that it went over; only with `sent` and `broken`.
  std::uint64_t link = 0;
  /// For people, unless `sent`.
  std::string why;
};

struct connection_state;

/// One connection to NATS, shared by any number of users, each with a port of its own.
///
/// Everything is asynchronous and rests on one primitive: a request is published with a
/// reply subject below one inbox of the connection, and whatever comes there goes to the
/// port that asked, under the ticket that it chose. Time-outs are up to the caller.
///
///   keeper thread:  connect --ok--> up --closed, broken--> down --wait--> connect ...
///
/// A link is one natsConnection, and never reconnects by itself: the keeper makes a new
/// one, every 50 ms at first (docs/architecture.md says why).
class connection {
public:
  using port = std::uint64_t;
  using clock = std::chrono::steady_clock;

  /// Begins to connect, in the background and without a limit.
  explicit connection(nats_options options);

  /// Closes.
  ~connection();

  /// Waits until everything is closed: after that no sink is called any more, and every
  /// call returns not_connected. May take as long as one try to connect. Not to be called
  /// from a sink.
  void close();

  /// The sink gets link_event at once, and at every change.
  port open_port(std::shared_ptr<sink> user);

  /// Calls that are under way may still reach the sink. Its inboxes are closed.
  void close_port(port user);

  /// Publishes `data` to `subject` and passes the answer to the port's sink.
  send_result request(port user, std::uint64_t ticket, const std::string& subject,
                      const header_list& headers, std::string_view data);

  /// Publishes without asking for an answer.
  send_result publish(const std::string& subject, std::string_view data);

  struct inbox {
    send_result result;
    /// The subject that senders must publish to.
    std::string subject;
  };

  /// Opens an inbox; its messages go to the port's sink under `number`, which the port
  /// must not have used before. Ends with the link.
  inbox listen(port user, std::uint64_t number);

  /// Closes an inbox. A few messages may still come.
  void unlisten(port user, std::uint64_t number);

  /// Answers every message to `subject` that wants an answer with an empty one, on the
  /// thread that brings the message: no sink is asked, so it shows that the process
  /// runs, however busy it is. Begins as soon as there is a link, a moment after the call
  /// at the earliest, and begins again with each link. Where the server does not permit
  /// it, a denial_event says so. A subject that is answered already is left as it is.
  void answer(port user, const std::string& subject);

  /// Ends what answer() began; closing the port does so too.
  void answer_no_more(const std::string& subject);

  /// Sends the sink one wake_event, at `at` or later by up to an eighth of the time until
  /// then, unless the port is closed before; nullopt: not at all. Each call replaces the
  /// one before. For timers that must not keep their owner alive.
  void wake_at(port user, std::optional<clock::time_point> at);

  /// What the messages of `subject` in `stream` hold at each server that was named, read
  /// over connections of their own. Waits for all answers.
  std::vector<surveyed_server> survey(const std::string& stream,
                                      const std::string& subject) const;

  /// From now on a link is used only to a server where `subject` in `stream` holds
  /// `value`; see expect_entry.
  void expect(std::string stream, std::string subject, std::string value);

  /// Gives the present link up and tries the other known servers first; does nothing if
  /// there is no other. For a server that runs and does not do what is needed: `why`.
  void move_on(const std::string& why);

  /// How many subscriptions the library has or is still removing, for tests.
  std::size_t open_inboxes() const;

private:
  std::unique_ptr<connection_state> state_;
};

} // namespace partita::nats
