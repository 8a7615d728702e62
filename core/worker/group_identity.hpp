// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/entries.hpp"
#include "partita/messages/store.hpp"

#include <map>
#include <optional>
#include <string>
#include <variant>

namespace partita::core {

/// Whether the servers in a worker's configuration are one store, and whether it is the
/// group's. Two stores would have two leaders, and each partition two owners.
///
/// Promises:
/// - All servers that answer hold the same entry `group`, or none of them holds one.
/// - One that does not answer counts as holding what it showed before, unless all that do
///   are nodes of one cluster, which keeps the same data.
/// - A single server may have lost its data, or have been given another group's: what it
///   shows now counts.
class group_identity {
public:
  struct options {
    std::string group;
    partita::ownership ownership = ownership::exclusive;
    /// Names the group if it is new.
    nonce fresh_uid;
    /// Where the entry is; for messages.
    std::string bucket;
  };

  /// The servers that answered agree: on this entry, or that there is none.
  struct agreed {
    std::optional<group_entry> entry = {};
    /// As it stands in the store, where a newer program may have written more.
    std::string text = {};
  };
  /// Ask again.
  struct unanswered {
    std::string why;
  };
  /// What was found, what was expected, what to do.
  struct refused {
    std::string why;
  };
  using verdict = std::variant<agreed, unanswered, refused>;

  explicit group_identity(options opts) : options_{std::move(opts)} {}

  verdict surveyed(const servers_surveyed& what);

  /// Whether what the connected server holds is ours; while nothing else was agreed.
  verdict found(const group_entry& what) const;

  /// What is to be written where there is no entry: that which was agreed on last.
  group_entry entry() const;
  /// `x` stands in the store.
  void settle(const group_entry& x) { settled_ = x; }
  bool is_settled() const { return settled_.has_value(); }

private:
  std::string mismatch(const group_entry& x) const;

  options options_;
  /// By server: the group_uid that it showed last.
  std::map<std::string, std::string> shown_;
  std::optional<group_entry> settled_;
};

} // namespace partita::core
