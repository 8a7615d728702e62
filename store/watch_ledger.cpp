// SPDX-License-Identifier: Apache-2.0
#include "partita/store/watch_ledger.hpp"

#include <algorithm>
#include <utility>

namespace partita::store {

void watch_ledger::begin_attempt() {
  for (auto& [key, known] : told_)
    known.shown = {};
  for (auto& [key, write] : own_)
    write.young = false;
}

void watch_ledger::forget_told() {
  told_.clear();
}

void watch_ledger::forget_all() {
  told_.clear();
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
      || known->second.entry.revision != entry.revision)
    return false;
  const auto& was = known->second.entry;
  return was.removed != entry.removed || was.value != entry.value;
}

std::optional<kv_entry> watch_ledger::show(kv_entry entry) {
  auto& known = told_[entry.key];
  bool fresh = known.shown == revision{};
  known.shown = std::max(known.shown, entry.revision);
  if (entry.revision >= known.entry.revision) {
    known.entry = std::move(entry);
    known.absent = false;
  } else if (!fresh)
    return std::nullopt;
  return known.entry;
}

void watch_ledger::for_each_shown(const std::function<void(const kv_entry&)>& f) const {
  std::vector<const kv_entry*> all;
  for (const auto& [key, known] : told_)
    if (known.shown != revision{})
      all.push_back(&known.entry);
  std::sort(all.begin(), all.end(),
            [](const auto* x, const auto* y) { return x->revision < y->revision; });
  for (const auto* x : all)
    f(*x);
}

std::vector<watch_ledger::doubt> watch_ledger::doubts() const {
  auto result = owed();
  for (const auto& [key, known] : told_) {
    bool ours = own_.contains(key) && !shown(key, own_.at(key).at);
    if (!ours && known.shown != revision{} && known.shown < known.entry.revision)
      result.push_back({key, known.entry.revision});
  }
  return result;
}

std::vector<watch_ledger::doubt> watch_ledger::owed() const {
  std::vector<doubt> result;
  for (const auto& [key, write] : own_)
    if (!shown(key, write.at))
      result.push_back({key, write.at});
  return result;
}

bool watch_ledger::shown(const std::string& key) const {
  return shown(key, {1});
}

bool watch_ledger::shown(const std::string& key, revision wanted) const {
  return shown_at(key) >= wanted;
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
  for (const auto& [key, known] : told_)
    if (known.shown == revision{} && !known.entry.removed)
      return key;
  return std::nullopt;
}

std::vector<std::string> watch_ledger::take_absent() {
  std::vector<std::string> result;
  for (auto& [key, known] : told_) {
    if (known.shown != revision{} || known.entry.removed)
      continue;
    // The revision stays: a replica that lags may still show older ones.
    known.absent = known.entry.removed = true;
    known.entry.value.clear();
    result.push_back(key);
  }
  return result;
}

} // namespace partita::store
