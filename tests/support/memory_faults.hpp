// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/meta/type_name.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace partita::test {

/// What can go wrong between one client and the server.
enum class fault_kind : std::uint8_t {
  /// There is no connection. What is under way gets the outcome `unknown`.
  link_down,
  /// A write is done, but its answer gets lost: `unknown`.
  answer_lost,
  /// A write reaches the server `delay` late: `unknown`, if that is longer than the
  /// client waits, and done all the same.
  write_late,
  /// A delivery to a watch gets lost; the next one shows the gap.
  delivery_lost,
  /// Deliveries and heartbeats arrive `delay` late.
  delivery_late,
  /// Neither answers to watches, deliveries nor heartbeats arrive.
  silence,
  /// Probes that find this client are not answered, as if its process were frozen:
  /// `unknown` to the caller. Of the whole client.
  probe_lost
};

inline constexpr auto for_ever = std::numeric_limits<std::uint32_t>::max();

/// Switches a fault on, or off with `times` 0.
struct client_fault {
  fault_kind kind = fault_kind::link_down;
  /// The bucket that is struck, open or not; empty: all. Without meaning for link_down and
  /// probe_lost.
  std::string bucket = {};
  /// How often it strikes, counted for each bucket. link_down strikes until it is off.
  std::uint32_t times = for_ever;
  std::chrono::milliseconds delay{0};
  /// Only these keys, as in kv_watch. Without meaning for link_down, silence and
  /// probe_lost.
  std::string pattern = ">";

  friend bool operator==(const client_fault&, const client_fault&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, client_fault& x) {
    return f(caf::meta::type_name("client_fault"), x.kind, x.bucket, x.times, x.delay,
             x.pattern);
  }
};

/// The faults that are to strike one bucket of one client.
class fault_plan {
public:
  /// A later fault of the same kind takes the place of an earlier one.
  void set(const client_fault& x);

  /// Whether a fault of this kind strikes now, at this key; counts it.
  std::optional<client_fault> strike(fault_kind kind, const std::string& key = {});

private:
  std::vector<client_fault> faults_;
};

} // namespace partita::test
