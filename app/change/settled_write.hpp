// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"
#include "partita/messages/store.hpp"

#include <functional>

namespace partita::app {

/// How a command that blocks reaches the key that it writes.
struct write_access {
  /// Sends the same compare-and-set again, and gives its answer.
  std::function<kv_written()> write;
  /// Reads the key from the stream's leader.
  std::function<kv_read()> read;
  /// Whether this entry is what the command writes; not called for a removed one.
  std::function<bool(const kv_entry&)> is_ours;
  /// The entry is to be removed.
  bool removes = false;
  /// Waits so long; false: there is no time left.
  std::function<bool(core::duration)> pause;
};

/// Brings the first answer of a compare-and-set over `expected` to the truth, by the rules of
/// core/key_writer.hpp. `unknown`: no time was left; `not_connected`: certainly not written.
kv_written settle(kv_written first, revision expected, const write_access& access);

} // namespace partita::app
