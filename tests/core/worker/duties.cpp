// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.duties

#include "../support.hpp"

#include "partita/core/worker/duties.hpp"

using namespace core_test;

namespace {

/// Two listeners; stopping may take 10 s after a revocation and 1 s after a loss.
struct fixture : stepper<duties> {
  duties mine{{.exclusive = true, .stop_within = 10s, .margin = 1s}};
  time_point until = now + 7s;

  template <class Event>
  duties::commands on(const Event& what) {
    return step(mine, what);
  }
  duties::commands tick() { return on(duties::tick{}); }
  duties::commands confirm(duties::listener_id who, duties::order_id order) {
    return on(duties::confirmed{who, order});
  }

  /// Names with their tokens.
  using share = std::map<std::string, std::uint64_t>;

  static record record_of(std::uint64_t version, const share& what) {
    record result;
    result.epoch = {1};
    result.version = {version};
    for (const auto& [name, token] : what)
      result.partitions.push_back({{{name}}, {token}});
    return result;
  }
  duties::commands get(std::uint64_t version, const share& what) {
    return on(duties::recorded{record_of(version, what)});
  }

  static share names(const std::vector<grant>& xs) {
    share result;
    for (const auto& x : xs)
      result[name_of(x.partition)] = x.token.value;
    return result;
  }
  static std::set<std::string> names(const std::vector<partition>& xs) {
    std::set<std::string> result;
    for (const auto& x : xs)
      result.insert(name_of(x));
    return result;
  }
  static std::set<std::string> stopping(const duties::commands& xs) {
    return names(one<duties::report>(xs).what.stopping);
  }

  void join() {
    on(duties::listener_added{1});
    on(duties::listener_added{2});
    CAF_CHECK(on(duties::joined{}).empty());
    CAF_CHECK(on(duties::extended{until}).empty());
  }

