// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cluster_network.hpp"
#include "nats_server.hpp"

#include <memory>
#include <string>
#include <vector>

namespace partita::test {

/// Three nats-servers that are one cluster. Ready when the constructor returns: there is a meta
/// leader, every node answers the JetStream API, and streams can be placed on all of them.
class nats_cluster {
public:
  static constexpr std::size_t size = 3;

  /// `program`: a nats-server; empty: the installed one. Each node has a host of its own on
  /// `network`, if there is one.
  explicit nats_cluster(std::filesystem::path program = {},
                        std::unique_ptr<cluster_network> network = nullptr);

  /// The servers that scripts/nats-servers has unpacked, the newest last; if it has none, the
  /// installed one, which is too old to be recommended for a cluster.
  static std::vector<std::filesystem::path> programs();
  /// The newest of them.
  static std::filesystem::path newest() { return programs().back(); }

  nats_server& node(std::size_t i) { return *nodes_.at(i); }
  const nats_server& node(std::size_t i) const { return *nodes_.at(i); }
  /// Only with one.
  cluster_network& network() { return *network_; }
  /// Of all nodes, as a list in TOML.
  std::string urls() const;

  /// The node that leads this stream now, asked by way of `through`; throws if none does within
  /// the patience.
  std::size_t leader_of(const std::string& stream, std::size_t through);
  /// Waits until all copies of all streams of these buckets are as new as their leaders'; throws
  /// if one does not get so within `patience`. 4 min: nats-server may take that long.
  void wait_until_current(const std::vector<std::string>& buckets,
                          std::chrono::milliseconds patience = std::chrono::minutes{4});
  /// Whether a node may lose its disk. Before nats-server 2.12 one with an empty store votes for
  /// any that asks, so that copies can come to differ and two nodes lead one stream.
  bool survives_wipes();

private:
  bool answers(std::size_t node);
  /// Whether it places a stream on all nodes: after its start, that may come half a minute
  /// later than the meta leader.
  bool places_streams();

  std::unique_ptr<cluster_network> network_;
  std::vector<std::unique_ptr<nats_server>> nodes_;
};

} // namespace partita::test
