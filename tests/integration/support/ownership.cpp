// SPDX-License-Identifier: Apache-2.0
#include "ownership.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>

namespace partita::test {

void ownership::said(const std::string& worker, const std::string& line) {
  auto x = nlohmann::json::parse(line, nullptr, false);
  if (!x.is_object() || !x.contains("event"))
    return;
  auto event = x.at("event").get<std::string>();
  auto at = x.at("ts_ns").get<std::int64_t>();
  if (event == "assigned") {
    for (const auto& p : x.at("partitions")) {
      auto& all = spans_[p.at("partition")];
      auto token = p.at("token").get<std::uint64_t>();
      auto open = std::find_if(all.begin(), all.end(), [&](const span& y) {
        return y.worker == worker && !y.to_ns;
      });
      if (open != all.end())
        open->token = std::max(open->token, token); // The same work under a new token.
      else
        all.push_back({worker, token, token, at, std::nullopt, {}});
    }
  } else if (event == "revoked" || event == "lost") {
    for (const auto& p : x.at("partitions"))
      for (auto& y : spans_[p.at("partition")])
        if (y.worker == worker && !y.to_ns) {
          y.to_ns = at;
          y.ended_by = event;
        }
  } else if (event == "stopped") {
    end_all(worker, at, event);
  } else if (event == "assignment") {
    std::pair<std::uint64_t, std::uint64_t> stamp{x.at("epoch"), x.at("version")};
    auto& last = stamps_[worker];
    if (stamp < last)
      went_back_.push_back(worker + " received version " + std::to_string(stamp.second)
                           + " of epoch " + std::to_string(stamp.first) + " after "
                           + std::to_string(last.second) + " of "
                           + std::to_string(last.first));
    last = stamp;
  }
}

void ownership::begun(const std::string& worker) {
  stamps_.erase(worker);
}

void ownership::ended(const std::string& worker, std::int64_t at_ns) {
  end_all(worker, at_ns, "died");
}

void ownership::slept(const std::string& worker, std::int64_t from_ns,
                      std::int64_t to_ns) {
  sleeps_[worker].push_back({from_ns, to_ns + waking_ns_});
}

void ownership::end_all(const std::string& worker, std::int64_t at_ns,
                        const std::string& why) {
  for (auto& [name, all] : spans_)
    for (auto& x : all)
      if (x.worker == worker && !x.to_ns) {
        x.to_ns = at_ns;
        x.ended_by = why;
      }
}

/// The parts of a span in which the process could run.
std::vector<ownership::stretch> ownership::working(const span& x,
                                                   std::int64_t end_ns) const {
  std::vector<stretch> result{{x.from_ns, x.to_ns.value_or(end_ns)}};
  auto sleeps = sleeps_.find(x.worker);
  if (sleeps == sleeps_.end())
    return result;
  for (const auto& nap : sleeps->second) {
    std::vector<stretch> rest;
    for (const auto& y : result) {
      if (nap.to_ns <= y.from_ns || nap.from_ns >= y.to_ns) {
        rest.push_back(y);
        continue;
      }
      if (y.from_ns < nap.from_ns)
        rest.push_back({y.from_ns, nap.from_ns});
      if (nap.to_ns < y.to_ns)
        rest.push_back({nap.to_ns, y.to_ns});
    }
    result = std::move(rest);
  }
  return result;
}

std::vector<std::string> ownership::violations(std::int64_t to_ns) const {
  auto result = went_back_;
  for (const auto& [name, all] : spans_) {
    struct piece {
      stretch when;
      const span* of;
    };
    std::vector<piece> pieces;
    for (const auto& x : all)
      for (const auto& y : working(x, to_ns))
        pieces.push_back({y, &x});
    std::sort(pieces.begin(), pieces.end(), [](const piece& x, const piece& y) {
      return x.when.from_ns < y.when.from_ns;
    });
    const piece* longest = nullptr;
    for (const auto& x : pieces) {
      if (longest && longest->of != x.of && x.when.from_ns < longest->when.to_ns)
        result.push_back(name + " was worked on by " + longest->of->worker + " (token "
                         + std::to_string(longest->of->token) + ", from "
                         + std::to_string(longest->when.from_ns) + " to "
                         + std::to_string(longest->when.to_ns) + ") and by "
                         + x.of->worker + " (token " + std::to_string(x.of->token)
                         + ", from " + std::to_string(x.when.from_ns) + ')');
      if (!longest || longest->when.to_ns < x.when.to_ns)
        longest = &x;
    }
    auto in_order = all;
    std::stable_sort(in_order.begin(), in_order.end(),
                     [](const span& x, const span& y) { return x.from_ns < y.from_ns; });
    for (std::size_t i = 1; i < in_order.size(); ++i)
      if (in_order[i].first_token <= in_order[i - 1].token)
        result.push_back(name + ": token " + std::to_string(in_order[i].first_token)
                         + " of " + in_order[i].worker + " came after "
                         + std::to_string(in_order[i - 1].token) + " of "
                         + in_order[i - 1].worker);
  }
  return result;
}

std::vector<ownership::gap> ownership::gaps() const {
  std::vector<gap> result;
  for (const auto& [name, all] : spans_) {
    auto in_order = all;
    std::stable_sort(in_order.begin(), in_order.end(),
                     [](const span& x, const span& y) { return x.from_ns < y.from_ns; });
    std::int64_t end = 0;
    std::string why;
    for (const auto& x : in_order) {
      if (end != 0 && x.from_ns > end)
        result.push_back({name, end, x.from_ns, why});
      auto until = x.to_ns.value_or(std::numeric_limits<std::int64_t>::max());
      if (until > end) {
        end = until;
        why = x.ended_by;
      }
    }
  }
  return result;
}

} // namespace partita::test
