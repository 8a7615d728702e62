// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/store/nats/client/api.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>

/// INTERNAL to the border: how members of JetStream's answers are read. One that is missing
/// or of another type counts as not set.
namespace partita::nats::api_json {

using json = nlohmann::json;

template <class T>
T number(const json& obj, const char* name, T otherwise = 0) {
  auto i = obj.find(name);
  return i != obj.end() && i->is_number_integer() ? i->template get<T>() : otherwise;
}

inline std::string text(const json& obj, const char* name) {
  auto i = obj.find(name);
  return i != obj.end() && i->is_string() ? i->get<std::string>() : std::string{};
}

inline bool flag(const json& obj, const char* name) {
  auto i = obj.find(name);
  return i != obj.end() && i->is_boolean() && i->get<bool>();
}

inline const json& part(const json& obj, const char* name) {
  static const json nothing = json::object();
  auto i = obj.find(name);
  return i != obj.end() && i->is_object() ? *i : nothing;
}

/// A string, or any other value as text.
inline std::string shown(const json& x) {
  return x.is_string() ? x.get<std::string>()
                       : x.dump(-1, ' ', false, json::error_handler_t::replace);
}

inline api_error unreadable(std::string_view found) {
  return {0, 0,
          "expected a JetStream answer, found '" + std::string{found.substr(0, 80)}
              + "'"};
}

/// The object, or the error that it holds.
inline answer<json> parse_object(std::string_view found) {
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

} // namespace partita::nats::api_json
