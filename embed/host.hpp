// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/options.hpp"
#include "partita/embed/member.hpp"
#include "partita/messages/interfaces.hpp"

#include <tuple>
#include <type_traits>
#include <utility>

/// Less to write for hosts that use CAF.
namespace partita::embed {

/// Gives CAF the blocks of type ids of partita's messages; see register_messages().
void register_own_messages();

/// CAF 1.x must know all messages before an actor system is made: partita's, and those in the
/// `Blocks` of the host. May be called again. Without effect on CAF 0.17.
template <class... Blocks>
void register_messages() {
  register_own_messages();
  register_blocks<Blocks...>();
}

/// spawn_supervisor with options that are checked as those of the configuration: throws
/// bad_options with all mistakes. Buckets without a name have those of the group, and without a
/// strategy it is the sticky one.
supervisor_actor spawn_worker(caf::actor_system& sys, worker_options options,
                              store_actor store, partition_source_actor source,
                              listener_actor listener);

/// Ends in order: all workers leave, then the store is closed. Waits for both, for the store 10 s
/// at most, so not in an actor. Returns the failures; none if all left gracefully.
std::vector<std::string> stop_workers(caf::actor_system& sys,
                                      const std::vector<supervisor_actor>& workers,
                                      const store_actor& store,
                                      leave_mode how = leave_mode::configured);

/// A handler that ignores `Event`, unless one of `Fs` takes it.
template <class Event, class... Fs>
auto ignored_unless_taken() {
  if constexpr ((std::is_invocable_v<Fs&, const Event&> || ...))
    return std::tuple<>{};
  else
    return std::make_tuple([](const Event&) {});
}

/// The behavior of a listener_actor that has only the handlers that it needs. Those of
/// partitions_assigned, partitions_revoked and partitions_lost must be among them; all other
/// events are ignored without one.
template <class... Fs>
listener_actor::behavior_type listener_behavior(Fs... fs) {
  static_assert((std::is_invocable_v<Fs&, const partitions_assigned&> || ...),
                "a listener must begin the work on partitions_assigned");
  static_assert((std::is_invocable_v<Fs&, const partitions_revoked&> || ...),
                "a listener must stop the work on partitions_revoked");
  static_assert((std::is_invocable_v<Fs&, const partitions_lost&> || ...),
                "a listener must stop the work on partitions_lost");
  return std::apply(
      [](auto... xs) { return listener_actor::behavior_type{std::move(xs)...}; },
      std::tuple_cat(std::make_tuple(std::move(fs)...),
                     ignored_unless_taken<worker_id_claimed, Fs...>(),
                     ignored_unless_taken<state_changed, Fs...>(),
                     ignored_unless_taken<leadership_changed, Fs...>(),
                     ignored_unless_taken<calculator_adopted, Fs...>(),
                     ignored_unless_taken<assignment_changed, Fs...>(),
                     ignored_unless_taken<alert_raised, Fs...>(),
                     ignored_unless_taken<worker_stopped, Fs...>()));
}

} // namespace partita::embed
