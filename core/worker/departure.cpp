// SPDX-License-Identifier: Apache-2.0
#include "partita/core/worker/departure.hpp"

namespace partita::core {

/// While a worker drains it looks again whether another one leads. After a leader key was
/// removed the next one follows within one exchange with the store and 10 ms.
constexpr std::chrono::milliseconds look_pause{500};

/// A step that gives way to the next one may take this share of the time for leaving.
constexpr int steps = 5;

void departure::on(const asked& what, const situation& is, time_point now) {
  if (begun_to_leave()) {
    if (what.mode <= mode_)
      return;
    say(alert_level::info, std::string{"leaves by "} + to_string(what.mode)
                               + " instead of " + to_string(mode_));
    mode_ = what.mode;
    if (draining())
      go_on(is, now);
    return;
  }
  mode_ = what.mode;
  failure_ = what.failure;
  until_ = now + limit_;
  stage_ = stage::calculator;
  out_.emplace_back(begun{failure_});
  out_.emplace_back(kill{role::calculator});
  go_on(is, now);
}

void departure::on(const looked& what, const situation& is, time_point now) {
  if (!draining())
    return;
  look_again_at_ = now + look_pause;
  if (std::exchange(led_, what.led) || what.led)
    return;
  say(alert_level::info, "no worker leads, so none takes over");
  alone_ = true;
  go_on(is, now);
}

void departure::on(const tick&, const situation& is, time_point now) {
  if (until_ && now >= *until_) {
    if (failure_.empty())
      failure_ = "could not give everything back within timeouts.shutdown; the group "
                 "notices by the silence of this worker";
    say(alert_level::error, failure_);
    finish_now();
    return;
  }
  if (election_until_ && now >= *election_until_) {
    election_until_.reset();
    say(alert_level::warn, "the store does not take the leader key back");
    out_.emplace_back(kill{role::elector}); // Its end moves us on.
  }
  if (drain_until_ && now >= *drain_until_) {
    drain_until_.reset();
    say(alert_level::warn, "not everything has moved away in time; stops the rest");
    mode_ = leave_mode::stop;
    go_on(is, now);
  }
  if (look_again_at_ && now >= *look_again_at_) {
    look_again_at_.reset();
    out_.emplace_back(look_for_leader{});
  }
}

void departure::go_on(const situation& is, time_point now) {
  switch (stage_) {
  case stage::none:
  case stage::over:
    return;
  case stage::calculator:
    if (is.present.has(role::calculator))
      return;
    stage_ = stage::election;
    if (is.alive.has(role::elector)) {
      election_until_ = now + limit_ / steps;
      out_.emplace_back(resign{});
      return;
    }
    [[fallthrough]];
  case stage::election:
    if (is.present.has(role::elector))
      return;
    election_until_.reset();
    stage_ = stage::drain;
    if (!drain_is_over(is)) {
      // What is left then is stopped without waiting for others.
      drain_until_ = *until_ - limit_ / steps;
      out_.emplace_back(drain{});
      out_.emplace_back(look_for_leader{});
      return;
    }
    [[fallthrough]];
  case stage::drain:
    if (!drain_is_over(is))
      return;
    drain_until_.reset();
    look_again_at_.reset();
    stage_ = stage::work;
    out_.emplace_back(kill{role::roster});
    // The watcher runs while work goes on: if a record is lost, others get its work soon.
    if (is.working) {
      // Goes on here when all listeners have stopped, which may be now.
      out_.emplace_back(give_up{*until_ - now});
      return;
    }
    [[fallthrough]];
  case stage::work:
    if (is.working)
      return;
    stage_ = stage::goodbye;
    out_.emplace_back(kill{role::watcher});
    out_.emplace_back(end_session{});
    if (is.alive.has(role::heartbeat)) {
      out_.emplace_back(say_goodbye{mode_ == leave_mode::restart});
      return;
    }
    [[fallthrough]];
  case stage::goodbye:
    if (is.present.has(role::heartbeat))
      return;
    stage_ = stage::id;
    if (is.alive.has(role::registrar)) {
      out_.emplace_back(release_id{});
      return;
    }
    [[fallthrough]];
  case stage::id:
    if (is.present.has(role::registrar))
      return;
    finish_now();
  }
}

void departure::finish_now() {
  stage_ = stage::over;
  until_.reset();
  election_until_.reset();
  drain_until_.reset();
  look_again_at_.reset();
  out_.emplace_back(finish{failure_});
}

} // namespace partita::core
