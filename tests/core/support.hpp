// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"
#include "partita/messages/codec.hpp"
#include "partita/messages/store.hpp"

#include <caf/test/unit_test.hpp>

#include <variant>
#include <vector>

/// What the tests of the cores share: time as a variable, the store's answers, and
/// questions about lists of commands.
namespace core_test {

using namespace partita;
using namespace partita::core;
using namespace std::chrono_literals;

// -- what the store answers --

inline kv_written done(std::uint64_t at) {
  return {write_status::done, {at}, {}};
}
inline kv_written conflict() {
  return {write_status::conflict, {}, "another revision"};
}
inline kv_written no_answer() {
  return {write_status::unknown, {}, "no answer"};
}
inline kv_written not_connected() {
  return {write_status::not_connected, {}, "no connection"};
}
inline kv_written refused(std::string why = "no permission") {
  return {write_status::refused, {}, std::move(why)};
}

inline kv_read holds(std::uint64_t at, std::string value = {}) {
  kv_read result{read_status::found, {}, {}};
  result.entry.revision = {at};
  result.entry.value = std::move(value);
  return result;
}
inline kv_read mark(std::uint64_t at) {
  auto result = holds(at);
  result.entry.removed = true;
  return result;
}
inline kv_read nothing_there() {
  return {read_status::missing, {}, {}};
}
inline kv_read unread(read_status x = read_status::unknown) {
  return {x, {}, "cannot read"};
}

// -- what a core commands --

template <class T, class... Ts>
const T* first(const std::vector<std::variant<Ts...>>& xs) {
  for (const auto& x : xs)
    if (const auto* y = std::get_if<T>(&x))
      return y;
  return nullptr;
}

template <class T, class... Ts>
std::size_t count(const std::vector<std::variant<Ts...>>& xs) {
  std::size_t result = 0;
  for (const auto& x : xs)
    result += std::holds_alternative<T>(x) ? 1 : 0;
  return result;
}

/// The only command, which is a T.
template <class T, class... Ts>
T only(const std::vector<std::variant<Ts...>>& xs) {
  CAF_REQUIRE_EQUAL(xs.size(), 1u);
  CAF_REQUIRE(std::holds_alternative<T>(xs.front()));
  return std::get<T>(xs.front());
}

/// The only T among the commands.
template <class T, class... Ts>
T one(const std::vector<std::variant<Ts...>>& xs) {
  CAF_REQUIRE_EQUAL(count<T>(xs), 1u);
  return *first<T>(xs);
}

/// Steps a core, and after each tick makes sure that it does not ask to be woken at a
/// moment that has passed although it had nothing to do: a shell would spin.
template <class Core>
struct stepper {
  time_point now = time_point{} + 1000s;

  template <class Event>
  auto step(Core& core, const Event& what) {
    auto result = core.step(what, now);
    if constexpr (std::is_same_v<Event, typename Core::tick>)
      rests(core, result.empty());
    return result;
  }

  void rests(const Core& core, bool idle) const {
    auto at = core.wake_at();
    CAF_CHECK(!idle || !at || *at > now);
  }
};

} // namespace core_test
