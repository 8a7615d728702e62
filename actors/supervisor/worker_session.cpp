// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/supervisor/worker.hpp"
#include "partita/core/worker/session.hpp"

namespace partita {

namespace {

using core::role;

/// Limits the past incarnations that are remembered. An older one that is found counts as
/// foreign: the worker waits for its end.
constexpr std::size_t most_past = 64;

} // namespace

worker_session::worker_session(worker& of) : worker_{of}, context_{of.context} {}

// -- the id -----------------------------------------------------------------------------

void worker_session::on(const id_claimed& x) {
  if (worker_.leaving() || x.worker_id == context_.id)
    return; // A registrar that was started again found what it held.
  if (!context_.id.value.empty())
    leave_id("the worker id changed to " + x.worker_id.value);
  context_.id = x.worker_id;
  context_.log().info("claimed this worker id");
  context_.listeners.tell(worker_id_claimed{context_.id});
  worker_.live(core::life::id_claimed{context_.id});
}

void worker_session::on(const id_lost& x) {
  if (worker_.leaving())
    return;
  worker_.children.kill(role::registrar);
  if (x.fatal) {
    worker_.departure.step(core::departure::asked{leave_mode::stop, x.why});
    return;
  }
  leave_id(x.why);
  worker_.children.start(role::registrar);
}

void worker_session::leave_id(const std::string& why) {
  context_.log().warn("gives up its worker id: {}", logged("reason", why));
  worker_.leadership.stop(why);
  // The elector removes the key if it holds it, and ends by itself.
  worker_.children.resign();
  worker_.children.forget(role::elector);
  worker_.live(core::life::id_lost{});
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
  worker_.work.step(core::duties::joined{});
  // Heartbeats begin once the record can be followed: the first one asks for work.
  worker_.children.start(role::watcher);
  if (!worker_.children.runs().is_due(role::elector))
    worker_.children.start(role::elector);
}

void worker_session::doubt() {
  context_.epochs.doubt({context_.now(), unix_seconds()});
  worker_.live(core::life::doubted{});
}

void worker_session::leave(const std::string& why) {
  // The cause may have taken more from the store than is known here.
  doubt();
  worker_.children.kill(role::heartbeat);
  worker_.children.kill(role::watcher);
  worker_.work.drop();
  auto was_in_session = worker_.life.in_session();
  worker_.live(core::life::session_over{why});
  if (!was_in_session)
    return;
  context_.log().warn("its session is over: {}", logged("reason", why));
  worker_.work.step(core::duties::session_over{why});
}

void worker_session::end(const std::string& why) {
  worker_.outage(core::outage::released{});
  leave(why);
}

void worker_session::on(const session_extended& x) {
  // Without a session (the worker leaves) the extension allows no work.
  if (worker_.life.in_session())
    worker_.work.extend(x.until);
  worker_.work.step(core::duties::extended{x.until});
  worker_.outage(core::outage::acknowledged{
      x.until - core::session_length(context_.options.heartbeat.ttl)});
}

void worker_session::on(const session_waits& x) {
  context_.log().info("waits for its session: {}", logged("reason", x.why));
  // The store has answered, and nothing is sent to it for now.
  worker_.outage(core::outage::acknowledged{context_.now()});
  worker_.outage(core::outage::released{});
}

void worker_session::on(const record_followed&) {
  if (worker_.life.in_session() && worker_.departure.now().needs_session()
      && !worker_.children.runs().is_due(role::heartbeat))
    worker_.children.start(role::heartbeat);
}

void worker_session::on(const session_over& x) {
  if (worker_.departure.now().needs_session())
    end(x.why);
}

void worker_session::on(const record_lost& x) {
  if (worker_.departure.now().needs_session())
    end(x.why);
}

// -- leadership -------------------------------------------------------------------------

worker_leadership::worker_leadership(worker& of) : worker_{of}, context_{of.context} {}

void worker_leadership::on(const elected& x) {
  if (worker_.leaving() || worker_.life.leads())
    return;
  context_.log().info("leads: {}", logged("reason", x.why));
  context_.listeners.tell(leadership_changed{context_.id, true, x.why});
  worker_.live(core::life::elected{});
  worker_.need_roster();
  worker_.children.start(role::calculator);
}

void worker_leadership::stop(const std::string& why) {
  if (!worker_.life.leads())
    return;
  worker_.children.kill(role::calculator);
  worker_.alerts.lost_leadership();
  // The next leader reports the state of the group.
  led.published = {};
  led.partitions = led.unowned = 0;
  context_.log().info("lost leadership: {}", logged("reason", why));
  context_.listeners.tell(leadership_changed{context_.id, false, why});
  worker_.live(core::life::deposed{});
  worker_.need_roster();
}

caf::result<may_act> worker_leadership::on(const adopted& x) {
  if (!worker_.children.is_from(role::calculator, x))
    return caf::sec::request_receiver_down; // It has been killed.
  if (context_.epochs.is_doubtful()) {
    // A new connection is reported here before the answers that arrive over it.
    worker_.children.kill(role::calculator);
    worker_.children.start(role::calculator);
    return caf::sec::request_receiver_down;
  }
  context_.epochs.saw(x.epoch);
  context_.log().info("acts as leader with epoch {}", logged("epoch", x.epoch.value));
  context_.listeners.tell(calculator_adopted{context_.id, x.epoch});
  return may_act{};
}

void worker_leadership::on(const superseded& x) {
  context_.epochs.saw(x.by);
  worker_.session.doubt();
  step_down(x.why);
}

void worker_leadership::step_down(const std::string& why) {
  worker_.children.kill(role::calculator);
  worker_.children.tell(role::elector, worker_.children.elector(), abdicate{why});
}

} // namespace partita
