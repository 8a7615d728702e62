// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/store/nats/nats_store.hpp"

#include "nats_client.hpp"
#include "nats_server.hpp"
#include "store_client.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace partita::test {

/// A server of the test's own, which may be frozen or killed, and stores on it.
struct nats_world {
  explicit nats_world(nats_server_options options = {}) : server(std::move(options)) {}

  ~nats_world() {
    if (server.running())
      server.thaw();
    for (auto& store : stores)
      close(store);
  }

  store_actor start(nats_options options = {}) {
    options.url = {server.url()};
    options.watch_heartbeat = std::chrono::milliseconds{100};
    stores.push_back(spawn_nats_store(system, options));
    return stores.back();
  }

  store_actor connect(nats_options options = {}) {
    auto store = start(std::move(options));
    until(store, link_state::connected);
    return store;
  }

  void close(const store_actor& store) { ask<store_closed>(self, store, close_store{}); }

  /// Waits until the store reports this state of its link; returns the reason.
  std::string until(const store_actor& store, link_state state,
                    const std::string& part = {}) {
    caf::scoped_actor listener{system};
    listener->send(store, handle_of<link_listener_actor>(listener));
    std::optional<std::string> why;
    while (!why)
      listener->receive(
          [&](const link_changed& x) {
            if (x.state == state && x.why.find(part) != std::string::npos)
              why = x.why;
          },
          caf::after(patience) >> [] { CAF_FAIL("the link never gets there"); });
    return *why;
  }

  bucket_opened open(const store_actor& store, const open_bucket& what) {
    return ask<bucket_opened>(self, store, what);
  }

  blocking_bucket bucket(const store_actor& store, const std::string& name) {
    auto opened = open(store, {.name = name});
    if (opened.status != open_status::opened)
      CAF_FAIL(to_string(opened.status) << ": " << opened.why);
    return {self, opened.bucket};
  }

  /// Writes the same until it is certain what became of it.
  kv_written put(blocking_bucket& where, const std::string& key,
                 const std::string& value) {
    for (auto end = std::chrono::steady_clock::now() + patience;;) {
      auto x = where.put(key, value);
      auto certain =
          x.status != write_status::unknown && x.status != write_status::not_connected;
      if (certain || std::chrono::steady_clock::now() >= end)
        return x;
      // A pace: the store may answer at once that it is not connected.
      self->receive(caf::after(std::chrono::milliseconds{5}) >> [] {});
    }
  }

  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  nats_server server;
  std::vector<store_actor> stores;
};

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace partita::test
