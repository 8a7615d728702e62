// SPDX-License-Identifier: Apache-2.0
#include "partita/core/group_init.hpp"

#include "partita/messages/codec.hpp"
#include "partita/messages/failpoint.hpp"
#include "partita/messages/keys.hpp"

#include <algorithm>

namespace partita::core {

namespace {

/// epoch_takeover::usual_lead, and when its successor may grant by it.
constexpr std::int64_t lead = 60;
constexpr std::chrono::seconds until_granted{2};

/// What shows that the group is not new; empty: nothing.
std::string trace_of(const group_init::view& x) {
  if (x.epoch.status == read_status::found && !failpoint(rule::init_overwrites))
    return std::string{keys::epoch};
  for (const auto& entry : x.assignments)
    if (keys::owner_of(entry.key, keys::records))
      return entry.key;
  for (const auto& entry : x.heartbeats) {
    auto value = beat_from(entry.value, entry.stored_at_ns);
    const auto* pulse = std::get_if<beat>(&value);
    if (pulse && is_living(pulse->state))
      return entry.key;
  }
  return {};
}

} // namespace

group_init::command group_init::looked(const view& found, std::int64_t unix_seconds,
                                       time_point now) {
  if (auto trace = trace_of(found); !trace.empty())
    return refused{"the group is not new: its buckets hold '" + trace
                   + "'; start its workers, they need no init"};
  if (found.epoch.status != read_status::missing
      && found.epoch.status != read_status::found)
    return refused{"cannot read the key 'epoch': " + found.epoch.why};
  const auto& bucket = found.bucket;
  if (bucket.server.empty())
    return refused{
        "the buckets are made, but not kept by one server alone (a cluster, a "
        "domain or a leaf node), or it does not say so: the first leader waits "
        "for heartbeat.ttl and 5 %"};
  if (!began_with_) {
    began_with_ = bucket;
    epoch_ = {static_cast<std::uint64_t>(std::max<std::int64_t>(unix_seconds, 0) + lead)};
    auto how_long = std::max<duration>(with_clock_margin(ttl_), until_granted);
    ready_at_ = now + how_long;
    return wait{how_long};
  }
  if (began_with_->server != bucket.server
      || began_with_->created_at_ns != bucket.created_at_ns)
    return refused{"the server was restarted, or the buckets were made again, meanwhile; "
                   "run init again"};
  if (now < ready_at_)
    return wait{ready_at_ - now};
  constexpr std::int64_t ns_per_us = 1000;
  epoch_entry value{epoch_, {}, {}, bucket.server, bucket.created_at_ns / ns_per_us};
  return write{std::move(value), failpoint(rule::init_overwrites)
                                     ? found.epoch.entry.revision
                                     : revision{}};
}

} // namespace partita::core
