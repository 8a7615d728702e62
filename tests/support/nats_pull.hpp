// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace partita::test {

/// A message of a stream, as a consumer delivers it.
struct pulled_message {
  std::string subject;
  /// Where it is acknowledged; empty: the consumer had none.
  std::string reply;
  std::string data;
};

/// Takes the next message of a consumer, if it has one now, over a connection of its own to
/// 127.0.0.1: the server sends it under the subject of the message, by which the product's
/// client does not know an answer. Blocks until the server says what it has, or that the
/// consumer is gone; throws std::runtime_error if there is no server. Not for clusters, where
/// a consumer without a leader answers nothing.
pulled_message pull(std::uint16_t port, const std::string& stream,
                    const std::string& consumer);

} // namespace partita::test
