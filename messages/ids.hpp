// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/message.hpp"

#include <compare>
#include <cstdint>
#include <string>

/// The words that name things. Each id and number has a type of its own, so that a
/// swapped argument does not compile.
namespace partita {

/// A value of type `T` that only mixes with values of the same `Tag`.
template <class Tag, class T>
struct strong {
  T value{};

  friend auto operator<=>(const strong&, const strong&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, strong& x) {
    return inspect_fields(f, "id", x.value);
  }
};

/// The number that the store gave to one write; one sequence for all keys of a bucket.
/// 0: no such write.
using revision = strong<struct revision_tag, std::uint64_t>;

/// Number of a leadership; grows with every leader. 0: none yet.
using epoch = strong<struct epoch_tag, std::uint64_t>;

/// Number of a published plan; grows with every publish, over all leaders. 0: none yet.
using version = strong<struct version_tag, std::uint64_t>;

/// The stable name of a worker, prefix and number: `worker-3`.
using worker_id = strong<struct worker_id_tag, std::string>;

/// Random name of one incarnation (one run of a worker) or of one leadership.
using nonce = strong<struct nonce_tag, std::string>;

/// The greatest number that every JSON implementation keeps exactly; greater ones in the
/// store are refused as corrupt.
inline constexpr std::uint64_t max_exact_number = std::uint64_t{1} << 53;

/// How many plans one epoch has room for: versions of epoch e begin above e x this.
inline constexpr std::uint64_t versions_per_epoch = std::uint64_t{1} << 20;

/// For people: a version or a token as epoch and count, `3.2`: the second plan of epoch 3.
/// Plain below the first epoch's versions.
inline std::string readable(version x) {
  auto count = std::to_string(x.value % versions_per_epoch);
  auto number = x.value / versions_per_epoch;
  return number == 0 ? count : std::to_string(number) + '.' + count;
}

/// Position of a record in the order of all records: first by epoch, then by version.
struct stamp {
  partita::epoch epoch;
  partita::version version;

  friend auto operator<=>(const stamp&, const stamp&) = default;
  PARTITA_MESSAGE(stamp, x.epoch, x.version)
};

/// Sorts worker ids by their number (worker-2 before worker-10), then by text.
struct by_number {
  bool operator()(const worker_id& x, const worker_id& y) const;
};

} // namespace partita
