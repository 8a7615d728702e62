// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace partita::nats {

using header_list = std::vector<std::pair<std::string, std::string>>;

/// The value of a header; empty if it is not there. Names are compared exactly.
std::string_view find_header(const header_list& headers, std::string_view name);

/// A message as it came from the server, copied out of the library's memory.
struct message {
  std::string subject;
  /// Where its sender wants an answer; empty: nowhere. For a delivery of a consumer this
  /// holds the consumer's numbers, see parse_delivery.
  std::string reply;
  std::string data;
  header_list headers;

  std::string_view header(std::string_view name) const {
    return find_header(headers, name);
  }

  /// The server's inline status (100, 404, 503); 0: this is an ordinary message.
  int status() const;
};

} // namespace partita::nats
