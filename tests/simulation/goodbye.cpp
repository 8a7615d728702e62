// SPDX-License-Identifier: Apache-2.0
#include "goodbye.hpp"

#include <utility>

namespace partita::simulation {

using namespace std::chrono_literals;

goodbye::goodbye(world& w, server& store, process_id dead, bucket_options buckets,
                 core::dead_worker what, core::duration patience)
    : world_{&w},
      server_{&store},
      dead_{dead},
      buckets_{std::move(buckets)},
      what_{std::move(what)},
      until_{w.now() + patience},
      targets_{what_.targets()} {}

void goodbye::begin() {
  if (!what_.unknown())
    read();
}

const std::string& goodbye::bucket() const {
  using place = core::dead_worker::place;
  auto where = targets_[at_].where;
  return where == place::election     ? buckets_.election
         : where == place::heartbeats ? buckets_.heartbeat
                                      : buckets_.stable_id;
}

core::duration goodbye::one_way() {
  auto& random = world_->random();
  return random.log_between(100us, random.chance(0.1) ? 5s : 10ms);
}

void goodbye::read() {
  world_->after(one_way(), [self = shared_from_this()] {
    auto found = self->server_->last(self->bucket(), self->targets_[self->at_].key);
    self->world_->after(self->one_way(), [self, found] { self->decide(found); });
  });
}

void goodbye::decide(const kv_read& found) {
  if (world_->now() >= until_)
    return;
  auto step = what_.next(targets_[at_], found, 0);
  if (std::holds_alternative<core::dead_worker::done>(step))
    next();
  else if (std::holds_alternative<core::dead_worker::look_again>(step))
    world_->after(50ms, [self = shared_from_this()] { self->read(); });
  else if (const auto* x = std::get_if<kv_update>(&step))
    write(*x);
  else
    write(std::get<kv_remove>(step));
}

void goodbye::write(const store::kv_change& what) {
  world_->after(one_way(), [self = shared_from_this(), what] {
    auto done = self->server_->write(self->dead_, {self->bucket(), what});
    self->world_->after(self->one_way(), [self, status = done.status] {
      if (status == write_status::done)
        self->next();
      else
        self->read(); // What it shows now decides.
    });
  });
}

void goodbye::next() {
  if (++at_ < targets_.size())
    read();
}

} // namespace partita::simulation
