// SPDX-License-Identifier: Apache-2.0
#include "partita/store/nats/client/subjects.hpp"

#include "partita/store/nats/client/message.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <random>

namespace partita::nats {

namespace {

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

std::string_view find_header(const header_list& headers, std::string_view name) {
  auto i = std::find_if(headers.begin(), headers.end(),
                        [&](const auto& x) { return x.first == name; });
  return i == headers.end() ? std::string_view{} : std::string_view{i->second};
}

int message::status() const {
  int result = 0;
  return read_number(header("Status"), result) ? result : 0;
}

std::string stream_of(std::string_view bucket) {
  return "KV_" + std::string{bucket};
}

std::string subject_of(std::string_view bucket, std::string_view key) {
  return "$KV." + std::string{bucket} + "." + std::string{key};
}

std::string_view key_in(std::string_view bucket, std::string_view subject) {
  constexpr std::string_view start = "$KV.";
  if (!subject.starts_with(start))
    return {};
  subject.remove_prefix(start.size());
  if (!subject.starts_with(bucket) || subject.size() <= bucket.size()
      || subject[bucket.size()] != '.')
    return {};
  return subject.substr(bucket.size() + 1);
}

std::string probe_subject_of(std::string_view nonce) {
  return std::string{probe_prefix} + std::string{nonce};
}

std::string random_inbox() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::random_device source;
  std::string result = "_INBOX.";
  for (int i = 0; i < 32; ++i)
    result += digits[source() % digits.size()];
  return result;
}

std::optional<port_and_number> request_in(std::string_view reply) {
  std::array<std::string_view, 5> tokens;
  port_and_number x;
  if (split(reply, tokens) != tokens.size() || !read_number(tokens[3], x.first)
      || !read_number(tokens[4], x.second))
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

/// The permission to ask for: with a wildcard where the last tokens change at each use.
std::string permission_for(const violation& x) {
  constexpr std::string_view inbox = "_INBOX.";
  std::string_view subject = x.subject;
  if (x.publish && subject.starts_with(inbox))
    return "allow_responses: true";
  auto begins_with = [&](auto... prefix) { return (subject.starts_with(prefix) || ...); };
  // How many leading tokens never change; 0: all of them.
  auto same = begins_with(inbox)                             ? 1
              : begins_with("$KV.", probe_prefix, "$JS.FC.") ? 2
              : begins_with("$JS.API.CONSUMER.DELETE.")      ? 5
                                                             : 0;
  std::size_t end = 0;
  for (int i = 0; i < same && end != std::string_view::npos; ++i)
    end = subject.find('.', end + (i > 0));
  auto all = same == 0 || end == std::string_view::npos
                 ? std::string{subject}
                 : std::string{subject.substr(0, end)} + ".>";
  return (x.publish ? "publish: \"" : "subscribe: \"") + all + '"';
}

} // namespace

std::optional<violation> parse_violation(std::string_view text) {
  constexpr std::string_view publish = "ermissions Violation for Publish to \"";
  constexpr std::string_view subscribe = "ermissions Violation for Subscription to \"";
  violation x;
  auto at = text.find(publish);
  if (at != std::string_view::npos) {
    text.remove_prefix(at + publish.size());
  } else {
    at = text.find(subscribe);
    if (at == std::string_view::npos)
      return std::nullopt;
    x.publish = false;
    text.remove_prefix(at + subscribe.size());
  }
  x.subject = text.substr(0, text.find('"'));
  x.wanted = permission_for(x);
  return x;
}

} // namespace partita::nats
