// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/records/grant_hold.hpp"

#include "partita/messages/failpoint.hpp"

#include <algorithm>

namespace partita::core {

void grant_hold::record_lost(time_point now) {
  if (!lost_at_ || !failpoint(rule::first_vanished_only))
    lost_at_ = now;
}

void grant_hold::unrecorded(const worker_id& who, const nonce& which, stamp newest,
                            time_point due) {
  if (!failpoint(rule::vanished_record_ignored))
    unrecorded_.try_emplace({who, which}, unknown{newest, due});
}

void grant_hold::doubted_since(time_point when, const char* why) {
  if (doubted_since_ && when <= *doubted_since_)
    return;
  doubted_since_ = when;
  doubt_ = why;
}

bool grant_hold::forget_ended(time_point now) {
  return std::erase_if(unrecorded_,
                       [&](const auto& x) {
                         return members_.ended(x.first.first, x.first.second, now);
                       })
         != 0;
}

bool grant_hold::forget(const worker_id& who, const beat& pulse, const record& found) {
  auto i = unrecorded_.find({who, pulse.nonce});
  if (i == unrecorded_.end() || found.worker_nonce != pulse.nonce
      || stamp_of(found) < i->second.newest || pulse.applied < stamp_of(found)
      || !pulse.stopping.empty())
    return false;
  unrecorded_.erase(i);
  return true;
}

std::vector<grant_hold::incarnation> grant_hold::overdue(time_point now) const {
  std::vector<incarnation> result;
  for (const auto& [x, y] : unrecorded_)
    if (const auto* pulse = members_.living(x.first);
        y.due <= now && pulse && pulse->nonce == x.second)
      result.push_back(x);
  return result;
}

std::optional<time_point> grant_hold::until() const {
  auto result = failpoint(rule::no_newborn_wait) ? std::nullopt : not_before_;
  auto wait_from = [&](const std::optional<time_point>& since) {
    if (since)
      result = std::max(result, std::optional{*since + members_.longest_silence()});
  };
  if (!failpoint(rule::vanished_record_ignored))
    wait_from(lost_at_);
  if (!failpoint(rule::no_newborn_wait))
    wait_from(doubted_since_);
  return result;
}

std::string grant_hold::reason(time_point now) const {
  auto end = until();
  if (!end || now >= *end)
    return "what " + unrecorded_.begin()->first.first.value + " works on is in no record";
  auto since = *end - members_.longest_silence();
  return lost_at_ && since == *lost_at_               ? "a record was lost"
         : doubted_since_ && since == *doubted_since_ ? doubt_
                                                      : "the clock is behind the epoch";
}

bool grant_hold::is_over(time_point now) const {
  auto end = until();
  return !(end && now < *end)
         && std::all_of(unrecorded_.begin(), unrecorded_.end(), [&](const auto& x) {
              return members_.ended(x.first.first, x.first.second, now);
            });
}

} // namespace partita::core
