// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/interfaces.hpp"

#include <caf/actor_system.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

/// The tests that every store has to pass, with real time and CAF's ordinary scheduler.
/// The author of a store writes a subject and calls add_conformance_tests once:
///
///     #define CAF_SUITE store.mine
///     const bool added = add_conformance_tests("store.mine",
///                                              [] { return std::make_unique<mine>(); });
namespace partita::store::conformance {

/// One server and the clients on it; each test gets a new subject, so a subject that
/// shares a server between tests must give names that were never used before.
class subject {
public:
  virtual ~subject() = default;

  /// Lives as long as the subject. The tests close all stores that they asked for, and
  /// drop all handles, before the subject ends.
  virtual caf::actor_system& system() = 0;

  /// A new store on the server, with a connection of its own and a heartbeat of watches
  /// of about 100 ms. Tests wait for `connected` themselves.
  virtual store_actor new_store() = 0;

  /// The name of a bucket that was never used.
  virtual std::string fresh_bucket() = 0;

  // Behind the backs of all stores; these return when it has happened.

  virtual void delete_bucket(const std::string& name) = 0;
  /// Makes a bucket that is known not to exist.
  virtual void make_bucket(const open_bucket& what) = 0;

  /// The size of a value that is certainly too large for the server.
  virtual std::size_t oversize() = 0;

  /// How long after its TTL an entry may still be there.
  virtual std::chrono::milliseconds lateness() = 0;
};

using subject_factory = std::function<std::unique_ptr<subject>()>;

enum class kind {
  /// Several clients share the server; its buckets can vanish.
  server,
  /// All clients are one actor, and nothing else reaches its buckets.
  one_process
};

/// Registers all tests that concern this kind of store under `suite`. Returns true.
bool add_conformance_tests(const char* suite, const subject_factory& make,
                           kind what = kind::server);

} // namespace partita::store::conformance
