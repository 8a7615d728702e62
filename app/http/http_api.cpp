// SPDX-License-Identifier: Apache-2.0
#include "partita/app/http/http_api.hpp"

#include "partita/config/duration.hpp"
#include "partita/config/text.hpp"

#include <nlohmann/json.hpp>

#include <openssl/crypto.h>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <optional>

namespace partita::app {

namespace {

using namespace std::chrono_literals;
using nlohmann::json;

// Waits end so much sooner than the application's time that it can call again and again.
constexpr int calls_per_ttl = 3;
// Numbers above are no exact numbers in JSON.
constexpr std::uint64_t greatest_number = std::uint64_t{1} << 53;

std::optional<std::uint64_t> number_of(const std::string& text) {
  auto result = config::number_in<std::uint64_t>(text);
  return result && *result <= greatest_number ? result : std::nullopt;
}

/// Not longer than a line, and nothing that breaks one.
std::string cited(const std::string& text) {
  constexpr std::size_t longest = 200;
  return config::printable(text.size() > longest ? text.substr(0, longest) + "..."
                                                 : text);
}

/// Why the parameters cannot be used: one that is not known, or is there twice.
std::optional<http_reply> wrong_parameters(const http_request& x,
                                           const std::vector<std::string>& known) {
  for (const auto& [name, value] : x.parameters) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      auto meant = config::nearest(name, known);
      return http_error(400, "parameter " + cited(name),
                        known.empty() ? "no parameters" : config::one_of(known),
                        meant.empty() ? "" : "did you mean " + meant + "?");
    }
    if (x.parameters.count(name) > 1)
      return http_error(400, "parameter " + name + " more than once",
                        "each parameter once");
  }
  return std::nullopt;
}

const std::string* parameter(const http_request& x, const char* name) {
  auto i = x.parameters.find(name);
  return i == x.parameters.end() ? nullptr : &i->second;
}

std::optional<http_reply> allowed(const http_request& x, bool by_get) {
  if (by_get ? x.method == "GET" || x.method == "HEAD" : x.method == "POST")
    return std::nullopt;
  auto methods = by_get ? "GET, HEAD" : "POST";
  auto result = http_error(405, x.method + ' ' + cited(x.path), methods);
  result.headers.emplace_back("Allow", methods);
  return result;
}

/// The name of a host without its port.
std::string host_in(const std::string& header) {
  if (header.starts_with('['))
    return header.substr(0, header.find(']') + 1);
  return config::lowered(header.substr(0, header.find(':')));
}

