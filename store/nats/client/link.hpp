// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/store/nats/client/connection.hpp"

#include <nats/nats.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

/// Internal to this directory: the library's objects as C++ types, and one connection of it.
namespace partita::nats {

// -- library.cpp ------------------------------------------------------------------------

struct release_library_object {
  void operator()(natsOptions* x) const { natsOptions_Destroy(x); }
  void operator()(natsMsg* x) const { natsMsg_Destroy(x); }
};

using options_ptr = std::unique_ptr<natsOptions, release_library_object>;
using message_ptr = std::unique_ptr<natsMsg, release_library_object>;

/// The library's text for a status, with its last error on this thread.
std::string describe(natsStatus status);

/// Copies a message out of the library's memory.
message copy_of(natsMsg* x);

/// The connection's last error. Its text may be written by another thread meanwhile.
std::string last_error(natsConnection* nc);

struct prepared_options {
  options_ptr options;
  /// Why the options cannot be used; empty: they can.
  std::string why_not;
};

/// The library's options for `wanted`, without callbacks.
prepared_options prepare(const nats_options& wanted,
                         const std::vector<std::string>& urls);

// -- link.cpp ---------------------------------------------------------------------------

/// One natsConnection, from a successful connect to its end.
class link {
public:
  using handler = std::function<void(message)>;

  /// Called on the library's threads.
  struct events {
    /// The link has ended by itself.
    std::function<void()> closed;
    /// The server complained, for example of a missing permission.
    std::function<void(std::string)> complaint;
  };

  struct failure {
    std::string why;
    /// A server was reached, and it is of another store; see why_unusable().
    bool foreign = false;
    /// No server could be used; see why_not_connected().
    bool unconnected = false;
  };

  /// Connects; waits for that as long as the servers take, at most connect_timeout each.
  static std::variant<std::shared_ptr<link>, failure>
  open(const nats_options& options, const std::vector<std::string>& urls,
       std::uint64_t number, events hear);

  link(const link&) = delete;
  link& operator=(const link&) = delete;
  ~link();

  std::uint64_t number() const { return number_; }
  const server_facts& server() const { return server_; }
  std::vector<std::string> discovered_urls() const;

  /// To the subject, as with_api_prefix() addresses it.
  send_result publish(const std::string& to, const std::string& reply,
                      const header_list& headers, std::string_view data);

  /// Asks and waits for the answer, at most `limit`; else why there was none.
  std::variant<message, std::string>
  ask(const std::string& subject, std::string_view data, std::chrono::milliseconds limit);

  /// `handle` is called on the library's delivery thread, one message after the other.
  send_result listen(const std::string& subject, handler handle);
  /// Puts a subscription aside for bury(): removing it takes a round trip.
  void unlisten(const std::string& subject);
  bool has_retired() const;
  /// Removes what was put aside.
  void bury();

  /// Whether the link has ended, and why.
  bool over() const;
  std::string why_over() const;

  /// Ends the link and waits for the last callback.
  void finish(const std::shared_ptr<link>& self);

  std::size_t listeners() const;

private:
  /// What a subscription's callbacks hold; freed in the library's on-complete callback,
  /// the first moment after which no message can come.
  struct listener {
    link* owner;
    std::mutex mutex;
    handler handle;
    /// Messages that were handled and wait to be freed together.
    std::vector<message_ptr> used;
    std::size_t used_bytes = 0;
  };

  /// Keeps a listener for which the library promises no last callback.
  static void abandon(std::unique_ptr<listener> x);

  link(std::uint64_t number, events hear, std::string api);

  static void on_message(natsConnection*, natsSubscription*, natsMsg*, void*);
  static void on_complete(void*);
  static void on_closed(natsConnection*, void*);
  static void on_error(natsConnection*, natsSubscription*, natsStatus, void*);

  void subscription_gone();
  send_result outcome_of(natsStatus status, std::size_t size);

  std::uint64_t number_;
  events hear_;
  /// nats_options::api.
  const std::string api_;
  natsConnection* nc_ = nullptr;
  server_facts server_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  /// The library has closed it.
  bool over_ = false;
  /// The last callback of the connection is done.
  bool closed_ = false;
  /// A write was cut off halfway; what comes after it would be garbage to the server.
  bool broken_ = false;
  bool finishing_ = false;
  std::string why_over_;
  /// Subscriptions whose on-complete callback has not come yet.
  std::size_t listeners_ = 0;
  std::map<std::string, natsSubscription*> subscriptions_;
  std::vector<natsSubscription*> retired_;
  /// Unsubscribed, but no round trip has shown that the reader is past them.
  std::vector<natsSubscription*> buried_;
};

} // namespace partita::nats
