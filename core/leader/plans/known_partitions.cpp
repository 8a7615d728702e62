// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/plans/known_partitions.hpp"

#include <algorithm>
#include <utility>

namespace partita::core {

known_partitions::change known_partitions::given(partition_list_ptr list) {
  number_map old;
  old.assign(all_->numbers);
  change result;
  result.added =
      static_cast<std::size_t>(std::count_if(list->numbers.begin(), list->numbers.end(),
                                             [&](auto x) { return !old.contains(x); }));
  result.same = *list == *all_;
  all_ = std::move(list);
  listed_ = true;
  return result;
}

void known_partitions::go_on_with(partition_list_ptr named) {
  if (!listed_)
    all_ = std::move(named);
}

/// The leader does not wait forever for a source that hangs.
bool known_partitions::fell_silent(time_point now) {
  if (!silent_at_)
    silent_at_ = now + options_.patience;
  if (answered() || now < *silent_at_)
    return false;
  unknown_ = true;
  return true;
}

std::optional<time_point> known_partitions::wake_at() const {
  return answered() ? std::nullopt : silent_at_;
}

} // namespace partita::core
