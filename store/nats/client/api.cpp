// SPDX-License-Identifier: Apache-2.0
#include "partita/store/nats/client/api.hpp"

#include "partita/store/nats/client/api_json.hpp"
#include "partita/store/nats/client/subjects.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <regex>

namespace partita::nats {

namespace {

using namespace api_json;
using std::chrono::milliseconds;

std::int64_t ns(milliseconds x) {
  return std::chrono::nanoseconds{x}.count();
}

/// How long the server remembers message ids: never longer than the messages live.
milliseconds duplicate_window(milliseconds ttl) {
  constexpr milliseconds longest = std::chrono::minutes{2};
  return ttl > milliseconds{0} ? std::min(ttl, longest) : longest;
}

enum class passing : std::uint8_t { by_code, yes, no };

struct known_error {
  int err_code;
  passing passes;
  std::string_view remedy = {};
};

/// What is to be done, and whether the same request may succeed later; `by_code`: as HTTP's
/// code says.
constexpr known_error known_errors[] = {
    // Reported as errors of the server, though they do not pass by themselves.
    {10002, passing::no, "raise the JetStream limits of the account"},
    {10026, passing::no, "raise max_consumers of the account"},
    {10027, passing::no, "raise max_streams of the account"},
    {10047, passing::no, "raise max_file_store of the servers, or free some of it"},
    {10054, passing::no,
     "raise max_payload of the servers and max_msg_size of the stream"},
    {10074, passing::no, "this server is in no cluster: set buckets.replicas = 1"},
    {10077, passing::no, "raise max_bytes of the stream"},
    // A server may not have joined yet.
    {10005, passing::yes,
     "buckets.replicas asks for more servers than the cluster has with JetStream at the "
     "moment"},
    // Another write of the subject is under way, perhaps an earlier try of our own. Sent by
    // newer servers in a cluster.
    {10164, passing::yes},
    {10008, passing::by_code,
     "JetStream has no leader: are most of the cluster's servers up?"},
    {10023, passing::by_code, "raise max_file_store of the servers, or free some of it"},
    {10039, passing::by_code, "enable JetStream for the account of this user"},
    {10076, passing::by_code, "start nats-server with -js"},
    {10113, passing::by_code, "set buckets.max_bytes, as this account demands a limit"},
};

known_error known(int err_code) {
  const auto* found = std::find_if(std::begin(known_errors), std::end(known_errors),
                                   [&](const auto& x) { return x.err_code == err_code; });
  return found == std::end(known_errors) ? known_error{err_code, passing::by_code}
                                         : *found;
}

bool has_replicas(const stream_options& wanted, const json& config) {
  return number<std::int64_t>(config, "num_replicas", 1) >= wanted.replicas;
}

bool ttl_will_do(const stream_options& wanted, const json& config) {
  auto found = number<std::int64_t>(config, "max_age");
  auto longer = found == 0 || found >= ns(wanted.least_ttl);
  return found == ns(wanted.ttl) || (wanted.least_ttl.count() != 0 && longer);
}

std::string milliseconds_text(std::int64_t ns) {
  return ns == 0 ? "none" : std::to_string(ns / 1'000'000) + " ms";
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

} // namespace

std::string_view find_header(const header_list& headers, std::string_view name) {
  auto i = std::find_if(headers.begin(), headers.end(),
                        [&](const auto& x) { return x.first == name; });
  return i == headers.end() ? std::string_view{} : std::string_view{i->second};
}

int message::status() const {
  auto text = header("Status");
  int result = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
  return error == std::errc{} && end == text.data() + text.size() ? result : 0;
}

std::string to_string(const api_error& x) {
  if (x.code == 0)
    return x.description;
  auto remedy = known(x.err_code).remedy;
  return x.description + " (" + std::to_string(x.code) + "/" + std::to_string(x.err_code)
         + ")" + (remedy.empty() ? "" : ": ") + std::string{remedy};
}

bool is_final(const api_error& x) {
  constexpr int server_error = 500;
  auto passes = known(x.err_code).passes;
  if (passes == passing::by_code)
    return x.code != 0 && x.code < server_error;
  return passes == passing::no;
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

std::string differences(const stream_options& wanted, std::string_view config) {
  auto found = json::parse(config, nullptr, false);
  std::string result;
  auto expect = [&](bool fits, const char* what, const std::string& is,
                    const std::string& should) {
    if (!fits)
      result += (result.empty() ? "" : ", ") + std::string{what} + " is " + is
                + " instead of " + should;
  };
  auto expect_word = [&](const char* what, const char* should) {
    auto is = text(found, what);
    expect(is == should, what, is, should);
  };
  auto subject = subject_of(wanted.bucket, ">");
  auto subjects = found.value("subjects", json::array());
  expect(std::find(subjects.begin(), subjects.end(), subject) != subjects.end(),
         "subjects", subjects.empty() ? "none" : shown(subjects.front()), subject);
  auto history = number<std::int64_t>(found, "max_msgs_per_subject");
  expect(history == 1, "history", std::to_string(history), "1");
  expect(ttl_will_do(wanted, found), "ttl",
         milliseconds_text(number<std::int64_t>(found, "max_age")),
         wanted.least_ttl.count() != 0
             ? "at least " + milliseconds_text(ns(wanted.least_ttl))
             : milliseconds_text(ns(wanted.ttl)));
  expect_word("storage", "file");
  expect_word("retention", "limits");
  expect_word("discard", "new");
  expect(has_replicas(wanted, found), "replicas",
         std::to_string(number<std::int64_t>(found, "num_replicas", 1)),
         std::to_string(wanted.replicas));
  // Fed by another stream, so that our writes would not be all of its content.
  expect(!found.contains("mirror") && !found.contains("sources"), "source",
         "another stream", "none");
  expect(!flag(found, "sealed"), "sealed", "true", "false");
  return result;
}

std::string adapted(const stream_options& wanted, std::string_view config) {
  auto result = json::parse(config, nullptr, false);
  if (!ttl_will_do(wanted, result)) {
    result["max_age"] = ns(wanted.ttl);
    result["duplicate_window"] = ns(duplicate_window(wanted.ttl));
  }
  if (!has_replicas(wanted, result))
    result["num_replicas"] = wanted.replicas;
  return shown(result);
}

answer<stream_info> parse_stream(std::string_view found) {
  return parse_with<stream_info>(
      found, [](const json& obj) -> std::optional<stream_info> {
        auto created = from_rfc3339(text(obj, "created"));
        if (!created || !obj.contains("config"))
          return std::nullopt;
        const auto& state = part(obj, "state");
        const auto& cluster = part(obj, "cluster");
        const auto& config = part(obj, "config");
        return stream_info{shown(config),
                           number<std::int64_t>(config, "max_age"),
                           number<std::int64_t>(config, "max_msg_size"),
                           number<std::int64_t>(config, "num_replicas", 1),
                           *created,
                           number<std::uint64_t>(state, "last_seq"),
                           text(cluster, "name"),
                           text(obj, "domain"),
                           text(cluster, "leader")};
      });
}

std::string stream_names_request(std::size_t known) {
  return json{{"offset", known}}.dump();
}

answer<stream_names> parse_stream_names(std::string_view found) {
  return parse_with<stream_names>(
      found, [](const json& obj) -> std::optional<stream_names> {
        stream_names result{{}, number<std::size_t>(obj, "total")};
        // Null if there is none.
        if (auto i = obj.find("streams"); i != obj.end() && i->is_array())
          for (const auto& x : *i)
            result.names.push_back(shown(x));
        return result;
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

// -- encodings --------------------------------------------------------------------------

std::optional<std::string> from_base64(std::string_view text) {
  auto digits = text.find_last_not_of('=') + 1;
  std::string block{text.substr(0, digits)};
  // OpenSSL reads '=' as a digit, and whole blocks only.
  if (digits % 4 == 1 || block.find('=') != std::string::npos)
    return std::nullopt;
  block.resize((digits + 3) / 4 * 4, '=');
  std::string result(block.size() / 4 * 3, '\0');
  void* to = result.data();
  const void* from = block.data();
  if (EVP_DecodeBlock(static_cast<unsigned char*>(to),
                      static_cast<const unsigned char*>(from),
                      static_cast<int>(block.size()))
      < 0)
    return std::nullopt;
  result.resize(digits * 3 / 4);
  return result;
}

std::optional<std::int64_t> from_rfc3339(std::string_view text) {
  using namespace std::chrono;
  static const std::regex form{
      R"((\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?)"
      R"((?:[Zz]|([+-])(\d\d):(\d\d)))"};
  std::cmatch found;
  if (!std::regex_match(text.data(), text.data() + text.size(), found, form))
    return std::nullopt;
  auto number_at = [&](std::size_t i) {
    return found[i].matched ? std::stoi(found[i].str()) : 0;
  };
  year_month_day date{year{number_at(1)}, month{static_cast<unsigned>(number_at(2))},
                      day{static_cast<unsigned>(number_at(3))}};
  if (!date.ok())
    return std::nullopt;
  auto offset =
      (found[8] == "-" ? -1 : 1) * (hours{number_at(9)} + minutes{number_at(10)});
  seconds at = (sys_days{date} + hours{number_at(4)} + minutes{number_at(5)}
                + seconds{number_at(6)} - offset)
                   .time_since_epoch();
  if (at < 0s)
    return 0;
  if (at >= duration_cast<seconds>(nanoseconds::max()))
    return std::nullopt;
  auto fraction = found[7].str();
  fraction.resize(9, '0');
  return nanoseconds{at}.count() + std::stoi(fraction);
}

header_list parse_headers(std::string_view block) {
  header_list result;
  for (auto first = true; !block.empty(); first = false) {
    auto end = block.find("\r\n");
    auto line = block.substr(0, end);
    block.remove_prefix(end == std::string_view::npos ? block.size() : end + 2);
    auto colon = line.find(':');
    if (first || colon == std::string_view::npos)
      continue;
    result.emplace_back(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
  }
  return result;
}

} // namespace partita::nats
