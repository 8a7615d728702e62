// SPDX-License-Identifier: Apache-2.0
#include "partita/app/wiring/source.hpp"

#include "partita/actors/sources/bucket_source.hpp"
#include "partita/actors/sources/file_source.hpp"
#include "partita/actors/sources/static_source.hpp"
#include "partita/config/partitions_file.hpp"

namespace partita::app {

namespace {

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
  return spawn_static_source(sys, s.partitions.all());
}

} // namespace partita::app
