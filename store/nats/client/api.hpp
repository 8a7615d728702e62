// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// Requests to the JetStream API and its answers, as text and back. Parsing never throws;
/// an answer that makes no sense is an api_error of code 0.
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

/// An error answer of the API.
struct api_error {
  /// As in HTTP; 0: the answer could not be read.
  int code = 0;
  /// JetStream's own number, which says more.
  int err_code = 0;
  std::string description;
};

/// Those that decide what happens next.
namespace err_code {

inline constexpr int no_message_found = 10037;
inline constexpr int stream_name_in_use = 10058;
inline constexpr int stream_not_found = 10059;
inline constexpr int subjects_overlap = 10065;
inline constexpr int wrong_last_sequence = 10071;

} // namespace err_code

template <class T>
using answer = std::variant<T, api_error>;

/// What to do where no server answers requests to the API.
inline constexpr std::string_view no_jetstream =
    "JetStream does not answer: start nats-server with -js, enable it for this account, "
    "or "
    "set nats.domain; in a cluster it needs a leader";

/// For people: "wrong last sequence: 3 (400/10071)", and what to do if that is known.
std::string to_string(const api_error& x);

/// Whether the error is final: the same request fails again until an operator acts.
/// Otherwise it may pass, and a write may have been passed on before it.
bool is_final(const api_error& x);

// -- streams ----------------------------------------------------------------------------

struct stream_options {
  std::string bucket;
  /// 0: values do not expire.
  std::chrono::milliseconds ttl{0};
  std::uint32_t replicas = 1;
  /// 0, or the shortest ttl of an existing stream that will do.
  std::chrono::milliseconds least_ttl{0};
  /// Of a stream that is made; 0: any number.
  std::int64_t max_bytes = 0;
};

struct stream_info {
  /// Its whole configuration: JSON, as the server sent it.
  std::string config;
  std::int64_t max_age_ns = 0;
  /// Of one message; 0 or less: without a limit of its own.
  std::int64_t max_msg_size = 0;
  std::int64_t replicas = 1;
  std::int64_t created_at_ns = 0;
  std::uint64_t last_sequence = 0;
  /// Of the servers that keep it; empty: there is none, or this is not known.
  std::string cluster = {};
  std::string domain = {};
  /// The name of the server that answered; empty: not known.
  std::string leader = {};
};

/// A stream like those that the nats tool and the Go client make for a KV bucket.
std::string create_stream_request(const stream_options& wanted);

/// What of a stream's configuration would break the promises of a bucket, one sentence;
/// empty: nothing. Settings that change nothing for us (limits, placement, description)
/// are not compared.
std::string differences(const stream_options& wanted, std::string_view config);

/// The request that changes a stream: `config` with the ttl and the replicas of `wanted`
/// where its own will not do.
std::string adapted(const stream_options& wanted, std::string_view config);

/// Some of the names of all streams.
struct stream_names {
  std::vector<std::string> names;
  /// How many there are in all.
  std::size_t total = 0;
};

/// Asks for the names behind the first `known`.
std::string stream_names_request(std::size_t known);
answer<stream_names> parse_stream_names(std::string_view text);

/// The answer to making a stream, or to asking for it.
answer<stream_info> parse_stream(std::string_view text);

// -- consumers --------------------------------------------------------------------------

struct consumer_options {
  std::string stream;
  /// Empty: the whole stream.
  std::string filter;
  std::string inbox;
  std::chrono::milliseconds heartbeat{500};
  /// The server drops the consumer after this long without a subscriber.
  std::chrono::milliseconds inactive_threshold{5000};
};

struct consumer_info {
  std::string name;
};

std::string create_consumer_request(const consumer_options& wanted);
answer<consumer_info> parse_consumer(std::string_view text);

// -- values -----------------------------------------------------------------------------

struct publish_ack {
  std::string stream;
  std::uint64_t sequence = 0;
};

answer<publish_ack> parse_publish_ack(std::string_view text);

/// One message of a stream.
struct stored_message {
  std::string subject;
  std::string data;
  std::uint64_t sequence = 0;
  std::int64_t stored_at_ns = 0;
  header_list headers;
};

/// For the newest message of a subject; one with wildcards works from 2.9 on.
std::string last_message_request(std::string_view subject);
/// The answer of the stream's leader.
answer<stored_message> parse_stored(std::string_view text);

/// Whether these headers make a message a delete, purge or expiry mark.
bool is_removal(const header_list& headers);

// -- encodings of bytes and times -------------------------------------------------------

std::optional<std::string> from_base64(std::string_view text);

/// Nanoseconds since 1970 of `2024-05-01T12:00:00.123456789Z` (or with `+02:00`). 0 for
/// all before: nats-server writes the year 1 for a time that is not set. None after 2262,
/// where they do not fit.
std::optional<std::int64_t> from_rfc3339(std::string_view text);

/// Reads a header block: `NATS/1.0[ status text]\r\nName: value\r\n...`.
header_list parse_headers(std::string_view block);

} // namespace partita::nats
