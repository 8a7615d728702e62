// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "store_feed_driver.hpp"

#include <deque>
#include <map>
#include <optional>
#include <random>

/// A bucket with its server and its watchers around one feed, and everything that can go
/// wrong between them. All choices come from one seed.
namespace partita::test {

class feed_world {
public:
  explicit feed_world(std::uint64_t seed) : random_(seed) {}

  /// One thing happens: to the bucket, to the watchers, or on the way.
  void step(bool with_faults) {
    act();
    if (with_faults && chance(12))
      fault();
    pass(1ms * below(30));
  }

  /// Faults end; whatever was broken gets time to heal.
  void calm_down() {
    if (!linked_)
      set_link(true);
    for (auto i = 0; i < 800; ++i)
      pass(10ms);
  }

  /// What each watcher's fold differs in from the bucket; empty: in nothing.
  std::string difference() const {
    std::map<std::string, std::uint64_t> truth;
    for (const auto& [key, entry] : newest(log_.size()))
      if (!entry.removed)
        truth[key] = entry.revision.value;
    for (const auto& [who, x] : watchers_)
      if (!x.ready)
        return "watcher " + std::to_string(who) + " waits for its replay";
      else if (x.view != truth)
        return "watcher " + std::to_string(who) + " sees" + text_of(x.view) + ", there is"
               + text_of(truth);
    return {};
  }

  /// The first broken promise, if any.
  std::string broken;
  /// How often which event was sent: a test that never meets one tests nothing.
  std::map<watch_change, int> told;
  int confirms = 0;

private:
  struct message {
    bool heartbeat = false;
    std::uint64_t sequence = 0;
    kv_entry entry;
  };

  /// The server's side of an attempt, and what is on its way from there.
  struct consumer {
    watch_feed::attempt attempt = 0;
    std::deque<message> way;
    std::uint64_t sequence = 0;
    /// How much of the log it has sent; a replica may lag.
    std::size_t sent = 0;
    bool alive = true;
  };

  struct watcher {
    bool ready = false;
    std::map<std::string, std::uint64_t> view;
    std::map<std::string, std::uint64_t> seen;
  };

  static std::string text_of(const std::map<std::string, std::uint64_t>& view) {
    std::string result;
    for (const auto& [key, at] : view)
      result += " " + key + "=" + std::to_string(at);
    return result;
  }

  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  bool chance(std::uint64_t percent) { return below(100) < percent; }

  // -- the bucket -----------------------------------------------------------------------

  std::map<std::string, kv_entry> newest(std::size_t length) const {
    std::map<std::string, kv_entry> result;
    for (std::size_t i = 0; i < length; ++i)
      if (!log_[i].value.starts_with("expired"))
        result[log_[i].key] = log_[i];
      else
        result.erase(log_[i].key);
    return result;
  }

  std::uint64_t last_revision() const {
    return log_.empty() ? 0 : log_.back().revision.value;
  }

  void write() {
    auto key = std::string(1, static_cast<char>('a' + below(6)));
    auto at = last_revision() + 1;
    log_.push_back(chance(20) ? mark_of(key, at) : value_of(key, at));
    // Ours, if the link lets it be acknowledged; maybe only after it was delivered.
    if (linked_ && chance(50)) {
      if (chance(50))
        drain();
      acknowledged_[key] = at;
      carry_out(feed_.acknowledged(key, {at}, now_));
    }
  }

  // -- what happens ---------------------------------------------------------------------

  void act() {
    auto what = below(10);
    if (what < 6) {
      write();
    } else if (what == 6 && watchers_.size() < 4) {
      watchers_.emplace(++numbers_, watcher{});
      carry_out(feed_.join(numbers_, true, now_));
    } else if (what == 7 && watchers_.size() > 1 && chance(30)) {
      auto who = watchers_.begin()->first;
      watchers_.erase(who);
      carry_out(feed_.leave(who));
    }
  }

  void fault() {
    switch (below(8)) {
    case 0: // a gap
      if (consumer_ && !consumer_->way.empty())
        consumer_->way.erase(consumer_->way.begin());
      break;
    case 1: // a delivery comes twice
      if (consumer_ && !consumer_->way.empty())
        consumer_->way.push_front(consumer_->way.front());
      break;
    case 2: // the consumer dies without a word
      if (consumer_)
        consumer_->alive = false;
      break;
    case 3: // or with one
      if (consumer_) {
        consumer_->alive = false;
        carry_out(feed_.failed(consumer_->attempt, "gone", now_));
      }
      break;
    case 4:
      set_link(!linked_);
      break;
    case 5:
      begin_life();
      break;
    case 6:
      lose_writes();
      break;
    case 7:
      expire();
      break;
    }
  }

