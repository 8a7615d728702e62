// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/worker_clock.hpp"
#include "partita/core/time.hpp"
#include "partita/messages/interfaces.hpp"
#include "partita/messages/logging/log_context.hpp"

#include <caf/actor_cast.hpp>
#include <caf/error.hpp>
#include <caf/result.hpp>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

/// What the shells around core/ have in common.
namespace partita {

/// The logger named "partita" if the program registered one, else spdlog's default.
inline std::shared_ptr<spdlog::logger> logger() {
  auto result = spdlog::get("partita");
  return result ? result : spdlog::default_logger();
}

/// An argument of a log line that is a field of it, too.
template <class T>
struct log_field {
  const char* name;
  T value;
};

template <class T>
log_field<T> logged(const char* name, T value) {
  return {name, std::move(value)};
}

/// Logs lines about one worker: its id, or `new worker`, and a colon stand before the text.
class worker_log {
public:
  worker_log(std::string_view component, std::string_view worker)
      : component_{component}, worker_{worker} {}

  template <class T>
  struct shown {
    using type = T;
  };
  template <class T>
  struct shown<log_field<T>> {
    using type = T;
  };
  template <class... Ts>
  using format = fmt::format_string<const typename shown<Ts>::type&...>;

  template <class... Ts>
  void write(spdlog::level::level_enum level, std::type_identity_t<format<Ts...>> text,
             const Ts&... xs) const {
    auto to = logger();
    if (!to->should_log(level))
      return;
    log_context context{component_, worker_};
    (add(context, xs), ...);
    auto before = std::exchange(logged_context, &context);
    to->log(level, "{}: {}", worker_.empty() ? "new worker" : worker_,
            fmt::format(text, value_of(xs)...));
    logged_context = before;
  }

  template <class... Ts>
  void debug(std::type_identity_t<format<Ts...>> text, const Ts&... xs) const {
    write(spdlog::level::debug, text, xs...);
  }
  template <class... Ts>
  void info(std::type_identity_t<format<Ts...>> text, const Ts&... xs) const {
    write(spdlog::level::info, text, xs...);
  }
  template <class... Ts>
  void warn(std::type_identity_t<format<Ts...>> text, const Ts&... xs) const {
    write(spdlog::level::warn, text, xs...);
  }
  template <class... Ts>
  void error(std::type_identity_t<format<Ts...>> text, const Ts&... xs) const {
    write(spdlog::level::err, text, xs...);
  }

private:
  template <class T>
  static const T& value_of(const log_field<T>& x) {
    return x.value;
  }
  template <class T>
  static const T& value_of(const T& x) {
    return x;
  }

  template <class T>
  static void add(log_context& to, const log_field<T>& x) {
    // In two steps: g++ 12 takes a variant that is moved for uninitialised.
    auto& value = to.fields.emplace_back(log_context::field{x.name, {}}).value;
    if constexpr (std::is_integral_v<T>)
      value = static_cast<std::uint64_t>(x.value);
    else
      value.template emplace<std::string>(x.value);
  }
  template <class T>
  static void add(log_context&, const T&) {}

  std::string_view component_;
  std::string_view worker_;
};

/// For people and messages; what is left of a millisecond is cut off.
inline std::chrono::milliseconds in_ms(core::duration x) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(x);
}

