// SPDX-License-Identifier: Apache-2.0
#include "partita/messages/key_rules.hpp"

#include <algorithm>

namespace partita {

namespace {

constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz"
                                     "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789-_";

bool made_of(std::string_view text, std::string_view more) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return letters.find(c) != letters.npos || more.find(c) != more.npos;
  });
}

bool is_token(std::string_view text) {
  return !text.empty() && made_of(text, "/=");
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

std::string in_quotes(std::string_view text) {
  return "'" + std::string{text} + "'";
}

} // namespace

std::string key_fault(std::string_view key) {
  if (all_tokens(key, [](auto token, bool) { return is_token(token); }))
    return {};
  return in_quotes(key)
         + " is not a valid key: expected letters, digits and -_/= in tokens joined by "
         + "dots; choose another key";
}

std::string pattern_fault(std::string_view pattern) {
  auto good = [](auto token, bool last) {
    return is_token(token) || token == "*" || (last && token == ">");
  };
  if (all_tokens(pattern, good))
    return {};
  return in_quotes(pattern)
         + " is not a valid pattern: expected a key in which a token may be * and "
         + "the last one >; choose another pattern";
}

std::string nonce_fault(std::string_view nonce) {
  if (!nonce.empty() && made_of(nonce, ""))
    return {};
  return in_quotes(nonce)
         + " is not a nonce that can be served: expected letters, digits, - " + "and _";
}

std::string bucket_name_fault(std::string_view name) {
  if (!name.empty() && made_of(name, ""))
    return {};
  return in_quotes(name) + " is not a bucket name: expected letters, digits, - and _; "
         + "choose another name";
}

} // namespace partita
