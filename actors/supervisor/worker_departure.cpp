// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/supervisor/worker.hpp"
#include "partita/core/match.hpp"
#include "partita/messages/keys.hpp"

namespace partita {

worker_departure::worker_departure(worker& of)
    : worker_{of}, context_{of.context}, departure_{context_.options.timeouts.shutdown} {}

void worker_departure::step(const core::departure::event& what) {
  const auto& runs = worker_.children.runs();
  core::departure::situation is{.alive = runs.alive(),
                                .present = runs.present(),
                                .in_session = worker_.life.in_session(),
                                .working = !worker_.work.duties().idle(),
                                .drained = worker_.work.duties().drained()};
  for (const auto& x : departure_.step(what, is, context_.now()))
    carry_out(x);
  worker_.set_alarm();
}

caf::typed_response_promise<worker_stopped> worker_departure::ask(leave_mode mode) {
  auto promise = context_.self->make_response_promise<worker_stopped>();
  answers_.push_back(promise);
  auto wanted = mode == leave_mode::configured ? context_.options.worker.shutdown : mode;
  step(core::departure::asked{wanted, {}});
  return promise;
}

void worker_departure::carry_out(const core::departure::command& what) {
  using core::departure;
  auto& children = worker_.children;
  auto& work = worker_.work;
  core::match(
      what,
      [&](const departure::begun& x) {
        if (!x.failure.empty())
          context_.log().error("gives up: {}", logged("reason", x.failure));
        worker_.store.close();
        worker_.live(
            core::life::leaving{x.failure.empty() ? "asked to stop" : x.failure});
      },
      [&](const departure::kill& x) { children.kill(x.who); },
      [&](const departure::resign&) { children.resign(); },
      [&](const departure::drain&) { work.step(core::duties::drain{}); },
      [&](const departure::look_for_leader&) { look_for_leader(); },
      [&](const departure::give_up& x) { work.step(core::duties::give_up{x.time_left}); },
      [&](const departure::end_session&) {
        worker_.live(core::life::session_over{});
        work.drop();
      },
      [&](const departure::say_goodbye& x) { children.say_goodbye(x.restarting); },
      [&](const departure::release_id&) { children.release_id(); },
      [&](const departure::note& x) { context_.log(x.level, x.text); },
      [&](const departure::finish& x) { finish(x.failure); });
}

void worker_departure::look_for_leader() {
  ask_read(context_.self, context_.buckets[election], keys::leader,
           [this](const kv_read& x) {
             auto removed = x.status == read_status::found && x.entry.removed;
             step(core::departure::looked{x.status != read_status::missing && !removed});
           });
}

void worker_departure::finish(const std::string& failure) {
  worker_.work.close();
  worker_.children.kill_all();
  worker_.leadership.stop(failure.empty() ? "stopped" : failure);
  worker_.work.drop();
  worker_stopped news{context_.id, failure, context_.options.group.name};
  context_.listeners.tell(news);
  for (auto& y : answers_)
    y.deliver(news);
  answers_.clear();
  context_.self->quit();
}

} // namespace partita
