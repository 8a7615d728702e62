// SPDX-License-Identifier: Apache-2.0
#include "partita/store/memory/memory_bucket.hpp"

#include "partita/store/watch_feed.hpp"

#include <utility>

namespace partita::store {

namespace {

template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
overloaded(Fs...) -> overloaded<Fs...>;

std::string value_of(const kv_change& x) {
  return std::visit(overloaded{[](const kv_remove&) { return std::string{}; },
                               [](const auto& write) { return write.value; }},
                    x);
}

} // namespace

const std::string& key_of(const kv_change& x) {
  return std::visit([](const auto& write) -> const std::string& { return write.key; }, x);
}

memory_bucket::memory_bucket(open_bucket config, std::int64_t created_at_ns)
    : config_(std::move(config)), created_at_ns_(created_at_ns) {}

memory_bucket::outcome memory_bucket::write(const kv_change& what, time_point now,
                                            std::int64_t wall_ns) {
  const auto& key = key_of(what);
  auto* found = find(key, now);
  if (auto why = objection(what, found); !why.empty())
    return {{write_status::conflict, {}, std::move(why)}, std::nullopt};
  ++last_.value;
  kv_entry entry;
  entry.key = key;
  entry.value = value_of(what);
  entry.revision = last_;
  entry.removed = std::holds_alternative<kv_remove>(what);
  entry.stored_at_ns = wall_ns;
  auto& place = slots_[key];
  if (found != nullptr)
    by_revision_.erase(place.entry.revision);
  place.entry = entry;
  place.written = now;
  by_revision_.emplace(last_, key);
  return {{write_status::done, last_, {}}, std::move(entry)};
}

std::optional<kv_entry> memory_bucket::newest(std::string_view key, time_point now) {
  auto* found = find(key, now);
  return found ? std::optional{found->entry} : std::nullopt;
}

std::vector<kv_entry> memory_bucket::entries(std::string_view pattern, time_point now) {
  sweep(now);
  std::vector<kv_entry> result;
  for (const auto& [at, key] : by_revision_)
    if (watch_feed::matches(pattern, key))
      result.push_back(slots_.find(key)->second.entry);
  return result;
}

void memory_bucket::lose_writes_after(revision last) {
  for (auto i = by_revision_.upper_bound(last); i != by_revision_.end();) {
    slots_.erase(i->second);
    i = by_revision_.erase(i);
  }
  last_ = std::min(last_, last);
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
  auto found_text = "'" + key_of(what) + "' is at revision " + std::to_string(at.value);
  auto unless = [&](revision expected) {
    if (at == expected)
      return std::string{};
    return found_text + ", expected " + std::to_string(expected.value)
           + "; read it again from the stream's leader";
  };
  return std::visit(overloaded{[](const kv_put&) { return std::string{}; },
                               [&](const kv_create&) {
                                 if (!found || found->entry.removed)
                                   return std::string{};
                                 return found_text
                                        + ", expected no value; read it again from the "
                                        + "stream's leader";
                               },
                               [&](const kv_update& x) { return unless(x.expected); },
                               [&](const kv_remove& x) { return unless(x.expected); }},
                    what);
}

} // namespace partita::store
