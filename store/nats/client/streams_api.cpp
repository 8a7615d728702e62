// SPDX-License-Identifier: Apache-2.0
#include "partita/store/nats/client/streams_api.hpp"

#include "partita/store/nats/client/api_json.hpp"

#include <chrono>
#include <optional>

namespace partita::nats {

namespace {

using namespace api_json;

/// Servers outside of clusters name no cluster.
bool has_leader(const json& obj) {
  return !obj.contains("cluster") || !text(part(obj, "cluster"), "leader").empty();
}

std::vector<std::string> texts(const json& obj, const char* name) {
  std::vector<std::string> result;
  if (auto i = obj.find(name); i != obj.end() && i->is_array())
    for (const auto& x : *i)
      if (x.is_string())
        result.push_back(x.get<std::string>());
  return result;
}

stream_retention retention_of(std::string_view word) {
  return word == "interest"    ? stream_retention::interest
         : word == "workqueue" ? stream_retention::work_queue
                               : stream_retention::limits;
}

} // namespace

std::string make_stream_request(const stream_make& wanted, std::string_view found) {
  json config{{"name", wanted.stream},
              {"retention", "limits"},
              {"storage", "file"},
              {"num_replicas", wanted.replicas}};
  if (!found.empty())
    config = part(json::parse(found, nullptr, false), "config");
  config["subjects"] = wanted.subjects;
  config.erase("subject_transform");
  if (!wanted.transform.destination.empty())
    config["subject_transform"] = {{"src", wanted.transform.source},
                                   {"dest", wanted.transform.destination}};
  return shown(config);
}

answer<stream_facts> parse_stream_facts(std::string_view found) {
  return parse_with<stream_facts>(
      found, [](const json& obj) -> std::optional<stream_facts> {
        auto created = from_rfc3339(text(obj, "created"));
        const auto& config = part(obj, "config");
        const auto& state = part(obj, "state");
        const auto& transform = part(config, "subject_transform");
        if (!created || text(config, "name").empty())
          return std::nullopt;
        stream_facts x;
        x.name = text(config, "name");
        x.created_at_ns = *created;
        x.first_sequence = number<std::uint64_t>(state, "first_seq");
        x.last_sequence = number<std::uint64_t>(state, "last_seq");
        x.subjects = texts(config, "subjects");
        x.transform = {text(transform, "src"), text(transform, "dest")};
        x.retention = retention_of(text(config, "retention"));
        x.replicas = number<std::uint32_t>(config, "num_replicas", 1);
        x.in_memory = text(config, "storage") == "memory";
        x.most_consumers = number<std::int64_t>(config, "max_consumers");
        x.consumers = number<std::uint64_t>(state, "consumer_count");
        x.has_leader = has_leader(obj);
        return x;
      });
}

std::string make_consumer_subject(const consumer_make& wanted) {
  const auto& x = wanted.consumer;
  return "$JS.API.CONSUMER.CREATE." + wanted.stream + '.' + x.name
         + (x.filter.empty() ? "" : '.' + x.filter);
}

std::string make_consumer_request(const consumer_make& wanted) {
  const auto& x = wanted.consumer;
  json config{{"durable_name", x.name},
              {"name", x.name},
              {"deliver_policy", x.start == 0 ? "all" : "by_start_sequence"},
              {"ack_policy", x.acks == ack_policy::each ? "explicit" : "all"},
              {"ack_wait", std::chrono::nanoseconds{x.ack_wait}.count()},
              {"max_deliver", x.max_deliver},
              {"max_ack_pending", x.max_ack_pending},
              {"replay_policy", "instant"},
              {"num_replicas", x.replicas},
              {"mem_storage", x.in_memory}};
  if (x.start != 0)
    config["opt_start_seq"] = x.start;
  if (!x.filter.empty())
    config["filter_subject"] = x.filter;
  // Without the action an existing consumer would be changed in place.
  return shown(
      {{"stream_name", wanted.stream}, {"config", config}, {"action", "create"}});
}

answer<consumer_facts> parse_consumer_facts(std::string_view found) {
  return parse_with<consumer_facts>(
      found, [](const json& obj) -> std::optional<consumer_facts> {
        auto created = from_rfc3339(text(obj, "created"));
        const auto& config = part(obj, "config");
        consumer_facts x;
        x.name = text(obj, "name");
        if (!created || x.name.empty())
          return std::nullopt;
        x.start = number<std::uint64_t>(config, "opt_start_seq");
        x.filter = text(config, "filter_subject");
        x.ack_floor = number<std::uint64_t>(part(obj, "ack_floor"), "stream_seq");
        x.delivered = number<std::uint64_t>(part(obj, "delivered"), "stream_seq");
        x.pending = number<std::uint64_t>(obj, "num_pending");
        x.ack_pending = number<std::uint64_t>(obj, "num_ack_pending");
        x.created_at_ns = *created;
        x.has_leader = has_leader(obj);
        return x;
      });
}

std::string list_consumers_request(std::uint64_t offset) {
  return shown({{"offset", offset}});
}

answer<consumer_page> parse_consumer_page(std::string_view found) {
  return parse_with<
      consumer_page>(found, [](const json& obj) -> std::optional<consumer_page> {
    if (!obj.contains("total"))
      return std::nullopt;
    return consumer_page{texts(obj, "consumers"), number<std::uint64_t>(obj, "total")};
  });
}

answer<bool> parse_success(std::string_view found) {
  return parse_with<bool>(found, [](const json& obj) -> std::optional<bool> {
    return flag(obj, "success") ? std::optional{true} : std::nullopt;
  });
}

} // namespace partita::nats
