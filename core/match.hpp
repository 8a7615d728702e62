// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <variant>

namespace partita::core {

/// Several functions as one.
template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};

/// Calls that of the functions that takes what the variant holds. All must be covered.
template <class Variant, class... Fs>
void match(const Variant& x, Fs... fs) {
  std::visit(overloaded<Fs...>{fs...}, x);
}

} // namespace partita::core
