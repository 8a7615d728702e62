// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server.hpp"
#include "world.hpp"

#include "partita/core/sidecar/dead_worker.hpp"
#include "partita/messages/options.hpp"

#include <memory>
#include <vector>

namespace partita::simulation {

/// What a guard writes for its dead worker, with core::dead_worker as it is shipped. Its connection
/// is slow at times; what it has decided may happen long after.
class goodbye : public std::enable_shared_from_this<goodbye> {
public:
  /// `dead`: the process that it writes for. Nothing is decided after `patience`.
  goodbye(world& w, server& store, process_id dead, bucket_options buckets,
          core::dead_worker what, core::duration patience);

  void begin();

private:
  void read();
  void decide(const kv_read& found);
  void write(const store::kv_change& what);
  void next();
  core::duration one_way();
  const std::string& bucket() const;

  world* world_;
  server* server_;
  process_id dead_;
  bucket_options buckets_;
  core::dead_worker what_;
  core::time_point until_;
  std::vector<core::dead_worker::target> targets_;
  std::size_t at_ = 0;
};

} // namespace partita::simulation
