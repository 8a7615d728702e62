// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/partition.hpp"
#include "partita/messages/streams.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The partitions of a stream: its subject transform writes the number of one into each
/// subject, `orders.{{partition(64,1)}}.{{wildcard(1)}}`.
namespace partita::core {

/// The n of `{{partition(n,...)}}` in the destination; 0: it has none.
std::uint32_t partition_count(const subject_transform& x);

/// The transform of these subjects (`orders.*`, `orders.*.>`) to `count` partitions by
/// their first `*`: the number of the partition stands before it. Nothing if there is no
/// `*` or `count` is 0.
std::optional<subject_transform> transform_for(const std::string& subjects,
                                               std::uint32_t count);

/// Why no group can take its partitions from the stream, and what to do; empty if it can.
std::string why_no_partitions(const stream_facts& x);

/// Why a stream that is there must not get this transform, and what to do; empty: it may.
std::string why_not_changed(const stream_facts& x, const subject_transform& wanted);

/// Why a consumer with this filter would never get a message; empty if it may get some.
/// The stream compares filters with transformed subjects. Where a `{partition}` stands, any
/// number may.
std::string why_no_match(const stream_facts& x, std::string_view filter);

/// What a source of partitions makes of the answers to its looks at a stream.
class stream_listing {
public:
  /// The partitions `0` to `n - 1`.
  using list = std::vector<partition>;
  struct unavailable {
    std::string why;
  };
  using news = std::variant<std::monostate, list, unavailable>;

  explicit stream_listing(std::string stream) : stream_{std::move(stream)} {}

  /// A failure that may pass counts from the third one on. A stream that was made again
  /// is unavailable for as long as this lives: its sequences begin again, so that what a
  /// sink or a claim knows of the earlier stream does not hold for it.
  news answered(const stream_answer& x);

private:
  std::string stream_;
  /// stream_facts::created_at_ns of the first one that was seen.
  std::optional<std::int64_t> created_;
  int failures_ = 0;
};

} // namespace partita::core
