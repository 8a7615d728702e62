// SPDX-License-Identifier: Apache-2.0
#include "nats_cluster.hpp"

#include "eventually.hpp"
#include "nats_client.hpp"

#include "partita/store/nats/client/subjects.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <stdexcept>

namespace partita::test {

namespace {

using namespace std::chrono_literals;
using json = nlohmann::json;

constexpr auto patience = 30s;
/// A node may learn that it can use another one only by that one's statistics, which come every
/// half minute.
constexpr auto patience_to_place = 90s;

json ask(const nats_server& node, const std::string& subject) {
  try {
    nats_client client{node.url()};
    return json::parse(client.request(subject).data, nullptr, false);
  } catch (const std::runtime_error&) {
    return {}; // It has no JetStream, or no leader, for now.
  }
}

} // namespace

nats_cluster::nats_cluster(std::filesystem::path program,
                           std::unique_ptr<cluster_network> network)
    : network_{std::move(network)} {
  std::vector<std::string> places;
  while (places.size() < size) {
    auto place = network_ ? network_->address(places.size()) + ":6222"
                          : "127.0.0.1:" + std::to_string(nats_server::free_port());
    if (std::find(places.begin(), places.end(), place) == places.end())
      places.push_back(place);
  }
  std::string routes;
  for (const auto& place : places)
    routes += (routes.empty() ? "\"nats-route://" : ", \"nats-route://") + place + '"';
  for (std::size_t i = 0; i < size; ++i) {
    nats_server_options options;
    options.program = program;
    if (network_) {
      options.network = network_->name(i);
      options.address = network_->address(i);
    }
    options.config =
        "server_name: \"n" + std::to_string(i)
        + "\"\nlame_duck_duration: \"30s\"\nlame_duck_grace_period: \"100ms\"\n"
          "cluster { name: \"c\", listen: \""
        + places[i] + "\", routes: [" + routes + "] }\n";
    nodes_.push_back(std::make_unique<nats_server>(options));
  }
  for (std::size_t i = 0; i < size; ++i)
    if (!eventually(patience, [&] { return answers(i); }))
      throw std::runtime_error{"the cluster does not get ready; node " + std::to_string(i)
                               + " says:\n" + nodes_[i]->log()};
  if (!eventually(patience_to_place, [&] { return places_streams(); }))
    throw std::runtime_error{
        "the cluster places no stream on all nodes; the first says:\n"
        + nodes_[0]->log()};
}

std::vector<std::filesystem::path> nats_cluster::programs() {
  std::vector<std::filesystem::path> result;
  // In the order of their releases.
  for (const auto* suite : {"trixie", "sid"})
    for (const auto* folder : {"usr/sbin", "usr/bin"}) {
      auto path =
          std::filesystem::path{PARTITA_NATS_SERVERS} / suite / folder / "nats-server";
      if (std::filesystem::exists(path))
        result.push_back(path);
    }
  if (result.empty())
    result.emplace_back();
  return result;
}

std::string nats_cluster::urls() const {
  std::string result;
  for (const auto& x : nodes_)
    result += (result.empty() ? "[\"" : ", \"") + x->url() + '"';
  return result + ']';
}

bool nats_cluster::answers(std::size_t node) {
  auto info = ask(*nodes_[node], "$JS.API.INFO");
  return info.is_object() && !info.contains("error") && info.contains("limits");
}

bool nats_cluster::places_streams() {
  try {
    nats_client client{nodes_[0]->url()};
    client.api("STREAM.CREATE.ready", json{{"name", "ready"},
                                           {"subjects", {"ready"}},
                                           {"storage", "memory"},
                                           {"num_replicas", size}}
                                          .dump());
    client.api("STREAM.DELETE.ready");
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

bool nats_cluster::survives_wipes() {
  auto info = ask(*nodes_[0], "$JS.API.INFO");
  return info.is_object() && info.contains("api") && info["api"].value("level", 0) >= 2;
}

std::size_t nats_cluster::leader_of(const std::string& stream, std::size_t through) {
  std::optional<std::size_t> result;
  auto found = eventually(patience, [&] {
    auto info = ask(*nodes_[through], "$JS.API.STREAM.INFO." + stream);
    auto name = info.is_object() && info.contains("cluster")
                    ? info["cluster"].value("leader", std::string{})
                    : std::string{};
    if (!name.empty())
      result = std::stoul(name.substr(1));
    return result.has_value();
  });
  if (!found)
    throw std::runtime_error{"the stream " + stream + " has no leader"};
  return *result;
}

void nats_cluster::wait_until_current(const std::vector<std::string>& buckets,
                                      std::chrono::milliseconds patience) {
  for (const auto& x : buckets) {
    auto subject = "$JS.API.STREAM.INFO." + nats::stream_of(x);
    auto current = eventually(patience, [&] {
      auto info = ask(*nodes_[0], subject);
      if (!info.is_object() || !info.contains("cluster"))
        return false;
      const auto& cluster = info["cluster"];
      auto copies = cluster.value("replicas", json::array());
      return !cluster.value("leader", std::string{}).empty() && copies.size() == size - 1
             && std::all_of(copies.begin(), copies.end(),
                            [](const json& y) { return y.value("current", false); });
    });
    if (!current)
      throw std::runtime_error{"the copies of " + x + " do not get current"};
  }
}

} // namespace partita::test
