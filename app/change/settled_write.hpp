// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/inspect/group_reader.hpp"
#include "partita/core/time.hpp"

#include <functional>
#include <optional>
#include <string>

namespace partita::app {

/// One compare-and-set; without a value it removes the key.
struct key_change {
  std::string key;
  std::optional<std::string> value;
  /// Of the entry that it replaces; 0: the key has no value.
  revision expected = {};
};

/// How a command that blocks reaches the key that it writes.
struct write_access {
  /// Sends the same compare-and-set again, and gives its answer.
  std::function<kv_written()> write;
  /// Reads the key from the stream's leader.
  std::function<kv_read()> read;
  /// Waits so long; false: there is no time left.
  std::function<bool(core::duration)> pause;
};

/// Brings the first answer of a compare-and-set to the truth, by the rules of
/// core/key_writer.hpp. `unknown`: no time was left; `not_connected`: certainly not written.
kv_written settle(kv_written first, const key_change& what, const write_access& access);

/// Calls `send` with the request that makes the change.
template <class F>
auto with_request(const key_change& x, F send) {
  if (!x.value)
    return send(kv_remove{x.key, x.expected});
  if (x.expected.value == 0)
    return send(kv_create{x.key, *x.value});
  return send(kv_update{x.key, *x.value, x.expected});
}

/// By requests to `bucket`, each of which takes no longer than `left` gives then. Refers to all
/// arguments but the functions.
write_access access_to(caf::scoped_actor& self, const bucket_actor& bucket,
                       const key_change& what,
                       std::function<std::chrono::milliseconds()> left,
                       std::function<bool(core::duration)> pause);

} // namespace partita::app
