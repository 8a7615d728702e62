// SPDX-License-Identifier: Apache-2.0
#include "partita/store/watch_feed.hpp"

#include "partita/messages/failpoint.hpp"

#include <algorithm>
#include <utility>

namespace partita::store {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds first_delay{50};
constexpr milliseconds longest_delay{2000};
constexpr milliseconds between_looks_for_the_end{1000};
constexpr milliseconds longest_search{1000};

/// By how much the creation times of one stream may differ between nodes of a cluster: 29
/// to 207 ms were measured with nats-server 2.10, where several clients made it at once.
constexpr std::chrono::seconds most_creation_difference{5};

/// 0, 50 ms, 100 ms and so on up to 2 s.
milliseconds delay_after(unsigned troubles) {
  if (troubles == 0)
    return milliseconds{0};
  auto doublings = std::min(troubles - 1, 10u);
  return std::min(longest_delay, first_delay * (1 << doublings));
}

std::string number(revision x) {
  return std::to_string(x.value);
}

} // namespace

watch_feed::watch_feed(std::string pattern, milliseconds heartbeat)
    : pattern_(std::move(pattern)), silence_(heartbeat * 5 / 2) {}

// -- watchers ---------------------------------------------------------------------------

watch_feed::outputs watch_feed::join(subscriber who, bool signs, time_point now) {
  now_ = now;
  watchers_[who] = {.signs = signs};
  if (phase_ == phase::idle) {
    if (link_up_)
      begin_attempt();
    else
      phase_ = phase::detached;
    return std::exchange(out_, {});
  }
  ledger_.for_each_shown([&](const kv_entry& x) { tell_one(who, event_of(x)); });
  if (phase_ == phase::complete) {
    for (const auto& x : ledger_.owed())
      owe(x);
    settle();
  }
  return std::exchange(out_, {});
}

watch_feed::outputs watch_feed::leave(subscriber who) {
  if (watchers_.erase(who) == 0 || watched())
    return {};
  phase_ = phase::idle;
  troubles_ = 0;
  early_.clear();
  owed_.clear();
  ledger_.forget_told();
  out_.emplace_back(detach{});
  return std::exchange(out_, {});
}

// -- the consumer -----------------------------------------------------------------------

watch_feed::outputs watch_feed::attached(attempt number, bucket_identity bucket,
                                         time_point now) {
  now_ = now;
  if (number != number_ || phase_ != phase::attaching)
    return {};
  phase_ = phase::replaying;
  heard_ = now;
  auto difference = std::chrono::nanoseconds{
      bucket.created_at_ns - created_at_ns_.value_or(bucket.created_at_ns)};
  suspect_ = !bucket.expires && (suspect_ || difference.count() != 0);
  if (std::chrono::abs(difference) > most_creation_difference)
    begin_life(bucket, "the bucket was deleted and made again");
  else if (created_at_ns_ && bucket.last < last_before_)
    begin_life(bucket, "the bucket lost acknowledged writes: its last revision is "
                           + store::number(bucket.last) + ", it was "
                           + store::number(last_before_));
  created_at_ns_ = bucket.created_at_ns;
  most_value_ = bucket.most_value;
  last_ = std::max(last_, bucket.last);
  look_for_end();
  for (auto& x : std::exchange(early_, {}))
    if (present(number))
      take(std::move(x));
  return std::exchange(out_, {});
}

watch_feed::outputs watch_feed::end_found(const find_end& asked, const kv_read& read,
                                          time_point now) {
  now_ = now;
  if (!present(asked.number) || phase_ != phase::replaying)
    return {};
  switch (read.status) {
  case read_status::found:
  case read_status::missing:
    if (read.entry.revision <= asked.delivered) {
      complete_replay();
    } else {
      end_ = read.entry.revision;
      go_on_to_end();
    }
    break;
  case read_status::not_connected:
  case read_status::unknown:
  case read_status::refused:
    rebuild("the end of the replay is not known: " + read.why);
    break;
  }
  return std::exchange(out_, {});
}

