// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE store.memory_conformance

#include "../conformance/conformance.hpp"

#include "partita/store/memory/memory_store.hpp"

#include "../../support/store_client.hpp"

#include <caf/actor_system_config.hpp>

using namespace partita;
using namespace partita::store;
using namespace std::chrono_literals;

namespace {

class memory_subject : public conformance::subject {
public:
  memory_subject() : system_(config_), store_(spawn_memory_store(system_)) {}

  caf::actor_system& system() override { return system_; }

  store_actor new_store() override { return store_; }

  std::string fresh_bucket() override { return "bucket-" + std::to_string(++buckets_); }

  void delete_bucket(const std::string&) override { CAF_FAIL("no bucket vanishes"); }

  void make_bucket(const open_bucket&) override { CAF_FAIL("no bucket vanishes"); }

  std::size_t oversize() override { return (std::size_t{1} << 20) + 1; }

  std::chrono::milliseconds lateness() override { return 1s; }

private:
  caf::actor_system_config config_;
  caf::actor_system system_;
  store_actor store_;
  int buckets_ = 0;
};

const bool added = conformance::add_conformance_tests(
    "store.memory_conformance", [] { return std::make_unique<memory_subject>(); },
    conformance::kind::one_process);

} // namespace
