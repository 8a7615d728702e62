// SPDX-License-Identifier: Apache-2.0
#include "partita/store/nats/client/api.hpp"

#include "partita/store/nats/client/encoding.hpp"
#include "partita/store/nats/client/subjects.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace partita::nats {

namespace {

using json = nlohmann::json;
using std::chrono::milliseconds;

std::int64_t ns(milliseconds x) {
  return std::chrono::nanoseconds{x}.count();
}

/// How long the server remembers message ids: never longer than the messages live.
milliseconds duplicate_window(milliseconds ttl) {
  constexpr milliseconds longest = std::chrono::minutes{2};
  return ttl > milliseconds{0} ? std::min(ttl, longest) : longest;
}

template <class T>
T number(const json& obj, const char* name, T otherwise = 0) {
  auto i = obj.find(name);
  return i != obj.end() && i->is_number_integer() ? i->template get<T>() : otherwise;
}

std::string text(const json& obj, const char* name) {
  auto i = obj.find(name);
  return i != obj.end() && i->is_string() ? i->get<std::string>() : std::string{};
}

bool flag(const json& obj, const char* name) {
  auto i = obj.find(name);
  return i != obj.end() && i->is_boolean() && i->get<bool>();
}

const json& part(const json& obj, const char* name) {
  static const json nothing = json::object();
  auto i = obj.find(name);
  return i != obj.end() && i->is_object() ? *i : nothing;
}

api_error unreadable(std::string_view found) {
  return {0, 0,
          "expected a JetStream answer, found '" + std::string{found.substr(0, 80)}
              + "'"};
}

/// The object, or the error that it holds.
answer<json> parse_object(std::string_view found) {
  auto obj = json::parse(found, nullptr, false);
  if (!obj.is_object())
    return unreadable(found);
  auto error = obj.find("error");
  if (error == obj.end() || !error->is_object())
    return obj;
  return api_error{number<int>(*error, "code"), number<int>(*error, "err_code"),
                   text(*error, "description")};
}

/// Reads an answer with `read`, which gives nothing if a member is missing.
template <class T, class Read>
answer<T> parse_with(std::string_view found, Read read) {
  auto parsed = parse_object(found);
  if (auto* error = std::get_if<api_error>(&parsed))
    return std::move(*error);
  if (auto result = read(std::get<json>(parsed)))
    return std::move(*result);
  return unreadable(found);
}

stream_config config_of(const json& obj) {
  stream_config x;
  if (auto i = obj.find("subjects"); i != obj.end() && i->is_array())
    for (const auto& subject : *i)
      if (subject.is_string())
        x.subjects.push_back(subject.get<std::string>());
  x.retention = text(obj, "retention");
  x.storage = text(obj, "storage");
  x.discard = text(obj, "discard");
  x.max_msgs_per_subject = number<std::int64_t>(obj, "max_msgs_per_subject");
  x.max_age_ns = number<std::int64_t>(obj, "max_age");
  x.max_msg_size = number<std::int64_t>(obj, "max_msg_size");
  x.replicas = number<std::int64_t>(obj, "num_replicas", 1);
  x.is_copy = obj.contains("mirror") || obj.contains("sources");
  x.sealed = flag(obj, "sealed");
  x.text = obj.dump(-1, ' ', false, json::error_handler_t::replace);
  return x;
}

std::string_view remedy_of(int err_code) {
  switch (err_code) {
  case err_code::account_limit:
    return "raise the JetStream limits of the account";
  case err_code::no_suitable_peers:
    return "buckets.replicas asks for more servers than the cluster has with JetStream "
           "at the "
           "moment";
  case err_code::temporarily_unavailable:
    return "JetStream has no leader: are most of the cluster's servers up?";
  case err_code::insufficient_resources:
  case err_code::insufficient_storage:
    return "raise max_file_store of the servers, or free some of it";
  case err_code::maximum_consumers:
    return "raise max_consumers of the account";
  case err_code::maximum_streams:
    return "raise max_streams of the account";
  case err_code::message_too_large:
    return "raise max_payload of the servers and max_msg_size of the stream";
  case err_code::replicas_without_cluster:
    return "this server is in no cluster: set buckets.replicas = 1";
  case err_code::bucket_full:
    return "raise max_bytes of the stream";
  case err_code::max_bytes_demanded:
    return "set buckets.max_bytes, as this account demands a limit";
  case err_code::not_enabled:
    return "start nats-server with -js";
  case err_code::not_enabled_for_account:
    return "enable JetStream for the account of this user";
  default:
    return {};
  }
}

bool has_replicas(const stream_options& wanted, const stream_config& found) {
  return found.replicas >= static_cast<std::int64_t>(wanted.replicas);
}

bool ttl_will_do(const stream_options& wanted, const stream_config& found) {
  auto longer = found.max_age_ns == 0 || found.max_age_ns >= ns(wanted.least_ttl);
  return found.max_age_ns == ns(wanted.ttl) || (wanted.least_ttl.count() != 0 && longer);
}

std::string milliseconds_text(std::int64_t ns) {
  return ns == 0 ? "none" : std::to_string(ns / 1'000'000) + " ms";
}

} // namespace

