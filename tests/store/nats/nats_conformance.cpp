// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE store.nats_conformance

#include "../conformance/conformance.hpp"

#include "partita/store/nats/nats_store.hpp"

#include "../../support/nats_client.hpp"
#include "../../support/nats_server.hpp"

#include <caf/actor_system_config.hpp>

#include <atomic>

using namespace partita;
using namespace partita::store;
using namespace std::chrono_literals;

namespace {

/// One server for all tests: they use names of their own.
test::nats_server& shared_server() {
  static test::nats_server server;
  return server;
}

class nats_subject : public conformance::subject {
public:
  nats_subject() : system_(config_), admin_(shared_server().url()) {}

  caf::actor_system& system() override { return system_; }

  store_actor new_store() override {
    nats_options options;
    options.url = {shared_server().url()};
    options.watch_heartbeat = 100ms;
    // A busy machine is no reason for an unknown outcome here.
    options.request_timeout = 5s;
    return spawn_nats_store(system_, options);
  }

  std::string fresh_bucket() override {
    static std::atomic<int> buckets{0};
    return "bucket-" + std::to_string(++buckets);
  }

  void delete_bucket(const std::string& name) override { admin_.delete_bucket(name); }

  void make_bucket(const open_bucket& what) override {
    admin_.make_bucket({what.name, what.ttl, what.replicas});
  }

  std::size_t oversize() override { return (std::size_t{1} << 20) + 1; }

  std::chrono::milliseconds lateness() override { return 2s; }

private:
  caf::actor_system_config config_;
  caf::actor_system system_;
  test::nats_client admin_;
};

const bool added = conformance::add_conformance_tests(
    "store.nats_conformance", [] { return std::make_unique<nats_subject>(); });

} // namespace
