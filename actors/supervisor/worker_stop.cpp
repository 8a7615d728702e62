// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/log.hpp"
#include "partita/actors/supervisor/worker.hpp"

namespace partita {

namespace {

/// While a worker drains it asks again whether somebody could take over.
constexpr std::chrono::seconds count_pause{1};

/// A step that gives way to the next one may take this share of the time for leaving.
constexpr int steps = 5;

} // namespace

caf::typed_response_promise<worker_stopped> worker::stop(leave_mode mode) {
  auto promise = self_->make_response_promise<worker_stopped>();
  stop_answers_.push_back(promise);
  begin_leaving("", mode == leave_mode::configured ? options_.shutdown : mode);
  return promise;
}

void worker::begin_leaving(std::string failure, leave_mode mode) {
  if (leaving_ != leaving::no) {
    // Drain gives way to restart and to stop, and restart to stop.
    if (mode > mode_) {
      logger()->info("{}: leaves by {} instead of {}", id_.value, to_string(mode),
                     to_string(mode_));
      mode_ = mode;
      if (leaving_ == leaving::drain)
        leave_on();
    }
    return;
  }
  mode_ = mode;
  failure_ = std::move(failure);
  if (!failure_.empty())
    logger()->error("{}: gives up: {}", id_.value.empty() ? "new worker" : id_.value,
                    failure_);
  change(worker_state::shutdown, failure_.empty() ? "asked to stop" : failure_);
  auto now = time_now();
  leave_until_ = now + options_.timeouts.shutdown;
  // A leader first stops deciding, then lets go of the lease, so that its successor
  // starts at once and gives its partitions to others; the goodbye comes when nobody
  // works any more, and last but for the id, which nobody may take before it.
  leaving_ = leaving::calculator;
  kill(role::calculator);
  leave_on();
  set_alarm();
}

template <class Answer, class Handle, class Request, class F>
void worker::leave_child(const Handle& who, Request what, F answered) {
  // The child quits behind its answer, and its end moves us on (child_down). One that
  // does not answer meets the deadline in ring().
  self_->request(who, options_.timeouts.shutdown, what)
      .then([answered](const Answer& x) { answered(x); }, [](const caf::error&) {});
}

void worker::let_go_of_election() {
  if (of(role::elector).alive)
    leave_child<resigned>(elector_, resign{}, [](const resigned&) {});
}

void worker::leave_on() {
  auto now = time_now();
  switch (leaving_) {
  case leaving::no:
  case leaving::done:
    return;
  case leaving::calculator:
    if (of(role::calculator).address)
      return; // Its last breath comes as a down message.
    leaving_ = leaving::elector;
    if (of(role::elector).alive) {
      elector_until_ = now + options_.timeouts.shutdown / steps;
      let_go_of_election();
      return;
    }
    [[fallthrough]];
  case leaving::elector:
    if (of(role::elector).address)
      return;
    elector_until_.reset();
    leaving_ = leaving::drain;
    if (!drain_is_over()) {
      begin_to_drain();
      return;
    }
    [[fallthrough]];
  case leaving::drain:
    if (!drain_is_over())
      return;
    drain_until_.reset();
    count_again_at_.reset();
    leaving_ = leaving::work;
    kill(role::roster);
    // The watcher stays while work goes on: a record that is lost gives it to others soon.
    if (!duties_.idle()) {
      // Goes on here when everybody has stopped, which may be now.
      feed(core::duties::give_up{*leave_until_ - now});
      return;
    }
    [[fallthrough]];
  case leaving::work:
    if (!duties_.idle())
      return;
    leaving_ = leaving::heartbeat;
    kill(role::watcher);
    in_session_ = false;
    drop_assignment();
    if (of(role::heartbeat).alive) {
      say_the_goodbye();
      return;
    }
    [[fallthrough]];
  case leaving::heartbeat:
    if (of(role::heartbeat).address)
      return;
    leaving_ = leaving::registrar;
    if (of(role::registrar).alive) {
      leave_child<id_released>(registrar_, release_id{}, [](const id_released&) {});
      return;
    }
    [[fallthrough]];
  case leaving::registrar:
    if (of(role::registrar).address)
      return;
    finish();
  }
}

bool worker::drain_is_over() const {
  return mode_ != leave_mode::drain || !in_session_ || alone_ || duties_.drained();
}

void worker::begin_to_drain() {
  // What is left then is stopped without waiting for others.
  drain_until_ = *leave_until_ - options_.timeouts.shutdown / steps;
  need_roster();
  count_others_again();
  feed(core::duties::drain{});
}

void worker::count_others_again() {
  count_again_at_ = time_now() + count_pause;
  self_->request(roster_, options_.timeouts.shutdown, count_others{})
      .then(
          [this](const others_counted& x) {
            if (leaving_ != leaving::drain || x.count != 0)
              return;
            logger()->info("{}: nobody is there to take over", id_.value);
            alone_ = true;
            leave_on();
          },
          [](const caf::error&) {});
}

void worker::say_the_goodbye() {
  auto restarting = mode_ == leave_mode::restart;
  leave_child<goodbye_said>(
      heartbeat_, say_goodbye{restarting}, [this](const goodbye_said& x) {
        if (!x.acknowledged)
          logger()->warn("{}: the store did not take the goodbye; the group notices the "
                         "end by silence",
                         id_.value);
      });
}

bool worker::ring_while_leaving(core::time_point now) {
  if (leave_until_ && now >= *leave_until_) {
    if (failure_.empty())
      failure_ = "could not give everything back within timeouts.shutdown; the group "
                 "notices by the silence of "
                 + id_.value;
    logger()->error("{}: {}", id_.value, failure_);
    finish();
    return false;
  }
  if (elector_until_ && now >= *elector_until_) {
    elector_until_.reset();
    logger()->warn("{}: the store does not take the leader key back", id_.value);
    kill(role::elector); // Its end moves us on.
  }
  if (drain_until_ && now >= *drain_until_) {
    drain_until_.reset();
    logger()->warn("{}: not everything has moved away in time; stops the rest",
                   id_.value);
    mode_ = leave_mode::stop;
    leave_on();
  }
  if (count_again_at_ && now >= *count_again_at_)
    count_others_again();
  return leaving_ != leaving::done;
}

void worker::finish() {
  if (leaving_ == leaving::done)
    return;
  leaving_ = leaving::done;
  leave_until_.reset();
  for (std::size_t i = 0; i < role_count; ++i)
    kill(static_cast<role>(i));
  stop_leading(failure_.empty() ? "stopped" : failure_);
  drop_assignment();
  worker_stopped news{id_, failure_};
  listeners_.tell(news);
  for (auto& x : stop_answers_)
    x.deliver(news);
  stop_answers_.clear();
  self_->quit();
}

} // namespace partita
