// SPDX-License-Identifier: Apache-2.0
#include "partita/store/watch_ledger.hpp"

#include <algorithm>
#include <utility>

namespace partita::store {

void watch_ledger::begin_attempt() {
  absent_ = 0;
  older_shown_ = false;
  for (auto& [key, known] : told_) {
    known.shown = {};
    absent_ += known.removed ? 0 : 1;
  }
  for (auto& [key, write] : own_)
    write.young = false;
}

void watch_ledger::forget_told() {
  told_.clear();
  absent_ = 0;
  older_shown_ = false;
}

void watch_ledger::forget_all() {
  forget_told();
  own_.clear();
}

void watch_ledger::acknowledged(const std::string& key, revision at) {
  auto& write = own_[key];
  if (at > write.at)
    write = {at, true};
}

void watch_ledger::forgive(const std::string& key) {
  own_.erase(key);
}

bool watch_ledger::contradicts(const kv_entry& entry) const {
  auto known = told_.find(entry.key);
  if (known == told_.end() || known->second.absent
      || known->second.revision != entry.revision)
    return false;
  const auto& was = known->second;
  return was.removed != entry.removed || was.value != entry.value;
}

std::optional<kv_entry> watch_ledger::show(kv_entry entry) {
  auto [i, added] = told_.try_emplace(entry.key);
  auto& known = i->second;
  bool fresh = known.shown == revision{};
  if (fresh && !added && !known.removed)
    --absent_;
  known.shown = std::max(known.shown, entry.revision);
  older_shown_ = older_shown_ || known.shown < known.revision;
  if (entry.revision < known.revision)
    return fresh ? std::optional{entry_of(entry.key, known)} : std::nullopt;
  known.value = entry.value;
  known.revision = entry.revision;
  known.stored_at_ns = entry.stored_at_ns;
  known.removed = entry.removed;
  known.absent = false;
  return entry;
}

kv_entry watch_ledger::entry_of(const std::string& key, const told_entry& x) {
  kv_entry result;
  result.key = key;
  result.value = x.value;
  result.revision = x.revision;
  result.removed = x.removed;
  result.stored_at_ns = x.stored_at_ns;
  return result;
}

void watch_ledger::for_each_shown(const std::function<void(const kv_entry&)>& f) const {
  std::vector<decltype(told_)::const_pointer> all;
  for (const auto& x : told_)
    if (x.second.shown != revision{})
      all.push_back(&x);
  std::sort(all.begin(), all.end(), [](const auto* x, const auto* y) {
    return x->second.revision < y->second.revision;
  });
  for (const auto* x : all)
    f(entry_of(x->first, x->second));
}

std::vector<watch_ledger::doubt> watch_ledger::doubts() const {
  auto result = owed();
  if (!older_shown_)
    return result;
  for (const auto& [key, known] : told_) {
    bool ours = own_.contains(key) && known.shown < own_.at(key).at;
    if (!ours && known.shown != revision{} && known.shown < known.revision)
      result.push_back({key, known.revision});
  }
  return result;
}

std::vector<watch_ledger::doubt> watch_ledger::owed() const {
  std::vector<doubt> result;
  for (const auto& [key, write] : own_)
    if (shown_at(key) < write.at)
      result.push_back({key, write.at});
  return result;
}

revision watch_ledger::shown_at(const std::string& key) const {
  auto i = told_.find(key);
  return i == told_.end() ? revision{} : i->second.shown;
}

bool watch_ledger::due(const std::string& key) const {
  auto i = own_.find(key);
  return i == own_.end() || !i->second.young;
}

std::optional<std::string> watch_ledger::absent() const {
  if (absent_ > 0)
    for (const auto& [key, known] : told_)
      if (known.shown == revision{} && !known.removed)
        return key;
  return std::nullopt;
}

std::vector<std::string> watch_ledger::take_absent() {
  std::vector<std::string> result;
  if (std::exchange(absent_, 0) == 0)
    return result;
  for (auto& [key, known] : told_) {
    if (known.shown != revision{} || known.removed)
      continue;
    // The revision stays: a replica that lags may still show older ones.
    known.absent = known.removed = true;
    known.value.clear();
    result.push_back(key);
  }
  return result;
}

} // namespace partita::store
