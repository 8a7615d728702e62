// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/inspect/group_view.hpp"
#include "partita/messages/interfaces.hpp"
#include "partita/messages/options.hpp"

#include <caf/scoped_actor.hpp>

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <variant>

namespace partita::app {

/// Passes link_changed messages of the store on to `self`, for as long as it is held.
link_listener_actor listen_to_link(caf::scoped_actor& self, const store_actor& store);

/// Waits until the store is connected; says why not if it is not within `limit`.
std::optional<std::string> wait_for_link(caf::scoped_actor& self,
                                         const store_actor& store,
                                         std::chrono::milliseconds limit);

/// Follows the buckets of a group by one watch for each; makes none. The owner of `self`
/// receives its watch_event messages and hands them to take().
class group_follower {
public:
  group_follower(caf::scoped_actor& self, store_actor store, const std::string& group,
                 const bucket_options& names);
  group_follower(const group_follower&) = delete;
  group_follower& operator=(const group_follower&) = delete;
  /// Ends the watches.
  ~group_follower();

  /// Opens the buckets and begins to watch them. Says why that is not possible: the group
  /// does not exist, then absent() is true and it may be tried again, or the store did not
  /// answer within `limit`. The bucket of directives may be missing: it is made with the first
  /// directive.
  std::optional<std::string> begin(std::chrono::milliseconds limit);

  /// Whether the last begin() found that a bucket is missing.
  bool absent() const { return absent_; }

  /// Looks again for a bucket that was missing at the begin.
  std::optional<std::string> look_for_missing(std::chrono::milliseconds limit);

  /// Receives what the watches show until all was shown. Says why not if that is not done
  /// within `limit`.
  std::optional<std::string> wait_until_complete(std::chrono::milliseconds limit);

  /// For people: which bucket is not shown, unless all are, and why.
  std::string why_incomplete() const;

  /// Whether it showed something new.
  bool take(const watch_event& x);

  const group_view& view() const { return view_; }

  /// Where directives stand; null as long as it is missing.
  const bucket_actor& control() const;

private:
  struct bucket {
    group_bucket which;
    std::string name;
    /// The group exists without it.
    bool optional;
    bucket_actor actor = {};
  };

  std::optional<std::string> open(bucket& x, std::chrono::milliseconds limit);
  void watch(const bucket& x);

  caf::scoped_actor& self_;
  store_actor store_;
  std::string group_;
  std::array<bucket, count_of<group_bucket>> buckets_;
  group_view view_;
  bool absent_ = false;
  /// The store keeps no watcher alive.
  watch_sink_actor sink_;
};

/// What the group's buckets hold now. The other alternative says why that cannot be read.
std::variant<group_entries, std::string>
read_group(caf::scoped_actor& self, const store_actor& store, const std::string& group,
           const bucket_options& buckets, std::chrono::milliseconds limit);

} // namespace partita::app
