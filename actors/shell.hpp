// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/log.hpp"
#include "partita/actors/worker_clock.hpp"
#include "partita/core/time.hpp"
#include "partita/messages/interfaces.hpp"

#include <caf/error.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

/// What the shells around core/ have in common.
namespace partita {

/// One timer of an actor that can be moved. CAF's timers cannot be taken back, so a newer
/// one outdates those before: `ticket` tells them apart.
class alarm {
public:
  /// Rings at `at` on `clock` (now, if that has passed), or not at all. `run` numbers the
  /// actor's incarnation.
  template <class Self>
  void set(Self* self, const worker_clock& clock, std::uint64_t run,
           std::optional<core::time_point> at) {
    if (!at || (pending_ && *pending_ <= *at))
      return; // Rings early at worst, and a core that is asked too early does nothing.
    pending_ = at;
    auto now = clock.now(self);
    auto pause = *at > now ? *at - now : core::duration{0};
    self->delayed_send(self, clock.on_actor_clock(pause), wake{run, ++ticket_});
  }

  /// Whether this is the ring that was set last; each rings once.
  bool rings(const wake& x, std::uint64_t run) {
    if (x.run != run || x.ticket != ticket_ || !pending_)
      return false;
    pending_.reset();
    return true;
  }

private:
  std::uint64_t ticket_ = 0;
  std::optional<core::time_point> pending_;
};

/// How long to wait for a store at start: it answers by itself within its own, shorter
/// time-out, if it is alive.
inline constexpr std::chrono::seconds store_gone_after{30};

/// Asks a bucket to write and hands the outcome to `f`. Without a timer: the bucket has one
/// of its own for each request, and a second one for each would cost more than the rest of a
/// heartbeat. Who asks a bucket that has died hears so at once; one that dies with the
/// question unanswered leaves the asker waiting, and the session ends by its deadline.
template <class Self, class Request, class F>
void ask_write(Self* self, const bucket_actor& bucket, Request what, F f) {
  self->request(bucket, caf::infinite, std::move(what))
      .then([f](const kv_written& x) { f(x); },
            [=](const caf::error& err) {
              f(kv_written{write_status::unknown, {}, self->system().render(err)});
            });
}

/// Asks a bucket to read and hands the outcome to `f`, as ask_write does.
template <class Self, class Request, class F>
void ask_read(Self* self, const bucket_actor& bucket, Request what, F f) {
  self->request(bucket, caf::infinite, std::move(what))
      .then([f](const kv_read& x) { f(x); },
            [=](const caf::error& err) {
              f(kv_read{read_status::unknown, {}, self->system().render(err)});
            });
}

/// Writes with `expected`, or creates where it is 0.
template <class Self, class F>
void ask_to_replace(Self* self, const bucket_actor& bucket, std::string key,
                    std::string value, revision expected, F f) {
  if (expected.value == 0)
    ask_write(self, bucket, kv_create{std::move(key), std::move(value)}, std::move(f));
  else
    ask_write(self, bucket, kv_update{std::move(key), std::move(value), expected},
              std::move(f));
}

/// Tells an actor's supervisor when something that is asked of the store does not work, and when
/// it works again. The actor's state has `options.run`, `parent` and, of this type, `troubles`.
class trouble_reports {
public:
  /// The answer to a write or a read.
  template <class Self, class Answer>
  void heard(Self* self, const std::string& what, const Answer& x) {
    using status = decltype(x.status);
    // How the connection is, the supervisor knows.
    if (x.status == status::not_connected)
      return;
    auto failed = x.status == status::unknown || x.status == status::refused;
    report(self, what, failed ? x.why : std::string{});
  }

  /// A watch does not show everything, or does again.
  template <class Self>
  void heard(Self* self, const std::string& what, const watch_event& x) {
    if (x.change == watch_change::restarted)
      report(self, what, x.why);
    else if (x.change == watch_change::replayed)
      report(self, what, {});
    else if (x.change == watch_change::bucket_changed)
      logger()->warn("{}: {}; what was known of it is void", what, x.why);
  }

  template <class Self>
  void report(Self* self, const std::string& what, const std::string& why) {
    auto& told = told_[what];
    if (why.empty() ? told.empty() : told.size() == most_reasons || told.contains(why))
      return;
    if (why.empty())
      told.clear();
    else
      told.insert(why);
    self->send(self->state.parent, store_trouble{self->state.options.run, what, why});
  }

private:
  /// Where many keys fail in turn, a few stand for all.
  static constexpr std::size_t most_reasons = 4;

  /// What does not work, and the reasons that were told since it worked last.
  std::map<std::string, std::set<std::string>> told_;
};

/// Hands an answer of the store to `f`, and reports it if it is none. `what`: what was asked for.
template <class Self, class F>
auto reported(Self* self, std::string what, F f) {
  return [self, what = std::move(what), f = std::move(f)](const auto& answer) {
    self->state.troubles.heard(self, what, answer);
    f(answer);
  };
}

/// Remembers which entries were already reported as not readable: each key and text once.
class invalid_entries {
public:
  /// Whether this is news.
  bool add(const std::string& key, const std::string& why) {
    auto [i, is_new] = known_.try_emplace(key, why);
    if (!is_new && i->second == why)
      return false;
    i->second = why;
    return true;
  }

private:
  std::map<std::string, std::string> known_;
};

/// What unix_seconds shows, if set: a simulation's wall clock, so that the same seed writes
/// the same values. Set by tests alone, before any actor runs that reads it.
inline std::int64_t (*simulated_unix_seconds)() = nullptr;

/// Seconds since 1970, for values that people read.
inline std::int64_t unix_seconds() {
  using namespace std::chrono;
  if (simulated_unix_seconds)
    return simulated_unix_seconds();
  return duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
}

} // namespace partita
