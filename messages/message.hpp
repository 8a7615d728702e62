// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/meta/type_name.hpp>

/// Makes a struct a message: equal by all members, and shown and copied by CAF by those
/// that are listed. The only place that spells how CAF 0.17 inspects a type.
#define PARTITA_MESSAGE(type, ...)                                                       \
  friend bool operator==(const type&, const type&) = default;                            \
  template <class Inspector>                                                             \
  friend auto inspect(Inspector& f, type& x) {                                           \
    static_cast<void>(x);                                                                \
    return f(caf::meta::type_name(#type) __VA_OPT__(, ) __VA_ARGS__);                    \
  }
