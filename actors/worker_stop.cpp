#include "partita/actors/log.hpp"
#include "partita/actors/worker.hpp"

namespace partita {

caf::typed_response_promise<worker_stopped> worker::stop() {
  auto promise = self_->make_response_promise<worker_stopped>();
  stop_answers_.push_back(promise);
  begin_leaving("");
  return promise;
}

void worker::begin_leaving(std::string failure) {
  if (leaving_ != leaving::no)
    return;
  failure_ = std::move(failure);
  if (!failure_.empty())
    logger()->error("{}: gives up: {}", id_.value.empty() ? "new worker" : id_.value,
                    failure_);
  change(worker_state::shutdown, failure_.empty() ? "asked to stop" : failure_);
  kill(role::watcher);
  leave_until_ = time_now() + options_.timeouts.shutdown;
  set_alarm();
  // A leader first stops deciding, then lets go of the lease, so that its successor
  // starts at once; the goodbye comes last but for the id, which nobody may take before
  // it.
  leaving_ = leaving::calculator;
  kill(role::calculator);
  leave_on();
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
  switch (leaving_) {
  case leaving::no:
  case leaving::done:
    return;
  case leaving::calculator:
    if (of(role::calculator).address)
      return; // Its last breath comes as a down message.
    leaving_ = leaving::elector;
    if (of(role::elector).alive) {
      let_go_of_election();
      return;
    }
    [[fallthrough]];
  case leaving::elector:
    if (of(role::elector).address)
      return;
    leaving_ = leaving::heartbeat;
    drop_assignment();
    if (of(role::heartbeat).alive) {
      leave_child<goodbye_said>(heartbeat_, say_goodbye{}, [this](const goodbye_said& x) {
        if (!x.acknowledged)
          logger()->warn("{}: the store did not take the goodbye; the group notices the "
                         "end by silence",
                         id_.value);
      });
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

void worker::finish() {
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
