// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.hook_queue

#include "../support.hpp"

#include "partita/core/sidecar/hook_queue.hpp"

#include <set>

using namespace core_test;

namespace {

using names = std::set<std::string>;

/// A queue with a command for every kind: 10 s each, 1 s to end, pauses of 1 to 4 s.
struct fixture : stepper<hook_queue> {
  hook_queue::options options{.used = {true, true, true, true},
                              .timeout = 10s,
                              .grace = 1s,
                              .first_pause = 1s,
                              .longest_pause = 4s,
                              .lost_pause = 50ms};
  hook_queue mine{options};

  template <class Event>
  hook_queue::commands on(const Event& what) {
    return step(mine, what);
  }
  hook_queue::commands tick() { return on(hook_queue::tick{}); }
  hook_queue::commands pass(duration x) {
    now += x;
    return tick();
  }

  static std::vector<grant> grants(const names& xs, std::uint64_t token = 7) {
    std::vector<grant> result;
    for (const auto& x : xs)
      result.push_back({{{x}}, {token}});
    return result;
  }

  hook_queue::commands assigned(const names& xs, std::uint64_t token = 7) {
    return on(hook_queue::heard{partitions_assigned{{"w"}, {}, grants(xs, token)}, 0});
  }
  hook_queue::commands revoked(const names& xs, hook_queue::ticket answer) {
    return on(hook_queue::heard{partitions_revoked{{"w"}, grants(xs), 20s}, answer});
  }
  hook_queue::commands lost(const names& xs, hook_queue::ticket answer) {
    return on(
        hook_queue::heard{partitions_lost{{"w"}, grants(xs), "why", 700ms}, answer});
  }
  hook_queue::commands state(worker_state to) {
    return on(hook_queue::heard{state_changed{{"w"}, worker_state::init, to, {}}, 0});
  }
  hook_queue::commands succeeds(hook_queue::run_id run) {
    return on(hook_queue::ended{run, {}});
  }
  hook_queue::commands fails(hook_queue::run_id run) {
    return on(hook_queue::ended{run, "exit code 3"});
  }

