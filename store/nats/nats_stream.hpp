// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/store.hpp"
#include "partita/store/nats/client/server_info.hpp"
#include "partita/store/nats/nats_requests.hpp"

#include <functional>
#include <string>

namespace partita::store {

/// The stream below one bucket: looks at it, makes it, makes it again when it has
/// vanished. Everything is asynchronous; a continuation is called exactly once, perhaps
/// at once.
class nats_stream {
public:
  using clock = nats_requests::clock;

  struct result {
    open_status status = open_status::unknown;
    bucket_identity identity;
    /// Unless `opened`.
    std::string why;
  };
  using continuation = std::function<void(result)>;

  /// Keeps references to `options` and `requests`.
  nats_stream(std::string bucket, const nats_options& options, nats_requests& requests);

  /// What the server of the present link says of itself; nothing as long as it is not known.
  void server_is(nats::server_info x) { server_ = std::move(x); }

  /// Finds the bucket and compares its configuration; makes it if it is missing and that
  /// is wanted. `attempt`: how often that has been tried.
  void open(const open_bucket& wanted, continuation then, unsigned attempt = 0);

  /// The present incarnation of the bucket, whatever its configuration.
  void identify(continuation then);

  /// Like identify, but a bucket that has vanished is made again as it was opened first,
  /// unless that was in a mode that does not make it.
  void revive(continuation then);

  /// The server takes messages of at most that many bytes, headers included; 0: any.
  void message_limit(std::int64_t x) { most_message_ = x; }

private:
  struct view {
    result found;
    /// nats::stream_info::config.
    std::string config;
    /// Trouble that may pass by itself.
    bool passing = false;
  };

  nats::stream_options options_for(const open_bucket& wanted) const;
  void ask(const std::string& what, const std::string& text,
           std::function<void(view)> then);
  view view_of(const nats_outcome& x) const;
  std::size_t most_value(const nats::stream_info& found) const;
  /// `how`: CREATE or UPDATE.
  void write(const char* how, const std::string& text, const open_bucket& wanted,
             unsigned attempt, continuation then);
  void again(const open_bucket& wanted, unsigned attempt, view trouble,
             continuation then);

  std::string bucket_;
  const nats_options& options_;
  nats_requests& requests_;
  std::int64_t most_message_ = 0;
  nats::server_info server_;
  /// How the bucket was opened first.
  std::optional<open_bucket> opened_;
};

} // namespace partita::store
