// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/streams.hpp"
#include "partita/store/nats/client/api.hpp"

#include <string>
#include <string_view>

/// As api.hpp: the requests of the port for streams and consumers as text, and the answers.
namespace partita::nats {

struct stream_call {
  std::string subject;
  std::string text;
  /// Why no server takes it, for people: it must not be sent. Empty: one may.
  std::string fault;
};

stream_call call_for(const stream_look& x);
/// Makes a stream; with the answer to INFO of one that is there: changes that one.
stream_call call_for(const stream_make& x, std::string_view found = {});
/// Name and filter stand in the subject, so that permissions can name them.
stream_call call_for(const consumer_make& x);
stream_call call_for(const consumer_remove& x);
stream_call call_for(const consumer_look& x);
stream_call call_for(const consumer_list& x);

/// The answer to making a stream, changing it, or asking for it; to making, removing (which
/// gives no facts) or asking for a consumer; to asking for names.
template <class Facts>
answer<Facts> parse_facts(std::string_view text);

template <>
answer<stream_facts> parse_facts(std::string_view text);
template <>
answer<consumer_facts> parse_facts(std::string_view text);
template <>
answer<consumer_page> parse_facts(std::string_view text);

} // namespace partita::nats
