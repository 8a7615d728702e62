// SPDX-License-Identifier: Apache-2.0
#include "partita/app/http/application_state.hpp"

#include "partita/actors/shell.hpp"
#include "partita/app/output/event_lines.hpp"
#include "partita/app/output/reporter.hpp"
#include "partita/config/duration.hpp"
#include "partita/core/sidecar/application_presence.hpp"
#include "partita/messages/exceptions.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace partita::app {

namespace {

using namespace std::chrono_literals;

// A probe's question must have come back by then.
constexpr auto life_limit = 2s;
// What is kept for those who come back after a break.
constexpr std::size_t most_events = 1000;
constexpr std::size_t most_event_bytes = 256 * 1024;

class state_keeper;

struct keeper_state {
  std::unique_ptr<state_keeper> keeper;
  static inline constexpr const char* name = "partita.application_state";
};

using self_pointer = application_state_actor::stateful_pointer<keeper_state>;

/// Runs inside the actor only.
class state_keeper {
public:
  state_keeper(self_pointer self, application_state_options options, caf::actor host,
               listener_actor reporter)
      : self_{self},
        options_{std::move(options)},
        host_{std::move(host)},
        reporter_{std::move(reporter)},
        ledger_{options_.confirm, options_.first_number},
        lease_{options_.app_ttl},
        ring_{options_.first_number, most_events, most_event_bytes},
        session_begin_{ring_.last_id()},
        over_{deadline_passed()} {}

  // -- from the worker ------------------------------------------------------------------

  template <class... Parts>
  void hear(const char* name, const Parts&... x) {
    ring_.add(name, event_line(wall_clock_ns(), x...));
    answer(std::exchange(followers_, {}));
  }

  void on(const worker_id_claimed& x) {
    id_ = x.worker_id;
    ledger_.touch();
    hear("worker_id_claimed", x);
    news();
  }

  void on(const state_changed& x) {
    state_ = x.to;
    hear("state", x);
  }

  void on(const assignment_changed& x) {
    record_ = {x.epoch, x.version};
    hear("assignment", x);
  }

  void on(const partitions_assigned& x) {
    ledger_.assigned(x.partitions);
    hear("assigned", x, consumers_);
    news();
  }

  void on(const consumers_given& x) { consumers_.add(x); }

  caf::result<work_stopped> on(const partitions_revoked& x) {
    hear("revoked", x);
    return take_back(x.partitions, false, x.time_left);
  }

  caf::result<work_stopped> on(const partitions_lost& x) {
    hear("lost", x);
    end_of_session();
    // A grant has the reason for which it was given; an order to stop has the reason of
    // its end.
    auto what = x.partitions;
    for (auto& y : what)
      y.reason = x.why;
    return take_back(what, true, x.time_left);
  }

  void on(const session_valid& x) {
    session_until_ = std::max(session_until_, x.until);
    news();
  }

  void on(const worker_stopped& x) {
    left_ = x.failure.empty();
    hear("stopped", x);
  }

  // -- from the host --------------------------------------------------------------------

  void set_worker(supervisor_actor x) {
    worker_ = std::move(x);
    left_ = false;
    if (worker_)
      return;
    ledger_.worker_gone();
    ledger_.touch();
    owed_.clear();
    end_of_session();
    id_ = {};
    record_ = {};
    state_.reset();
    news();
  }

  void close() {
    closing_ = true;
    news();
  }

  // -- from the application -------------------------------------------------------------

  caf::result<shared_answer<shown_assignment>> on(const ask_assignment& x) {
    called(x.who);
    news();
    if (closing_ || x.known != ledger_.version() || x.wait <= 0ms)
      return assignment();
    auto promise = self_->make_response_promise<shared_answer<shown_assignment>>();
    polls_.push_back({promise, now() + x.wait});
    set_alarm();
    return promise;
  }

  caf::result<shared_answer<shown_events>> on(const ask_events& x) {
    called(x.who);
    auto after = x.after == 0 ? ring_.last_id() : x.after;
    if (closing_ || after != ring_.last_id() || x.wait <= 0ms)
      return events(after);
    auto promise = self_->make_response_promise<shared_answer<shown_events>>();
    followers_.push_back({promise, now() + x.wait, after});
    set_alarm();
    return promise;
  }

  released_work on(const release_work& x) {
    called(caller::application);
    released_work result;
    core::work_ledger::orders done;
    for (const auto& item : x.items) {
      auto answer = ledger_.release(item.partition, item.token);
      result.items.push_back({item.partition, item.token, answer.result, answer.token});
      done.insert(done.end(), answer.done.begin(), answer.done.end());
    }
    confirm(done);
    news();
    return result;
  }

