// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/supervisor/worker_session.hpp"

#include "partita/actors/log.hpp"
#include "partita/core/worker/session.hpp"

namespace partita {

namespace {

/// Limits the past incarnations that are remembered. An older one that is found counts as
/// foreign: the worker waits for its end.
constexpr std::size_t most_past = 64;

} // namespace

// -- the id -----------------------------------------------------------------------------

void worker_session::on(const id_claimed& x) {
  if (!children_.is_from(role::registrar, x) || leaving())
    return;
  if (x.worker_id == context_.id)
    return; // A registrar that was started again found what it held.
  if (!context_.id.value.empty())
    leave_id("the worker id changed to " + x.worker_id.value);
  context_.id = x.worker_id;
  logger()->info("{}: claimed this worker id", context_.name());
  context_.listeners.tell(worker_id_claimed{context_.id});
  live_(core::life::id_claimed{context_.id});
}

void worker_session::on(const id_lost& x) {
  if (!children_.is_from(role::registrar, x) || leaving())
    return;
  children_.kill(role::registrar);
  if (x.fatal) {
    departure_.step(core::departure::asked{leave_mode::stop, x.why});
    return;
  }
  leave_id(x.why);
  children_.start(role::registrar);
}

void worker_session::leave_id(const std::string& why) {
  logger()->warn("{}: gives up its worker id: {}", context_.name(), why);
  leadership_.stop(why);
  // The elector removes the key if it holds it, and ends by itself.
  children_.resign();
  children_.forget(role::elector);
  live_(core::life::id_lost{});
  end(why);
  context_.id = {};
}

// -- the session ------------------------------------------------------------------------

void worker_session::join() {
  auto& past = context_.past;
  if (!context_.incarnation.value.empty())
    past.push_back(context_.incarnation);
  if (past.size() > most_past)
    past.erase(past.begin());
  context_.incarnation = context_.make_nonce();
  work_.step(core::duties::joined{});
  // Heartbeats begin once the record can be followed: the first one asks for work.
  children_.start(role::watcher);
  if (!children_.runs().is_due(role::elector))
    children_.start(role::elector);
}

void worker_session::doubt() {
  context_.epochs.doubt({context_.now(), unix_seconds()});
  live_(core::life::doubted{});
}

void worker_session::leave(const std::string& why) {
  // The cause may have taken more from the store than is known here.
  doubt();
  children_.kill(role::heartbeat);
  children_.kill(role::watcher);
  work_.drop();
  auto was_in_session = life_.in_session();
  live_(core::life::session_over{why});
  if (!was_in_session)
    return;
  logger()->warn("{}: its session is over: {}", context_.name(), why);
  work_.step(core::duties::session_over{why});
}

void worker_session::end(const std::string& why) {
  outage_.step(core::outage::released{});
  leave(why);
}

void worker_session::on(const session_started& x) {
  if (children_.is_from(role::heartbeat, x))
    logger()->debug("{}: joined as {}", context_.name(), context_.incarnation.value);
}

void worker_session::on(const session_extended& x) {
  if (!children_.is_from(role::heartbeat, x))
    return;
  // Without a session (the worker leaves) the extension allows no work.
  if (life_.in_session())
    work_.extend(x.until);
  work_.step(core::duties::extended{x.until});
  outage_.step(core::outage::acknowledged{
      x.until - core::session_length(context_.options.heartbeat.ttl)});
}

void worker_session::on(const session_waits& x) {
  if (!children_.is_from(role::heartbeat, x))
    return;
  logger()->info("{}: waits for its session: {}", context_.name(), x.why);
  // The store has answered, and nothing is sent to it for now.
  outage_.step(core::outage::acknowledged{context_.now()});
  outage_.step(core::outage::released{});
}

void worker_session::on(const record_followed& x) {
  if (children_.is_from(role::watcher, x) && life_.in_session()
      && departure_.now().needs_session() && !children_.runs().is_due(role::heartbeat))
    children_.start(role::heartbeat);
}

void worker_session::on(const session_over& x) {
  // Its time may have run out at the same moment: then that ends the session, and the
  // outage of the store is still measured.
  work_.step(core::duties::tick{});
  if (children_.is_from(role::heartbeat, x) && departure_.now().needs_session())
    end(x.why);
}

void worker_session::on(const record_lost& x) {
  work_.step(core::duties::tick{});
  if (children_.is_from(role::watcher, x) && departure_.now().needs_session())
    end(x.why);
}

} // namespace partita