/// Whether no name server was involved. A page of a foreign site can have its own name
/// point here; a request of its browser then has that name.
bool needs_no_name_server(const std::string& header) {
  auto host = host_in(header);
  if (host.empty() || host == "localhost" || host.starts_with('['))
    return true;
  return std::all_of(host.begin(), host.end(),
                     [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

/// Takes the same time whichever bytes differ.
bool same_secret(std::string_view x, std::string_view y) {
  return x.size() == y.size() && CRYPTO_memcmp(x.data(), y.data(), x.size()) == 0;
}

constexpr const char* release_form =
    R"({"partition":"orders.7","token":3145730}, or an array of such objects)";

/// One object of a release, or why it is none.
std::variant<release_item, std::string> release_item_of(const json& x) {
  if (!x.is_object())
    return std::string{x.type_name()};
  for (const auto& [name, value] : x.items())
    if (name != "partition" && name != "token")
      return "member " + cited(name);
  if (!x.contains("partition") || !x["partition"].is_string())
    return "no partition, a string";
  if (!x.contains("token") || !x["token"].is_number_unsigned())
    return "no token, an integer";
  return release_item{x["partition"].get<std::string>(),
                      {x["token"].get<std::uint64_t>()}};
}

} // namespace

std::vector<std::string> http_api::paths() const {
  std::vector<std::string> result = {"/livez", "/readyz", "/v1/assignment", "/v1/events",
                                     "/v1/released"};
  for (const auto& x : pages_)
    // A browser finds the parts of a page by itself.
    if (!x.path.starts_with("/page/"))
      result.push_back(x.path);
  std::sort(result.begin(), result.end());
  return result;
}

http_decision http_api::judge(const http_request& x) const {
  if (x.path.starts_with("/v1/") && x.from_here && !shows_token(x)
      && !needs_no_name_server(x.host))
    return http_error(403, "Host: " + cited(x.host), "Host: localhost or an IP address",
                      "use 127.0.0.1, or send http.token as a bearer token");
  using answer = http_decision (http_api::*)(const http_request&) const;
  static const std::map<std::string, answer> answers{
      {"/v1/assignment", &http_api::assignment},
      {"/v1/events", &http_api::events},
      {"/v1/released", &http_api::released},
      {"/livez", &http_api::probed},
      {"/readyz", &http_api::probed}};
  auto own = answers.find(x.path);
  auto page = std::find_if(pages_.begin(), pages_.end(),
                           [&](const http_page& y) { return y.path == x.path; });
  if (own == answers.end() && page == pages_.end()) {
    auto meant = config::nearest(x.path, paths());
    return http_error(404, cited(x.path), fmt::format("{}", fmt::join(paths(), ", ")),
                      meant.empty() ? "" : "did you mean " + meant + "?");
  }
  if (auto no = allowed(x, x.path != "/v1/released"))
    return *no;
  return own == answers.end() ? show_page{&*page} : (this->*own->second)(x);
}

http_decision http_api::assignment(const http_request& x) const {
  if (auto no = wrong_parameters(x, {"version", "wait"}))
    return *no;
  ask_assignment result;
  result.who = who(x);
  if (const auto* text = parameter(x, "version")) {
    auto number = number_of(*text);
    if (!number)
      return http_error(400, "version=" + cited(*text),
                        "an integer from 0 to 9007199254740992",
                        "pass the version of the last answer");
    result.known = *number;
  }
  if (const auto* text = parameter(x, "wait")) {
    auto wait = config::parse_duration(*text);
    if (!wait || *wait < 0ms || *wait > longest_wait)
      return http_error(400, "wait=" + cited(*text),
                        "a duration from 0s to " + config::format_duration(longest_wait),
                        "write it with its unit, as wait=30s");
    result.wait = *wait;
  }
  if (rules_.app_ttl > 0ms)
    result.wait = std::min(result.wait, rules_.app_ttl / calls_per_ttl);
  return result;
}

http_decision http_api::events(const http_request& x) const {
  if (auto no = wrong_parameters(x, {"after"}))
    return *no;
  ask_events result;
  result.who = who(x);
  result.wait = longest_silence;
  const auto* text = parameter(x, "after");
  // A browser and most libraries resume by the header.
  if (!x.last_event_id.empty())
    text = &x.last_event_id;
  if (!text)
    return result;
  auto number = number_of(*text);
  if (!number || *number == 0)
    return http_error(400, cited(*text), "the id of an event, an integer above 0",
                      "pass last_event of GET /v1/assignment, or the last id: seen");
  result.after = *number;
  return result;
}

http_decision http_api::released(const http_request& x) const {
  if (auto no = refusal(x))
    return *no;
  if (!rules_.confirm)
    return http_error(409, "http.confirm = false",
                      "http.confirm = true for releases to mean anything",
                      "set confirm = true in [http] and restart the worker; until then "
                      "all work counts as stopped when it is revoked");
  auto type = config::lowered(x.content_type.substr(0, x.content_type.find(';')));
  // A page of a foreign site can send everything but this without a preflight request.
  if (config::trimmed(type) != "application/json")
    return http_error(415, "Content-Type: " + cited(x.content_type),
                      "Content-Type: application/json");
  if (!x.content_encoding.empty() && config::lowered(x.content_encoding) != "identity")
    return http_error(415, "Content-Encoding: " + cited(x.content_encoding),
                      "a body that is not compressed");
  if (!x.transfer_encoding.empty())
    return http_error(411, "Transfer-Encoding: " + cited(x.transfer_encoding),
                      "Content-Length");
  return body_wanted{};
}

http_decision http_api::judge_body(const http_request& x) const {
  if (x.body.size() > most_body)
    return http_error(413, "a body of more than 65536 bytes", "at most 65536 bytes",
                      "send several requests");
  auto parsed = json::parse(x.body, nullptr, false);
  if (parsed.is_discarded())
    return http_error(400, "a body that is no JSON: " + cited(x.body), release_form);
  release_work result;
  auto items = parsed.is_array() ? parsed : json::array({parsed});
  for (const auto& item : items) {
    auto read = release_item_of(item);
    if (const auto* why = std::get_if<std::string>(&read))
      return http_error(400, *why, release_form);
    result.items.push_back(std::get<release_item>(std::move(read)));
  }
  if (result.items.empty())
    return http_error(400, "an empty array", release_form);
  return result;
}

bool http_api::shows_token(const http_request& x) const {
  constexpr std::string_view scheme = "bearer ";
  return !rules_.token.empty() && x.authorization.size() > scheme.size()
         && config::lowered(x.authorization.substr(0, scheme.size())) == scheme
         && same_secret(
             config::trimmed(std::string_view{x.authorization}.substr(scheme.size())),
             rules_.token);
}

std::optional<http_reply> http_api::refusal(const http_request& x) const {
  if (shows_token(x))
    return std::nullopt;
  if (!x.authorization.empty())
    return http_error(403, "Authorization that is not ours",
                      "Authorization: Bearer and http.token",
                      "check PARTITA_HTTP_TOKEN on both sides");
  if (x.from_here && !x.of_a_page)
    return std::nullopt;
  if (rules_.token.empty())
    return http_error(403, x.of_a_page ? "a page in a browser" : "another machine",
                      "a program on the worker's own machine",
                      "set http.token and send it as a bearer token");
  auto result =
      http_error(401, "no Authorization", "Authorization: Bearer and http.token");
  result.headers.emplace_back("WWW-Authenticate", "Bearer");
  return result;
}

caller http_api::who(const http_request& x) const {
  return refusal(x) ? caller::other : caller::application;
}

} // namespace partita::app
