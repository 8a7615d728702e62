// SPDX-License-Identifier: Apache-2.0
#include "partita/app/wiring/wiring.hpp"

#include "partita/actors/sources/bucket_source.hpp"
#include "partita/actors/sources/file_source.hpp"
#include "partita/actors/sources/static_source.hpp"
#include "partita/actors/sources/stream_source.hpp"
#include "partita/config/checks.hpp"
#include "partita/config/partitions_file.hpp"
#include "partita/config/text.hpp"
#include "partita/core/strategies/hash_ring.hpp"
#include "partita/store/memory/memory_store.hpp"
#include "partita/store/nats/nats_store.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace partita::app {

namespace {

/// Settings that all workers of a group should share, as their leader shows where they
/// differ. Those of the leader count alone, and any worker may lead next.
std::map<std::string, std::string> shared_settings_of(const config::settings& s) {
  const auto& y = s.strategy;
  std::map<std::string, std::string> result = {
      {"strategy", fmt::format("{}, virtual_nodes {}, seed {}, overload_threshold {}, "
                               "extreme_threshold {}, default_weight {}",
                               y.name, y.virtual_nodes, y.seed, y.overload_threshold,
                               y.extreme_threshold, y.default_weight)}};
  const auto& z = s.consume;
  result["consume"] = z.stream.empty()
                          ? "no stream"
                          : fmt::format("{} by {}, max_ack_pending {}, ack_wait {} ms{}",
                                        z.stream, z.subject, z.max_ack_pending,
                                        z.ack_wait.count(), z.memory ? ", memory" : "");
  const auto& x = s.partitions;
  if (!x.stream.empty())
    result["partitions"] = "those of the stream " + x.stream;
  else if (x.bucket)
    result["partitions"] = "those of the bucket " + s.buckets.partitions;
  else if (!x.file.empty())
    result["partitions"] = "those of a file";
  else if (x.given())
    result["partitions"] = core::digest_of(x.all());
  return result;
}

/// All mistakes would be too much for an alert: the first one, and how many more.
file_reading read_partitions(const std::string& path) {
  auto found = config::load_partitions(path);
  if (auto* list = std::get_if<std::vector<partition>>(&found))
    return std::move(*list);
  const auto& wrong = std::get<std::vector<config::problem>>(found);
  auto result = to_string(wrong.front());
  if (wrong.size() > 1)
    result += " (and " + std::to_string(wrong.size() - 1) + " more)";
  return result + "; `partita check-config` lists every mistake";
}

} // namespace

store_actor spawn_store(caf::actor_system& sys, const config::settings& s,
                        std::string client_name, store_kind kind) {
  return kind == store_kind::memory
             ? spawn_memory_store(sys)
             : spawn_nats_store(sys, nats_options_of(s, std::move(client_name)));
}

partition_source_actor spawn_source(caf::actor_system& sys, const config::settings& s,
                                    const store_actor& store) {
  if (!s.partitions.file.empty())
    return spawn_file_source(
        sys, {.path = s.partitions.file,
              .read = [path = s.partitions.file] { return read_partitions(path); },
              .clock = {}});
  if (s.partitions.bucket)
    return spawn_bucket_source(
        sys, store,
        {.bucket = s.buckets.partitions, .replicas = s.buckets.replicas, .clock = {}});
  if (!s.partitions.stream.empty())
    return spawn_stream_source(sys, store, {.stream = s.partitions.stream, .clock = {}});
  return spawn_static_source(sys, s.partitions.all());
}

std::vector<std::string> names_of(const config::partitions_settings& s) {
  std::vector<std::string> result;
  for (const auto& x : s.all())
    result.push_back(name_of(x));
  return result;
}

worker_options worker_options_of(const config::settings& s) {
  worker_options result;
  static_cast<member_settings&>(result) = s;
  result.strategy = core::make_strategy(s.strategy);
  result.strategy_name = s.strategy.name;
  result.shared_settings = shared_settings_of(s);
  result.states_partitions = !s.partitions.file.empty();
  return result;
}

consumers_options consumers_options_of(const config::settings& s) {
  consumers_options result;
  result.claims = s.group.name + "-claims";
  result.replicas = s.buckets.replicas;
  auto& x = result.consumption;
  x.group = s.group.name;
  x.stream = s.consume.stream;
  x.consumer.filter = s.consume.subject;
  x.consumer.max_ack_pending = s.consume.max_ack_pending;
  x.consumer.ack_wait = s.consume.ack_wait;
  x.consumer.in_memory = s.consume.memory;
  // A replicated consumer in memory would cost what one on disk costs.
  x.consumer.replicas = s.consume.memory ? 1 : 0;
  x.pause = std::chrono::milliseconds{100};
  x.check = std::chrono::seconds{5};
  return result;
}

nats_options nats_options_of(const config::settings& s, std::string client_name) {
  auto result = s.nats;
  // Silence is met after 2.5 of these, long before a session ends.
  result.watch_heartbeat = std::clamp(s.heartbeat.ttl / 6, std::chrono::milliseconds{100},
                                      std::chrono::milliseconds{1000});
  result.client_name = std::move(client_name);
  result.request_timeout = s.timeouts.request;
  result.max_bucket_bytes = s.buckets.max_bytes;
  return result;
}

std::string shown(const std::vector<std::string>& urls) {
  return config::joined(urls, config::without_secrets);
}

} // namespace partita::app
