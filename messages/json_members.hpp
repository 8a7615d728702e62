// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/codec.hpp"
#include "partita/messages/enumeration.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <utility>

/// INTERNAL to the codecs: reads the members of JSON objects. What cannot be read is
/// thrown as bad_value and becomes a value in `read`: nothing is thrown beyond that.
namespace partita::json_members {

using nlohmann::json;

struct bad_value {
  std::string why;
};

[[noreturn]] inline void fail(std::string why) {
  throw bad_value{std::move(why)};
}

inline std::string at(const char* key) {
  return std::string{"member '"} + key + "': ";
}

inline const json* find(const json& obj, const char* key) {
  auto i = obj.find(key);
  return i == obj.end() || i->is_null() ? nullptr : &*i;
}

inline const json& need(const json& obj, const char* key) {
  if (const auto* x = find(obj, key))
    return *x;
  fail(at(key) + "is missing");
}

inline std::uint64_t number(const json& x, const char* key) {
  if (!x.is_number_unsigned())
    fail(at(key) + "expected a whole number from 0 to 2^53, found " + x.dump());
  auto n = x.get<std::uint64_t>();
  if (n > max_exact_number)
    fail(at(key) + std::to_string(n) + " is above 2^53");
  return n;
}

inline std::uint64_t number_or(const json& obj, const char* key, std::uint64_t fallback) {
  const auto* x = find(obj, key);
  return x ? number(*x, key) : fallback;
}

inline std::int64_t signed_number_or(const json& obj, const char* key,
                                     std::int64_t fallback) {
  const auto* x = find(obj, key);
  if (!x)
    return fallback;
  if (!x->is_number_integer())
    fail(at(key) + "expected a whole number, found " + x->dump());
  if (x->is_number_unsigned() && x->get<std::uint64_t>() > max_exact_number)
    fail(at(key) + x->dump() + " is above 2^53");
  return x->get<std::int64_t>();
}

inline std::string text(const json& x, const char* key) {
  if (!x.is_string())
    fail(at(key) + "expected a string, found " + x.dump());
  return x.get<std::string>();
}

inline std::string text_or(const json& obj, const char* key) {
  const auto* x = find(obj, key);
  return x ? text(*x, key) : std::string{};
}

inline const json& need_list(const json& x, const char* key) {
  if (!x.is_array())
    fail(at(key) + "expected a list, found " + x.dump());
  return x;
}

/// The format of what is written, its member `v`. It grows only with a change that older
/// programs would misunderstand; members that they may ignore come without.
inline constexpr std::uint64_t format_version = 1;

/// An entry without `v` is of format 1. One of a greater format cannot be read: a reader
/// that guessed its meaning might act against it.
inline void check_format(const json& obj) {
  auto found = number_or(obj, "v", 1);
  if (found > format_version)
    fail(at("v") + "is of format " + std::to_string(found)
         + ", written by a newer partita; this one reads formats up to "
         + std::to_string(format_version) + ": upgrade it");
}

template <class Enum>
Enum word(const json& x, const char* key) {
  auto found = text(x, key);
  for (std::size_t i = 0; i < count_of<Enum>; ++i)
    if (auto value = static_cast<Enum>(i); to_string(value) == found)
      return value;
  fail(at(key) + "unknown word '" + found + "'");
}

/// Parses `text` as a JSON object and hands it to `f`; turns every trouble into a value.
template <class T, class F>
decoded<T> read(std::string_view text, F f) {
  auto obj = json::parse(text, nullptr, false);
  if (obj.is_discarded())
    return malformed{"expected a JSON object, found " + std::to_string(text.size())
                     + " bytes that are not JSON"};
  if (!obj.is_object())
    return malformed{std::string{"expected a JSON object, found a JSON "}
                     + obj.type_name()};
  try {
    return f(obj);
  } catch (const bad_value& e) {
    return malformed{e.why};
  } catch (const json::exception& e) {
    // dump() of a found value that is no UTF-8, for one.
    return malformed{e.what()};
  }
}

/// Values may hold text from outside (an instance's name): bytes that are no UTF-8 are
/// replaced, not thrown over.
inline std::string dump(const json& x) {
  return x.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace partita::json_members