  caf::result<shown_life> on(const ask_life&) {
    shown_life life;
    life.alive = life.absent = !worker_;
    life.application_wanted = options_.app_ttl > 0ms;
    life.application_present = lease_.present();
    life.application_seen = lease_.seen();
    if (life.absent)
      return life;
    auto promise = self_->make_response_promise<shown_life>();
    self_->request(worker_, life_limit, get_status{})
        .then(
            [promise, life](const worker_status& x) mutable {
              life.alive = true;
              life.status = x;
              promise.deliver(life);
            },
            [this, promise, life](const caf::error& why) mutable {
              // The host reports in a moment that there is none any more.
              life.absent = life.alive = left_ && why != caf::sec::request_timeout;
              life.why = why == caf::sec::request_timeout
                             ? "the worker did not answer within "
                                   + config::format_duration(life_limit)
                             : "the worker has ended: " + self_->system().render(why);
              promise.deliver(life);
            });
    return promise;
  }

  void died() {
    died_ = true;
    confirm(ledger_.application_gone());
    news();
  }

  void ring(const wake& x) {
    if (!alarm_.rings(x, 0))
      return;
    if (lease_.tick(now()) == core::application_lease::news::went)
      application_went();
    news();
    answer_overdue(polls_);
    answer_overdue(followers_);
    set_alarm();
  }

private:
  template <class Shown>
  struct waiting {
    caf::typed_response_promise<shared_answer<Shown>> promise;
    core::time_point until;
    /// The event that it has seen.
    std::uint64_t after = 0;
  };

  core::time_point now() const { return options_.clock.now(self_); }

  /// Until when the application may work by an answer that is given now; nothing: no deadline.
  /// The worker's own news of the deadline may be late: a process that was stopped works off
  /// its old mail first.
  std::optional<core::time_point> works_until() const {
    if (!lease_.present())
      return core::time_point{};
    auto session = options_.exclusive ? std::optional{session_until_} : std::nullopt;
    return core::earlier(session, lease_.wake_at());
  }

  bool deadline_passed() const {
    auto until = works_until();
    return until && now() >= *until;
  }

  void end_of_session() {
    session_until_ = {};
    session_begin_ = ring_.last_id();
  }

  caf::result<work_stopped> take_back(const std::vector<grant>& what, bool lost,
                                      std::chrono::milliseconds time_left) {
    auto order = ++last_order_;
    auto promise = self_->make_response_promise<work_stopped>();
    owed_.emplace(order, promise);
    confirm(ledger_.take_back(order, what, lost, now() + time_left));
    // Who is gone works on nothing, and will not say so.
    if (died_ || !lease_.present())
      confirm(ledger_.application_gone());
    news();
    return promise;
  }

  void confirm(const core::work_ledger::orders& done) {
    for (auto order : done)
      if (auto x = owed_.extract(order))
        x.mapped().deliver(work_stopped{});
  }

  void called(caller who) {
    if (who != caller::application)
      return;
    if (lease_.called(now()) == core::application_lease::news::came)
      application_came();
    set_alarm();
  }

  void application_came() {
    ledger_.touch();
    if (std::exchange(silent_, false)) {
      spdlog::info("the application calls again");
      alert(alert_level::info, "the application calls again", true);
    } else {
      spdlog::info("the application has called: a worker takes part from now on");
    }
    caf::anon_send(host_, application_changed{true});
  }

  void application_went() {
    silent_ = true;
    auto why = "the application has not called for "
               + config::format_duration(options_.app_ttl)
               + " (http.app_ttl), so its partitions go to others; check whether it runs";
    spdlog::warn("{}: {}", id_.value, why);
    alert(alert_level::warn, why, false);
    confirm(ledger_.application_gone());
    caf::anon_send(host_, application_changed{false});
    news();
  }

  void alert(alert_level level, const std::string& why, bool over) {
    alert_raised x{id_,  level,         "application_silent", why, options_.app_ttl,
                   over, options_.group};
    hear("alert", x);
    if (reporter_)
      self_->send(reporter_, x);
  }

  /// One answer for all that have seen the same.
  template <class Shown>
  void answer(std::vector<waiting<Shown>> to) {
    std::map<std::uint64_t, shared_answer<Shown>> made;
    for (auto& x : to) {
      auto& shown = made[x.after];
      if (!shown.shown)
        make(shown, x.after);
      x.promise.deliver(shown);
    }
  }

  void make(shared_answer<shown_assignment>& x, std::uint64_t) { x = assignment(); }
  void make(shared_answer<shown_events>& x, std::uint64_t after) { x = events(after); }

  /// What is shown has changed, perhaps: the calls that wait for that get it.
  void news() {
    auto before = std::exchange(over_, deadline_passed());
    if (before != over_ && !ledger_.owned().empty())
      ledger_.touch();
    if (told_ == ledger_.version() && !closing_)
      return;
    told_ = ledger_.version();
    answer(std::exchange(polls_, {}));
    if (closing_)
      answer(std::exchange(followers_, {}));
  }

