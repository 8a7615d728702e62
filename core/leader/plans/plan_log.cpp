// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/plans/plan_log.hpp"

#include <utility>

namespace partita::core {

plan_log::commands plan_log::planned(history_entry what) {
  pending_ = create{{options_.epoch, ++count_}, std::move(what)};
  retry_at_.reset();
  refused_ = false;
  return {*pending_};
}

plan_log::commands plan_log::created(const history_id& id, const kv_written& answer,
                                     time_point now) {
  if (answer.status == write_status::done)
    known_[id] = answer.revision;
  if (!pending_ || pending_->id != id)
    return trim();
  if (answer.status == write_status::unknown
      || answer.status == write_status::not_connected)
    retry_at_ = now + options_.pause;
  else if (answer.status == write_status::refused && !std::exchange(refused_, true))
    // A bucket that was deleted is made again by that, and takes the next try.
    retry_at_ = now + options_.pause * 10;
  else // A conflict is an earlier try that landed.
    pending_.reset();
  return trim();
}

plan_log::commands plan_log::removed(const history_id& id, const kv_written& answer) {
  removing_ = false;
  // What was not removed is tried again after the next plan.
  if (answer.status != write_status::done)
    return {};
  known_.erase(id);
  return trim();
}

plan_log::commands plan_log::shown(const history_id& id, revision at) {
  known_[id] = at;
  return trim();
}

void plan_log::gone(const history_id& id) {
  known_.erase(id);
}

plan_log::commands plan_log::replayed() {
  complete_ = true;
  return trim();
}

void plan_log::void_all() {
  known_.clear();
  complete_ = false;
}

plan_log::commands plan_log::tick(time_point now) {
  if (!retry_at_ || now < *retry_at_)
    return {};
  retry_at_.reset();
  return {*pending_};
}

plan_log::commands plan_log::trim() {
  if (!complete_ || removing_ || known_.size() <= history_kept)
    return {};
  removing_ = true;
  return {remove{known_.begin()->first, known_.begin()->second}};
}

} // namespace partita::core
