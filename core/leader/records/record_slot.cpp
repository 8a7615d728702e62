// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/records/record_slot.hpp"

#include "partita/core/leader/records/record_facts.hpp"
#include "partita/messages/failpoint.hpp"

#include <algorithm>
#include <set>

namespace partita::core {

void record_slot::lose() {
  value.reset();
  revoked.clear();
  unsealed = voided = false;
}

void record_slot::look(const beat* pulse, time_point now) {
  static const numbered_record nothing;
  const auto& says = value ? *value : nothing;
  std::set<partition_number> given_up{says.given_up.begin(), says.given_up.end()};
  std::erase_if(revoked, [&](const auto& x) {
    return !given_up.contains(x.first) && !failpoint(rule::revocation_start_kept);
  });
  for (auto x : given_up)
    revoked.try_emplace(x, revocation{stamp_of(says), now});
  follow(pulse, now);
  if (given_up.empty() && !behind)
    overdue = false;
}

void record_slot::follow(const beat* pulse, time_point now) {
  auto follows = !pulse || !value || pulse->nonce != value->worker_nonce
                 || value->partitions.empty() || pulse->applied >= stamp_of(*value);
  if (follows)
    behind.reset();
  else if (!behind || pulse->applied >= behind->since)
    behind = revocation{stamp_of(*value), now};
}

std::pair<record_ptr, record_ptr> record_slot::holding() const {
  return {value, writer.busy() && under_way != value ? under_way : nullptr};
}

std::size_t record_slot::moves() const {
  if (writer.busy())
    return under_way->revoking.size();
  return value ? value->revoking.size() : 0;
}

bool record_slot::settled() const {
  return !readable()
         || (clean && !writer.busy() && revision >= written && value->revoking.empty()
             && value->partitions.size() == wanted);
}

std::size_t record_slot::late(duration timeout, time_point now) const {
  return static_cast<std::size_t>(
      std::count_if(revoked.begin(), revoked.end(),
                    [&](const auto& x) { return now >= x.second.begun + timeout; }));
}

bool record_slot::lags(duration timeout, time_point now) const {
  return behind && now >= behind->begun + timeout;
}

std::optional<time_point> record_slot::wake_at(duration timeout) const {
  auto result = earlier(writer.wake_at(), retry_at);
  if (overdue)
    return result;
  for (const auto& [number, x] : revoked)
    result = earlier(result, x.begun + timeout);
  if (behind)
    result = earlier(result, behind->begun + timeout);
  return result;
}

bool any_named(const record_slots& all) {
  return std::any_of(all.begin(), all.end(), [](const auto& x) {
    return x.second.value && holds_any(*x.second.value);
  });
}

known_records readable(const record_slots& all) {
  known_records result;
  for (const auto& [who, x] : all)
    if (x.value)
      result.emplace_back(&who, x.value.get());
  return result;
}

} // namespace partita::core
