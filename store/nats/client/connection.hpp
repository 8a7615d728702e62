// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/options.hpp"
#include "partita/store/nats/client/message.hpp"
#include "partita/store/nats/client/server_info.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The border to the NATS library. Nothing outside of this folder sees nats.h, and
/// nothing in here sees an actor.
namespace partita::nats {

/// What is known of the server when a link comes up.
struct server_facts {
  std::string url;
  /// Names its process, another one after each start. Servers that survey() found running
  /// together have one name: none of them has been restarted since.
  std::string process;
  /// The largest message that it takes, in bytes, headers included.
  std::int64_t max_payload = 0;
};

/// Receives the events of a connection. Called on threads of the connection and of the
/// library: an implementation copies or moves what it needs, passes it on and returns; it
/// never waits, and never closes the connection.
class sink {
public:
  virtual ~sink();

  /// There is a link to a server. `link` counts them from 1.
  virtual void link_up(std::uint64_t link, const server_facts& server) = 0;

  /// There is none: it was lost, or a try failed for another reason than the one before.
  /// `link` is the number of the last one; 0: there was none yet. Authentication failures
  /// are named in `why`. `foreign`: a server was reached, and it is of another store.
  virtual void link_down(std::uint64_t link, const std::string& why, bool foreign) = 0;

  /// The answer to a request.
  virtual void answered(std::uint64_t ticket, message answer) = 0;

  /// A message to an inbox that was opened with connection::listen.
  virtual void delivered(std::uint64_t inbox, message news) = 0;

  /// The server did not permit a publish to `subject`, or if that is empty, something
  /// else that we do; `why` has the server's text.
  virtual void denied(const std::string& subject, const std::string& why) = 0;

  /// Soon after a link came up: what its server says of itself.
  virtual void server_known(const server_info& server);

  /// The time asked for with connection::wake_at has come.
  virtual void wake() = 0;
};

/// What one server holds under one subject of one stream.
struct store_mark {
  std::string server;
  /// It gave an answer.
  bool answered = false;
  /// Empty: there is no such stream, or no value.
  std::optional<std::string> value;
  /// Names its cluster; empty: it has none, or that is not known.
  std::string cluster;
  /// Its id, another one after each start.
  std::string process;
  /// Without an answer: why.
  std::string why;
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
/// reply subject below one inbox of the connection, and whatever comes there (a JetStream
/// acknowledgement with its error code, a JSON answer, the server's "no responders") goes
/// to the port that asked, under the ticket that it chose. js_PublishMsgAsync would do
/// the same for writes alone, with bookkeeping of its own; kvStore_* and the other js_*
/// calls would block a thread each. Time-outs are up to the caller.
///
///   keeper thread:  connect --ok--> up --closed, broken--> down --wait--> connect ...
///
/// A link is one natsConnection, and never reconnects by itself: the keeper makes a new
/// one, every 50 ms at first. That way nothing is ever buffered while there is no link,
/// a try that fails says why (the library's own reconnect hides it, and gives up for good
/// after two authentication failures), and no caller waits for the library's lock, which
/// it holds while it dials. Consumers are rebuilt after a reconnect anyway.
class connection {
public:
  using port = std::uint64_t;
  using clock = std::chrono::steady_clock;

  /// Begins to connect, in the background and without a limit.
  explicit connection(nats_options options);

  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// Closes.
  ~connection();

  /// Waits until everything is closed: after that no sink is called any more, and every
  /// call returns not_connected. May take as long as one try to connect. Not to be called
  /// from a sink.
  void close();

  /// The sink is notified of the state of the link at once, and of every change.
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
  /// it, sink::denied says so. A subject that is answered already is left as it is.
  void answer(port user, const std::string& subject);

  /// Ends what answer() began; closing the port does so too.
  void answer_no_more(const std::string& subject);

  /// Calls the sink's wake() once, at `at` or later by up to an eighth of the time until
  /// then, unless the port is closed before; nullopt: not at all. Each call replaces the
  /// one before. For timers that must not keep their owner alive.
  void wake_at(port user, std::optional<clock::time_point> at);

  /// What the messages of `subject` in `stream` hold at each server that was named, read
  /// over connections of their own. Waits for all answers.
  std::vector<store_mark> survey(const std::string& stream,
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
