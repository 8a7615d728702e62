// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/store/watch_feed.hpp"

#include "memory/memory_model.hpp"

#include <caf/test/unit_test.hpp>

#include <string>
#include <vector>

/// A watch feed for tests: time is a variable, and what the feed says is kept apart by
/// kind until the test looks at it.
namespace partita::test {

using store::watch_feed;
using namespace std::chrono_literals;

inline kv_entry value_of(const std::string& key, std::uint64_t at,
                         const std::string& value = "x") {
  kv_entry result;
  result.key = key;
  result.value = value;
  result.revision = {at};
  return result;
}

inline kv_entry mark_of(const std::string& key, std::uint64_t at) {
  auto result = value_of(key, at, "");
  result.removed = true;
  return result;
}

inline kv_read found(kv_entry entry) {
  return {read_status::found, std::move(entry), {}};
}

inline kv_read no_revision() {
  return {read_status::missing, {}, {}};
}

class feed_driver {
public:
  static constexpr auto heartbeat = 100ms;
  static constexpr auto silence = 250ms;

  explicit feed_driver(const std::string& pattern = ">",
                       std::chrono::milliseconds beat = heartbeat)
      : feed(pattern, beat) {}

  /// Carries out an input: `step(feed.join(1, true, now))`.
  void step(watch_feed::outputs outputs) {
    for (auto& x : outputs) {
      if (auto* said = std::get_if<watch_feed::tell>(&x))
        told.push_back(*said);
      else if (auto* wanted = std::get_if<watch_feed::attach>(&x))
        attaches.push_back(*wanted);
      else if (auto* asked = std::get_if<watch_feed::confirm>(&x))
        confirms.push_back(*asked);
      else if (auto* sought = std::get_if<watch_feed::find_end>(&x))
        ends.push_back(*sought);
      else
        ++detaches;
    }
    while (newest && !ends.empty())
      find_end(*newest);
  }

  /// Answers the oldest find_end.
  void find_end(std::uint64_t at) {
    auto asked = ends.front();
    ends.erase(ends.begin());
    auto read = at == 0 ? no_revision() : found(value_of("newest", at));
    step(feed.end_found(asked, read, now));
  }

  watch_feed::attempt attempt() const { return attaches.back().number; }

  void join(watch_feed::subscriber who = 1, bool signs = true) {
    step(feed.join(who, signs, now));
  }

  /// Made, and the newest entry has this revision.
  void attach(std::uint64_t end = 0, bucket_identity bucket = {1, {0}}) {
    sequence = 0;
    newest = end;
    step(feed.attached(attempt(), bucket, now));
  }

  void deliver(kv_entry entry) {
    step(feed.delivered(attempt(), ++sequence, std::move(entry), now));
  }

  void beat() { step(feed.heartbeat(attempt(), sequence, now)); }

  void tick() { step(feed.tick(now)); }

  void acknowledge(const std::string& key, std::uint64_t at) {
    step(feed.acknowledged(key, {at}, now));
  }

  void confirm(const std::string& key, const kv_read& read) {
    step(feed.confirmed(attempt(), key, read, now));
  }

  /// A watcher whose replay has shown these values, in this order.
  void live(const std::vector<kv_entry>& entries = {}) {
    join();
    replay(entries);
    forget();
  }

  void replay(const std::vector<kv_entry>& entries, bucket_identity bucket = {1, {0}}) {
    if (!entries.empty())
      bucket.last = std::max(bucket.last, entries.back().revision);
    attach(entries.empty() ? 0 : entries.back().revision.value, bucket);
    for (const auto& x : entries)
      deliver(x);
  }

  /// What one watcher received, in short: "value a 1", "removed a 2", "replayed".
  std::vector<std::string> heard(watch_feed::subscriber who = 1) const {
    std::vector<std::string> result;
    for (const auto& x : told) {
      if (x.to != who)
        continue;
      std::string text = to_string(x.event.change);
      if (!x.event.entry.key.empty())
        text +=
            " " + x.event.entry.key + " " + std::to_string(x.event.entry.revision.value);
      result.push_back(text);
    }
    return result;
  }

  /// Forgets what was said so far.
  void forget() {
    told.clear();
    confirms.clear();
    asked_before_ = attaches.size();
  }

  /// How many consumers were asked for since then.
  std::size_t rebuilds() const { return attaches.size() - asked_before_; }

  watch_feed feed;
  watch_feed::time_point now{1h};
  std::uint64_t sequence = 0;
  std::vector<watch_feed::tell> told;
  std::vector<watch_feed::attach> attaches;
  std::vector<watch_feed::confirm> confirms;
  std::vector<watch_feed::find_end> ends;
  /// What the stream's leader answers to find_end at once; nothing: the test answers.
  std::optional<std::uint64_t> newest = 0;
  int detaches = 0;

private:
  std::size_t asked_before_ = 0;
};

/// What a watcher received since the last look.
inline void check_heard(const feed_driver& x, const std::vector<std::string>& expected,
                        watch_feed::subscriber who = 1) {
  CAF_CHECK_EQUAL(x.heard(who), expected);
}

/// The watcher was warned and a new consumer is wanted.
inline void check_rebuild(const feed_driver& x) {
  check_heard(x, {"restarted"});
  CAF_CHECK(!x.told.empty() && !x.told.back().event.why.empty());
  CAF_CHECK_EQUAL(x.rebuilds(), 1u);
}

} // namespace partita::test
