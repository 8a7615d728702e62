// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.application_state

#include "../../support/stub.hpp"

#include "partita/app/http/application_state.hpp"

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/test/dsl.hpp>

#include <memory>
#include <optional>

using namespace partita;
using namespace partita::app;
using namespace std::chrono_literals;

namespace {

grant given(const std::string& name, std::uint64_t token) {
  return {{{name}, 100}, {token}};
}

/// A question whose answer may take its time.
template <class Answer>
class question {
public:
  template <class Question>
  question(caf::actor_system& sys, const application_state_actor& application,
           const Question& what)
      : self_{sys} {
    self_->send(application, what);
  }

  /// The answer, if it has come.
  std::optional<Answer> answer() {
    std::optional<Answer> result;
    self_->receive([&](Answer& x) { result = std::move(x); },
                   [&](shared_answer<Answer>& x) { result = *x.shown; },
                   caf::after(0s) >> [] {});
    return result;
  }

private:
  caf::scoped_actor self_;
};

/// What the host and the reporter received.
struct heard {
  std::vector<bool> changes;
  std::vector<alert_raised> alerts;
};

caf::behavior host_of(std::shared_ptr<heard> to) {
  return {[to](const application_changed& x) { to->changes.push_back(x.present); }};
}

listener_actor::behavior_type reporter_of(listener_actor::pointer,
                                          std::shared_ptr<heard> to) {
  return {
      [](const worker_id_claimed&) {},
      [](const state_changed&) {},
      [](const leadership_changed&) {},
      [](const calculator_adopted&) {},
      [](const assignment_changed&) {},
      [](const partitions_assigned&) {},
      [](const partitions_revoked&) { return work_stopped{}; },
      [](const partitions_lost&) { return work_stopped{}; },
      [to](const alert_raised& x) { to->alerts.push_back(x); },
      [](const worker_stopped&) {},
  };
}

struct fixture : test_coordinator_fixture<> {
  std::shared_ptr<heard> heard_ = std::make_shared<heard>();
  caf::actor host = sys.spawn(host_of, heard_);
  listener_actor reporter = sys.spawn(reporter_of, heard_);
  application_state_actor application;

  ~fixture() {
    for (const auto& x : {caf::actor_cast<caf::actor>(application), host,
                          caf::actor_cast<caf::actor>(reporter)})
      anon_send_exit(x, caf::exit_reason::kill);
    application = nullptr;
    consume_messages();
    sched.clock().cancel_all();
  }

  void open(bool confirm, std::chrono::milliseconds app_ttl = 0ms,
            bool exclusive = true) {
    application_state_options options;
    options.group = "orders";
    options.confirm = confirm;
    options.app_ttl = app_ttl;
    options.exclusive = exclusive;
    options.first_number = 1000;
    options.clock = worker_clock::of_actors();
    application = spawn_application_state(sys, options, host, reporter);
    consume_messages();
  }

  template <class Answer, class Question>
  Answer ask(const Question& what) {
    question<Answer> asked{sys, application, what};
    consume_messages();
    auto result = asked.answer();
    CAF_REQUIRE(result.has_value());
    return *result;
  }

  template <class Answer, class Question>
  question<Answer> asked(const Question& what) {
    return {sys, application, what};
  }

  shown_assignment now() { return ask<shown_assignment>(ask_assignment{}); }

  core::time_point clock() {
    return core::time_point{sched.clock().now().time_since_epoch()};
  }

  void tell(const auto& what) {
    anon_send(application, what);
    consume_messages();
  }

  void pass(std::chrono::milliseconds time) {
    consume_messages();
    sched.advance_time(time);
    consume_messages();
  }

  void call() { ask<shown_assignment>(ask_assignment{caller::application, 0, 0ms}); }

  core::time_point time() { return sched.clock().now(); }
  void extend(std::chrono::milliseconds left) { tell(session_valid{time() + left}); }

  partitions_assigned assigned(std::vector<grant> what) {
    return {{"worker-1"}, {{1}, {9}}, std::move(what), true};
  }
  partitions_revoked revoked(std::vector<grant> what) {
    return {{"worker-1"}, std::move(what), 30s};
  }
};

using result = core::work_ledger::release_result;

} // namespace

CAF_TEST_FIXTURE_SCOPE(application_state_tests, fixture)

