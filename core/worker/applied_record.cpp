// SPDX-License-Identifier: Apache-2.0
#include "partita/core/worker/applied_record.hpp"

#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace partita::core {

namespace {

/// What is in `xs` and not in `ys`.
std::vector<partition> missing_in(const std::vector<grant>& ys,
                                  const std::vector<grant>& xs) {
  std::unordered_set<std::string> names;
  for (const auto& y : ys)
    names.insert(name_of(y.partition));
  std::vector<partition> result;
  for (const auto& x : xs)
    if (!names.contains(name_of(x.partition)))
      result.push_back(x.partition);
  return result;
}

} // namespace

bool applied_record::is_news(const record& x) const {
  return !record_ || stamp_of(x) > stamp_of(*record_);
}

assignment_changed applied_record::apply(const worker_id& self, const record& x) {
  auto before = record_ ? std::move(record_->partitions) : std::vector<grant>{};
  record_ = x;
  return {self,
          x.version,
          x.epoch,
          x.lifecycle,
          x.partitions,
          missing_in(before, x.partitions),
          missing_in(x.partitions, before)};
}

std::optional<assignment_changed> applied_record::drop(const worker_id& self) {
  auto last = std::exchange(record_, std::nullopt);
  if (!last || last->partitions.empty())
    return std::nullopt;
  return assignment_changed{self,
                            last->version,
                            last->epoch,
                            last->lifecycle,
                            {},
                            {},
                            missing_in({}, last->partitions)};
}

} // namespace partita::core
