// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/streams.hpp"
#include "partita/store/nats/client/api.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// As api.hpp: the requests of the port for streams and consumers as text, and the answers.
namespace partita::nats {

/// Makes a stream; with the answer to INFO of one that is there: changes that one.
std::string make_stream_request(const stream_make& wanted, std::string_view found = {});

/// The answer to making a stream, changing it, or asking for it.
answer<stream_facts> parse_stream_facts(std::string_view text);

/// Where a consumer is made. Its name and filter stand in the subject, so that permissions
/// can name them.
std::string make_consumer_subject(const consumer_make& wanted);
std::string make_consumer_request(const consumer_make& wanted);

/// The answer to making a consumer, or to asking for it.
answer<consumer_facts> parse_consumer_facts(std::string_view text);

std::string list_consumers_request(std::uint64_t offset);

struct consumer_page {
  std::vector<std::string> names;
  std::uint64_t total = 0;
};
answer<consumer_page> parse_consumer_page(std::string_view text);

/// The answer to deleting a consumer: true.
answer<bool> parse_success(std::string_view text);

} // namespace partita::nats
