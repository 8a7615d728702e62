// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

/// Enumerations that end in the enumerator `count`, which is no value.
namespace partita {

/// How many values there are.
template <class Enum>
inline constexpr auto count_of = static_cast<std::size_t>(Enum::count);

/// The word for `x` among the words for all values, in their order. One too few, or too
/// many, does not compile.
template <class Enum, std::size_t N>
constexpr const char* word_of(Enum x, const char* const (&words)[N]) {
  static_assert(N == count_of<Enum>);
  auto i = static_cast<std::size_t>(x);
  return i < N ? words[i] : "?";
}

} // namespace partita
