// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../support/memory/memory_store_client.hpp"
#include "world.hpp"

#include <caf/mailbox_element.hpp>
#include <caf/message.hpp>

#include <deque>
#include <functional>
#include <utility>

namespace partita::simulation {

/// One direction of a connection: first in, first out, each message with a delay of its
/// own; blocked, it keeps everything, as TCP does.
template <class T>
class line {
public:
  using receiver = std::function<void(T)>;

  line(world& w, receiver r) : world_(&w), receiver_(std::move(r)) {}

  void push(T x, core::duration delay) {
    last_ = std::max(last_, world_->now() + delay);
    queue_.emplace_back(last_, std::move(x));
    if (blocks_ == 0)
      look_at(last_);
  }

  bool blocked() const { return blocks_ > 0; }
  void block() { ++blocks_; }
  void unblock() {
    if (--blocks_ > 0)
      return;
    for (const auto& [due, x] : queue_)
      look_at(due);
  }

  /// Takes out everything that has not arrived.
  std::deque<std::pair<core::time_point, T>> clear() { return std::exchange(queue_, {}); }

private:
  void look_at(core::time_point when) {
    world_->at(when, [this] { arrive(); });
  }

  void arrive() {
    if (blocks_ > 0 || queue_.empty() || queue_.front().first > world_->now())
      return; // Looked at again when it is unblocked; or it was cleared.
    auto x = std::move(queue_.front().second);
    queue_.pop_front();
    receiver_(std::move(x));
  }

  world* world_;
  receiver receiver_;
  int blocks_ = 0;
  core::time_point last_;
  std::deque<std::pair<core::time_point, T>> queue_;
};

/// A message on its way to an actor of the process.
struct downward {
  caf::strong_actor_ptr to;
  caf::message_id id;
  caf::message what;
  /// What it is about.
  const std::string* bucket = nullptr;
  /// A request of the server's, that is answered over the same wire.
  bool answered_by_wire = false;
};

/// The connection of one process to the server, and the faults of the way between them.
/// To the process's memory client it is the server.
class network_link {
public:
  /// What the far end does with what arrives.
  struct far_end {
    virtual ~far_end() = default;
    /// Has left the process.
    virtual void sent(network_link& from, const caf::mailbox_element& x) = 0;
    /// Has arrived at the server.
    virtual void arrived(network_link& from, caf::mailbox_element_ptr x) = 0;
    /// Has arrived at the process.
    virtual void delivered(network_link& at, const downward& x) = 0;
    /// Was under way when the connection broke. It may still arrive.
    virtual void stranded(network_link& from, caf::mailbox_element_ptr x) = 0;
    /// The server notices that the connection has ended.
    virtual void closed(network_link& x) = 0;
    /// Names it from one restart to the next.
    virtual std::string process() const = 0;
  };

  /// `delay`: of one message, one way.
  network_link(world& w, far_end& server, process_id owner,
               std::function<core::duration()> delay);
  network_link(const network_link&) = delete;
  network_link& operator=(const network_link&) = delete;
  ~network_link();

  process_id owner() const { return owner_; }
  /// What the process's client is given as its server.
  store::memory_server_actor server_handle() const;
  /// `client` is notified of the link.
  void belongs_to(store::memory_store_actor client) { client_ = std::move(client); }

  /// Counts the connections: what belongs to an earlier one is lost.
  std::uint64_t generation() const { return generation_; }
  bool connected() const { return connected_; }

  // -- from both ends -------------------------------------------------------------------

  void send_up(caf::mailbox_element_ptr x);
  void send_down(downward x);

  // -- faults ---------------------------------------------------------------------------

  /// What is sent that way waits until as many calls of unblock. A connection that is
  /// blocked for longer than `patience` breaks.
  void block(bool up, bool down, core::duration patience);
  void unblock(bool up, bool down);

  /// The connection breaks at once; the process notices after `notice`, and it is made
  /// again `pause` later, unless it is blocked or refused then.
  void break_off(core::duration notice, core::duration pause);

  /// No new connection until as many calls of admit.
  void refuse() { ++refusals_; }
  void admit() { --refusals_; }

  /// The process died: what it has sent still arrives, nothing comes back.
  void orphan();

private:
  class port;

  bool blocked() const { return up_.blocked() || down_.blocked(); }
  void tell_client(bool connected);
  void connect_again(core::duration pause);

  world* world_;
  far_end* server_;
  process_id owner_;
  std::function<core::duration()> delay_;
  store::memory_store_actor client_;
  caf::strong_actor_ptr port_;
  line<caf::mailbox_element_ptr> up_;
  line<downward> down_;
  bool connected_ = true;
  bool orphaned_ = false;
  int refusals_ = 0;
  std::uint64_t generation_ = 1;
};

} // namespace partita::simulation
