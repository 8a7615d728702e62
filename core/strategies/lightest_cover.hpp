// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace partita::core {

/// Finds out of a list of weights those that sum up to at least a target and pass it by
/// the least. Exact as long as the effort lasts; beyond that nearly so.
class cover_finder {
public:
  /// Indices in `weights`, in no order. They pass the target by less than the heaviest of
  /// them. Where several have the same sum, weights that stand early are preferred.
  /// @pre all weights are at least 1 and their sum is at least `target`
  std::vector<std::size_t> lightest_cover(const std::vector<std::int64_t>& weights,
                                          std::int64_t target);

private:
  /// Words of 64 sums that may still be computed; a few milliseconds for all calls
  /// together.
  std::size_t effort_ = std::size_t{1} << 22;
};

} // namespace partita::core
