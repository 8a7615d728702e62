// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../support.hpp"

#include "partita/core/leader/members/membership.hpp"
#include "partita/core/leader/records/partition_index.hpp"
#include "partita/messages/codec.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <utility>

namespace core_test {

/// A tiny store of records and heartbeats whose answers and watches may be late, with the
/// time and the random numbers of one history.
struct history_store {
  template <class T>
  struct entry {
    std::uint64_t revision = 0;
    T value;
    bool readable = true;
    bool present = false;
  };

  /// A request or news on its way.
  struct mail {
    time_point due;
    std::function<void()> deliver;
  };

  /// One stream, which shows everything in order, late.
  struct watch {
    time_point shown_until;
    duration lag{};
  };

  std::mt19937_64 random;
  std::uint64_t seed;
  time_point now = time_point{} + 1000s;
  std::map<worker_id, entry<record>, by_number> records;
  std::map<worker_id, entry<beat>, by_number> beats;
  std::uint64_t last = 0;
  std::uint64_t last_beat = 0;
  std::map<std::string, std::uint64_t> versions;
  bool faults = true;
  std::deque<mail> under_way;

  explicit history_store(std::uint64_t number) : random{number}, seed{number} {}
  virtual ~history_store() = default;

  /// Shows a change to all that watch the record or the heartbeat of this worker.
  virtual void record_changed(const worker_id& who) = 0;
  virtual void beat_changed(const worker_id& who) = 0;

  static worker_id id(int n) { return {"worker-" + std::to_string(n)}; }

  std::uint64_t any(std::uint64_t below) { return random() % below; }

  /// The last things that happened, told when something is wrong.
  std::deque<std::string> trace;

  void note(std::string what) {
    auto at =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
    trace.push_back(std::to_string(at.count()) + " " + std::move(what));
    if (trace.size() > 120)
      trace.pop_front();
  }

  [[noreturn]] void fail(const std::string& why) {
    for (const auto& x : trace)
      CAF_MESSAGE(x);
    CAF_FAIL("seed " << seed << ": " << why);
  }

  static std::string text_of(const record& x) {
    auto result = std::to_string(x.epoch.value) + "." + std::to_string(x.version.value)
                  + " for " + x.worker_nonce.value + ":";
    for (const auto& y : x.partitions)
      result += " " + y.partition.keys.back();
    for (const auto& y : x.revoking)
      result += " -" + y.partition.keys.back();
    return result;
  }

  void later(duration delay, std::function<void()> what) {
    under_way.push_back({now + delay, std::move(what)});
  }

  duration delay() {
    return std::chrono::milliseconds{faults && any(5) == 0 ? any(900) : any(10)};
  }

  void show(watch& w, std::function<void()> what) {
    w.shown_until = std::max(w.shown_until, now + delay() + w.lag);
    under_way.push_back({w.shown_until, std::move(what)});
  }

  void deliver() {
    for (std::size_t i = 0; i < under_way.size();) {
      if (under_way[i].due > now) {
        ++i;
        continue;
      }
      auto what = std::move(under_way[i].deliver);
      under_way.erase(under_way.begin() + static_cast<std::ptrdiff_t>(i));
      what();
      i = 0;
    }
  }

  // -- records --

  kv_written write_record(const worker_id& who, const record& x, revision expected) {
    auto& e = records[who];
    if (!e.present || e.revision != expected.value)
      return conflict();
    if (e.readable)
      CAF_REQUIRE(stamp_of(x) > stamp_of(e.value));
    auto& highest = versions[who.value];
    CAF_REQUIRE(x.version.value >= highest);
    highest = x.version.value;
    e = {++last, x, true, true};
    note("record of " + who.value + ": " + text_of(x));
    record_changed(who);
    return done(last);
  }

  void remove_record(const worker_id& who) {
    auto& e = records[who];
    if (!e.present)
      return;
    note("record of " + who.value + " removed");
    e = {++last, {}, true, false};
    record_changed(who);
  }

  static decoded<record_ptr> content(const entry<record>& e, partition_index& index) {
    if (e.readable)
      return index.numbered(e.value);
    return malformed{"no json"};
  }

  // -- heartbeats --

  kv_written write_beat(const worker_id& who, const beat& x, revision expected) {
    auto& e = beats[who];
    if (e.revision != expected.value)
      return conflict();
    if (e.value != x)
      note("heartbeat of " + who.value + ": " + x.nonce.value + " "
           + std::string{to_string(x.state)} + " replaces " + x.replaces.value
           + " applied " + std::to_string(x.applied.version.value));
    e = {++last_beat, x, true, true};
    beat_changed(who);
    return done(last_beat);
  }

  // -- reads --

  template <class T>
  static kv_read found(const entry<T>& e) {
    if (!e.present)
      return e.revision == 0 ? nothing_there() : mark(e.revision);
    return holds(e.revision, e.readable ? to_text(e.value) : "nothing that can be read");
  }
};

} // namespace core_test