  void set_link(bool on) {
    linked_ = on;
    consumer_.reset();
    asked_.clear();
    ends_.clear();
    attach_.reset();
    carry_out(on ? feed_.link_back(now_) : feed_.link_lost("cable", now_));
  }

  /// The bucket is deleted and made again.
  void begin_life() {
    ++created_;
    log_.clear();
    acknowledged_.clear();
    if (consumer_)
      consumer_->alive = false;
  }

  /// The server comes back from a power failure.
  void lose_writes() {
    log_.resize(log_.size() - std::min<std::size_t>(log_.size(), below(4)));
    // What was taken back need not be shown; whether the rest is, is not certain either.
    acknowledged_.clear();
    if (linked_)
      set_link(false);
    set_link(true);
  }

  /// A key goes without a word, and the watch is broken soon after: nothing else tells.
  void expire() {
    if (log_.empty())
      return;
    auto gone = log_[below(log_.size())];
    gone.value = "expired";
    gone.revision = {last_revision()};
    gone.removed = false;
    log_.push_back(gone);
    acknowledged_.erase(gone.key);
    if (consumer_)
      consumer_->alive = false;
  }

  // -- the way --------------------------------------------------------------------------

  void pass(std::chrono::milliseconds time) {
    for (; time >= 0ms; time -= 10ms) {
      now_ += 10ms;
      if (linked_)
        serve();
      if ((now_ - start_) % 50ms == 0ms)
        carry_out(feed_.tick(now_));
    }
  }

  void serve() {
    if (attach_ && now_ >= attach_at_)
      make_consumer();
    for (auto& x : std::exchange(ends_, {})) {
      auto end = newest_of_all();
      if (auto key = std::exchange(overwritten_later_, {}); !key.empty())
        log_.push_back(value_of(key, last_revision() + 1));
      carry_out(feed_.end_found(x, end, now_));
    }
    for (auto& [attempt, key] : std::exchange(asked_, {}))
      carry_out(feed_.confirmed(attempt, key, read(key), now_));
    if (!consumer_ || !consumer_->alive)
      return;
    for (; consumer_->sent < log_.size(); ++consumer_->sent)
      send(log_[consumer_->sent]);
    if ((now_ - start_) % 100ms == 0ms)
      consumer_->way.push_back({true, consumer_->sequence, {}});
    if (chance(80))
      drain();
  }

  kv_read read(const std::string& key) const {
    auto all = newest(log_.size());
    return all.contains(key) ? found(all[key]) : no_revision();
  }

  kv_read newest_of_all() const {
    auto result = no_revision();
    for (const auto& [key, entry] : newest(log_.size()))
      if (entry.revision > result.entry.revision)
        result = found(entry);
    return result;
  }

  void make_consumer() {
    auto attempt = std::exchange(attach_, std::nullopt)->number;
    if (chance(15)) // no answer, or a bad one
      return chance(50) ? carry_out(feed_.failed(attempt, "no", now_)) : void();
    // Replicas lag behind by the newest few writes, seldom; but not by an expiry, as
    // no watch would ever show it.
    auto most = chance(20) ? std::min<std::size_t>(log_.size(), below(5)) : 0;
    std::size_t lag = 0;
    while (lag < most && !log_[log_.size() - 1 - lag].value.starts_with("expired"))
      ++lag;
    consumer_ = consumer{};
    consumer_->attempt = attempt;
    consumer_->sent = log_.size() - lag;
    auto all = newest(consumer_->sent);
    std::map<std::uint64_t, kv_entry> in_order;
    for (const auto& [key, entry] : all)
      in_order.emplace(entry.revision.value, entry);
    // A key that is overwritten just then comes after all others, with its new value.
    auto overwritten = in_order.end();
    if (!in_order.empty() && chance(20))
      overwritten = std::next(in_order.begin(),
                              static_cast<std::ptrdiff_t>(below(in_order.size())));
    for (auto i = in_order.begin(); i != in_order.end(); ++i)
      if (i != overwritten)
        send(i->second);
    overwritten_later_ = {};
    if (overwritten != in_order.end() && chance(50))
      overwritten_later_ = overwritten->second.key;
    else if (overwritten != in_order.end())
      log_.push_back(value_of(overwritten->second.key, last_revision() + 1));
    bucket_identity bucket{created_, {last_revision()}};
    std::vector<std::string> keys;
    for (const auto& [key, entry] : newest(log_.size()))
      keys.push_back(key);
    listed_ = std::move(keys);
    if (chance(30))
      drain(); // overtakes the answer
    if (consumer_)
      carry_out(feed_.attached(attempt, bucket, now_));
  }