CAF_TEST(a long poll is answered when what is owned changes) {
  open(false);
  extend(1h);
  auto version = now().version;
  auto poll = asked<shown_assignment>(ask_assignment{caller::other, version, 30s});
  consume_messages();
  CAF_CHECK(!poll.answer());
  CAF_MESSAGE("a change of the state alone does not answer the poll");
  tell(state_changed{{}, worker_state::init, worker_state::claiming_id, "x"});
  CAF_CHECK(!poll.answer());
  tell(assigned({given("a", 9)}));
  auto news = poll.answer();
  CAF_REQUIRE(news.has_value());
  CAF_CHECK_GREATER(news->version, version);
  CAF_REQUIRE_EQUAL(news->partitions.size(), 1u);
  CAF_CHECK_EQUAL(news->state, "claiming_id");
}

CAF_TEST(a long poll is answered with what is known when its time is over) {
  open(false);
  auto version = now().version;
  auto poll = asked<shown_assignment>(ask_assignment{caller::other, version, 30s});
  pass(29999ms);
  CAF_CHECK(!poll.answer());
  pass(1ms);
  auto same = poll.answer();
  CAF_REQUIRE(same.has_value());
  CAF_CHECK_EQUAL(same->version, version);
}

CAF_TEST(a request that names another version is answered at once) {
  open(false);
  auto x = ask<shown_assignment>(ask_assignment{caller::other, 5, 30s});
  CAF_CHECK_EQUAL(x.version, 1000u);
}

CAF_TEST(partitions are named with what is left of the session and not after it) {
  open(false);
  CAF_CHECK(now().until && *now().until <= time());
  extend(5s);
  tell(assigned({given("a", 9)}));
  auto shown = now();
  CAF_CHECK(shown.until == time() + 5s);
  CAF_MESSAGE("an extension is no news");
  pass(4s);
  extend(5s);
  CAF_CHECK_EQUAL(now().version, shown.version);
  pass(4999ms);
  CAF_CHECK_EQUAL(now().partitions.size(), 1u);
  pass(1ms);
  CAF_MESSAGE("the worker has not said so: it may have been stopped as well");
  auto over = now();
  CAF_CHECK(over.partitions.empty());
  CAF_CHECK_GREATER(over.version, shown.version);
  CAF_MESSAGE("a late acknowledgement extends it after all");
  auto poll = asked<shown_assignment>(ask_assignment{caller::other, over.version, 30s});
  consume_messages();
  CAF_CHECK(!poll.answer());
  extend(2s);
  auto again = poll.answer();
  CAF_REQUIRE(again.has_value());
  CAF_CHECK_EQUAL(again->partitions.size(), 1u);
  CAF_CHECK_GREATER(again->version, over.version);
}

CAF_TEST(a long poll that ends after the deadline names nothing) {
  open(false);
  extend(5s);
  tell(assigned({given("a", 9)}));
  auto poll = asked<shown_assignment>(ask_assignment{caller::other, now().version, 30s});
  pass(30s);
  auto late = poll.answer();
  CAF_REQUIRE(late.has_value());
  CAF_CHECK(late->partitions.empty());
}

CAF_TEST(the deadline of a session that is lost does not count for the next) {
  open(true);
  extend(1h);
  tell(assigned({given("a", 9)}));
  auto follower = ask<shown_events>(ask_events{caller::other, 1000, 0ms});
  CAF_CHECK_EQUAL(follower.session_begin, 1000u);
  tell(partitions_lost{{"worker-1"}, {given("a", 9)}, "the session is over", 700ms});
  CAF_CHECK(*now().until <= time());
  CAF_CHECK_EQUAL(now().revoking.size(), 1u);
  auto lost = ask<shown_events>(ask_events{caller::other, 1000, 0ms});
  CAF_CHECK_EQUAL(lost.session_begin, lost.last_event);
}

CAF_TEST(an answer is never valid for longer than the application counts as present) {
  open(true, 10s);
  extend(1h);
  call();
  tell(assigned({given("a", 9)}));
  CAF_CHECK(now().until == time() + 10s);
  pass(4s);
  CAF_CHECK(now().until == time() + 6s);
  CAF_MESSAGE("once it is silent others may own all of it");
  pass(6s);
  CAF_CHECK(now().partitions.empty());
  call();
  CAF_CHECK_EQUAL(now().partitions.size(), 1u);
}

