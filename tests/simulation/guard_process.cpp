// SPDX-License-Identifier: Apache-2.0
#include "guard_process.hpp"

#include <utility>

namespace partita::simulation {

namespace {

/// What worker_clock asks of an actor.
struct timed {
  const world* where;
  timed& clock() { return *this; }
  core::time_point now() const { return where->now(); }
};

} // namespace

guard_process::guard_process(world& w, const worker_clock& clock,
                             std::function<void(const std::string&)> kill_all)
    : world_{&w}, clock_{clock}, kill_all_{std::move(kill_all)} {}

core::time_point guard_process::now() const {
  timed self{world_};
  return clock_.now(&self);
}

void guard_process::must_stop_by(const std::string&, core::time_point when) {
  hear(core::guard::must_stop_by{when});
}

void guard_process::stopped(const std::string&) {
  hear(core::guard::stopped{});
}

void guard_process::thaw() {
  frozen_ = false;
  // Its socket before its clock, as the shipped one.
  for (const auto& x : std::exchange(heard_, {}))
    step(x);
  step(core::guard::tick{});
}

void guard_process::hear(const core::guard::event& what) {
  if (ended_)
    return;
  if (frozen_)
    heard_.push_back(what);
  else
    step(what);
}

void guard_process::step(const core::guard::event& what) {
  if (ended_)
    return;
  for (const auto& x : guard_.step(what, now()))
    if (const auto* y = std::get_if<core::guard::kill_all>(&x)) {
      ended_ = killed_ = true;
      // Not from within an actor of that process.
      world_->at(world_->now(), [kill = kill_all_, why = y->why] { kill(why); });
      return;
    }
  if (auto at = guard_.wake_at())
    world_->after(clock_.on_actor_clock(*at - now()), [weak = weak_from_this()] {
      if (auto self = weak.lock())
        self->wake();
    });
}

void guard_process::wake() {
  // The deadline may have moved.
  auto at = guard_.wake_at();
  if (works() && at && now() >= *at)
    step(core::guard::tick{});
}

} // namespace partita::simulation
