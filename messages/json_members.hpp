// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/codec.hpp"
#include "partita/messages/enumeration.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace partita {

/// Found by nlohmann's conversions, also of lists.
inline void to_json(nlohmann::json& to, const partition& x) {
  to = {{"keys", x.keys.all()}, {"weight", x.weight}};
}

} // namespace partita

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

inline std::int64_t signed_number(const json& x, const char* key) {
  if (!x.is_number_integer())
    fail(at(key) + "expected a whole number, found " + x.dump());
  if (x.is_number_unsigned() && x.get<std::uint64_t>() > max_exact_number)
    fail(at(key) + x.dump() + " is above 2^53");
  return x.get<std::int64_t>();
}

inline std::int64_t signed_number_or(const json& obj, const char* key,
                                     std::int64_t fallback) {
  const auto* x = find(obj, key);
  return x ? signed_number(*x, key) : fallback;
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

/// The format of what is written, its member `v`; records have newest_record_format. It grows
/// only with a change that older programs would misunderstand; members that they may ignore
/// come without.
inline constexpr std::uint64_t format_version = 1;

/// An entry without `v` is of format 1. One of a greater format than `most` cannot be read: a
/// reader that guessed its meaning might act against it.
inline std::uint64_t check_format(const json& obj, std::uint64_t most = format_version) {
  auto found = number_or(obj, "v", 1);
  if (found > most)
    fail(at("v") + "is of format " + std::to_string(found)
         + ", written by a newer partita; this one reads formats up to "
         + std::to_string(most) + ": upgrade it");
  return found;
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

// -- members that several kinds of entries have -----------------------------------------

inline partition_keys read_keys(const json& x) {
  if (!x.is_array() || x.empty())
    fail(at("keys") + "expected a non-empty list of strings, found " + x.dump());
  partition_keys::list result;
  for (const auto& key : x)
    result.push_back(text(key, "keys"));
  return result;
}

inline partition read_partition(const json& x) {
  if (!x.is_object())
    fail("expected a partition (an object), found " + x.dump());
  return {read_keys(need(x, "keys")), signed_number_or(x, "weight", 100)};
}

inline void write_terms(json& to, const session_terms& x) {
  if (x.ttl.count() != 0)
    to["ttl_ms"] = x.ttl.count();
  if (x.ownership)
    to["ownership"] = to_string(*x.ownership);
}

inline session_terms read_terms(const json& obj) {
  session_terms result;
  if (const auto* x = find(obj, "ttl_ms")) {
    auto found = number(*x, "ttl_ms");
    if (found < 1 || found > longest_ttl_ms)
      fail(at("ttl_ms") + "expected 1 to " + std::to_string(longest_ttl_ms) + ", found "
           + std::to_string(found));
    result.ttl = std::chrono::milliseconds{found};
  }
  if (const auto* x = find(obj, "ownership"))
    result.ownership = word<ownership>(*x, "ownership");
  return result;
}

/// Reads epochs and versions, and refuses those that the entry cannot name.
class numbers {
public:
  explicit numbers(std::int64_t stored_at_ns) : stored_at_ns_{stored_at_ns} {}

  epoch read_epoch(const json& obj, const char* key) const {
    return {bounded(obj, key, greatest_epoch(stored_at_ns_).value, "epoch")};
  }
  version read_version(const json& obj, const char* key) const {
    return {bounded(obj, key, greatest_version(stored_at_ns_).value, "version")};
  }
  stamp read_stamp(const json& obj, const char* key) const {
    const auto* x = find(obj, key);
    if (!x)
      return {};
    if (!x->is_object())
      fail(at(key) + "expected an object, found " + x->dump());
    return {read_epoch(*x, "epoch"), read_version(*x, "version")};
  }

private:
  static std::uint64_t bounded(const json& obj, const char* key, std::uint64_t most,
                               const char* what);

  std::int64_t stored_at_ns_;
};

} // namespace partita::json_members
