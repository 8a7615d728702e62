// SPDX-License-Identifier: Apache-2.0
#include "memory_model.hpp"

#include "partita/messages/keys.hpp"

#include <algorithm>
#include <utility>

namespace partita::store {

namespace {

std::string no_bucket(const std::string& name) {
  return "there is no bucket '" + name + "'";
}

} // namespace

void faulty_bucket::lose_writes_after(revision last) {
  for (auto i = by_revision_.upper_bound(last); i != by_revision_.end();) {
    slots_.erase(i->second);
    i = by_revision_.erase(i);
  }
  last_ = std::min(last_, last);
}

memory_model::open_outcome memory_model::open(const open_bucket& what, time_point now) {
  if (auto why = bucket_fault(what); !why.empty())
    return {open_status::refused, {}, std::move(why)};
  auto i = buckets_.find(what.name);
  if (i == buckets_.end()) {
    if (!what.makes())
      return {open_status::missing, {}, no_bucket(what.name)};
    newest_created_ns_ = std::max(wall_ns(now), newest_created_ns_ + 1);
    faulty_bucket made{what, newest_created_ns_, options_.max_value};
    i = buckets_.emplace(what.name, std::move(made)).first;
    i->second.expire_late(late_);
  }
  auto why = i->second.open(what);
  auto status = why.empty() ? open_status::opened : open_status::foreign;
  return {status, identity_of(i->second), std::move(why)};
}

bucket_identity memory_model::identity_of(const memory_bucket& x) const {
  auto result = x.identity();
  result.most_value = options_.stated_max_value;
  return result;
}

memory_bucket::outcome memory_model::write(const std::string& bucket,
                                           const kv_change& what, time_point now) {
  auto i = buckets_.find(bucket);
  if (i == buckets_.end())
    return {{write_status::refused, {}, no_bucket(bucket)}, std::nullopt};
  return i->second.write(what, now, wall_ns(now));
}

kv_read memory_model::last(const std::string& bucket, const std::string& key,
                           time_point now) {
  auto i = buckets_.find(bucket);
  if (i == buckets_.end())
    return {read_status::refused, {}, no_bucket(bucket)};
  if (key.find_first_of("*>") == std::string::npos)
    return i->second.last(key, now);
  auto found = i->second.entries(key, now);
  if (found.empty())
    return {read_status::missing, {}, {}};
  return {read_status::found, std::move(found.back()), {}};
}

kv_identity memory_model::identify(const std::string& bucket) const {
  auto i = buckets_.find(bucket);
  if (i == buckets_.end())
    return {read_status::missing, {}, no_bucket(bucket)};
  return {read_status::found, identity_of(i->second), {}};
}

bool memory_model::has(const std::string& bucket) const {
  return buckets_.contains(bucket);
}

std::vector<kv_entry> memory_model::entries(const std::string& bucket,
                                            const std::string& pattern, time_point now) {
  auto i = buckets_.find(bucket);
  if (i == buckets_.end())
    return {};
  return i->second.entries(pattern, now);
}

bool memory_model::delete_bucket(const std::string& bucket) {
  return buckets_.erase(bucket) > 0;
}

bool memory_model::lose_writes_after(const std::string& bucket, revision last) {
  auto i = buckets_.find(bucket);
  if (i == buckets_.end())
    return false;
  i->second.lose_writes_after(last);
  return true;
}

void memory_model::shift_creation(const std::string& bucket,
                                  std::chrono::nanoseconds by) {
  if (auto i = buckets_.find(bucket); i != buckets_.end())
    i->second.shift_creation(by.count());
}

void memory_model::expire_late(std::chrono::milliseconds by) {
  late_ = by;
  for (auto& [name, bucket] : buckets_)
    bucket.expire_late(by);
}

std::int64_t memory_model::wall_ns(time_point now) const {
  using std::chrono::nanoseconds;
  auto passed = std::chrono::duration_cast<nanoseconds>(now - options_.start);
  return options_.wall_start_ns + passed.count();
}

} // namespace partita::store
