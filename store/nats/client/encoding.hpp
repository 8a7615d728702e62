// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/store/nats/client/message.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Encodings that the JetStream API uses for bytes and times.
namespace partita::nats {

std::optional<std::string> from_base64(std::string_view text);

/// Nanoseconds since 1970 of `2024-05-01T12:00:00.123456789Z` (or with `+02:00`). 0 for
/// all before: nats-server writes the year 1 for a time that is not set. None after 2262,
/// where they do not fit.
std::optional<std::int64_t> from_rfc3339(std::string_view text);

/// Reads a header block: `NATS/1.0[ status text]\r\nName: value\r\n...`.
header_list parse_headers(std::string_view block);

} // namespace partita::nats
