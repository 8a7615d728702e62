// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../../support.hpp"

#include "partita/core/leader/members/membership.hpp"

#include <string>
#include <vector>

/// A membership and the heartbeats and records that are shown to it, for tests.
namespace core_test {

/// ttl 6 s, so that silence is noticed after 6.3 s; restart_hold 30 s; grace 5 s.
struct membership_fixture {
  using change = membership::change;

  time_point now = time_point{} + 1000s;
  membership group{{.ttl = 6s, .restart_hold = 30s, .grace = 5s}};

  /// By the heartbeats and records of those that follow.
  session_terms stated;

  membership_fixture() { group.replayed(now, now); }

  static worker_id id(int number) { return {"worker-" + std::to_string(number)}; }

  beat beat_of(const std::string& nonce, beat_state state = beat_state::working,
               const std::string& replaces = "") {
    beat x;
    x.nonce = {nonce};
    x.state = state;
    x.replaces = {replaces};
    x.terms = stated;
    return x;
  }

  std::vector<membership::news> show(int number, std::uint64_t at, const beat& x) {
    return group.beat_shown(id(number), {at}, x, now, now);
  }
  std::vector<membership::news> show(int number, std::uint64_t at,
                                     const std::string& nonce,
                                     beat_state state = beat_state::working) {
    return show(number, at, beat_of(nonce, state));
  }

  std::vector<membership::news> name(int number, const std::string& nonce,
                                     bool holds = true) {
    return group.named(id(number), {nonce}, stated, holds, now);
  }

  bool ended(int number, const std::string& nonce) {
    return group.ended(id(number), {nonce}, now);
  }

  void is(const std::vector<membership::news>& xs, change what, int number) {
    CAF_REQUIRE_EQUAL(xs.size(), 1u);
    CAF_CHECK(xs.front().what == what);
    CAF_CHECK_EQUAL(xs.front().who, id(number));
  }

  /// A tick that does nothing does not ask for another one at once.
  membership::outcome tick() {
    auto result = group.tick(now);
    auto idle = result.news.empty() && result.expels.empty() && result.ended.empty()
                && result.looks.empty();
    CAF_CHECK(!idle || !group.wake_at() || *group.wake_at() > now);
    return result;
  }

  void nothing_until(duration how_long) {
    CAF_REQUIRE(group.wake_at());
    CAF_CHECK(*group.wake_at() == now + how_long);
    now += how_long - 1ms;
    auto x = tick();
    CAF_CHECK(x.news.empty() && x.expels.empty() && x.ended.empty());
    now += 1ms;
  }

  membership::expel only_expel(const membership::outcome& x) {
    CAF_REQUIRE_EQUAL(x.expels.size(), 1u);
    CAF_CHECK(x.news.empty() && x.ended.empty());
    return x.expels.front();
  }

  /// Worker 1 is there, and its record gives something to incarnation a.
  void an_owner() {
    show(1, 1, "a");
    name(1, "a");
    CAF_CHECK(!ended(1, "a"));
  }
};

} // namespace core_test
