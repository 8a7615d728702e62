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

std::string name_fault(const char* what, const std::string& x) {
  if (!x.empty() && x.find_first_of(" .*>/\\\t\r\n") == x.npos)
    return {};
  return std::string{what} + " '" + x
         + "': expected a name without spaces, dots, slashes and wildcards";
}

bool is_subject(std::string_view x) {
  return x.front() != '.' && x.back() != '.' && x.find("..") == x.npos
         && x.find_first_of(" \t\r\n") == x.npos;
}

stream_call call(const char* what, const std::string& stream, const json& x = {}) {
  return {std::string{"$JS.API."} + what + '.' + stream, x.is_null() ? "" : shown(x),
          name_fault("stream", stream)};
}

stream_call call(const char* what, const std::string& stream, const std::string& consumer,
                 const json& x = {}) {
  auto result = call(what, stream, x);
  result.subject += '.' + consumer;
  if (result.fault.empty())
    result.fault = name_fault("consumer", consumer);
  return result;
}

} // namespace

stream_call call_for(const stream_look& x) {
  return call("STREAM.INFO", x.stream);
}

stream_call call_for(const stream_make& wanted, std::string_view found) {
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
  return call(found.empty() ? "STREAM.CREATE" : "STREAM.UPDATE", wanted.stream, config);
}

template <>
answer<stream_facts> parse_facts(std::string_view found) {
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
        x.has_sources = config.contains("sources") || config.contains("mirror");
        x.transform = {text(transform, "src"), text(transform, "dest")};
        x.retention = retention_of(text(config, "retention"));
        x.replicas = number<std::uint32_t>(config, "num_replicas", 1);
        x.consumers = number<std::uint64_t>(state, "consumer_count");
        x.has_leader = has_leader(obj);
        return x;
      });
}

stream_call call_for(const consumer_make& wanted) {
  const auto& x = wanted.consumer;
  json config{{"durable_name", x.name},
              {"name", x.name},
              {"deliver_policy", x.start == 0 ? "all" : "by_start_sequence"},
              {"ack_policy", x.acks == ack_policy::each ? "explicit" : "all"},
              {"ack_wait", std::chrono::nanoseconds{x.ack_wait}.count()},
              {"max_deliver", -1},
              {"max_ack_pending", x.max_ack_pending},
              {"replay_policy", "instant"},
              {"num_replicas", x.replicas},
              {"mem_storage", x.in_memory}};
  if (x.start != 0)
    config["opt_start_seq"] = x.start;
  if (!x.filter.empty())
    config["filter_subject"] = x.filter;
  // Without the action an existing consumer would be changed in place.
  auto result =
      call("CONSUMER.CREATE", wanted.stream, x.name,
           {{"stream_name", wanted.stream}, {"config", config}, {"action", "create"}});
  if (!x.filter.empty())
    result.subject += '.' + x.filter;
  if (!x.filter.empty() && !is_subject(x.filter))
    result.fault =
        "filter '" + x.filter + "': expected tokens joined by dots, without spaces";
  return result;
}

stream_call call_for(const consumer_remove& x) {
  return call("CONSUMER.DELETE", x.stream, x.name);
}

stream_call call_for(const consumer_look& x) {
  return call("CONSUMER.INFO", x.stream, x.name);
}

stream_call call_for(const consumer_list& x) {
  return call("CONSUMER.NAMES", x.stream, {{"offset", x.offset}});
}

template <>
answer<consumer_facts> parse_facts(std::string_view found) {
  return parse_with<consumer_facts>(
      found, [](const json& obj) -> std::optional<consumer_facts> {
        const auto& config = part(obj, "config");
        consumer_facts x;
        x.name = text(obj, "name");
        if (x.name.empty())
          return flag(obj, "success") ? std::optional{x} : std::nullopt;
        x.start = number<std::uint64_t>(config, "opt_start_seq");
        x.filter = text(config, "filter_subject");
        x.ack_floor = number<std::uint64_t>(part(obj, "ack_floor"), "stream_seq");
        x.pending = number<std::uint64_t>(obj, "num_pending");
        x.ack_pending = number<std::uint64_t>(obj, "num_ack_pending");
        x.has_leader = has_leader(obj);
        return x;
      });
}

template <>
answer<consumer_page> parse_facts(std::string_view found) {
  return parse_with<
      consumer_page>(found, [](const json& obj) -> std::optional<consumer_page> {
    if (!obj.contains("total"))
      return std::nullopt;
    return consumer_page{texts(obj, "consumers"), number<std::uint64_t>(obj, "total")};
  });
}

} // namespace partita::nats
