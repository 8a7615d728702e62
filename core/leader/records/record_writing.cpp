// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/records/record_writing.hpp"

#include "partita/core/leader/records/record_facts.hpp"
#include "partita/messages/codec.hpp"
#include "partita/messages/failpoint.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace partita::core {

namespace {

/// Whether the key holds `x`. Parts were not read: no two records have the same version under
/// the same epoch.
bool says(const stored_record& found, const record& x) {
  return found.parts.numbers.empty() ? found.value == x
                                     : stamp_of(found.value) == stamp_of(x)
                                           && found.value.worker_nonce == x.worker_nonce;
}

} // namespace

bool record_writing::give_version(record_slot& x, numbered_record& next, time_point now) {
  if (newest_ >= most_) {
    // Each second allows 2^20 more.
    x.retry_at = now + std::chrono::seconds{1};
    return false;
  }
  next.version = next_version();
  for (auto& y : next.partitions)
    if (y.token.value == 0)
      y.token = next.version;
  bound_reasons(next);
  group_grants(next);
  return true;
}

version record_writing::next_version() {
  if (failpoint(rule::versions_restarted))
    return {++restarted_};
  auto floor = epoch_.value * versions_per_epoch;
  newest_.value = std::max(newest_.value, floor) + 1;
  return newest_;
}

record_writing::result record_writing::begin(record_slot& x, numbered_record next,
                                             time_point now) {
  x.under_way = std::make_shared<const numbered_record>(std::move(next));
  return step(x, x.writer.begin(x.revision, now), now);
}

record_writing::result record_writing::answered(record_slot& x, const kv_written& answer,
                                                time_point now) {
  return step(x, x.writer.answered(answer, now), now);
}

record_writing::result record_writing::looked(record_slot& x, const kv_read& answer,
                                              time_point now) {
  auto ours = false;
  auto known = false;
  if (answer.status == read_status::found && !answer.entry.removed) {
    auto found = stored_record_from(answer.entry.value, answer.entry.stored_at_ns);
    const auto* value = std::get_if<stored_record>(&found);
    ours = value && says(*value, *x.under_way);
    // What cannot be read, or was void, is not kept.
    known = !value || !x.value || x.voided || says(*value, *x.value);
  }
  return step(x, x.writer.looked(answer, key_writer::seen(ours, known), now), now);
}

record_writing::result record_writing::tick(record_slot& x, time_point now) {
  return step(x, x.writer.tick(now), now);
}

record_writing::result record_writing::step(record_slot& x, const key_writer::step& what,
                                            time_point now) {
  if (std::holds_alternative<key_writer::waiting>(what))
    return {};
  if (const auto* w = std::get_if<key_writer::write>(&what))
    return {outcome::write, w->expected};
  if (std::holds_alternative<key_writer::read>(what))
    return {outcome::read, {}};
  if (const auto* y = std::get_if<key_writer::landed>(&what)) {
    landed(x, *y);
    return {outcome::landed, {}};
  }
  if (const auto* z = std::get_if<key_writer::taken>(&what))
    taken(x, *z, now);
  else if (std::holds_alternative<key_writer::refused>(what))
    x.retry_at = now + pause_ * 10;
  else // Not sent; or vacant: the watch will show the removal, or the record that the worker
      // makes again.
    x.retry_at = now + pause_;
  return {outcome::failed, {}};
}

void record_writing::landed(record_slot& x, const key_writer::landed& what) {
  x.written = what.at;
  x.newest = std::max(x.newest, x.under_way->version);
  if (x.sealing)
    x.unsealed = false;
  x.sealing = false;
  x.voided = x.voided && x.revision > what.at;
  // Answered, so it holds even if the watch has not shown it yet.
  if (x.present && x.revision < what.at)
    x.value = x.under_way;
}

/// Another writer was faster. What is there counts once the watch shows it.
void record_writing::taken(record_slot& x, const key_writer::taken& what,
                           time_point now) {
  x.written = std::max(x.written, what.entry.revision);
  // The watch will report another incarnation of the bucket. Until then each try would
  // meet the same conflict.
  if (what.lost_writes || what.entry.revision < x.revision)
    x.retry_at = now + pause_;
  if (x.sealing && failpoint(rule::no_second_seal))
    x.unsealed = false;
  if (!failpoint(rule::unseen_revision))
    return;
  auto found = stored_record_from(what.entry.value, what.entry.stored_at_ns);
  if (auto* value = std::get_if<stored_record>(&found)) {
    x.value = index_.numbered(std::move(value->value));
    x.revision = what.entry.revision;
  }
}

} // namespace partita::core
