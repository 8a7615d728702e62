// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nats_server.hpp"

#include <memory>
#include <string>
#include <vector>

namespace partita::test {

/// Three nats-servers that are one cluster. Ready when the constructor returns: there is a meta
/// leader, and every node answers the JetStream API.
class nats_cluster {
public:
  static constexpr std::size_t size = 3;

  /// `program`: a nats-server; empty: the installed one.
  explicit nats_cluster(std::filesystem::path program = {});

  /// The installed server and those that scripts/nats-servers has unpacked, the newest last.
  static std::vector<std::filesystem::path> programs();
  /// The newest of them.
  static std::filesystem::path newest() { return programs().back(); }

  nats_server& node(std::size_t i) { return *nodes_.at(i); }
  const nats_server& node(std::size_t i) const { return *nodes_.at(i); }
  /// Of all nodes, as a list in TOML.
  std::string urls() const;

  /// The node that leads this stream now, asked by way of `through`; throws if none does within
  /// the patience.
  std::size_t leader_of(const std::string& stream, std::size_t through);
  /// Waits until all copies of all streams of these buckets are as new as their leaders'.
  void wait_until_current(const std::vector<std::string>& buckets);

private:
  bool answers(std::size_t node);

  std::vector<std::unique_ptr<nats_server>> nodes_;
};

} // namespace partita::test