/// One timer of an actor that can be moved. CAF's timers cannot be cancelled, so a newer
/// one supersedes those before: `ticket` tells them apart.
class alarm {
public:
  /// Rings at `at` on `clock` (now, if that has passed), or not at all. `run` numbers the
  /// runs of the actor.
  template <class Self>
  void set(Self* self, const worker_clock& clock, std::uint64_t run,
           std::optional<core::time_point> at) {
    if (!at || (pending_ && *pending_ <= *at))
      return; // At worst it rings early, and a core that is called early does nothing.
    pending_ = at;
    auto now = clock.now(self);
    auto pause = *at > now ? *at - now : core::duration{0};
    mail_later(self, clock.on_actor_clock(pause), wake{run, ++ticket_});
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

/// How long to wait for a store at the start: one that runs answers within its own,
/// shorter time-out.
inline constexpr std::chrono::seconds store_gone_after{30};

/// Asks a bucket to write and passes the outcome to `f`. Without a timer: the bucket has
/// its own for each request, and a second one costs more than the rest of a heartbeat. A
/// request to a bucket that has ended fails at once; if the bucket ends before it
/// answers, the caller gets no answer, and the session ends by its deadline.
template <class Self, class Request, class F>
void ask_write(Self* self, const bucket_actor& bucket, Request what, F f) {
  mail(self, std::move(what))
      .request(bucket, caf::infinite)
      .then([f](const kv_written& x) { f(x); },
            [=](const caf::error& err) {
              f(kv_written{write_status::unknown, {}, error_text(self, err)});
            });
}

/// Reads the newest value of a key and passes the outcome to `f`, as ask_write does.
template <class Self, class F>
void ask_read(Self* self, const bucket_actor& bucket, std::string key, F f) {
  mail(self, kv_last{std::move(key)})
      .request(bucket, caf::infinite)
      .then([f](const kv_read& x) { f(x); },
            [=](const caf::error& err) {
              f(kv_read{read_status::unknown, {}, error_text(self, err)});
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

/// Opens a bucket and passes the outcome to `f`.
template <class Self, class F>
void ask_to_open(Self* self, const store_actor& store, open_bucket what, F f) {
  mail(self, std::move(what))
      .request(store, store_gone_after)
      .then([f](const bucket_opened& x) { f(x); },
            [=](const caf::error& err) {
              f(bucket_opened{open_status::unknown, {}, {}, error_text(self, err)});
            });
}

/// Reports to an actor's supervisor which requests to the store fail, and when they work
/// again. The actor's state has `options.run`, `parent`, and `troubles` of this type.
class trouble_reports {
public:
  /// The answer to a write or a read.
  template <class Self, class Answer>
  void heard(Self* self, const std::string& what, const Answer& x) {
    using status = decltype(x.status);
    // The supervisor knows the state of the connection.
    if (x.status == status::not_connected)
      return;
    auto failed = x.status == status::unknown || x.status == status::refused;
    report(self, what, failed ? x.why : std::string{});
  }

  /// A watch is incomplete, or complete again.
  template <class Self>
  void heard(Self* self, const std::string& what, const watch_event& x) {
    if (x.change == watch_change::restarted)
      report(self, what, x.why);
    else if (x.change == watch_change::replayed)
      report(self, what, {});
    else if (x.change == watch_change::bucket_changed)
      logger()->warn("{}: {}; all state read from it is discarded", what, x.why);
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
    mail(self, store_trouble{state_of(self).options.run, what, why})
        .send(state_of(self).parent);
  }

private:
  /// If many keys fail in turn, only the first reasons are reported.
  static constexpr std::size_t most_reasons = 4;

  /// What fails, and the reasons that were reported since it last worked.
  std::map<std::string, std::set<std::string>> told_;
};

/// Passes an answer of the store to `f`, and reports a failure. `what`: the request.
template <class Self, class F>
auto reported(Self* self, std::string what, F f) {
  return [self, what = std::move(what), f = std::move(f)](const auto& answer) {
    state_of(self).troubles.heard(self, what, answer);
    f(answer);
  };
}

/// Reports entries that cannot be read to an actor's supervisor: each key and text once.
class invalid_entries {
public:
  template <class Self>
  void report(Self* self, const char* bucket, const std::string& key,
              const std::string& why) {
    if (std::exchange(known_[{bucket, key}], why) != why)
      mail(self, entry_invalid{bucket, key, why}).send(state_of(self).parent);
  }

private:
  std::map<std::pair<std::string, std::string>, std::string> known_;
};

// -- the children of a worker: their states have `options` with `clock` and `run`, and
// `parent`, `alarm` and `troubles` ------------------------------------------------------

template <class Self>
core::time_point now(Self* self) {
  return state_of(self).options.clock.now(self);
}

/// Sends its supervisor a report of this run.
template <class Report, class Self, class... Parts>
void report(Self* self, const Parts&... parts) {
  mail(self, Report{state_of(self).options.run, parts...}).send(state_of(self).parent);
}

template <class Self>
void set_alarm(Self* self, std::optional<core::time_point> at) {
  state_of(self).alarm.set(self, state_of(self).options.clock, state_of(self).options.run,
                           at);
}

/// The handler of wake: calls `f` when the alarm rings.
template <class Self, class F>
auto on_alarm(Self* self, F f) {
  return [=](const wake& x) {
    if (state_of(self).alarm.rings(x, state_of(self).options.run))
      f();
  };
}

/// The handler of the request to leave: `f` begins, and `state.leaving` is delivered once
/// that is done.
template <class Request, class Answer, class Self, class F>
auto on_leave(Self* self, F f) {
  return [=](const Request& x) -> caf::result<Answer> {
    state_of(self).leaving = self->template make_response_promise<Answer>();
    auto result = state_of(self).leaving;
    f(x);
    return result;
  };
}

/// Answers the request to leave, if there was one, and ends.
template <class Answer, class Self>
void leave(Self* self, const Answer& x) {
  if (state_of(self).leaving.pending())
    state_of(self).leaving.deliver(x);
  self->quit();
}

template <class Self>
void watch(Self* self, const bucket_actor& bucket, std::uint64_t number,
           std::string pattern, bool signs_of_life = false) {
  mail(self, kv_watch{number, std::move(pattern), caf::actor_cast<watch_sink_actor>(self),
                      signs_of_life})
      .send(bucket);
}

/// What unix_seconds returns, if set: a simulation's wall clock, so that the same seed
/// writes the same values. Set only by tests, before any actor runs that reads it.
inline std::int64_t (*simulated_unix_seconds)() = nullptr;

/// Seconds since 1970, for values that people read.
inline std::int64_t unix_seconds() {
  using namespace std::chrono;
  if (simulated_unix_seconds)
    return simulated_unix_seconds();
  return duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
}

} // namespace partita
