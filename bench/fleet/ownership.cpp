// SPDX-License-Identifier: Apache-2.0
#include "ownership.hpp"

#include <algorithm>
#include <tuple>

namespace partita::bench {

void ownership::take(const event& x) {
  for (auto p : x.partitions)
    set(p, x.worker, x.at_ns, x.what == event::kind::assigned);
}

void ownership::killed(std::size_t worker, std::int64_t at_ns) {
  for (auto p : std::unordered_set<std::uint32_t>{held_[worker]})
    set(p, worker, at_ns, false);
}

bool ownership::even(std::size_t count, const std::set<std::size_t>& workers) const {
  if (works_ != count || with_one_ != count || workers.empty())
    return false;
  auto least = count / workers.size();
  auto most = least + (count % workers.size() == 0 ? 0 : 1);
  std::size_t sum = 0;
  for (auto x : workers) {
    auto n = held_by(x);
    if (n < least || n > most)
      return false;
    sum += n;
  }
  return sum == count;
}

std::size_t ownership::held_by(std::size_t worker) const {
  auto found = held_.find(worker);
  return found == held_.end() ? 0 : found->second.size();
}

moves ownership::end_phase() {
  std::stable_sort(changes_.begin(), changes_.end(), [](const auto& x, const auto& y) {
    // What ends at the instant at which something begins ends first.
    return std::tie(x.partition, x.at_ns, x.begins)
           < std::tie(y.partition, y.at_ns, y.begins);
  });
  histories_.resize(holders_.size());
  moves result;
  for (const auto& x : changes_) {
    follow(histories_[x.partition], x, result);
    result.last_ns = std::max(result.last_ns, x.at_ns);
  }
  changes_.clear();
  return result;
}

void ownership::set(std::uint32_t partition, std::size_t worker, std::int64_t at_ns,
                    bool begins) {
  auto& held = held_[worker];
  // A partition that is assigned again only has another token.
  if (begins ? !held.insert(partition).second : held.erase(partition) == 0)
    return;
  if (holders_.size() <= partition)
    holders_.resize(partition + 1);
  auto& n = holders_[partition];
  with_one_ -= n == 1 ? 1 : 0;
  begins ? ++n : --n;
  begins ? ++works_ : --works_;
  with_one_ += n == 1 ? 1 : 0;
  changes_.push_back({partition, at_ns, worker, begins});
}

void ownership::follow(history& h, const change& x, moves& result) {
  if (!x.begins) {
    h.holders.erase(x.worker);
    h.last_owner = x.worker;
    h.free_since_ns = x.at_ns;
    return;
  }
  if (!h.holders.empty())
    ++result.overlaps;
  else if (h.free_since_ns > 0 && h.last_owner != x.worker)
    result.gaps_ms.push_back(static_cast<double>(x.at_ns - h.free_since_ns) / 1e6);
  if (h.free_since_ns == 0 || h.last_owner != x.worker)
    ++result.moved;
  h.holders.insert(x.worker);
}

} // namespace partita::bench
