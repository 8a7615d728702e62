// SPDX-License-Identifier: Apache-2.0
#include "partita/app/dev/ownership_table.hpp"

#include "partita/app/output/names.hpp"
#include "partita/app/output/table.hpp"

namespace partita::app {

namespace {

constexpr std::size_t names_in_table = 12;

} // namespace

std::string ownership_table::apply(const worker_id_claimed& x) {
  shares_[x.worker_id];
  return x.worker_id.value + " has joined";
}

std::string ownership_table::apply(const leadership_changed& x) {
  if (x.leading)
    leader_ = x.worker_id;
  else if (leader_ == x.worker_id)
    leader_ = {};
  return x.worker_id.value + (x.leading ? " leads: " : " lost leadership: ") + x.reason;
}

std::string ownership_table::apply(const assignment_changed& x) {
  auto& mine = shares_[x.worker_id];
  mine.names.clear();
  for (const auto& held : x.partitions)
    mine.names.push_back(name_of(held.partition));
  mine.version = x.version;
  changed_ = true;
  return {};
}

std::string ownership_table::apply(const worker_stopped& x) {
  return forget(x.worker_id, x.failure.empty() ? "has left" : "gave up: " + x.failure);
}

std::string ownership_table::apply_killed(const worker_id& who) {
  return forget(who, "was killed");
}

std::string ownership_table::forget(const worker_id& who, const std::string& how) {
  changed_ = shares_.erase(who) > 0 || changed_;
  if (leader_ == who)
    leader_ = {};
  return (who.value.empty() ? "a worker" : who.value) + ' ' + how;
}

std::string ownership_table::take_table() {
  changed_ = false;
  table rows{{{"WORKER"},
              {""},
              {"VERSION", table::side::right},
              {"PARTITIONS", table::side::right},
              {"SHARE"}}};
  for (const auto& [who, mine] : shares_)
    rows.add({who.value, who == leader_ ? "leads" : "", readable(mine.version),
              std::to_string(mine.names.size()), some_of(mine.names, names_in_table)});
  return rows.text() + summary();
}

std::string ownership_table::summary() const {
  std::map<std::string, int> owners;
  for (const auto& [who, mine] : shares_)
    for (const auto& name : mine.names)
      ++owners[name];
  std::size_t twice = 0;
  for (const auto& [name, count] : owners)
    twice += count > 1 ? 1 : 0;
  if (twice > 0)
    return std::to_string(twice) + " partitions are named by two workers\n";
  if (owners.size() < partitions_)
    return std::to_string(partitions_ - owners.size()) + " of "
           + std::to_string(partitions_) + " partitions have no owner yet\n";
  return "all " + std::to_string(partitions_) + " partitions are owned exactly once\n";
}

} // namespace partita::app