  void own(std::uint64_t version, const share& what) {
    CAF_CHECK_EQUAL(names(one<duties::assign>(get(version, what)).what), what);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(duties_tests, fixture)

// -- assigning --------------------------------------------------------------------------

CAF_TEST(what a record grants is assigned and reported as applied) {
  join();
  auto xs = get(10, {{"a", 10}, {"b", 10}});
  auto x = one<duties::assign>(xs);
  CAF_CHECK(!x.to);
  CAF_CHECK_EQUAL(x.granted_by.version.value, 10u);
  CAF_CHECK_EQUAL(names(x.what), (share{{"a", 10}, {"b", 10}}));
  auto y = one<duties::report>(xs).what;
  CAF_CHECK_EQUAL(y.applied.version.value, 10u);
  CAF_CHECK(y.seen == y.applied);
  CAF_CHECK(y.stopping.empty());
  CAF_MESSAGE("each once");
  CAF_CHECK(tick().empty());
  CAF_CHECK(get(10, {{"a", 10}, {"b", 10}}).empty());
  CAF_CHECK_EQUAL(
      names(one<duties::assign>(get(11, {{"a", 10}, {"b", 10}, {"c", 11}})).what),
      (share{{"c", 11}}));
}

CAF_TEST(a record that is not greater changes nothing) {
  join();
  own(10, {{"a", 10}});
  CAF_CHECK(get(9, {{"b", 9}}).empty());
  CAF_CHECK(get(10, {}).empty());
}

CAF_TEST(nothing is assigned before the session started) {
  on(duties::listener_added{1});
  on(duties::joined{});
  CAF_CHECK_EQUAL(count<duties::assign>(get(10, {{"a", 10}})), 0u);
  CAF_CHECK_EQUAL(names(one<duties::assign>(on(duties::extended{until})).what),
                  (share{{"a", 10}}));
}

CAF_TEST(nothing is assigned at or past the deadline) {
  join();
  auto other = mine;
  now = until - 1ns;
  own(10, {{"a", 10}});
  now = until;
  auto xs = other.step(duties::recorded{record_of(10, {{"a", 10}})}, now);
  CAF_CHECK_EQUAL(count<duties::assign>(xs), 0u);
  CAF_CHECK_EQUAL(count<duties::ended>(xs), 1u);
}

CAF_TEST(a new token of a held partition is passed on without a stop) {
  join();
  own(10, {{"a", 10}, {"b", 10}});
  auto xs = get(12, {{"a", 10}, {"b", 12}});
  CAF_CHECK_EQUAL(names(one<duties::assign>(xs).what), (share{{"b", 12}}));
  CAF_CHECK_EQUAL(count<duties::revoke>(xs), 0u);
}

CAF_TEST(a partition that a record names twice is assigned once) {
  join();
  auto x = record_of(10, {{"a", 10}});
  x.partitions.push_back({{{"a"}}, {9}});
  CAF_CHECK_EQUAL(one<duties::assign>(on(duties::recorded{x})).what.size(), 1u);
  CAF_CHECK(tick().empty());
}

CAF_TEST(a listener that comes late gets all that is held and nothing else) {
  join();
  own(10, {{"a", 10}, {"b", 10}});
  get(11, {{"a", 10}});
  auto x = only<duties::assign>(on(duties::listener_added{3}));
  CAF_CHECK(x.to == duties::listener_id{3});
  CAF_CHECK_EQUAL(names(x.what), (share{{"a", 10}}));
}

// -- revoking ---------------------------------------------------------------------------

CAF_TEST(a partition that is no longer granted is stopping until all have confirmed) {
  join();
  own(10, {{"a", 10}, {"b", 10}});
  auto xs = get(11, {{"a", 10}});
  auto x = one<duties::revoke>(xs);
  CAF_CHECK_EQUAL(names(x.what), (share{{"b", 10}}));
  CAF_CHECK(x.time_left == 10s);
  CAF_CHECK_EQUAL(one<duties::report>(xs).what.applied.version.value, 11u);
  CAF_CHECK(stopping(xs) == std::set<std::string>{"b"});
  CAF_CHECK(confirm(1, x.order).empty());
  CAF_MESSAGE("the same one again is not the other one");
  CAF_CHECK(confirm(1, x.order).empty());
  xs = confirm(2, x.order);
  CAF_CHECK(stopping(xs).empty());
  CAF_CHECK_EQUAL(xs.size(), 1u);
}

CAF_TEST(partitions are confirmed independently of each other) {
  join();
  own(10, {{"a", 10}, {"b", 10}, {"c", 10}});
  auto first = one<duties::revoke>(get(11, {{"a", 10}, {"b", 10}})).order;
  auto xs = get(12, {{"a", 10}});
  auto second = one<duties::revoke>(xs).order;
  CAF_CHECK(stopping(xs) == (std::set<std::string>{"b", "c"}));
  confirm(1, second);
  CAF_CHECK(stopping(confirm(2, second)) == std::set<std::string>{"c"});
  confirm(2, first);
  CAF_CHECK(stopping(confirm(1, first)).empty());
}

CAF_TEST(where too many partitions stop for a heartbeat none of them has stopped yet) {
  join();
  share many;
  for (int i = 0; i < 100; ++i)
    many[std::string(900, 'x') + std::to_string(i)] = 10;
  own(10, many);
  auto xs = get(11, {});
  auto order = one<duties::revoke>(xs).order;
  auto x = one<duties::report>(xs).what;
  CAF_CHECK_EQUAL(x.seen.version.value, 11u);
  CAF_CHECK_EQUAL(x.applied.version.value, 10u);
  CAF_CHECK(x.stopping.empty());
  confirm(1, order);
  auto done = one<duties::report>(confirm(2, order)).what;
  CAF_CHECK_EQUAL(done.applied.version.value, 11u);
  CAF_CHECK(done.stopping.empty());
}

CAF_TEST(a partition that comes back while it is stopped is assigned after that) {
  join();
  own(10, {{"a", 10}});
  auto order = one<duties::revoke>(get(11, {})).order;
  auto xs = get(12, {{"a", 12}, {"b", 12}});
  CAF_CHECK_EQUAL(names(one<duties::assign>(xs).what), (share{{"b", 12}}));
  CAF_CHECK_EQUAL(one<duties::report>(xs).what.applied.version.value, 12u);
  CAF_CHECK(stopping(xs) == std::set<std::string>{"a"});
  CAF_CHECK(confirm(1, order).empty());
  xs = confirm(2, order);
  CAF_CHECK_EQUAL(names(one<duties::assign>(xs).what), (share{{"a", 12}}));
  CAF_CHECK(stopping(xs).empty());
}

CAF_TEST(a partition that comes and goes while it is stopped is not assigned) {
  join();
  own(10, {{"a", 10}});
  auto order = one<duties::revoke>(get(11, {})).order;
  get(12, {{"a", 12}});
  CAF_CHECK_EQUAL(count<duties::revoke>(get(13, {})), 0u);
  confirm(1, order);
  CAF_CHECK_EQUAL(count<duties::assign>(confirm(2, order)), 0u);
}

CAF_TEST(a listener that is gone counts as having confirmed) {
  join();
  own(10, {{"a", 10}});
  auto order = one<duties::revoke>(get(11, {})).order;
  confirm(1, order);
  CAF_CHECK(stopping(on(duties::listener_gone{2})).empty());
}

CAF_TEST(a listener that came after a revocation is not waited for) {
  join();
  own(10, {{"a", 10}});
  auto order = one<duties::revoke>(get(11, {})).order;
  CAF_CHECK(on(duties::listener_added{3}).empty());
  confirm(1, order);
  CAF_CHECK(stopping(confirm(2, order)).empty());
}

CAF_TEST(without a listener everything is confirmed at once) {
  on(duties::joined{});
  on(duties::extended{until});
  own(10, {{"a", 10}});
  auto xs = get(11, {});
  CAF_CHECK(stopping(xs).empty());
  xs = on(duties::session_over{"why"});
  CAF_CHECK_EQUAL(count<duties::settled>(xs), 1u);
}

CAF_TEST(work that goes on after a revocation is reported once and when it ends) {
  join();
  on(duties::extended{now + 100s});
  own(10, {{"a", 10}});
  auto order = one<duties::revoke>(get(11, {})).order;
  confirm(1, order);
  CAF_CHECK(mine.wake_at() == now + 10s);
  now += 10s - 1ns;
  CAF_CHECK(tick().empty());
  now += 1ns;
  auto x = only<duties::late>(tick());
  CAF_CHECK(!x.lost);
  CAF_CHECK(x.age == 10s);
  CAF_CHECK(names(x.what) == std::set<std::string>{"a"});
  now += 5s;
  CAF_CHECK(tick().empty());
  auto xs = confirm(2, order);
  CAF_CHECK(one<duties::late_no_more>(xs).age == 15s);
}

CAF_TEST(work that was late and has ended is no longer reported) {
  join();
  on(duties::extended{now + 100s});
  own(10, {{"a", 10}, {"b", 10}});
  auto order = one<duties::revoke>(get(11, {{"b", 10}})).order;
  now += 12s;
  only<duties::late>(tick());
  confirm(1, order);
  CAF_CHECK(one<duties::late_no_more>(confirm(2, order)).age == 12s);
  CAF_CHECK(tick().empty());
  CAF_MESSAGE("and what is late after that counts from its own revocation");
  now += 20s;
  order = one<duties::revoke>(get(12, {})).order;
  now += 10s;
  only<duties::late>(tick());
  confirm(1, order);
  CAF_CHECK(one<duties::late_no_more>(confirm(2, order)).age == 10s);
}

// -- losing -----------------------------------------------------------------------------

CAF_TEST(at the deadline everything is lost and settled once all have confirmed) {
  join();
  own(10, {{"a", 10}, {"b", 10}});
  auto revoked = one<duties::revoke>(get(11, {{"a", 10}})).order;
  CAF_CHECK(mine.wake_at() == until);
  now = until - 1ns;
  CAF_CHECK(tick().empty());
  now = until;
  auto xs = tick();
  CAF_CHECK_EQUAL(count<duties::ended>(xs), 1u);
  auto x = one<duties::lose>(xs);
  CAF_MESSAGE("what was being stopped too");
  CAF_CHECK_EQUAL(names(x.what), (share{{"a", 10}, {"b", 10}}));
  CAF_CHECK(x.time_left == 1s);
  CAF_CHECK_EQUAL(count<duties::report>(xs), 0u);
  CAF_CHECK(on(duties::session_over{"the same"}).empty());
  CAF_MESSAGE("answers to the revocation are no answers to this");
  CAF_CHECK(confirm(1, revoked).empty());
  CAF_CHECK(confirm(2, revoked).empty());
  CAF_CHECK(confirm(1, x.order).empty());
  CAF_CHECK(!mine.idle());
  only<duties::settled>(confirm(2, x.order));
  CAF_CHECK(mine.idle());
}

CAF_TEST(a loss is reported with the time that is left) {
  join();
  own(10, {{"a", 10}});
  auto left = [&](time_point at) {
    auto copy = mine;
    return one<duties::lose>(copy.step(duties::session_over{"why"}, at)).time_left;
  };
  CAF_CHECK(left(until - 3s) == 1s);
  CAF_CHECK(left(until + 400ms) == 600ms);
  CAF_CHECK(left(until + 1s) == 0s);
  CAF_CHECK(left(until + 9s) == 0s);
}

CAF_TEST(after a loss nothing is assigned before the next session) {
  join();
  own(10, {{"a", 10}});
  auto order = one<duties::lose>(on(duties::session_over{"why"})).order;
  CAF_CHECK(get(11, {{"a", 10}, {"b", 11}}).empty());
  on(duties::extended{now + 100s});
  confirm(1, order);
  only<duties::settled>(confirm(2, order));
  CAF_CHECK(get(12, {{"a", 10}}).empty());
  CAF_MESSAGE("a new session begins without anything");
  CAF_CHECK(on(duties::joined{}).empty());
  CAF_CHECK_EQUAL(count<duties::assign>(get(3, {{"b", 3}})), 0u);
  auto xs = on(duties::extended{now + 7s});
  CAF_CHECK_EQUAL(names(one<duties::assign>(xs).what), (share{{"b", 3}}));
}

CAF_TEST(a session that had nothing is settled at once) {
  join();
  only<duties::settled>(on(duties::session_over{"why"}));
}

CAF_TEST(a listener that dies over a loss settles it) {
  join();
  own(10, {{"a", 10}});
  auto order = one<duties::lose>(on(duties::session_over{"why"})).order;
  confirm(1, order);
  only<duties::settled>(on(duties::listener_gone{2}));
}

CAF_TEST(work that goes on after a loss is reported at the margin) {
  join();
  own(10, {{"a", 10}});
  auto order = one<duties::lose>(on(duties::session_over{"why"})).order;
  confirm(1, order);
  now += 1s - 1ns;
  CAF_CHECK(tick().empty());
  now += 1ns;
  CAF_CHECK(only<duties::late>(tick()).lost);
  CAF_CHECK(tick().empty());
  auto xs = confirm(2, order);
  CAF_CHECK_EQUAL(count<duties::late_no_more>(xs), 1u);
  CAF_CHECK_EQUAL(count<duties::settled>(xs), 1u);
}

CAF_TEST(a session that is to be available is not over by time) {
  duties x{{.exclusive = false, .stop_within = 10s, .margin = 1s}};
  x.step(duties::listener_added{1}, now);
  x.step(duties::joined{}, now);
  CAF_MESSAGE("but it must have started");
  auto what = record_of(10, {{"a", 10}});
  CAF_CHECK_EQUAL(count<duties::assign>(x.step(duties::recorded{what}, now)), 0u);
  CAF_CHECK_EQUAL(count<duties::assign>(x.step(duties::extended{until}, now)), 1u);
  CAF_CHECK(!x.wake_at());
  now = until + 100s;
  CAF_CHECK(x.step(duties::tick{}, now).empty());
  auto more = record_of(11, {{"a", 10}, {"b", 11}});
  CAF_CHECK_EQUAL(count<duties::assign>(x.step(duties::recorded{more}, now)), 1u);
}

// -- leaving ----------------------------------------------------------------------------

CAF_TEST(a worker that drains says so and is done when nothing is left) {
  join();
  own(10, {{"a", 10}});
  CAF_CHECK(only<duties::report>(on(duties::drain{})).what.draining);
  CAF_CHECK(!mine.drained());
  auto order = one<duties::revoke>(get(11, {})).order;
  CAF_CHECK(!mine.drained());
  confirm(1, order);
  CAF_CHECK(!mine.drained());
  confirm(2, order);
  CAF_CHECK(mine.drained());
}

CAF_TEST(giving up revokes everything and is settled once all have confirmed) {
  join();
  own(10, {{"a", 10}, {"b", 10}});
  auto before = one<duties::revoke>(get(11, {{"a", 10}})).order;
  auto xs = on(duties::give_up{3s});
  auto x = one<duties::revoke>(xs);
  CAF_CHECK_EQUAL(names(x.what), (share{{"a", 10}}));
  CAF_CHECK(x.time_left == 3s);
  CAF_CHECK(stopping(xs) == (std::set<std::string>{"a", "b"}));
  CAF_MESSAGE("nothing is assigned any more");
  CAF_CHECK(get(12, {{"a", 10}, {"c", 12}}).empty());
  for (auto who : std::initializer_list<duties::listener_id>{1, 2})
    confirm(who, x.order);
  confirm(1, before);
  CAF_CHECK_EQUAL(count<duties::settled>(confirm(2, before)), 1u);
}

CAF_TEST(a worker that works on nothing gives up at once) {
  join();
  only<duties::settled>(on(duties::give_up{3s}));
}

CAF_TEST(a session that ends while everything is given up loses what is left) {
  join();
  own(10, {{"a", 10}});
  auto revoked = one<duties::revoke>(on(duties::give_up{30s})).order;
  confirm(1, revoked);
  now = until;
  auto xs = tick();
  CAF_CHECK_EQUAL(count<duties::ended>(xs), 1u);
  auto x = one<duties::lose>(xs);
  CAF_CHECK_EQUAL(names(x.what), (share{{"a", 10}}));
  confirm(1, x.order);
  only<duties::settled>(confirm(2, x.order));
}

CAF_TEST(a revocation says why the record takes it away) {
  on(duties::listener_added{1});
  on(duties::joined{});
  on(duties::extended{until});
  auto x = record_of(5, {{"a", 5}});
  x.partitions[0].reason = "worker-2 was lost";
  auto given = one<duties::assign>(on(duties::recorded{x}));
  CAF_CHECK_EQUAL(given.what.at(0).reason, "worker-2 was lost");
  auto y = record_of(6, {});
  y.revoking.push_back({{{"a"}}, "worker-4 joined"});
  auto taken = one<duties::revoke>(on(duties::recorded{y}));
  CAF_CHECK_EQUAL(taken.what.at(0).reason, "worker-4 joined");
  CAF_CHECK_EQUAL(taken.what.at(0).token.value, 5u);
}

CAF_TEST_FIXTURE_SCOPE_END()
