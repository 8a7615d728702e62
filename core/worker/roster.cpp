// SPDX-License-Identifier: Apache-2.0
#include "partita/core/worker/roster.hpp"

#include "partita/messages/codec.hpp"

#include <algorithm>
#include <utility>

namespace partita::core {

std::optional<roster_news> roster::shown(const worker_id& who, const kv_entry& entry,
                                         time_point now) {
  auto news = news_of(kind::beat, now);
  news.who = who;
  news.revision = entry.revision;
  news.stored_at_ns = entry.stored_at_ns;
  auto value = beat_from(entry.value, entry.stored_at_ns);
  if (auto* found = std::get_if<beat>(&value)) {
    longest_ttl_ = std::max(longest_ttl_, found->terms.ttl);
    news.value = std::move(*found);
  } else {
    news.what = kind::unreadable;
    news.why = std::get<malformed>(value).why;
  }
  return remember(std::move(news));
}

std::optional<roster_news> roster::gone(const worker_id& who, revision mark,
                                        time_point now) {
  auto news = news_of(kind::gone, now);
  news.who = who;
  news.revision = mark;
  return remember(std::move(news));
}

roster_news roster::replayed(const bucket_identity& bucket, time_point now) {
  complete_ = true;
  created_at_ns_ = bucket.created_at_ns;
  complete_since_ = complete_since_.value_or(now);
  return replayed_news(now);
}

roster_news roster::bucket_changed(const bucket_identity& bucket, std::string why,
                                   time_point now) {
  complete_ = false;
  known_.clear();
  complete_since_.reset();
  created_at_ns_ = bucket.created_at_ns;
  auto news = news_of(kind::bucket_changed, now);
  news.why = std::move(why);
  return news;
}

std::vector<roster_news> roster::known(time_point now) const {
  std::vector<roster_news> result;
  for (const auto& [who, x] : known_)
    result.push_back(x);
  if (complete_)
    result.push_back(replayed_news(now));
  return result;
}

roster_news roster::news_of(kind what, time_point now) const {
  roster_news result;
  result.what = what;
  result.seen_at = now;
  result.stored_at_ns = created_at_ns_;
  return result;
}

std::optional<roster_news> roster::remember(roster_news what) {
  auto [i, is_new] = known_.try_emplace(what.who);
  if (!is_new && what.revision <= i->second.revision && what.what == i->second.what)
    return std::nullopt; // A replay shows again what was seen before.
  i->second = std::move(what);
  return i->second;
}

} // namespace partita::core
