// SPDX-License-Identifier: Apache-2.0
#include "partita/store/nats/client/subjects.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <random>

namespace partita::nats {

namespace {

constexpr std::string_view kv_start = "$KV.";
constexpr std::string_view usual_api = "$JS.API";
constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::size_t inbox_digits = 32;

template <class T>
bool read_number(std::string_view text, T& result) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
  return error == std::errc{} && end == text.data() + text.size();
}

/// Splits at dots; more tokens than fit: 0.
template <std::size_t N>
std::size_t split(std::string_view text, std::array<std::string_view, N>& tokens) {
  std::size_t count = 0;
  for (;;) {
    if (count == N)
      return 0;
    auto end = text.find('.');
    tokens[count++] = text.substr(0, end);
    if (end == std::string_view::npos)
      return count;
    text.remove_prefix(end + 1);
  }
}

} // namespace

std::string stream_of(std::string_view bucket) {
  return "KV_" + std::string{bucket};
}

std::string subject_of(std::string_view bucket, std::string_view key) {
  return "$KV." + std::string{bucket} + "." + std::string{key};
}

std::string_view key_in(std::string_view bucket, std::string_view subject) {
  auto start = subject_of(bucket, {});
  return subject.starts_with(start) ? subject.substr(start.size()) : std::string_view{};
}

std::string probe_subject_of(std::string_view nonce) {
  return std::string{probe_prefix} + std::string{nonce};
}

std::string random_inbox(const std::string& prefix) {
  std::random_device source;
  auto result = (prefix.empty() ? "_INBOX" : prefix) + '.';
  for (std::size_t i = 0; i < inbox_digits; ++i)
    result += hex_digits[source() % hex_digits.size()];
  return result;
}

std::string with_api_prefix(std::string_view api_prefix, const std::string& subject) {
  if (api_prefix == usual_api)
    return subject;
  if (subject.starts_with(usual_api))
    return std::string{api_prefix} + subject.substr(usual_api.size());
  return subject.starts_with(kv_start) ? std::string{api_prefix} + '.' + subject
                                       : subject;
}

std::string without_api_prefix(std::string_view api_prefix, const std::string& subject) {
  if (api_prefix == usual_api || !subject.starts_with(api_prefix))
    return subject;
  auto rest = subject.substr(api_prefix.size());
  return rest.starts_with('.' + std::string{kv_start}) ? rest.substr(1)
                                                       : std::string{usual_api} + rest;
}

std::optional<port_and_number> request_in(std::string_view reply) {
  port_and_number x;
  auto last = std::min(reply.rfind('.'), reply.size());
  auto before = reply.rfind(".r.", last);
  if (before == std::string_view::npos || before + 3 > last
      || !read_number(reply.substr(before + 3, last - before - 3), x.first)
      || !read_number(reply.substr(last + 1), x.second))
    return std::nullopt;
  return x;
}

std::optional<delivery> parse_delivery(std::string_view reply) {
  constexpr std::string_view start = "$JS.ACK.";
  if (!reply.starts_with(start))
    return std::nullopt;
  reply.remove_prefix(start.size());
  std::array<std::string_view, 12> tokens;
  auto count = split(reply, tokens);
  // Short: stream first. Long: domain and account before it, perhaps a token behind.
  std::size_t at = 0;
  if (count >= 9)
    at = 2;
  else if (count != 7)
    return std::nullopt;
  delivery x;
  x.stream = tokens[at];
  x.consumer = tokens[at + 1];
  if (!read_number(tokens[at + 3], x.stream_sequence)
      || !read_number(tokens[at + 4], x.consumer_sequence)
      || !read_number(tokens[at + 5], x.stored_at_ns))
    return std::nullopt;
  return x;
}

namespace {

/// The end of an inbox's prefix, before its random token; npos: it is no inbox.
std::size_t end_of_inbox_prefix(std::string_view subject) {
  constexpr std::string_view usual = "_INBOX.";
  if (subject.starts_with(usual))
    return usual.size() - 1;
  if (subject.starts_with(probe_prefix))
    return std::string_view::npos;
  for (auto dot = subject.find('.'); dot != std::string_view::npos;) {
    auto next = subject.find('.', dot + 1);
    auto token = subject.substr(dot + 1, next - dot - 1);
    if (token.size() == inbox_digits
        && token.find_first_not_of(hex_digits) == std::string_view::npos)
      return dot;
    dot = next;
  }
  return std::string_view::npos;
}

/// The end of the tokens that are the same at each use; npos: all are.
std::size_t end_of_fixed(std::string_view subject) {
  // Behind an API prefix, too.
  auto kv = subject.find(kv_start);
  auto begins_with = [&](auto... prefix) { return (subject.starts_with(prefix) || ...); };
  // How many they are; 0: all.
  auto same = kv != std::string_view::npos || begins_with(probe_prefix, "$JS.FC.") ? 2
              : begins_with("$JS.API.CONSUMER.CREATE.", "$JS.API.CONSUMER.DELETE.",
                            "$JS.API.CONSUMER.INFO.")
                  ? 5
                  : 0;
  auto end = kv == std::string_view::npos ? 0 : kv;
  for (int i = 0; i < same && end != std::string_view::npos; ++i)
    end = subject.find('.', end + (i > 0));
  return same == 0 ? std::string_view::npos : end;
}

/// The permission to ask for: with a wildcard where the last tokens change at each use.
std::string permission_for(const violation& x) {
  std::string_view subject = x.subject;
  auto end = end_of_inbox_prefix(subject);
  if (x.publish && end != std::string_view::npos)
    return "allow_responses: true";
  if (end == std::string_view::npos)
    end = end_of_fixed(subject);
  auto all = end == std::string_view::npos ? x.subject
                                           : std::string{subject.substr(0, end)} + ".>";
  return (x.publish ? "publish: \"" : "subscribe: \"") + all + '"';
}

} // namespace

std::optional<violation> parse_violation(std::string_view text) {
  for (auto [what, publish] : {std::pair{"Publish", true}, {"Subscription", false}}) {
    auto start = std::string{"ermissions Violation for "} + what + " to \"";
    auto at = text.find(start);
    if (at == std::string_view::npos)
      continue;
    text.remove_prefix(at + start.size());
    violation x{publish, std::string{text.substr(0, text.find('"'))}, {}};
    x.wanted = permission_for(x);
    return x;
  }
  return std::nullopt;
}

} // namespace partita::nats