std::string to_string(const api_error& x) {
  if (x.code == 0)
    return x.description;
  auto remedy = remedy_of(x.err_code);
  return x.description + " (" + std::to_string(x.code) + "/" + std::to_string(x.err_code)
         + ")" + (remedy.empty() ? "" : ": ") + std::string{remedy};
}

bool is_final(const api_error& x) {
  constexpr int server_error = 500;
  switch (x.err_code) {
  // Reported as errors of the server, though they do not pass by themselves.
  case err_code::account_limit:
  case err_code::insufficient_storage:
  case err_code::maximum_consumers:
  case err_code::maximum_streams:
  case err_code::message_too_large:
  case err_code::replicas_without_cluster:
  case err_code::bucket_full:
    return true;
  // A server may not have joined yet, or an earlier write may be our own.
  case err_code::no_suitable_peers:
  case err_code::write_under_way:
    return false;
  default:
    return x.code != 0 && x.code < server_error;
  }
}

// -- streams ----------------------------------------------------------------------------

std::string create_stream_request(const stream_options& wanted) {
  return json{{"name", stream_of(wanted.bucket)},
              {"subjects", {subject_of(wanted.bucket, ">")}},
              {"retention", "limits"},
              {"storage", "file"},
              {"discard", "new"},
              {"max_consumers", -1},
              {"max_msgs", -1},
              {"max_bytes", wanted.max_bytes > 0 ? wanted.max_bytes : -1},
              {"max_msg_size", -1},
              {"max_msgs_per_subject", 1},
              {"max_age", ns(wanted.ttl)},
              {"duplicate_window", ns(duplicate_window(wanted.ttl))},
              {"num_replicas", wanted.replicas},
              {"allow_direct", true},
              {"allow_rollup_hdrs", true},
              {"deny_delete", true}}
      .dump();
}

std::string differences(const stream_options& wanted, const stream_config& found) {
  std::string result;
  auto differs = [&](const char* what, const std::string& is, const std::string& should) {
    result += (result.empty() ? "" : ", ") + std::string{what} + " is " + is
              + " instead of " + should;
  };
  auto subject = subject_of(wanted.bucket, ">");
  if (std::find(found.subjects.begin(), found.subjects.end(), subject)
      == found.subjects.end())
    differs("subjects", found.subjects.empty() ? "none" : found.subjects.front(),
            subject);
  if (found.max_msgs_per_subject != 1)
    differs("history", std::to_string(found.max_msgs_per_subject), "1");
  if (!ttl_will_do(wanted, found))
    differs("ttl", milliseconds_text(found.max_age_ns),
            wanted.least_ttl.count() != 0
                ? "at least " + milliseconds_text(ns(wanted.least_ttl))
                : milliseconds_text(ns(wanted.ttl)));
  if (found.storage != "file")
    differs("storage", found.storage, "file");
  if (found.retention != "limits")
    differs("retention", found.retention, "limits");
  if (found.discard != "new")
    differs("discard", found.discard, "new");
  if (!has_replicas(wanted, found))
    differs("replicas", std::to_string(found.replicas), std::to_string(wanted.replicas));
  if (found.is_copy)
    differs("source", "another stream", "none");
  if (found.sealed)
    differs("sealed", "true", "false");
  return result;
}

