// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

namespace partita::test {

/// Hosts for the nodes of a cluster: network namespaces on one bridge, at which this process and
/// the workers are, too. What is cut is neither refused nor closed: packets vanish, both ways.
/// Needs root and the programs `ip` and `nsenter`; every call throws std::runtime_error if that does not work.
class cluster_network {
public:
  explicit cluster_network(std::size_t hosts);
  cluster_network(const cluster_network&) = delete;
  cluster_network& operator=(const cluster_network&) = delete;
  ~cluster_network();

  /// Whether this process may make one; if not, stderr says why.
  static bool available();

  std::string address(std::size_t host) const;
  /// The name of its namespace.
  std::string name(std::size_t host) const;

  /// Between two nodes.
  void cut(std::size_t a, std::size_t b);
  void mend(std::size_t a, std::size_t b);
  /// From everything: the other nodes and the workers.
  void isolate(std::size_t host);
  void rejoin(std::size_t host);

private:
  void make();
  void remove();
  std::string link(std::size_t host) const;

  std::size_t hosts_;
  /// Tells the networks of one machine apart.
  std::string id_;
  /// "198.18.73."
  std::string prefix_;
};

} // namespace partita::test