watch_feed::outputs watch_feed::delivered(attempt number, std::uint64_t sequence,
                                          kv_entry entry, time_point now) {
  now_ = now;
  early_delivery x{sequence, std::move(entry)};
  if (present(number))
    take(std::move(x));
  else if (number == number_ && phase_ == phase::attaching)
    early_.push_back(std::move(x));
  return std::exchange(out_, {});
}

watch_feed::outputs watch_feed::heartbeat(attempt number, std::uint64_t last_sequence,
                                          time_point now) {
  now_ = now;
  if (!present(number))
    return {};
  if (last_sequence > sequence_ && !failpoint(rule::gap_ignored)) {
    rebuild("deliveries were lost: the store has sent " + std::to_string(last_sequence)
            + ", " + std::to_string(sequence_) + " arrived");
    return std::exchange(out_, {});
  }
  // In a replay only deliveries are progress.
  if (phase_ != phase::complete)
    return {};
  heard_ = now;
  for (const auto& [who, state] : watchers_)
    if (state.ready && state.signs)
      tell_one(who, event_of(watch_change::alive));
  return std::exchange(out_, {});
}

watch_feed::outputs watch_feed::failed(attempt number, std::string why, time_point now) {
  now_ = now;
  if (present(number) || (number == number_ && phase_ == phase::attaching))
    rebuild(why);
  return std::exchange(out_, {});
}

// -- what else happens ------------------------------------------------------------------

watch_feed::outputs watch_feed::link_lost(std::string why, time_point now) {
  now_ = now;
  link_up_ = false;
  if (phase_ == phase::idle)
    return {};
  phase_ = phase::detached;
  early_.clear();
  owed_.clear();
  ledger_.begin_attempt();
  warn_all(event_of(watch_change::restarted, std::move(why)));
  return std::exchange(out_, {});
}

watch_feed::outputs watch_feed::link_back(time_point now) {
  now_ = now;
  link_up_ = true;
  troubles_ = 0;
  if (phase_ == phase::detached)
    begin_attempt();
  else if (phase_ != phase::idle)
    rebuild("reconnected to the server");
  return std::exchange(out_, {});
}

watch_feed::outputs watch_feed::acknowledged(const std::string& key, revision at,
                                             time_point now) {
  now_ = now;
  if (!matches(pattern_, key))
    return {};
  last_ = std::max(last_, at);
  ledger_.acknowledged(key, at);
  if (phase_ != phase::complete)
    return {};
  auto shown = ledger_.shown_at(key);
  if (shown < at)
    owe({key, at});
  else if (at < shown) // A later write came first, or the bucket lost that one.
    doubt({key, shown});
  return std::exchange(out_, {});
}

watch_feed::outputs watch_feed::confirmed(attempt number, const std::string& key,
                                          const kv_read& read, time_point now) {
  now_ = now;
  auto i = owed_.find(key);
  if (present(number) && i != owed_.end() && i->second.asked != revision{})
    judge(key, read);
  return std::exchange(out_, {});
}

watch_feed::outputs watch_feed::tick(time_point now) {
  now_ = now;
  if (phase_ == phase::idle || phase_ == phase::detached)
    return {};
  auto patience = phase_ == phase::complete ? silence_ : silence_ + delay_;
  if (now - heard_ >= patience) {
    rebuild("nothing received for " + std::to_string(patience.count()) + " ms");
    return std::exchange(out_, {});
  }
  if (phase_ == phase::replaying && now - end_asked_ >= between_looks_for_the_end)
    look_for_end();
  for (const auto& [key, x] : owed_) {
    if (now - x.since < silence_)
      continue;
    rebuild("revision " + number(x.wanted) + " of '" + key
            + "' was acknowledged but not shown");
    break;
  }
  return std::exchange(out_, {});
}

