// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/options.hpp"
#include "partita/embed/member.hpp"
#include "partita/messages/interfaces.hpp"

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>

#include <exception>
#include <future>
#include <map>

namespace partita::embed {

/// The functions of a host, shared by all that may call one. Once the last of these has ended,
/// the future is ready and no function is called again.
struct host_functions {
  struct last_use {
    std::promise<std::string> gone;
    /// Unless the member ends in order, which replaces it.
    std::string failure = "an actor of the member failed; the log says why";
    ~last_use() { gone.set_value(failure); }
  };

  explicit host_functions(options x) : how{std::move(x)} {}

  /// First, so that the functions are destroyed before it.
  last_use use;
  options how;
};

/// The host has called stop_order::stopped.
struct order_stopped {
  std::uint64_t number = 0;
  PARTITA_MESSAGE(order_stopped, x.number)
};

/// An exception has left a callback.
struct callback_failed {
  std::string why;
  PARTITA_MESSAGE(callback_failed, x.why)
};

/// The list of partitions may have changed.
PARTITA_SIGNAL(read_again);

/// For the callback thread, which ends with an empty one.
struct callback {
  std::function<void()> run;
};

/// One member: the listener and the partition source of its worker, and the owner of the thread
/// that calls the host's functions.
using member_actor =
    listener_actor::extend<handler<void(order_stopped)>, handler<void(callback_failed)>,
                           handler<void(stop_worker)>, handler<void(read_again)>,
                           // A partition source, and what the host's function gave.
                           handler<void(partition_listener_actor)>,
                           handler<void(partition_list)>,
                           handler<void(partitions_unavailable)>,
                           // INTERNAL: time to read the list again.
                           handler<void(wake)>>;

/// Calls `f`; the text of the exception that leaves it, or nothing.
template <class F>
std::string failure_of(F f) {
  try {
    f();
    return {};
  } catch (const std::exception& x) {
    return *x.what() != 0 ? x.what() : "an exception without a text";
  } catch (...) {
    return "an exception that is no std::exception";
  }
}

/// Starts the worker with `with`. An order's `stopped` does nothing once `connection` is gone.
member_actor spawn_member(caf::actor_system& sys, std::shared_ptr<host_functions> host,
                          worker_options with, store_actor store,
                          std::weak_ptr<void> connection);

/// While one exists, this thread runs a function of that host.
class call_of {
public:
  explicit call_of(const host_functions* host);
  call_of(const call_of&) = delete;
  call_of& operator=(const call_of&) = delete;
  ~call_of();

private:
  const host_functions* before_;
};

/// Whether the caller is a function of the member with these functions.
bool in_call_of(const host_functions* host);

} // namespace partita::embed

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::embed::callback)
PARTITA_TYPE_IDS(partita_embed, 2300, embed::callback, embed::callback_failed,
                 embed::order_stopped, embed::read_again)
