// SPDX-License-Identifier: Apache-2.0
#include "partita/core/worker/roster.hpp"

#include "partita/messages/codec.hpp"

#include <utility>

namespace partita::core {

roster::commands roster::shown(const worker_id& who, const kv_entry& entry,
                               time_point now) {
  commands out;
  auto news = news_of(kind::beat, now);
  news.who = who;
  news.revision = entry.revision;
  news.stored_at_ns = entry.stored_at_ns;
  auto value = beat_from(entry.value, entry.stored_at_ns);
  if (auto* found = std::get_if<beat>(&value)) {
    news.value = std::move(*found);
    if (news.value.terms.ttl > longest_ttl_) {
      longest_ttl_ = news.value.terms.ttl;
      out.emplace_back(longer_ttl{longest_ttl_});
    }
  } else {
    news.what = kind::unreadable;
    out.emplace_back(unreadable{who, std::get<malformed>(value).why});
  }
  remember(out, std::move(news));
  return out;
}

roster::commands roster::gone(const worker_id& who, revision mark, time_point now) {
  commands out;
  auto news = news_of(kind::gone, now);
  news.who = who;
  news.revision = mark;
  remember(out, std::move(news));
  return out;
}

roster::commands roster::replayed(const bucket_identity& bucket, time_point now) {
  complete_ = true;
  created_at_ns_ = bucket.created_at_ns;
  complete_since_ = complete_since_.value_or(now);
  return {tell{replayed_news(now)}};
}

roster::commands roster::interrupted(time_point now) {
  complete_ = false;
  return {tell{news_of(kind::interrupted, now)}};
}

roster::commands roster::bucket_changed(const bucket_identity& bucket,
                                        const std::string& why, time_point now) {
  complete_ = false;
  known_.clear();
  complete_since_.reset();
  created_at_ns_ = bucket.created_at_ns;
  auto news = news_of(kind::bucket_changed, now);
  news.why = why;
  return {tell{std::move(news)}};
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

roster_news roster::replayed_news(time_point now) const {
  auto result = news_of(kind::replayed, now);
  result.seen_at = *complete_since_;
  return result;
}

void roster::remember(commands& out, roster_news what) {
  auto [i, is_new] = known_.try_emplace(what.who);
  if (!is_new && what.revision <= i->second.revision && what.what == i->second.what)
    return; // A replay shows again what was seen before.
  i->second = std::move(what);
  out.emplace_back(tell{i->second});
}

} // namespace partita::core