  void send(const kv_entry& entry) {
    if (!entry.value.starts_with("expired"))
      consumer_->way.push_back({false, ++consumer_->sequence, entry});
  }

  /// Everything on the way arrives.
  void drain() {
    while (consumer_ && !consumer_->way.empty()) {
      auto x = consumer_->way.front();
      auto attempt = consumer_->attempt;
      consumer_->way.pop_front();
      if (x.heartbeat)
        carry_out(feed_.heartbeat(attempt, x.sequence, now_));
      else
        carry_out(feed_.delivered(attempt, x.sequence, x.entry, now_));
    }
  }

  // -- what the feed says ---------------------------------------------------------------

  void carry_out(watch_feed::outputs outputs) {
    for (auto& x : outputs) {
      if (auto* said = std::get_if<watch_feed::tell>(&x)) {
        hear(*said);
      } else if (auto* wanted = std::get_if<watch_feed::attach>(&x)) {
        consumer_.reset();
        asked_.clear();
        ends_.clear();
        attach_ = *wanted;
        attach_at_ = now_ + wanted->delay;
      } else if (auto* asked = std::get_if<watch_feed::confirm>(&x)) {
        ++confirms;
        asked_.emplace_back(asked->number, asked->key);
      } else if (auto* sought = std::get_if<watch_feed::find_end>(&x)) {
        ends_.push_back(*sought);
      } else {
        consumer_.reset();
        attach_.reset();
      }
    }
  }

  void hear(const watch_feed::tell& x) {
    auto i = watchers_.find(x.to);
    if (i == watchers_.end())
      return;
    auto& w = i->second;
    const auto& entry = x.event.entry;
    ++told[x.event.change];
    switch (x.event.change) {
    case watch_change::value:
      demand(entry.revision.value >= w.seen[entry.key], "'" + entry.key + "' went back");
      w.seen[entry.key] = entry.revision.value;
      w.view[entry.key] = entry.revision.value;
      break;
    case watch_change::removed:
      demand(entry.revision.value == 0 || entry.revision.value >= w.seen[entry.key],
             "the mark of '" + entry.key + "' went back");
      w.seen[entry.key] = std::max(w.seen[entry.key], entry.revision.value);
      w.view.erase(entry.key);
      break;
    case watch_change::replayed:
      demand(!w.ready, "replayed twice");
      w.ready = true;
      for (const auto& [key, at] : acknowledged_)
        demand(w.seen[key] >= at, "our own '" + key + "' is not in the replay");
      for (const auto& key : listed_)
        demand(w.seen.contains(key), "'" + key + "' was there, and is not in the replay");
      break;
    case watch_change::restarted:
      w.ready = false;
      break;
    case watch_change::bucket_changed:
      w = {};
      // A feed cannot know which incarnation an acknowledgement was for.
      acknowledged_.clear();
      break;
    case watch_change::alive:
      demand(w.ready, "alive before the replay");
      break;
    }
  }

  void demand(bool holds, const std::string& otherwise) {
    if (!holds && broken.empty())
      broken = otherwise;
  }

  std::mt19937_64 random_;
  const watch_feed::time_point start_{1h};
  watch_feed::time_point now_ = start_;
  watch_feed feed_{">", 100ms};

  // The bucket: every write since it was made, and what was acknowledged to us.
  std::int64_t created_ = 1;
  std::vector<kv_entry> log_;
  /// What was there when the present consumer was made.
  std::vector<std::string> listed_;
  std::map<std::string, std::uint64_t> acknowledged_;

  bool linked_ = true;
  std::optional<watch_feed::attach> attach_;
  watch_feed::time_point attach_at_;
  std::optional<consumer> consumer_;
  std::vector<std::pair<watch_feed::attempt, std::string>> asked_;
  std::vector<watch_feed::find_end> ends_;
  /// A key that the replay has passed over, and that gets its new value when the end was asked for.
  std::string overwritten_later_;

  std::map<watch_feed::subscriber, watcher> watchers_;
  watch_feed::subscriber numbers_ = 0;
};

} // namespace partita::test
