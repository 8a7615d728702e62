// SPDX-License-Identifier: Apache-2.0
#include "partita/store/memory/memory_model.hpp"

#include "partita/messages/keys.hpp"

#include <algorithm>
#include <utility>

namespace partita::store {

namespace {

constexpr std::chrono::milliseconds shortest_ttl{100};

std::string configuration(const open_bucket& x) {
  auto ttl = x.ttl.count() == 0 ? std::string{"no ttl"}
                                : "ttl " + std::to_string(x.ttl.count()) + " ms";
  return ttl + " and replicas " + std::to_string(x.replicas);
}

/// Why no bucket can have this configuration; empty if one can.
std::string fault_of(const open_bucket& x) {
  if (auto why = bucket_name_fault(x.name); !why.empty())
    return why;
  if (x.ttl.count() != 0 && x.ttl < shortest_ttl)
    return "the ttl of bucket '" + x.name + "' is " + std::to_string(x.ttl.count())
           + " ms, expected 0 or at least 100 ms; choose a longer one";
  if (x.replicas == 0)
    return "bucket '" + x.name + "' has 0 replicas, expected at least 1";
  return {};
}

std::string no_bucket(const std::string& name) {
  return "there is no bucket '" + name + "'";
}

kv_read answer(std::optional<kv_entry> found) {
  if (!found)
    return {read_status::missing, {}, {}};
  return {read_status::found, std::move(*found), {}};
}

std::size_t size_of(const kv_change& x) {
  return std::visit(
      [](const auto& write) -> std::size_t {
        if constexpr (requires { write.value; })
          return write.value.size();
        else
          return 0;
      },
      x);
}

} // namespace

memory_model::open_outcome memory_model::open(const open_bucket& what, time_point now) {
  if (auto why = fault_of(what); !why.empty())
    return {open_status::refused, {}, std::move(why)};
  auto i = buckets_.find(what.name);
  if (i == buckets_.end()) {
    if (!what.makes())
      return {open_status::missing, {}, no_bucket(what.name)};
    newest_created_ns_ = std::max(wall_ns(now), newest_created_ns_ + 1);
    i = buckets_.emplace(what.name, memory_bucket{what, newest_created_ns_}).first;
    i->second.expire_late(late_);
  }
  const auto& found = i->second.config();
  auto longer = what.least_ttl.count() != 0
                && (found.ttl.count() == 0 || found.ttl >= what.least_ttl);
  auto differs = (found.ttl != what.ttl && !longer) || found.replicas != what.replicas;
  if (differs && what.mode == open_mode::change)
    i->second.configure(what);
  else if (differs && what.mode != open_mode::look)
    return {open_status::foreign, identity_of(i->second),
            "bucket '" + what.name + "' exists with " + configuration(found)
                + ", expected " + configuration(what)
                + "; correct the configuration, or delete the bucket while it is unused"};
  return {open_status::opened, identity_of(i->second), {}};
}

bucket_identity memory_model::identity_of(const memory_bucket& x) const {
  auto result = x.identity();
  result.most_value = options_.stated_max_value;
  return result;
}

memory_bucket::outcome memory_model::write(const std::string& bucket,
                                           const kv_change& what, time_point now) {
  auto refuse = [](std::string why) -> memory_bucket::outcome {
    return {{write_status::refused, {}, std::move(why)}, std::nullopt};
  };
  if (auto why = key_fault(key_of(what)); !why.empty())
    return refuse(std::move(why));
  if (auto size = size_of(what); size > options_.max_value)
    return refuse("the value of '" + key_of(what) + "' has " + std::to_string(size)
                  + " bytes, the store takes " + std::to_string(options_.max_value)
                  + "; write less, or raise the store's limit");
  auto i = buckets_.find(bucket);
  if (i == buckets_.end())
    return refuse(no_bucket(bucket));
  return i->second.write(what, now, wall_ns(now));
}

kv_read memory_model::last(const std::string& bucket, const std::string& key,
                           time_point now) {
  auto i = buckets_.find(bucket);
  if (i == buckets_.end())
    return {read_status::refused, {}, no_bucket(bucket)};
  if (key.find_first_of("*>") == std::string::npos)
    return answer(i->second.newest(key, now));
  std::optional<kv_entry> result;
  for (auto& x : i->second.entries(key, now))
    if (!result || x.revision > result->revision)
      result = std::move(x);
  return answer(std::move(result));
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
