// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "conformance.hpp"

#include "../../support/store_client.hpp"

#include <vector>

/// What the conformance tests are made of.
namespace partita::store::conformance {

using test::ask;
using test::blocking_bucket;
using test::watch_probe;

enum class concerned { all, servers };

struct test_case {
  const char* name;
  void (*run)(subject&);
  concerned concerns = concerned::all;
};

std::vector<test_case> write_tests();
std::vector<test_case> race_tests();
std::vector<test_case> bucket_tests();
std::vector<test_case> watch_tests();
std::vector<test_case> probe_tests();

/// The clients of one test; closes them in the end.
class session {
public:
  explicit session(subject& under_test);
  ~session();

  caf::scoped_actor& self() { return self_; }
  caf::actor_system& system() { return subject_.system(); }

  /// A new store, connected.
  store_actor connect();

  /// Opens a bucket on a new store; it has to succeed.
  blocking_bucket open(const open_bucket& what);
  /// A new bucket without TTL.
  blocking_bucket fresh();

  /// Waits until the key has no revision and returns how long that took.
  std::chrono::milliseconds until_missing(blocking_bucket& bucket,
                                          const std::string& key);

private:
  subject& subject_;
  caf::scoped_actor self_;
  std::vector<store_actor> stores_;
};

} // namespace partita::store::conformance
