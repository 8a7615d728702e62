// SPDX-License-Identifier: Apache-2.0
#include "partita/core/bucket_listing.hpp"

#include "partita/messages/codec.hpp"

#include <algorithm>
#include <utility>

namespace partita::core {

std::optional<bucket_listing::news> bucket_listing::watched(const watch_event& what,
                                                            time_point now) {
  switch (what.change) {
  case watch_change::value:
    shown(what.entry, now);
    break;
  case watch_change::removed:
    removed(what.entry, now);
    break;
  case watch_change::replayed:
    complete_ = true;
    patient_until_.reset();
    if (made_anew_ && !good_.empty()) {
      changed(now);
      break;
    }
    return announce();
  case watch_change::restarted:
    complete_ = false;
    why_broken_ = what.why;
    if (!patient_until_)
      patient_until_ = now + options_.patience;
    break;
  case watch_change::bucket_changed:
    good_.clear();
    bad_.clear();
    complete_ = somebody_removed_ = false;
    made_anew_ = true;
    break;
  case watch_change::alive:
    break;
  }
  return std::nullopt;
}

std::optional<bucket_listing::news> bucket_listing::tick(time_point now) {
  auto due = wake_at();
  if (!due || now < *due)
    return std::nullopt;
  if (complete_)
    return announce();
  // Reported once; a later replay reports what the bucket holds.
  patient_until_.reset();
  return unavailable{"the bucket " + options_.name + " does not show its entries"
                     + (why_broken_.empty() ? "" : ": " + why_broken_)
                     + "; check the server and the permissions for this bucket"};
}

std::optional<time_point> bucket_listing::wake_at() const {
  if (!complete_)
    return patient_until_;
  if (!first_change_)
    return std::nullopt;
  auto quiet = last_change_ + options_.quiet;
  return made_anew_ ? quiet : std::min(quiet, *first_change_ + options_.at_most);
}

void bucket_listing::shown(const kv_entry& entry, time_point now) {
  if (!entry.key.starts_with(partition_prefix))
    return; // Not an entry of a partition.
  auto value = partition_from(entry.key, entry.value);
  if (const auto* bad = std::get_if<malformed>(&value)) {
    bad_[entry.key] = bad->why;
  } else {
    bad_.erase(entry.key);
    auto& good = std::get<partition>(value);
    good_.erase(good);
    good_.insert(std::move(good));
  }
  changed(now);
}

void bucket_listing::removed(const kv_entry& entry, time_point now) {
  if (!entry.key.starts_with(partition_prefix))
    return;
  // Without a delete mark no client has removed it: it is merely absent.
  somebody_removed_ = somebody_removed_ || entry.revision.value != 0;
  bad_.erase(entry.key);
  if (good_.erase(partition_named(entry.key.substr(partition_prefix.size()))) != 0)
    changed(now);
}

void bucket_listing::changed(time_point now) {
  first_change_ = first_change_.value_or(now);
  last_change_ = now;
}

bucket_listing::news bucket_listing::announce() {
  first_change_.reset();
  if (!good_.empty()) {
    made_anew_ = false;
    return listed{{good_.begin(), good_.end()}, trouble()};
  }
  if (!bad_.empty())
    return unavailable{trouble()};
  if (somebody_removed_)
    return listed{};
  return unavailable{
      "the bucket " + options_.name
      + (made_anew_
             ? " was deleted and made again, and holds no partition; write the list "
               "again with `partita partitions import`"
             : " holds no partition; write some with `partita partitions add`")};
}

std::string bucket_listing::trouble() const {
  if (bad_.empty())
    return {};
  const auto& [key, why] = *bad_.begin();
  auto result = "bucket " + options_.name + ", key '" + key + "' cannot be used: " + why
                + "; write it again with `partita partitions "
                + "set-weight`, or remove it";
  if (bad_.size() > 1)
    result += " (and " + std::to_string(bad_.size() - 1) + " more)";
  return result;
}

} // namespace partita::core