  /// "revoked a b": what the only run that is started is for.
  static std::string text(const hook_queue::start& x) {
    std::string result = to_string(x.kind);
    std::visit(
        [&](const auto& y) {
          if constexpr (requires { y.partitions; })
            for (const auto& z : y.partitions)
              result += ' ' + name_of(z.partition);
          else
            result += std::string{' '} + to_string(y.to);
        },
        x.what);
    return result;
  }
  static std::string started(const hook_queue::commands& xs) {
    std::string result;
    for (const auto& x : xs)
      if (const auto* y = std::get_if<hook_queue::start>(&x))
        result += (result.empty() ? "" : ", ") + text(*y);
    return result;
  }
  static std::string confirmed(const hook_queue::commands& xs) {
    std::string result;
    for (const auto& x : xs)
      if (const auto* y = std::get_if<hook_queue::confirm>(&x))
        result += (result.empty() ? "" : " ") + std::to_string(y->answer);
    return result;
  }
  /// The run that is started, which is for `what`.
  static hook_queue::run_id run_of(const hook_queue::commands& xs,
                                   const std::string& what) {
    CAF_CHECK_EQUAL(started(xs), what);
    return one<hook_queue::start>(xs).run;
  }
  hook_counts counts(hook_kind x) const {
    return mine.counts()[static_cast<std::size_t>(x)];
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(hook_queue_tests, fixture)

// -- order ------------------------------------------------------------------------------

CAF_TEST(one command of a kind runs at a time and in order) {
  auto first = run_of(assigned({"a"}), "assigned a");
  CAF_CHECK_EQUAL(started(assigned({"b"})), "");
  CAF_CHECK_EQUAL(started(assigned({"c"})), "");
  auto second = run_of(succeeds(first), "assigned b");
  CAF_CHECK_EQUAL(started(succeeds(second)), "assigned c");
}

CAF_TEST(kinds do not wait for each other where they concern different partitions) {
  run_of(assigned({"a"}), "assigned a");
  run_of(revoked({"b"}, 1), "revoked b");
  run_of(state(worker_state::stable), "state stable");
}

CAF_TEST(a revocation waits until the assignment of its partition has ended) {
  auto first = run_of(assigned({"a", "b"}), "assigned a b");
  CAF_CHECK_EQUAL(started(revoked({"b", "c"}, 1)), "");
  CAF_MESSAGE("and the next assignment until the revocation has");
  CAF_CHECK_EQUAL(started(assigned({"b"})), "");
  auto second = run_of(succeeds(first), "revoked b c");
  auto xs = succeeds(second);
  CAF_CHECK_EQUAL(confirmed(xs), "1");
  run_of(xs, "assigned b");
}

CAF_TEST(states run in order whatever happens to partitions) {
  auto first = run_of(state(worker_state::election), "state election");
  state(worker_state::stable);
  run_of(assigned({"a"}), "assigned a");
  CAF_CHECK_EQUAL(started(succeeds(first)), "state stable");
}

CAF_TEST(an assignment that has not begun is taken back by the revocation) {
  auto first = run_of(assigned({"x"}), "assigned x");
  assigned({"a", "b"});
  assigned({"c"});
  CAF_MESSAGE("the revocation runs all the same and is confirmed");
  auto revocation = run_of(revoked({"a", "c"}, 1), "revoked a c");
  CAF_CHECK_EQUAL(started(succeeds(first)), "assigned b");
  CAF_CHECK_EQUAL(confirmed(succeeds(revocation)), "1");
  CAF_CHECK_EQUAL(counts(hook_kind::assigned).waiting, 0u);
}

CAF_TEST(a newer token takes the place of an assignment that has not begun) {
  auto first = run_of(assigned({"x"}), "assigned x");
  assigned({"a", "b"}, 8);
  assigned({"a"}, 9);
  auto second = run_of(succeeds(first), "assigned b");
  auto xs = succeeds(second);
  run_of(xs, "assigned a");
  auto what = std::get<partitions_assigned>(one<hook_queue::start>(xs).what);
  CAF_CHECK_EQUAL(what.partitions.front().token.value, 9u);
}

// -- failures ---------------------------------------------------------------------------

CAF_TEST(a revocation that fails is tried again with growing pauses until it succeeds) {
  auto run = run_of(revoked({"a"}, 1), "revoked a");
  for (auto pause : {1s, 2s, 4s, 4s}) {
    auto xs = fails(run);
    CAF_CHECK_EQUAL(confirmed(xs), "");
    auto news = one<hook_queue::failed>(xs);
    CAF_CHECK_EQUAL(news.why, "exit code 3");
    CAF_CHECK(news.again_in == pause);
    CAF_CHECK(mine.wake_at() == now + pause);
    CAF_CHECK(pass(pause - 1ns).empty());
    run = run_of(pass(1ns), "revoked a");
  }
  CAF_CHECK_EQUAL(confirmed(succeeds(run)), "1");
  CAF_CHECK_EQUAL(counts(hook_kind::revoked).runs, 5u);
  CAF_CHECK_EQUAL(counts(hook_kind::revoked).failures, 4u);
}

CAF_TEST(every try is given the time that is left) {
  auto xs = revoked({"a"}, 1);
  auto left = [](const hook_queue::commands& ys) {
    return std::get<partitions_revoked>(one<hook_queue::start>(ys).what).time_left;
  };
  CAF_CHECK(left(xs) == 20s);
  now += 8s;
  fails(run_of(xs, "revoked a"));
  CAF_CHECK(left(pass(1s)) == 11s);
}

CAF_TEST(a failure holds up only what is about the same partitions) {
  fails(run_of(revoked({"a"}, 1), "revoked a"));
  auto other = run_of(revoked({"b"}, 2), "revoked b");
  revoked({"a", "c"}, 3);
  CAF_CHECK_EQUAL(confirmed(succeeds(other)), "2");
  auto first = run_of(pass(1s), "revoked a");
  auto xs = succeeds(first);
  CAF_CHECK_EQUAL(confirmed(xs), "1");
  run_of(xs, "revoked a c");
}

CAF_TEST(an assignment that fails is tried again only for what is still assigned) {
  auto first = run_of(assigned({"a", "b"}), "assigned a b");
  revoked({"a"}, 1);
  auto xs = fails(first);
  CAF_CHECK_EQUAL(started(xs), "revoked a");
  CAF_CHECK(one<hook_queue::failed>(xs).again_in == 1s);
  run_of(pass(1s), "assigned b");
}

CAF_TEST(an assignment of which nothing is left is not tried again) {
  auto first = run_of(assigned({"a"}), "assigned a");
  revoked({"a"}, 1);
  auto xs = fails(first);
  CAF_CHECK(!one<hook_queue::failed>(xs).again_in);
  auto revocation = run_of(xs, "revoked a");
  succeeds(revocation);
  CAF_CHECK(!mine.wake_at());
}

CAF_TEST(a state is not tried again) {
  auto run = run_of(state(worker_state::stable), "state stable");
  auto xs = fails(run);
  CAF_CHECK(!one<hook_queue::failed>(xs).again_in);
  CAF_CHECK(!mine.wake_at());
}

// -- time-outs --------------------------------------------------------------------------

CAF_TEST(a command that hangs is asked to end and then killed and counts as failed) {
  auto run = run_of(revoked({"a"}, 1), "revoked a");
  CAF_CHECK(mine.wake_at() == now + 10s);
  CAF_CHECK(pass(10s - 1ns).empty());
  CAF_CHECK_EQUAL(only<hook_queue::terminate>(pass(1ns)).run, run);
  CAF_CHECK(pass(1s - 1ns).empty());
  CAF_CHECK_EQUAL(only<hook_queue::kill>(pass(1ns)).run, run);
  CAF_CHECK(!mine.wake_at());
  auto xs = on(hook_queue::ended{run, "killed by signal 9"});
  CAF_CHECK_EQUAL(confirmed(xs), "");
  CAF_CHECK_EQUAL(one<hook_queue::failed>(xs).why, "timed out and was ended");
  CAF_CHECK_EQUAL(counts(hook_kind::revoked).failures, 1u);
  CAF_CHECK_EQUAL(counts(hook_kind::revoked).timeouts, 1u);
}

CAF_TEST(a command that ends with 0 only when it is asked to has failed) {
  auto run = run_of(revoked({"a"}, 1), "revoked a");
  pass(10s);
  auto xs = succeeds(run);
  CAF_CHECK_EQUAL(confirmed(xs), "");
  CAF_CHECK(one<hook_queue::failed>(xs).again_in == 1s);
}

// -- losses -----------------------------------------------------------------------------

CAF_TEST(a loss kills what runs about its partitions and begins when that has ended) {
  auto assignment = run_of(assigned({"a"}), "assigned a");
  auto revocation = run_of(revoked({"b"}, 1), "revoked b");
  auto xs = lost({"a", "b"}, 2);
  CAF_CHECK_EQUAL(count<hook_queue::kill>(xs), 2u);
  CAF_CHECK_EQUAL(started(xs), "");
  CAF_CHECK_EQUAL(started(fails(assignment)), "");
  xs = fails(revocation);
  CAF_CHECK_EQUAL(confirmed(xs), "");
  auto loss = run_of(xs, "lost a b");
  CAF_CHECK_EQUAL(confirmed(succeeds(loss)), "2 1");
  CAF_MESSAGE("being cut short is no failure");
  CAF_CHECK_EQUAL(counts(hook_kind::revoked).failures, 0u);
  CAF_CHECK(!mine.wake_at());
}

CAF_TEST(a loss takes back what has not begun) {
  auto assignment = run_of(assigned({"a"}), "assigned a");
  assigned({"b"});
  revoked({"a"}, 1);
  lost({"a", "b"}, 2);
  auto loss = run_of(fails(assignment), "lost a b");
  auto xs = succeeds(loss);
  CAF_CHECK_EQUAL(confirmed(xs), "2 1");
  CAF_CHECK_EQUAL(started(xs), "");
}

CAF_TEST(a loss does not wait for the pause of a revocation that failed) {
  fails(run_of(revoked({"a"}, 1), "revoked a"));
  auto loss = run_of(lost({"a"}, 2), "lost a");
  CAF_CHECK_EQUAL(confirmed(succeeds(loss)), "2 1");
}

CAF_TEST(what is left of a command that was cut short begins again) {
  auto assignment = run_of(assigned({"a", "b"}), "assigned a b");
  lost({"a"}, 1);
  auto xs = fails(assignment);
  CAF_CHECK_EQUAL(started(xs), "assigned b, lost a");
}

CAF_TEST(a loss that fails is tried again soon and confirmed only when it succeeds) {
  auto loss = run_of(lost({"a"}, 1), "lost a");
  auto xs = fails(loss);
  CAF_CHECK_EQUAL(confirmed(xs), "");
  CAF_CHECK(mine.wake_at() == now + 50ms);
  loss = run_of(pass(50ms), "lost a");
  CAF_CHECK_EQUAL(confirmed(succeeds(loss)), "1");
}

// -- without a command ------------------------------------------------------------------

CAF_TEST(what has no command is confirmed at once) {
  mine = hook_queue{{.used = {false, false, false, true}}};
  CAF_CHECK(assigned({"a"}).empty());
  CAF_CHECK_EQUAL(only<hook_queue::confirm>(revoked({"a"}, 1)).answer, 1u);
  CAF_CHECK_EQUAL(only<hook_queue::confirm>(lost({"a"}, 2)).answer, 2u);
  run_of(state(worker_state::stable), "state stable");
}

// -- the end ----------------------------------------------------------------------------

CAF_TEST(a queue that has nothing to do is closed at once) {
  only<hook_queue::closed>(on(hook_queue::close{}));
  CAF_CHECK(tick().empty());
}

CAF_TEST(a queue is closed when all that runs or waits has ended once) {
  auto first = run_of(state(worker_state::stable), "state stable");
  state(worker_state::shutdown);
  fails(run_of(revoked({"a"}, 1), "revoked a"));
  auto other = run_of(revoked({"b"}, 2), "revoked b");
  revoked({"c"}, 3);
  CAF_MESSAGE("what failed is forgotten, what waits comes to its turn");
  CAF_CHECK(on(hook_queue::close{}).empty());
  auto third = run_of(fails(other), "revoked c");
  auto second = run_of(succeeds(first), "state shutdown");
  CAF_CHECK(succeeds(second).empty());
  CAF_CHECK_EQUAL(count<hook_queue::closed>(fails(third)), 1u);
}

CAF_TEST(work is not begun after the end) {
  auto first = run_of(assigned({"a"}), "assigned a");
  assigned({"b"});
  on(hook_queue::close{});
  auto xs = fails(first);
  CAF_CHECK_EQUAL(started(xs), "");
  CAF_CHECK_EQUAL(count<hook_queue::closed>(xs), 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()
