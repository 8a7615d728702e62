// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/supervisor/worker_departure.hpp"

#include "partita/actors/log.hpp"
#include "partita/messages/keys.hpp"

namespace partita {

worker_departure::worker_departure(worker_context& context, worker_children& children,
                                   work_orders& work, const core::life& life,
                                   callbacks to)
    : context_{context},
      children_{children},
      work_{work},
      life_{life},
      to_{std::move(to)},
      departure_{{.shutdown = context.options.timeouts.shutdown}} {}

void worker_departure::step(const core::departure::event& what) {
  const auto& runs = children_.runs();
  core::departure::situation is{.alive = runs.alive(),
                                .present = runs.present(),
                                .in_session = life_.in_session(),
                                .working = !work_.duties().idle(),
                                .drained = work_.duties().drained()};
  for (const auto& x : departure_.step(what, is, context_.now()))
    std::visit([this](const auto& y) { carry_out(y); }, x);
  to_.moved();
}

caf::typed_response_promise<worker_stopped> worker_departure::ask(leave_mode mode) {
  auto promise = context_.self->make_response_promise<worker_stopped>();
  answers_.push_back(promise);
  auto wanted = mode == leave_mode::configured ? context_.options.shutdown : mode;
  step(core::departure::asked{wanted, {}});
  return promise;
}

void worker_departure::carry_out(const core::departure::begun& x) {
  if (!x.failure.empty())
    logger()->error("{}: gives up: {}", context_.name(), x.failure);
  to_.begun(x.failure.empty() ? "asked to stop" : x.failure);
}

void worker_departure::carry_out(const core::departure::look_for_leader&) {
  ask_read(context_.self, context_.buckets[election], kv_last{keys::leader},
           [this](const kv_read& x) {
             auto removed = x.status == read_status::found && x.entry.removed;
             step(core::departure::looked{x.status != read_status::missing && !removed});
           });
}

void worker_departure::carry_out(const core::departure::give_up& x) {
  work_.step(core::duties::give_up{x.time_left});
}

void worker_departure::carry_out(const core::departure::end_session&) {
  to_.session_over();
  work_.drop();
}

void worker_departure::carry_out(const core::departure::say_goodbye& x) {
  children_.say_goodbye(x.restarting);
}

void worker_departure::carry_out(const core::departure::finish& x) {
  work_.close();
  children_.kill_all();
  to_.over(x.failure.empty() ? "stopped" : x.failure);
  work_.drop();
  worker_stopped news{context_.id, x.failure};
  context_.listeners.tell(news);
  for (auto& y : answers_)
    y.deliver(news);
  answers_.clear();
  context_.self->quit();
}

} // namespace partita