bool watch_feed::matches(std::string_view pattern, std::string_view key) {
  for (;;) {
    auto pattern_end = pattern.find('.');
    auto key_end = key.find('.');
    auto wanted = pattern.substr(0, pattern_end);
    auto found = key.substr(0, key_end);
    if (found.empty())
      return false;
    if (wanted == ">")
      return pattern_end == std::string_view::npos;
    if (wanted != "*" && wanted != found)
      return false;
    if (pattern_end == std::string_view::npos || key_end == std::string_view::npos)
      return pattern_end == key_end;
    pattern.remove_prefix(pattern_end + 1);
    key.remove_prefix(key_end + 1);
  }
}

// -- attempts ---------------------------------------------------------------------------

bool watch_feed::present(attempt number) const {
  return number == number_ && (phase_ == phase::replaying || phase_ == phase::complete);
}

bool watch_feed::all_ready() const {
  return std::all_of(watchers_.begin(), watchers_.end(),
                     [](const auto& x) { return x.second.ready; });
}

void watch_feed::begin_attempt() {
  phase_ = phase::attaching;
  sequence_ = 0;
  early_.clear();
  delivered_ = {};
  end_.reset();
  caught_up_at_.reset();
  owed_.clear();
  ended_by_mistake_ = false;
  ledger_.begin_attempt();
  last_before_ = last_;
  delay_ = delay_after(troubles_++);
  heard_ = now_ + delay_;
  out_.emplace_back(attach{++number_, delay_});
}

void watch_feed::rebuild(const std::string& why) {
  warn_all(event_of(watch_change::restarted, why));
  begin_attempt();
}

void watch_feed::begin_life(bucket_identity bucket, const std::string& why) {
  ledger_.forget_all();
  owed_.clear();
  suspect_ = false;
  last_ = bucket.last;
  for (auto& [who, state] : watchers_) {
    state.ready = false;
    state.warned = true;
  }
  tell_all(event_of(watch_change::bucket_changed, why, bucket));
}

// -- replays and changes ----------------------------------------------------------------

void watch_feed::take(early_delivery x) {
  if (ended_by_mistake_)
    sequence_ = std::max(sequence_, x.sequence);
  if (x.sequence <= sequence_)
    return;
  if (x.sequence != sequence_ + 1 && !failpoint(rule::gap_ignored)) {
    rebuild("a delivery was lost: number " + std::to_string(x.sequence) + " came after "
            + std::to_string(sequence_));
    return;
  }
  sequence_ = x.sequence;
  if (ledger_.contradicts(x.entry)) {
    begin_life({created_at_ns_.value_or(0), x.entry.revision},
               "the bucket lost acknowledged writes: revision " + number(x.entry.revision)
                   + " of '" + x.entry.key + "' has other content now");
    begin_attempt();
    return;
  }
  heard_ = now_;
  delivered_ = std::max(delivered_, x.entry.revision);
  last_ = std::max(last_, x.entry.revision);
  ended_by_mistake_ =
      failpoint(rule::mark_ends_watch) && x.entry.removed && phase_ == phase::complete;
  auto owed = owed_.find(x.entry.key);
  if (owed != owed_.end()) {
    owed->second.since = now_;
    if (owed->second.wanted <= x.entry.revision)
      owed_.erase(owed);
  }
  if (auto news = ledger_.show(std::move(x.entry)))
    tell_all(event_of(std::move(*news)));
  if (phase_ == phase::replaying)
    go_on_to_end();
  else
    settle();
}

void watch_feed::look_for_end() {
  end_.reset();
  end_asked_ = now_;
  out_.emplace_back(find_end{number_, delivered_});
}

void watch_feed::go_on_to_end() {
  if (!end_ || delivered_ < *end_)
    return;
  if (!caught_up_at_)
    caught_up_at_ = now_;
  // A pattern of one key has nothing that could be missing at its end.
  auto one_key = pattern_.find_first_of("*>") == std::string::npos;
  if (one_key || now_ - *caught_up_at_ >= longest_search)
    complete_replay();
  else
    look_for_end();
}

void watch_feed::complete_replay() {
  phase_ = phase::complete;
  if (!failpoint(rule::old_replay_accepted))
    for (const auto& x : ledger_.doubts())
      doubt(x);
  settle();
}