CAF_TEST(with available ownership there is no deadline) {
  open(false, 0ms, false);
  tell(assigned({given("a", 9)}));
  CAF_CHECK(!now().until);
  pass(1h);
  CAF_CHECK_EQUAL(now().partitions.size(), 1u);
}

CAF_TEST(without confirm a revocation is confirmed at once) {
  open(false);
  tell(assigned({given("a", 9)}));
  ask<work_stopped>(revoked({given("a", 9)}));
  CAF_CHECK(now().partitions.empty());
  CAF_CHECK(now().revoking.empty());
}

CAF_TEST(with confirm a revocation waits for the release) {
  open(true);
  extend(1h);
  tell(assigned({given("a", 9), given("b", 9)}));
  auto order = asked<work_stopped>(revoked({given("a", 9)}));
  consume_messages();
  CAF_CHECK(!order.answer());
  CAF_REQUIRE_EQUAL(now().revoking.size(), 1u);
  CAF_CHECK(now().revoking[0].until == clock() + 30s);
  auto wrong = ask<released_work>(release_work{{{"a", {8}}}});
  CAF_CHECK(wrong.items[0].result == result::wrong_token);
  CAF_CHECK(!order.answer());
  auto right = ask<released_work>(release_work{{{"a", {9}}, {"b", {9}}}});
  CAF_CHECK(right.items[0].result == result::released);
  CAF_CHECK(right.items[1].result == result::still_owned);
  CAF_CHECK(order.answer().has_value());
  CAF_CHECK_EQUAL(now().partitions.size(), 1u);
}

CAF_TEST(each partition has the reason why it is owned or ends) {
  open(true);
  extend(1h);
  auto first_plan = [](const std::string& name) {
    auto result = given(name, 9);
    result.reason = "first plan";
    return result;
  };
  auto moved = given("a", 9);
  moved.reason = "worker-2 joined";
  tell(assigned({first_plan("a"), first_plan("b")}));
  tell(revoked({moved}));
  auto shown = now();
  CAF_REQUIRE_EQUAL(shown.partitions.size(), 1u);
  CAF_CHECK_EQUAL(shown.partitions[0].reason, "first plan");
  CAF_REQUIRE_EQUAL(shown.revoking.size(), 1u);
  CAF_CHECK_EQUAL(shown.revoking[0].what.reason, "worker-2 joined");
  CAF_MESSAGE("what is lost has the reason of the loss, not that of its grant");
  tell(partitions_lost{{"worker-1"}, {first_plan("b")}, "the session is over", 700ms});
  shown = now();
  CAF_REQUIRE_EQUAL(shown.revoking.size(), 2u);
  CAF_CHECK_EQUAL(shown.revoking[1].what.reason, "the session is over");
}

CAF_TEST(events are handed out from where one was) {
  open(false);
  extend(1h);
  auto follower = asked<shown_events>(ask_events{caller::other, 0, 15s});
  consume_messages();
  tell(worker_id_claimed{{"worker-1"}});
  auto first = follower.answer();
  CAF_REQUIRE(first.has_value());
  CAF_REQUIRE_EQUAL(first->events.size(), 1u);
  CAF_CHECK_EQUAL(first->events[0].name, "worker_id_claimed");
  auto id = first->last_event;
  tell(assigned({given("a", 9)}));
  tell(revoked({given("a", 9)}));
  auto next = ask<shown_events>(ask_events{caller::other, id, 15s});
  CAF_REQUIRE_EQUAL(next.events.size(), 2u);
  CAF_CHECK_EQUAL(next.events[1].name, "revoked");
  CAF_MESSAGE("and after a while without any, with nothing");
  auto idle = asked<shown_events>(ask_events{caller::other, next.last_event, 15s});
  pass(15s);
  auto nothing = idle.answer();
  CAF_REQUIRE(nothing.has_value());
  CAF_CHECK(nothing->events.empty() && !nothing->closing);
}

