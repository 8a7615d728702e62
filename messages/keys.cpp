// SPDX-License-Identifier: Apache-2.0
#include "partita/messages/keys.hpp"

#include "partita/messages/failpoint.hpp"
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

void member_settings::name_buckets() {
  const auto defaults = bucket_options::of(group.name);
  for (auto bucket : {&bucket_options::stable_id, &bucket_options::election,
                      &bucket_options::heartbeat, &bucket_options::assignment,
                      &bucket_options::partitions, &bucket_options::control})
    if ((buckets.*bucket).empty())
      buckets.*bucket = defaults.*bucket;
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

std::string keys::consumer_name(std::string_view group, std::string_view partition,
                                version token, unsigned run) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  auto result = std::string{group} + '-';
  for (auto c : partition) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '.')
      result += '~';
    else if (is_name_letter(c))
      result += c;
    else
      result += {'=', hex[byte / 16], hex[byte % 16]};
  }
  if (!failpoint(rule::token_not_in_name))
    result += '-' + std::to_string(token.value);
  return run == 0 ? result : result + "-r" + std::to_string(run);
}

std::optional<keys::named_consumer> keys::consumer_in(std::string_view name,
                                                      std::string_view group) {
  // From behind, as names of partitions have dashes, too.
  unsigned run = 0;
  auto take_number = [](std::string_view& from, std::string_view mark, auto& to) {
    auto at = from.rfind(mark);
    if (at == from.npos)
      return false;
    auto digits = from.substr(at + mark.size());
    auto value = to;
    const auto* end = digits.data() + digits.size();
    auto [last, error] = std::from_chars(digits.data(), end, value);
    if (error != std::errc{} || last != end)
      return false;
    to = value;
    from.remove_suffix(from.size() - at);
    return true;
  };
  auto rest = name;
  take_number(rest, "-r", run);
  named_consumer result;
  if (!take_number(rest, "-", result.token.value) || rest.size() <= group.size() + 1)
    return std::nullopt;
  rest.remove_prefix(group.size() + 1);
  for (std::size_t i = 0; i < rest.size(); ++i) {
    unsigned byte = 0;
    if (rest[i] == '=' && i + 2 < rest.size()
        && std::from_chars(&rest[i + 1], &rest[i] + 3, byte, 16).ptr == &rest[i] + 3) {
      result.partition += static_cast<char>(byte);
      i += 2;
    } else {
      result.partition += rest[i] == '~' ? '.' : rest[i];
    }
  }
  // Only what is written as we write it.
  if (consumer_name(group, result.partition, result.token, run) != name)
    return std::nullopt;
  return result;
}

} // namespace partita
