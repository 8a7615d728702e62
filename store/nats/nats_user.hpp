// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/store/nats/client/connection.hpp"

#include <caf/actor_cast.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/replies_to.hpp>
#include <caf/send.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <memory>
#include <string>

/// INTERNAL to the NATS store: the border's callbacks, as messages between actors.
namespace partita::store {

/// The answer to a request.
struct nats_answer {
  std::uint64_t ticket = 0;
  nats::message answer;
};

/// A message to an inbox.
struct nats_news {
  std::uint64_t inbox = 0;
  nats::message news;
};

/// The link came up, or went down.
struct nats_link {
  bool up = false;
  /// The number of the last one; 0: there was none yet.
  std::uint64_t link = 0;
  /// The server's URL, or why there is none.
  std::string text;
  /// A server was reached, and it is of another store.
  bool foreign = false;
  /// nats::server_facts::process.
  std::string process = {};
  /// nats::server_facts::max_payload.
  std::int64_t max_payload = 0;
};

/// The server did not permit something.
struct nats_denial {
  std::string subject;
  std::string why;
};

struct nats_program {
  nats::server_info server;
};

/// A time asked for has come.
struct nats_wake {};

} // namespace partita::store

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::store::nats_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::store::nats_news)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::store::nats_link)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::store::nats_denial)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::store::nats_program)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::store::nats_wake)

namespace partita::store {

/// An actor with a port of a connection.
using nats_user_actor =
    caf::typed_actor<caf::reacts_to<nats_answer>, caf::reacts_to<nats_news>,
                     caf::reacts_to<nats_link>, caf::reacts_to<nats_denial>,
                     caf::reacts_to<nats_program>, caf::reacts_to<nats_wake>>;

/// Passes the border's callbacks on to an actor. Holds no reference to it: a connection
/// must not keep its users alive.
class nats_mailbox : public nats::sink {
public:
  explicit nats_mailbox(const nats_user_actor& to) : to_(to.address()) {}

  void link_up(std::uint64_t link, const nats::server_facts& server) override {
    send(nats_link{true, link, server.url, false, server.process, server.max_payload});
  }
  void link_down(std::uint64_t link, const std::string& why, bool foreign) override {
    send(nats_link{false, link, why, foreign});
  }
  void answered(std::uint64_t ticket, nats::message answer) override {
    send(nats_answer{ticket, std::move(answer)});
  }
  void delivered(std::uint64_t inbox, nats::message news) override {
    send(nats_news{inbox, std::move(news)});
  }
  void denied(const std::string& subject, const std::string& why) override {
    send(nats_denial{subject, why});
  }
  void server_known(const nats::server_info& server) override {
    send(nats_program{server});
  }
  void wake() override { send(nats_wake{}); }

private:
  template <class T>
  void send(T x) {
    if (auto to = caf::actor_cast<caf::strong_actor_ptr>(to_))
      caf::anon_send(caf::actor_cast<nats_user_actor>(to), std::move(x));
  }

  const caf::actor_addr to_;
};

} // namespace partita::store
