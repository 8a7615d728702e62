// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/supervisor/worker_context.hpp"
#include "partita/core/worker/restarts.hpp"

#include <caf/spawn_options.hpp>

#include <map>
#include <string>

namespace partita {

/// The children of a worker: starts and kills them, and sends them messages.
class worker_children {
public:
  using role = core::role;

  explicit worker_children(worker_context& context)
      : context_{context}, runs_{{.seed = context.random()}} {}
  worker_children(const worker_children&) = delete;
  worker_children& operator=(const worker_children&) = delete;
  /// Kills all: no child outlives the supervisor, however that ends.
  ~worker_children() { kill_all(); }

  core::restarts::commands step(const core::restarts::event& what,
                                const core::restarts::situation& is) {
    return runs_.step(what, is, context_.now());
  }
  const core::restarts& runs() const { return runs_; }
  /// Whether a message comes from the present run of that child.
  template <class T>
  bool is_from(role x, const T& message) const {
    return runs_.current(x, message.run);
  }

  void start(role x);
  /// Ends a child at once; its messages are ignored from now on.
  void kill(role x);
  void kill_all();
  /// Ends one that core::restarts counts as killed already.
  void end(role x);
  /// The child ends by itself; its messages are ignored from now on.
  void forget(role x) { runs_.step(core::restarts::killed{x}, {}, {}); }
  /// Which child has ended, if `who` is one; its address is cleared.
  std::optional<role> ended(const caf::actor_addr& who);

  // -- messages to them -----------------------------------------------------------------

  /// To the heartbeat: how far the record was applied.
  void report(const record_progress& what);
  /// To the elector: the rank of this worker as a standby.
  void tell_rank();
  /// To the elector: give the leader key back, and campaign again.
  void abdicate(const std::string& why);
  /// To the elector: give the leader key back, and end.
  void resign();
  /// To the heartbeat: the settings that it states have changed.
  void tell_settings();
  /// To the heartbeat: write the goodbye, and end.
  void say_goodbye(bool restarting);
  /// To the registrar: give the id back, and end.
  void release_id();
  const elector_actor& elector() const { return elector_; }

private:
  template <class Answer, class Handle, class Request, class F>
  void ask(const Handle& who, Request what, F answered);
  template <caf::spawn_options How, class Handle, class State, class Options,
            class... Args>
  Handle spawn(role x,
               typename Handle::behavior_type (*body)(
                   typename Handle::template stateful_pointer<State>, Options, Args...),
               Options options, Args... args);
  void start_calculator();
  void tell_guard(core::nonce_use use, const nonce& x) const;
  std::map<std::string, std::string> settings() const;
  caf::actor_addr& address(role x) { return addresses_[static_cast<std::size_t>(x)]; }
  supervisor_actor parent() const { return supervisor_actor{context_.self}; }

  worker_context& context_;
  core::restarts runs_;
  std::array<caf::actor_addr, count_of<core::role>> addresses_;
  registrar_actor registrar_;
  heartbeat_actor heartbeat_;
  elector_actor elector_;
  watcher_actor watcher_;
  roster_actor roster_;
  calculator_actor calculator_;
};

} // namespace partita
