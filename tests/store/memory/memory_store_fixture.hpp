// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../../support/fault_proxy.hpp"
#include "../../support/memory/memory_store_client.hpp"
#include "../../support/store_client.hpp"

#include <caf/test/dsl.hpp>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

/// Clients of a memory store whose faults and time a test moves.
namespace partita::test {

using namespace std::chrono_literals;
using store::memory_server_actor;
using store::memory_store_actor;
using store::spawn_memory_server;

using texts = std::vector<std::string>;

inline bool has_mail(caf::scoped_actor& x) {
  return x->peek_at_next_mailbox_element() != nullptr;
}

/// A watcher that a test looks at whenever it wants.
class watch_observer {
public:
  explicit watch_observer(caf::actor_system& sys) : self_(sys) {}

  watch_sink_actor handle() { return handle_of<watch_sink_actor>(self_); }

  /// What came since the last time, in short: "value a 1", "replayed".
  texts heard() {
    texts result;
    while (has_mail(self_))
      self_->receive([&](const watch_event& x) {
        std::string text = to_string(x.change);
        if (!x.entry.key.empty())
          text += " " + x.entry.key + " " + std::to_string(x.entry.revision.value);
        if (x.change == watch_change::restarted)
          why = x.why;
        result.push_back(text);
      });
    return result;
  }

  /// The same without signs of life.
  texts news() {
    auto result = heard();
    std::erase(result, "alive");
    return result;
  }

  std::string why;

private:
  caf::scoped_actor self_;
};

/// One server, two clients of it behind proxies, and time that the test moves.
struct memory_store_fixture : test_coordinator_fixture<> {
  memory_server_actor server;
  memory_store_actor store;
  memory_store_actor other_store;
  fault_proxy_actor faults;
  fault_proxy_actor other_faults;
  bucket_actor bucket;
  bucket_actor other;

  memory_store_fixture() {
    server = spawn_memory_server(sys, {.watch_heartbeat = 100ms});
    auto mine = spawn_faulty_client(sys, server, {500ms, 100ms});
    auto others = spawn_faulty_client(sys, server, {500ms, 100ms});
    store = mine.client;
    faults = mine.faults;
    other_store = others.client;
    other_faults = others.faults;
    bucket = open(store).bucket;
    other = open(other_store).bucket;
  }

  ~memory_store_fixture() {
    // Once there is no watcher, no timer may be left that keeps the system alive.
    pass(10s);
    CAF_CHECK(!sched.has_job());
    CAF_CHECK(!sched.clock().has_pending_timeout());
  }

  bucket_opened open(const memory_store_actor& x, std::chrono::milliseconds ttl = 0ms,
                     const std::string& name = "b") {
    return answer_of<bucket_opened>(x, open_bucket{.name = name, .ttl = ttl});
  }

  void strike(client_fault x) { give(faults, std::move(x)); }

  void heal(fault_kind kind) { give(faults, client_fault{.kind = kind, .times = 0}); }

  void watch(watch_observer& who, const bucket_actor& where,
             const std::string& pattern = ">") {
    give(where, kv_watch{1, pattern, who.handle(), true});
  }

  template <class Handle, class... Ts>
  void give(const Handle& whom, Ts... xs) {
    self->send(whom, std::move(xs)...);
    consume_messages();
  }

  /// Lets time pass in small steps, as it does.
  void pass(std::chrono::milliseconds time) {
    for (; time > 0ms; time -= 10ms) {
      advance_time(10ms);
      consume_messages();
    }
  }

  template <class Handle, class Request>
  auto send(const Handle& whom, Request what) {
    auto handle = self->request(whom, caf::infinite, std::move(what));
    consume_messages();
    return handle;
  }

  bool answered() { return has_mail(self); }

  /// What has been answered; that has to be there.
  template <class Reply, class ResponseHandle>
  Reply take(ResponseHandle& handle) {
    CAF_REQUIRE(answered());
    return wait_for<Reply>(self, handle);
  }

  template <class Reply, class Handle, class Request>
  Reply answer_of(const Handle& whom, Request what) {
    auto handle = send(whom, std::move(what));
    return take<Reply>(handle);
  }

  kv_written put(const bucket_actor& x, const std::string& key,
                 const std::string& value) {
    return answer_of<kv_written>(x, kv_put{key, value});
  }

  kv_read last(const bucket_actor& x, const std::string& key) {
    return answer_of<kv_read>(x, kv_last{key});
  }
};

} // namespace partita::test
