// SPDX-License-Identifier: Apache-2.0
#include "partita/messages/keys.hpp"

#include "partita/messages/options.hpp"
#include "partita/messages/store.hpp"

#include <algorithm>

namespace partita {

namespace {

/// As the name of a bucket.
bool is_name_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
         || c == '-' || c == '_';
}

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_name_letter);
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_key_letter);
}

/// Calls `good(token, whether it is the last)` for every token between dots.
template <class Predicate>
bool all_tokens(std::string_view text, Predicate good) {
  for (;;) {
    auto end = text.find('.');
    if (end == text.npos)
      return good(text, true);
    if (!good(text.substr(0, end), false))
      return false;
    text.remove_prefix(end + 1);
  }
}

std::string fault_unless(bool fits, std::string_view text, const char* why) {
  return fits ? std::string{} : "'" + std::string{text} + "' is " + why;
}

} // namespace

bucket_options bucket_options::of(const std::string& group) {
  return {.stable_id = group + "-stableid",
          .election = group + "-election",
          .heartbeat = group + "-heartbeat",
          .assignment = group + "-assignment",
          .partitions = group + "-partitions",
          .control = group + "-control"};
}

bool is_key_letter(char c) {
  return is_name_letter(c) || c == '/' || c == '=';
}

std::string key_fault(std::string_view key) {
  auto good = [](auto token, bool) { return is_token(token); };
  return fault_unless(
      all_tokens(key, good), key,
      "not a valid key: expected letters, digits and -_/= in tokens joined "
      "by dots; choose another key");
}

std::string pattern_fault(std::string_view pattern) {
  auto good = [](auto token, bool last) {
    return is_token(token) || token == "*" || (last && token == ">");
  };
  return fault_unless(all_tokens(pattern, good), pattern,
                      "not a valid pattern: expected a key in which a token may be * and "
                      "the last one >; choose another pattern");
}

std::string nonce_fault(std::string_view text) {
  return fault_unless(
      is_name(text), text,
      "not a nonce that can be served: expected letters, digits, - and _");
}

std::string bucket_fault(const open_bucket& x) {
  constexpr std::chrono::milliseconds shortest_ttl{100};
  constexpr std::uint32_t most_replicas = 5;
  if (x.ttl.count() != 0 && x.ttl < shortest_ttl)
    return "the ttl of bucket '" + x.name + "' is " + std::to_string(x.ttl.count())
           + " ms, expected 0 (for ever) or at least 100 ms; choose a longer one";
  if (x.replicas < 1 || x.replicas > most_replicas)
    return "bucket '" + x.name + "' has " + std::to_string(x.replicas)
           + " replicas, expected 1 to 5";
  return fault_unless(is_name(x.name), x.name,
                      "not a bucket name: expected letters, digits, - and _; choose "
                      "another name");
}

} // namespace partita
