// SPDX-License-Identifier: Apache-2.0
#include "cluster_network.hpp"

#include <cstdio>
#include <cstdlib>
#include <random>
#include <stdexcept>

namespace partita::test {

namespace {

void run(const std::string& command) {
  auto* pipe = ::popen((command + " 2>&1").c_str(), "re");
  if (!pipe)
    throw std::runtime_error{"cannot start a shell"};
  std::string said;
  for (char piece[512]; std::fgets(piece, sizeof(piece), pipe);)
    said += piece;
  if (::pclose(pipe) != 0)
    throw std::runtime_error{command + ": " + said};
}

void ip(const std::string& arguments) {
  run("ip " + arguments);
}

/// `ip -n` would mount, which a chroot does not allow.
void ip_in(const std::string& network, const std::string& arguments) {
  run("nsenter --net=/run/netns/" + network + " ip " + arguments);
}

} // namespace

bool cluster_network::available() {
  static const bool result = [] {
    try {
      cluster_network{1};
      return true;
    } catch (const std::runtime_error& e) {
      std::fprintf(stderr, "no hosts of their own for nodes: %s\n", e.what());
      return false;
    }
  }();
  return result;
}

cluster_network::cluster_network(std::size_t hosts) : hosts_{hosts} {
  std::random_device random;
  // Addresses for benchmarks (RFC 2544): no other network of the machine has them.
  auto number = random() % 512;
  id_ = "pt" + std::to_string(number);
  prefix_ = "198." + std::to_string(18 + number / 256) + '.'
            + std::to_string(number % 256) + '.';
  try {
    make();
  } catch (...) {
    remove();
    throw;
  }
}

void cluster_network::make() {
  ip("link add " + id_ + " type bridge");
  ip("addr add " + prefix_ + "254/24 dev " + id_);
  ip("link set " + id_ + " up");
  for (std::size_t i = 0; i < hosts_; ++i) {
    ip("netns add " + name(i));
    ip("link add " + link(i) + " type veth peer name eth0 netns " + name(i));
    ip("link set " + link(i) + " master " + id_ + " up");
    ip_in(name(i), "addr add " + address(i) + "/24 dev eth0");
    ip_in(name(i), "link set eth0 up");
    ip_in(name(i), "link set lo up");
  }
}

cluster_network::~cluster_network() {
  remove();
}

void cluster_network::remove() {
  for (std::size_t i = 0; i < hosts_; ++i)
    std::system(("ip netns del " + name(i) + " 2>/dev/null").c_str());
  std::system(("ip link del " + id_ + " 2>/dev/null").c_str());
}

std::string cluster_network::address(std::size_t host) const {
  return prefix_ + std::to_string(host + 1);
}

std::string cluster_network::name(std::size_t host) const {
  return id_ + 'n' + std::to_string(host);
}

std::string cluster_network::link(std::size_t host) const {
  return id_ + 'v' + std::to_string(host);
}

void cluster_network::cut(std::size_t a, std::size_t b) {
  ip_in(name(a), "route add blackhole " + address(b));
  ip_in(name(b), "route add blackhole " + address(a));
}

void cluster_network::mend(std::size_t a, std::size_t b) {
  ip_in(name(a), "route del blackhole " + address(b));
  ip_in(name(b), "route del blackhole " + address(a));
}

void cluster_network::isolate(std::size_t host) {
  ip("link set " + link(host) + " down");
}

void cluster_network::rejoin(std::size_t host) {
  ip("link set " + link(host) + " up");
}

} // namespace partita::test