CAF_TEST(a silent application loses its worker and owes nothing) {
  open(true, 10s);
  CAF_CHECK(heard_->changes.empty());
  call();
  CAF_CHECK(heard_->changes == std::vector<bool>{true});
  tell(assigned({given("a", 9)}));
  auto order = asked<work_stopped>(revoked({given("a", 9)}));
  pass(9999ms);
  CAF_CHECK(!order.answer());
  CAF_CHECK_EQUAL(heard_->changes.size(), 1u);
  pass(1ms);
  CAF_CHECK(order.answer().has_value());
  CAF_CHECK((heard_->changes == std::vector<bool>{true, false}));
  CAF_REQUIRE_EQUAL(heard_->alerts.size(), 1u);
  CAF_CHECK_EQUAL(heard_->alerts[0].what, "application_silent");
  CAF_MESSAGE("what is taken back meanwhile is confirmed at once");
  ask<work_stopped>(revoked({given("b", 9)}));
  CAF_MESSAGE("when it calls again, that is over");
  call();
  CAF_CHECK((heard_->changes == std::vector<bool>{true, false, true}));
  CAF_REQUIRE_EQUAL(heard_->alerts.size(), 2u);
  CAF_CHECK(heard_->alerts[1].over);
}

CAF_TEST(every call of the application counts and no other) {
  open(true, 10s);
  call();
  pass(9s);
  ask<released_work>(release_work{});
  pass(9s);
  ask<shown_events>(ask_events{caller::application, 5, 0ms});
  pass(9s);
  CAF_CHECK_EQUAL(heard_->changes.size(), 1u);
  ask<shown_assignment>(ask_assignment{caller::other, 0, 0ms});
  ask<shown_life>(ask_life{});
  pass(1s);
  CAF_CHECK((heard_->changes == std::vector<bool>{true, false}));
}

CAF_TEST(nothing of one worker is shown for the next) {
  open(true);
  extend(1h);
  tell(worker_id_claimed{{"worker-1"}});
  tell(assigned({given("a", 9)}));
  auto before = now();
  tell(supervisor_actor{});
  auto after = now();
  CAF_CHECK(after.worker_id.value.empty());
  CAF_CHECK(after.partitions.empty());
  CAF_CHECK_EQUAL(after.state, "absent");
  CAF_CHECK_GREATER(after.version, before.version);
}

CAF_TEST(all requests that wait are answered when the process ends) {
  open(true);
  auto poll = asked<shown_assignment>(ask_assignment{caller::other, now().version, 30s});
  auto follower = asked<shown_events>(ask_events{caller::other, 0, 15s});
  consume_messages();
  tell(close_application_state{});
  CAF_CHECK(poll.answer().has_value());
  auto last = follower.answer();
  CAF_REQUIRE(last.has_value());
  CAF_CHECK(last->closing);
}

CAF_TEST(without a worker the application state itself is what is alive) {
  open(true, 10s);
  auto life = ask<shown_life>(ask_life{});
  CAF_CHECK(life.alive && life.absent && life.application_wanted);
  CAF_CHECK(!life.application_present && !life.application_seen);
}

CAF_TEST(a worker that answers is alive and one that does not in time is not ) {
  open(false);
  auto good = test::spawn_stub(sys, [](const get_status&) {
    worker_status x;
    x.worker_id = {"worker-1"};
    return x;
  });
  tell(supervisor_actor{caf::actor_cast<supervisor_actor>(good)});
  auto life = ask<shown_life>(ask_life{});
  CAF_CHECK(life.alive && !life.absent);
  CAF_CHECK_EQUAL(life.status.worker_id.value, "worker-1");
  // What is skipped is never answered.
  auto stuck = test::spawn_stub(sys, [](const get_status&) { return caf::skip(); });
  tell(supervisor_actor{caf::actor_cast<supervisor_actor>(stuck)});
  auto asked_life = asked<shown_life>(ask_life{});
  pass(1999ms);
  CAF_CHECK(!asked_life.answer());
  pass(1ms);
  auto late = asked_life.answer();
  CAF_REQUIRE(late.has_value());
  CAF_CHECK(!late->alive);
  CAF_CHECK_EQUAL(late->why, "the worker did not answer within 2s");
  CAF_MESSAGE("nor is one that has ended");
  anon_send_exit(stuck, caf::exit_reason::kill);
  consume_messages();
  CAF_CHECK(!ask<shown_life>(ask_life{}).alive);
  CAF_MESSAGE("but one that has left in good order is merely absent");
  tell(worker_stopped{{"worker-1"}, "no worker id was free"});
  CAF_CHECK(!ask<shown_life>(ask_life{}).alive);
  tell(worker_stopped{{"worker-1"}, {}});
  auto left = ask<shown_life>(ask_life{});
  CAF_CHECK(left.alive && left.absent);
  anon_send_exit(good, caf::exit_reason::kill);
}

CAF_TEST_FIXTURE_SCOPE_END()
