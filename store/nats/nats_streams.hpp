// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/streams.hpp"
#include "partita/store/nats/nats_requests.hpp"

#include <functional>

/// INTERNAL to the NATS store: its port for streams and consumers.
namespace partita::store {

/// Sends a request by `by`; `then` is called exactly once, perhaps at once, and with
/// `unknown` if there is no answer before `until`.
void ask_streams(nats_requests& by, const stream_look& x,
                 nats_requests::clock::time_point until,
                 std::function<void(stream_answer)> then);
void ask_streams(nats_requests& by, const stream_make& x,
                 nats_requests::clock::time_point until,
                 std::function<void(stream_answer)> then);
void ask_streams(nats_requests& by, const consumer_make& x,
                 nats_requests::clock::time_point until,
                 std::function<void(consumer_answer)> then);
void ask_streams(nats_requests& by, const consumer_remove& x,
                 nats_requests::clock::time_point until,
                 std::function<void(consumer_answer)> then);
void ask_streams(nats_requests& by, const consumer_look& x,
                 nats_requests::clock::time_point until,
                 std::function<void(consumer_answer)> then);
void ask_streams(nats_requests& by, const consumer_list& x,
                 nats_requests::clock::time_point until,
                 std::function<void(consumer_names)> then);

} // namespace partita::store