  template <class Shown>
  void answer_overdue(std::vector<waiting<Shown>>& from) {
    auto due = std::stable_partition(
        from.begin(), from.end(), [moment = now()](auto& x) { return x.until > moment; });
    answer(std::vector<waiting<Shown>>{due, from.end()});
    from.erase(due, from.end());
  }

  void set_alarm() {
    auto next = lease_.wake_at();
    for (const auto& x : polls_)
      next = core::earlier(next, x.until);
    for (const auto& x : followers_)
      next = core::earlier(next, x.until);
    alarm_.set(self_, options_.clock, 0, next);
  }

  shared_answer<shown_assignment> assignment() const {
    shown_assignment result;
    result.group = options_.group;
    result.worker_id = id_;
    result.state = state_ ? to_string(*state_) : "absent";
    result.version = ledger_.version();
    result.record = record_;
    result.last_event = ring_.last_id();
    result.until = works_until();
    if (!over_)
      for (const auto& [name, x] : ledger_.owned())
        result.partitions.push_back(x);
    for (const auto& [name, x] : ledger_.endings())
      result.revoking.push_back(x);
    result.consumers = consumers_;
    return {std::make_shared<shown_assignment>(std::move(result))};
  }

  shared_answer<shown_events> events(std::uint64_t after) const {
    auto found = ring_.after(after);
    return {std::make_shared<shown_events>(
        shown_events{closing_, options_.group, found.missed, ring_.last_id(),
                     works_until(), session_begin_, std::move(found.events)})};
  }

  self_pointer self_;
  application_state_options options_;
  caf::actor host_;
  listener_actor reporter_;
  supervisor_actor worker_;
  /// It has left in good order.
  bool left_ = false;
  worker_id id_;
  std::optional<worker_state> state_;
  stamp record_;
  core::work_ledger ledger_;
  consumers_given consumers_;
  core::application_lease lease_;
  event_ring ring_;
  /// The deadline of the session; passed: there is none.
  core::time_point session_until_{};
  /// The last event of the session before.
  std::uint64_t session_begin_;
  /// What the last answers went by: the deadline had passed.
  bool over_;
  /// The version that the waiting calls were answered with.
  std::uint64_t told_ = 0;
  bool silent_ = false;
  bool died_ = false;
  bool closing_ = false;
  std::uint64_t last_order_ = 0;
  /// What the worker waits for, by order.
  std::map<std::uint64_t, caf::typed_response_promise<work_stopped>> owed_;
  std::vector<waiting<shown_assignment>> polls_;
  std::vector<waiting<shown_events>> followers_;
  partita::alarm alarm_;
};

application_state_actor::behavior_type
application_state(self_pointer self, application_state_options options, caf::actor host,
                  listener_actor reporter) {
  end_on_exception(self);
  self->state.keeper = std::make_unique<state_keeper>(
      self, std::move(options), std::move(host), std::move(reporter));
  auto* keeper = self->state.keeper.get();
  return {
      [keeper](const worker_id_claimed& x) { keeper->on(x); },
      [keeper](const state_changed& x) { keeper->on(x); },
      [keeper](const leadership_changed& x) { keeper->hear("leadership", x); },
      [keeper](const calculator_adopted& x) { keeper->hear("adopted", x); },
      [keeper](const assignment_changed& x) { keeper->on(x); },
      [keeper](const partitions_assigned& x) { keeper->on(x); },
      [keeper](const partitions_revoked& x) { return keeper->on(x); },
      [keeper](const partitions_lost& x) { return keeper->on(x); },
      [keeper](const alert_raised& x) { keeper->hear("alert", x); },
      // That it has gone is the host's word: the next one may have begun already.
      [keeper](const worker_stopped& x) { keeper->on(x); },
      [keeper](const ask_assignment& x) { return keeper->on(x); },
      [keeper](const ask_events& x) { return keeper->on(x); },
      [keeper](const release_work& x) { return keeper->on(x); },
      [keeper](const ask_life& x) { return keeper->on(x); },
      [keeper](const session_valid& x) { keeper->on(x); },
      [keeper](const consumers_given& x) { keeper->on(x); },
      [keeper](const supervisor_actor& x) { keeper->set_worker(x); },
      [keeper](const application_died&) { keeper->died(); },
      [keeper](const close_application_state&) { keeper->close(); },
      [keeper](const wake& x) { keeper->ring(x); },
  };
}

} // namespace

application_state_actor spawn_application_state(caf::actor_system& sys,
                                                application_state_options options,
                                                caf::actor host,
                                                listener_actor reporter) {
  if (options.clock.is_virtual())
    return sys.spawn(application_state, std::move(options), std::move(host),
                     std::move(reporter));
  // It formats large texts, which must not delay heartbeats.
  return sys.spawn<caf::detached>(application_state, std::move(options), std::move(host),
                                  std::move(reporter));
}

} // namespace partita::app
