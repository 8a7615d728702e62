// SPDX-License-Identifier: Apache-2.0
#include "partita/store/memory/memory_bucket.hpp"

#include "partita/messages/keys.hpp"
#include "partita/store/watch_feed.hpp"

#include <utility>

namespace partita::store {

namespace {

std::string value_of(const kv_change& x) {
  return std::visit(
      [](const auto& write) {
        if constexpr (requires { write.value; })
          return write.value;
        else
          return std::string{};
      },
      x);
}

std::string configuration(const open_bucket& x) {
  auto ttl = x.ttl.count() == 0 ? std::string{"no ttl"}
                                : "ttl " + std::to_string(x.ttl.count()) + " ms";
  return ttl + " and replicas " + std::to_string(x.replicas);
}

} // namespace

const std::string& key_of(const kv_change& x) {
  return std::visit([](const auto& write) -> const std::string& { return write.key; }, x);
}

memory_bucket::memory_bucket(open_bucket config, std::int64_t created_at_ns,
                             std::size_t max_value)
    : config_(std::move(config)), created_at_ns_(created_at_ns), max_value_(max_value) {}

std::string memory_bucket::open(const open_bucket& what) {
  auto longer = what.least_ttl.count() != 0
                && (config_.ttl.count() == 0 || config_.ttl >= what.least_ttl);
  auto fits = (config_.ttl == what.ttl || longer) && config_.replicas == what.replicas;
  if (fits || what.mode == open_mode::look)
    return {};
  if (what.mode != open_mode::change)
    return "bucket '" + what.name + "' exists with " + configuration(config_)
           + ", expected " + configuration(what)
           + "; correct the configuration, or delete the bucket while it is unused";
  config_ = what;
  return {};
}

memory_bucket::outcome memory_bucket::write(const kv_change& what, time_point now,
                                            std::int64_t wall_ns) {
  const auto& key = key_of(what);
  auto value = value_of(what);
  if (auto why = key_fault(key); !why.empty())
    return {{write_status::refused, {}, std::move(why)}, std::nullopt};
  if (value.size() > max_value_)
    return {{write_status::refused,
             {},
             "the value of '" + key + "' has " + std::to_string(value.size())
                 + " bytes, the store takes " + std::to_string(max_value_)
                 + "; write less, or raise the store's limit"},
            std::nullopt};
  auto* found = find(key, now);
  if (auto why = objection(what, found); !why.empty())
    return {{write_status::conflict, {}, std::move(why)}, std::nullopt};
  ++last_.value;
  auto removed = std::holds_alternative<kv_remove>(what);
  kv_entry entry{key, std::move(value), last_, removed, wall_ns};
  if (found != nullptr)
    by_revision_.erase(found->entry.revision);
  slots_[key] = {entry, now};
  by_revision_.emplace(last_, key);
  return {{write_status::done, last_, {}}, std::move(entry)};
}

kv_read memory_bucket::last(std::string_view key, time_point now) {
  if (auto* found = find(key, now))
    return {read_status::found, found->entry, {}};
  return {read_status::missing, {}, {}};
}

std::vector<kv_entry> memory_bucket::entries(std::string_view pattern, time_point now) {
  sweep(now);
  std::vector<kv_entry> result;
  for (const auto& [at, key] : by_revision_)
    if (watch_feed::matches(pattern, key))
      result.push_back(slots_.find(key)->second.entry);
  return result;
}

void memory_bucket::sweep(time_point now) {
  if (config_.ttl.count() == 0)
    return;
  while (!by_revision_.empty()) {
    auto oldest = by_revision_.begin();
    auto i = slots_.find(oldest->second);
    if (now - i->second.written < config_.ttl + late_)
      return;
    slots_.erase(i);
    by_revision_.erase(oldest);
  }
}

memory_bucket::slot* memory_bucket::find(std::string_view key, time_point now) {
  sweep(now);
  auto i = slots_.find(key);
  return i == slots_.end() ? nullptr : &i->second;
}

std::string memory_bucket::objection(const kv_change& what, const slot* found) const {
  auto at = found ? found->entry.revision : revision{};
  auto unless = [&](bool fits, const std::string& expected) {
    return fits ? std::string{}
                : "'" + key_of(what) + "' is at revision " + std::to_string(at.value)
                      + ", expected " + expected
                      + "; read it again from the stream's leader";
  };
  return std::visit(
      [&]<class Change>(const Change& x) {
        if constexpr (requires { x.expected; })
          return unless(at == x.expected, std::to_string(x.expected.value));
        else
          return unless(!std::is_same_v<Change, kv_create> || !found
                            || found->entry.removed,
                        "no value");
      },
      what);
}

} // namespace partita::store
