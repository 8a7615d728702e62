// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/streams.hpp"
#include "partita/store/nats/client/streams_api.hpp"
#include "partita/store/nats/nats_requests.hpp"

#include <functional>

/// INTERNAL to the NATS store: its port for streams and consumers.
namespace partita::store {

/// What an outcome says of a request about `stream`.
template <class Facts>
stream_reply<Facts> reply_of(const std::string& stream, const nats_outcome& x);

template <class Facts>
void ask_streams(nats_requests& by, const std::string& stream,
                 const nats::stream_call& what, nats_requests::clock::time_point until,
                 std::function<void(stream_reply<Facts>)> then) {
  if (what.fault.empty())
    by.ask(what.subject, {}, what.text, until,
           [stream, then = std::move(then)](const nats_outcome& x) {
             then(reply_of<Facts>(stream, x));
           });
  else
    then({stream_status::refused, {}, what.fault});
}

/// Sends a request by `by`; `then` is called exactly once, perhaps at once, and with
/// `unknown` if there is no answer before `until`.
template <class Facts, class Request>
void ask_streams(nats_requests& by, const Request& x,
                 nats_requests::clock::time_point until,
                 std::function<void(stream_reply<Facts>)> then) {
  ask_streams<Facts>(by, x.stream, nats::call_for(x), until, std::move(then));
}

/// Makes the stream, changes it, or leaves it as it is.
template <>
void ask_streams(nats_requests& by, const stream_make& x,
                 nats_requests::clock::time_point until,
                 std::function<void(stream_answer)> then);

/// The names of all buckets, page by page; `patience` is for each page. `found` and `known`:
/// what the pages before had, `known` with streams of other kinds.
void ask_for_buckets(nats_requests& by, nats_requests::clock::duration patience,
                     std::function<void(buckets_listed)> then, buckets_listed found = {},
                     std::size_t known = 0);

} // namespace partita::store
