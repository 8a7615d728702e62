// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/supervisor/worker_leadership.hpp"

#include "partita/actors/log.hpp"

namespace partita {

using core::role;

void worker_leadership::on(const elected& x) {
  if (!children_.is_from(role::elector, x) || leaving() || life_.leads())
    return;
  logger()->info("{}: leads: {}", context_.name(), x.why);
  context_.listeners.tell(leadership_changed{context_.id, true, x.why});
  to_.live(core::life::elected{});
  to_.need_roster();
  children_.start(role::calculator);
}

void worker_leadership::on(const deposed& x) {
  if (children_.is_from(role::elector, x))
    stop(x.why);
}

void worker_leadership::stop(const std::string& why) {
  if (!life_.leads())
    return;
  children_.kill(role::calculator);
  alerts_.lost_leadership();
  // The next leader reports the state of the group.
  led_.published = {};
  led_.partitions = led_.unowned = 0;
  logger()->info("{}: lost leadership: {}", context_.name(), why);
  context_.listeners.tell(leadership_changed{context_.id, false, why});
  to_.live(core::life::deposed{});
  to_.need_roster();
}

caf::result<may_act> worker_leadership::on(const adopted& x) {
  if (!children_.is_from(role::calculator, x))
    return caf::sec::request_receiver_down; // It has been killed.
  if (context_.epochs.is_doubtful()) {
    // A new connection is reported here before the answers that arrive over it.
    children_.kill(role::calculator);
    children_.start(role::calculator);
    return caf::sec::request_receiver_down;
  }
  context_.epochs.saw(x.epoch);
  logger()->info("{}: acts as leader with epoch {}", context_.name(), x.epoch.value);
  context_.listeners.tell(calculator_adopted{context_.id, x.epoch});
  return may_act{};
}

void worker_leadership::on(const superseded& x) {
  if (!children_.is_from(role::calculator, x))
    return;
  context_.epochs.saw(x.by);
  to_.doubt();
  children_.kill(role::calculator);
  children_.abdicate(x.why);
}

void worker_leadership::on(const stepped_down& x) {
  if (!children_.is_from(role::calculator, x))
    return;
  children_.kill(role::calculator);
  children_.abdicate(x.why);
}

void worker_leadership::on(const control_unknown& x) {
  if (children_.is_from(role::calculator, x))
    alerts_.watch_control(x.why, "the operators' directives are known again");
}

void worker_leadership::on(const phase_changed& x) {
  if (children_.is_from(role::calculator, x))
    to_.live(core::life::phase_changed{x.phase, x.why});
}

void worker_leadership::on(const source_trouble& x) {
  if (!children_.is_from(role::calculator, x) || leaving())
    return;
  alerts_.watch_source(x.why);
  to_.moved();
}

void worker_leadership::on(const settings_differ& x) {
  if (children_.is_from(role::calculator, x))
    alerts_.watch_settings(x.why);
}

void worker_leadership::on(const measured& x) {
  if (children_.is_from(role::calculator, x))
    led_.add(x.news);
}

} // namespace partita
