// SPDX-License-Identifier: Apache-2.0
#include "network_link.hpp"

#include <caf/actor_cast.hpp>
#include <caf/make_actor.hpp>
#include <caf/monitorable_actor.hpp>
#include <caf/send.hpp>

namespace partita::simulation {

/// Takes what the client sends to its server, in the instant in which it is sent: no
/// mailbox, no job. What a process has sent is on its way even if it freezes or dies.
class network_link::port final : public caf::monitorable_actor {
public:
  port(caf::actor_config& config, network_link* owner)
      : caf::monitorable_actor(config), owner_(owner) {}

  using caf::monitorable_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr x, caf::execution_unit*) override {
    if (owner_)
      owner_->send_up(std::move(x));
  }

  void unplug() { owner_ = nullptr; }

private:
  network_link* owner_;
};

network_link::network_link(world& w, far_end& server, process_id owner,
                           std::function<core::duration()> delay)
    : world_(&w),
      server_(&server),
      owner_(owner),
      delay_(std::move(delay)),
      up_(w,
          [this](caf::mailbox_element_ptr x) { server_->arrived(*this, std::move(x)); }),
      down_(w, [this](const downward& x) {
        server_->delivered(*this, x);
        x.to->get()->enqueue(x.answered_by_wire ? port_ : nullptr, x.id, x.what, nullptr);
      }) {
  auto& sys = w.system();
  caf::actor_config config;
  port_ = caf::make_actor<port, caf::strong_actor_ptr>(sys.next_actor_id(), sys.node(),
                                                       &sys, config, this);
}

network_link::~network_link() {
  static_cast<port*>(port_->get())->unplug();
}

store::memory_server_actor network_link::server_handle() const {
  return caf::actor_cast<store::memory_server_actor>(port_);
}

// -- from both ends ---------------------------------------------------------------------

void network_link::send_up(caf::mailbox_element_ptr x) {
  if (!connected_ || orphaned_)
    return;
  server_->sent(*this, *x);
  up_.push(std::move(x), delay_());
}

void network_link::send_down(downward x) {
  if (connected_ && !orphaned_ && x.to)
    down_.push(std::move(x), delay_());
}

// -- faults -----------------------------------------------------------------------------

void network_link::block(bool up, bool down, core::duration patience) {
  if (up)
    up_.block();
  if (down)
    down_.block();
  auto generation = generation_;
  world_->after(patience, [=, this] {
    if (generation == generation_ && blocked())
      break_off(core::duration{0}, std::chrono::milliseconds{200});
  });
}

void network_link::unblock(bool up, bool down) {
  if (up)
    up_.unblock();
  if (down)
    down_.unblock();
}

void network_link::break_off(core::duration notice, core::duration pause) {
  if (!connected_ || orphaned_)
    return;
  world_->log().note(world_->name(owner_), "its connection breaks");
  connected_ = false;
  ++generation_;
  for (auto& [due, x] : up_.clear())
    server_->stranded(*this, std::move(x));
  down_.clear();
  server_->closed(*this);
  world_->after(notice, [=, this] {
    tell_client(false);
    connect_again(pause);
  });
}

void network_link::connect_again(core::duration pause) {
  world_->after(pause + std::chrono::milliseconds{1}, [=, this] {
    if (orphaned_)
      return;
    if (blocked() || refusals_ > 0) {
      connect_again(world_->random().between(std::chrono::milliseconds{20},
                                             std::chrono::milliseconds{300}));
      return;
    }
    // What was on its way when the old connection broke gets no answer over this one.
    ++generation_;
    connected_ = true;
    tell_client(true);
  });
}

void network_link::tell_client(bool connected) {
  if (orphaned_)
    return;
  world_->log().note(world_->name(owner_), "its link is {}", connected ? "up" : "down");
  caf::anon_send(client_, connected ? link_changed{link_state::connected, "simulated",
                                                   false, server_->process()}
                                    : link_changed{link_state::disconnected, "it broke"});
}

void network_link::orphan() {
  orphaned_ = true;
  client_ = nullptr;
  down_.clear();
  // The server notices the end of the connection behind what was sent before it.
  world_->after(delay_(), [this] { server_->closed(*this); });
}

} // namespace partita::simulation
