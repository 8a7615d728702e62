// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/caf/compatibility.hpp"

/// Makes a struct a message: equal by all members, and shown and copied by CAF 0.17 by those
/// that are listed.
#define PARTITA_MESSAGE(type, ...)                                                       \
  using partita_message = type;                                                          \
  friend bool operator==(const type&, const type&) = default;                            \
  template <class Inspector>                                                             \
  friend auto inspect(Inspector& f, type& x) {                                           \
    static_cast<void>(x);                                                                \
    return partita::inspect_fields(f, #type __VA_OPT__(, ) __VA_ARGS__);                 \
  }

/// A message without content.
#define PARTITA_SIGNAL(type)                                                             \
  struct type {                                                                          \
    PARTITA_MESSAGE(type)                                                                \
  }

/// Gives types of namespace partita the numbers by which CAF 1.x knows them, from `first` on:
/// every type that is sent needs one. embed::register_messages() knows all blocks.
#define PARTITA_TYPE_IDS(block, first, ...)                                              \
  CAF_BEGIN_TYPE_ID_BLOCK(block, caf::first_custom_type_id + first)                      \
  PARTITA_P4(PARTITA_ADD_ID(block, __VA_ARGS__))                                         \
  CAF_END_TYPE_ID_BLOCK(block)
// A macro that comes up in its own result is expanded once more by each further pass.
#define PARTITA_ADD_ID(block, type, ...)                                                 \
  CAF_ADD_TYPE_ID(block, (partita::type))                                                \
  __VA_OPT__(PARTITA_ADD_NEXT PARTITA_PARENS(block, __VA_ARGS__))
#define PARTITA_ADD_NEXT() PARTITA_ADD_ID
#define PARTITA_PARENS ()
#define PARTITA_P4(...) PARTITA_P3(PARTITA_P3(PARTITA_P3(PARTITA_P3(__VA_ARGS__))))
#define PARTITA_P3(...) PARTITA_P2(PARTITA_P2(PARTITA_P2(PARTITA_P2(__VA_ARGS__))))
#define PARTITA_P2(...) PARTITA_P1(PARTITA_P1(PARTITA_P1(PARTITA_P1(__VA_ARGS__))))
#define PARTITA_P1(...) PARTITA_P0(PARTITA_P0(PARTITA_P0(PARTITA_P0(__VA_ARGS__))))
#define PARTITA_P0(...) __VA_ARGS__
