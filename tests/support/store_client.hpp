// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/interfaces.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/test/unit_test.hpp>

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

/// A store for tests that block: asks and waits, with a deadline that only a defect
/// meets.
namespace partita::test {

inline constexpr std::chrono::seconds patience{30};

/// The scoped actor as a handle of another type, to receive messages.
template <class Handle>
Handle handle_of(const caf::scoped_actor& self) {
  return caf::actor_cast<Handle>(caf::actor_cast<caf::strong_actor_ptr>(self.address()));
}

template <class Reply, class ResponseHandle>
Reply wait_for(caf::scoped_actor& self, ResponseHandle&& handle) {
  Reply result;
  handle.receive(
      [&](Reply& x) { result = std::move(x); },
      [&](caf::error& e) { CAF_FAIL("no answer: " << self->home_system().render(e)); });
  return result;
}

template <class Reply, class Handle, class Request>
Reply ask(caf::scoped_actor& self, const Handle& whom, Request what) {
  return wait_for<Reply>(self, self->request(whom, patience, std::move(what)));
}

/// One bucket.
class blocking_bucket {
public:
  blocking_bucket(caf::scoped_actor& self, bucket_actor bucket)
      : self_(&self), bucket_(std::move(bucket)) {}

  kv_written put(const std::string& key, const std::string& value) {
    return ask<kv_written>(*self_, bucket_, kv_put{key, value});
  }
  kv_written create(const std::string& key, const std::string& value) {
    return ask<kv_written>(*self_, bucket_, kv_create{key, value});
  }
  kv_written update(const std::string& key, const std::string& value, revision expected) {
    return ask<kv_written>(*self_, bucket_, kv_update{key, value, expected});
  }
  kv_written remove(const std::string& key, revision expected) {
    return ask<kv_written>(*self_, bucket_, kv_remove{key, expected});
  }
  kv_read last(const std::string& key) {
    return ask<kv_read>(*self_, bucket_, kv_last{key});
  }
  kv_identity identify() { return ask<kv_identity>(*self_, bucket_, kv_identify{}); }

  const bucket_actor& handle() const { return bucket_; }

private:
  caf::scoped_actor* self_;
  bucket_actor bucket_;
};

/// A watcher that keeps what it received, and fails if a key ever goes back.
class watch_probe {
public:
  explicit watch_probe(caf::actor_system& sys) : self_(sys) {}

  void watch(const bucket_actor& bucket, const std::string& pattern,
             std::uint64_t number = 1) {
    self_->send(bucket,
                kv_watch{number, pattern, handle_of<watch_sink_actor>(self_), true});
  }

  void unwatch(const bucket_actor& bucket, std::uint64_t number = 1) {
    self_->send(bucket, kv_unwatch{number}, handle_of<watch_sink_actor>(self_));
  }

  /// The next event, of whatever kind.
  watch_event next_of_all() {
    watch_event result;
    self_->receive([&](watch_event& x) { result = std::move(x); },
                   caf::after(patience) >> [] { CAF_FAIL("the watch is silent"); });
    fold(result);
    return result;
  }

  /// The next event that is more than a sign of life.
  watch_event next() {
    for (;;) {
      auto result = next_of_all();
      if (result.change != watch_change::alive)
        return result;
    }
  }

  /// All events up to the first of this kind.
  std::vector<watch_event> until(watch_change what) {
    std::vector<watch_event> result;
    do
      result.push_back(next_of_all());
    while (result.back().change != what);
    return result;
  }

  /// Waits until the key is seen at this revision or a later one.
  watch_event until(const std::string& key, revision at) {
    for (;;) {
      auto x = next_of_all();
      if (x.entry.key == key && x.entry.revision >= at)
        return x;
    }
  }

  /// Waits until the key is not seen any more.
  void until_gone(const std::string& key) {
    while (view_.contains(key))
      next_of_all();
  }

  /// What the watch has shown so far.
  const std::map<std::string, kv_entry>& view() const { return view_; }

  std::map<std::string, std::string> values() const {
    std::map<std::string, std::string> result;
    for (const auto& [key, entry] : view_)
      result.emplace(key, entry.value);
    return result;
  }

private:
  void fold(const watch_event& x) {
    switch (x.change) {
    case watch_change::value:
      if (x.entry.revision < seen_[x.entry.key])
        CAF_FAIL("'" << x.entry.key << "' went back");
      seen_[x.entry.key] = x.entry.revision;
      view_[x.entry.key] = x.entry;
      break;
    case watch_change::removed:
      seen_[x.entry.key] = std::max(seen_[x.entry.key], x.entry.revision);
      view_.erase(x.entry.key);
      break;
    case watch_change::bucket_changed:
      seen_.clear();
      view_.clear();
      break;
    case watch_change::replayed:
    case watch_change::alive:
    case watch_change::restarted:
      break;
    }
  }

  caf::scoped_actor self_;
  std::map<std::string, kv_entry> view_;
  std::map<std::string, revision> seen_;
};

} // namespace partita::test
