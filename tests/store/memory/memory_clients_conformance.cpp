// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE store.memory_clients_conformance

#include "../conformance/conformance.hpp"

#include "../../support/memory/memory_store_client.hpp"
#include "../../support/store_client.hpp"

#include <caf/actor_system_config.hpp>

using namespace partita;
using namespace partita::store;
using namespace std::chrono_literals;

namespace {

class memory_subject : public conformance::subject {
public:
  memory_subject() : system_(config_), self_(system_) {
    server_ = spawn_memory_server(system_, {.watch_heartbeat = 100ms});
  }

  caf::actor_system& system() override { return system_; }

  store_actor new_store() override {
    return spawn_memory_client(system_, server_, {.watch_heartbeat = 100ms});
  }

  std::string fresh_bucket() override { return "bucket-" + std::to_string(++buckets_); }

  void delete_bucket(const std::string& name) override {
    CAF_REQUIRE(test::ask<bool>(self_, server_, store::delete_bucket{name}));
  }

  void make_bucket(const open_bucket& what) override {
    CAF_REQUIRE_EQUAL(test::ask<server_opened>(self_, server_, what).status,
                      open_status::opened);
  }

  std::size_t oversize() override { return (std::size_t{1} << 20) + 1; }

  std::chrono::milliseconds lateness() override { return 1s; }

private:
  caf::actor_system_config config_;
  caf::actor_system system_;
  caf::scoped_actor self_;
  memory_server_actor server_;
  int buckets_ = 0;
};

const bool added =
    conformance::add_conformance_tests("store.memory_clients_conformance",
                                       [] { return std::make_unique<memory_subject>(); });

} // namespace
