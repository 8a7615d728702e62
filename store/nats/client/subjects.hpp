// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// The names of streams and subjects in JetStream KV, and of inboxes.
namespace partita::nats {

/// `KV_<bucket>`: the stream that holds a bucket.
std::string stream_of(std::string_view bucket);
/// `$KV.<bucket>.<key or pattern>`.
std::string subject_of(std::string_view bucket, std::string_view key);
/// The key in a subject of this bucket; empty if the subject is none.
std::string_view key_in(std::string_view bucket, std::string_view subject);

/// `partita.probe.<nonce>`: where the process that serves a nonce answers. Shared by all
/// groups of an account, as nonces are never the same.
std::string probe_subject_of(std::string_view nonce);

/// Before every nonce.
inline constexpr std::string_view probe_prefix = "partita.probe.";

/// `<prefix, or _INBOX>.<32 hex digits>`, to which no other client subscribes. Not guessable: a client
/// that can publish there can forge answers.
std::string random_inbox(const std::string& prefix);

/// How a request for `$JS.API...` or a write to `$KV...` is addressed where JetStream is
/// reached under another prefix than `$JS.API`: as the nats tool and the Go client do it.
std::string with_api_prefix(std::string_view api_prefix, const std::string& subject);
/// The subject before that.
std::string without_api_prefix(std::string_view api_prefix, const std::string& subject);

/// Of a request or an inbox: a port of the connection, and the number that it chose.
using port_and_number = std::pair<std::uint64_t, std::uint64_t>;

/// The end of `<inbox>.r.<port>.<number>`.
std::optional<port_and_number> request_in(std::string_view reply);

/// What a consumer writes into the reply subject of a delivery.
struct delivery {
  std::string_view stream;
  std::string_view consumer;
  std::uint64_t stream_sequence = 0;
  /// Counts the deliveries of this consumer from 1.
  std::uint64_t consumer_sequence = 0;
  std::int64_t stored_at_ns = 0;
};

/// Reads `$JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>
/// .<pending>`, and the longer form `$JS.ACK.<domain>.<account>.<stream>...` that servers
/// with a domain and newer ones write. The views point into `reply`.
std::optional<delivery> parse_delivery(std::string_view reply);

/// What a text like `Permissions Violation for Publish to "a.b"` names.
struct violation {
  /// False: for a subscription.
  bool publish = true;
  std::string subject;
  /// What the user's permissions must have, as in a server's configuration:
  /// `publish: "$KV.bucket.>"`.
  std::string wanted;
};

std::optional<violation> parse_violation(std::string_view text);

} // namespace partita::nats