/// Sends `replayed` to all watchers that wait for it, unless a key is still owed.
void watch_feed::settle() {
  if (phase_ != phase::complete || !owed_.empty() || all_ready())
    return;
  if (auto key = ledger_.absent(); suspect_ && key) {
    made_again(*key);
    return;
  }
  suspect_ = false;
  for (auto& key : ledger_.take_absent()) {
    kv_entry gone;
    gone.key = std::move(key);
    gone.removed = true;
    tell_all(event_of(std::move(gone)));
  }
  troubles_ = 0;
  for (auto& [who, state] : watchers_) {
    if (state.ready)
      continue;
    state.ready = true;
    state.warned = false;
    tell_one(who, event_of(watch_change::replayed, {},
                           {created_at_ns_.value_or(0), last_, false, most_value_}));
  }
}

void watch_feed::made_again(const std::string& missing) {
  begin_life({created_at_ns_.value_or(0), last_},
             "the bucket was deleted and made again: it has another creation time, and '"
                 + missing + "' is gone");
  begin_attempt();
}

void watch_feed::doubt(const watch_ledger::doubt& x) {
  owe(x);
  owed_[x.key].asked = x.wanted;
  out_.emplace_back(confirm{number_, x.key});
}

void watch_feed::owe(const watch_ledger::doubt& x) {
  auto& owed = owed_.try_emplace(x.key, debt{{}, now_, {}}).first->second;
  owed.wanted = std::max(owed.wanted, x.wanted);
}

/// Decides by the leader's answer on a key that the replay does not show as it should.
void watch_feed::judge(const std::string& key, const kv_read& read) {
  auto& owed = owed_[key];
  auto asked = std::exchange(owed.asked, revision{});
  switch (read.status) {
  case read_status::found:
    if (read.entry.revision < asked) {
      begin_life({created_at_ns_.value_or(0), read.entry.revision},
                 "the bucket lost acknowledged writes: '" + key + "' is at revision "
                     + number(read.entry.revision) + ", it was at " + number(asked));
      begin_attempt();
    } else if (ledger_.shown_at(key) >= owed.wanted) {
      owed_.erase(key);
      settle();
    } else if (ledger_.due(key)) {
      rebuild("the replay lags behind the stream's leader at '" + key + "'");
    } // else its delivery is under way, or tick() notices its absence
    return;
  case read_status::missing:
    if (owed.wanted > asked)
      return; // written again meanwhile
    if (ledger_.shown_at(key) != revision{}) {
      rebuild("the replay shows '" + key + "', which no longer exists");
      return;
    }
    if (suspect_) {
      made_again(key);
      return;
    }
    ledger_.forgive(key);
    owed_.erase(key);
    settle();
    return;
  case read_status::not_connected:
  case read_status::unknown:
  case read_status::refused:
    rebuild("'" + key + "' could not be confirmed: " + read.why);
    return;
  }
}

// -- sending ----------------------------------------------------------------------------

watch_event watch_feed::event_of(watch_change change, std::string why,
                                 bucket_identity bucket) const {
  return {0, change, {}, std::move(bucket), now_, std::move(why)};
}

watch_event watch_feed::event_of(kv_entry entry) const {
  auto result = event_of(entry.removed ? watch_change::removed : watch_change::value);
  result.entry = std::move(entry);
  return result;
}

void watch_feed::tell_one(subscriber who, watch_event event) {
  out_.emplace_back(tell{who, std::move(event)});
}

void watch_feed::tell_all(const watch_event& event) {
  for (const auto& [who, state] : watchers_)
    out_.emplace_back(tell{who, event});
}

/// Reports trouble to each watcher, once until the next `replayed`.
void watch_feed::warn_all(const watch_event& event) {
  for (auto& [who, state] : watchers_) {
    if (!state.warned)
      out_.emplace_back(tell{who, event});
    state.ready = false;
    state.warned = true;
  }
}

} // namespace partita::store