stream_config adapted(const stream_options& wanted, stream_config found) {
  auto all = json::parse(found.text, nullptr, false);
  if (!ttl_will_do(wanted, found)) {
    all["max_age"] = found.max_age_ns = ns(wanted.ttl);
    all["duplicate_window"] = ns(duplicate_window(wanted.ttl));
  }
  if (!has_replicas(wanted, found))
    all["num_replicas"] = found.replicas = wanted.replicas;
  found.text = all.dump();
  return found;
}

answer<stream_info> parse_stream(std::string_view found) {
  return parse_with<stream_info>(
      found, [](const json& obj) -> std::optional<stream_info> {
        auto created = from_rfc3339(text(obj, "created"));
        if (!created || !obj.contains("config"))
          return std::nullopt;
        const auto& state = part(obj, "state");
        const auto& cluster = part(obj, "cluster");
        return stream_info{config_of(part(obj, "config")),
                           *created,
                           number<std::uint64_t>(state, "last_seq"),
                           text(cluster, "name"),
                           text(obj, "domain"),
                           text(cluster, "leader")};
      });
}

// -- consumers --------------------------------------------------------------------------

std::string create_consumer_request(const consumer_options& wanted) {
  json config{{"deliver_subject", wanted.inbox},
              {"deliver_policy", "all"},
              {"ack_policy", "none"},
              {"max_deliver", 1},
              {"replay_policy", "instant"},
              {"flow_control", true},
              {"idle_heartbeat", ns(wanted.heartbeat)},
              {"inactive_threshold", ns(wanted.inactive_threshold)},
              {"num_replicas", 1},
              {"mem_storage", true}};
  // Without a filter for the whole stream, in which each subject has one message: to find
  // the last one of each of a million subjects takes nats-server 2.9 seconds, in which it
  // serves nothing else on the same connection.
  if (!wanted.filter.empty()) {
    config["deliver_policy"] = "last_per_subject";
    config["filter_subject"] = wanted.filter;
  }
  return json{{"stream_name", wanted.stream}, {"config", std::move(config)}}.dump();
}

answer<consumer_info> parse_consumer(std::string_view found) {
  return parse_with<consumer_info>(found,
                                   [](const json& obj) -> std::optional<consumer_info> {
                                     auto name = text(obj, "name");
                                     if (name.empty())
                                       return std::nullopt;
                                     return consumer_info{std::move(name)};
                                   });
}

// -- values -----------------------------------------------------------------------------

answer<publish_ack> parse_publish_ack(std::string_view found) {
  return parse_with<publish_ack>(
      found, [](const json& obj) -> std::optional<publish_ack> {
        publish_ack x{text(obj, "stream"), number<std::uint64_t>(obj, "seq")};
        return x.sequence ? std::optional{std::move(x)} : std::nullopt;
      });
}

std::string last_message_request(std::string_view subject) {
  return json{{"last_by_subj", subject}}.dump();
}

answer<stored_message> parse_stored(std::string_view found) {
  return parse_with<stored_message>(
      found, [](const json& obj) -> std::optional<stored_message> {
        const auto& inner = part(obj, "message");
        auto headers = from_base64(text(inner, "hdrs"));
        auto data = from_base64(text(inner, "data"));
        auto at = from_rfc3339(text(inner, "time"));
        auto sequence = number<std::uint64_t>(inner, "seq");
        if (!headers || !data || !at || sequence == 0)
          return std::nullopt;
        return stored_message{text(inner, "subject"), std::move(*data), sequence, *at,
                              parse_headers(*headers)};
      });
}

bool is_removal(const header_list& headers) {
  auto operation = find_header(headers, "KV-Operation");
  return operation == "DEL" || operation == "PURGE"
         || !find_header(headers, "Nats-Marker-Reason").empty();
}

} // namespace partita::nats
