// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.group_check

#include "../support.hpp"

#include "partita/core/worker/group_check.hpp"
#include "partita/messages/codec.hpp"

using namespace core_test;

namespace {

struct fixture {
  group_check mine{
      {.identity = {.group = "it", .fresh_uid = {"fresh"}, .bucket = "it-assignment"},
       .startup = 30s,
       .seed = 1}};
  time_point now = time_point{} + 1000s;

  static std::string entry(const std::string& uid) {
    return to_text(group_entry{{uid}, "it", ownership::exclusive});
  }

  static surveyed_server server(const std::string& name, const std::string& uid) {
    if (uid.empty())
      return {name, read_status::missing, {}, {}, {}};
    return {name, read_status::found, entry(uid), {}, {}};
  }

  group_check::commands tell(const group_check::event& what) {
    return mine.step(what, now);
  }

  group_check::commands survey(std::vector<surveyed_server> xs) {
    return tell(group_check::surveyed{{std::move(xs)}});
  }

  /// What the server in use shows; empty: nothing.
  group_check::commands look(const std::string& uid) {
    kv_read x{read_status::missing, {}, {}};
    x.entry.revision = {7};
    if (!uid.empty()) {
      x.status = read_status::found;
      x.entry.value = entry(uid);
    }
    return tell(group_check::looked{x});
  }

  group_check::commands trouble(const std::string& why) {
    return look_failed({read_status::unknown, {}, why});
  }
  group_check::commands look_failed(const kv_read& x) {
    return tell(group_check::looked{x});
  }

  void begin() { only<group_check::survey>(tell(group_check::begin{})); }
  void open() { only<group_check::look>(tell(group_check::opened{})); }

  /// A group that is there, on one server.
  void identify() {
    begin();
    only<group_check::open>(survey({server("a", "x")}));
    open();
    auto xs = look("x");
    CAF_CHECK_EQUAL(one<group_check::expect>(xs).value, entry("x"));
    one<group_check::identified>(xs);
  }

  void retry() {
    CAF_REQUIRE(mine.wake_at());
    now = *mine.wake_at();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(group_check_tests, fixture)

CAF_TEST(a group that is there is identified and from then on only looked at) {
  identify();
  only<group_check::open>(tell(group_check::begin{}));
  CAF_MESSAGE("once at a time");
  CAF_CHECK(tell(group_check::begin{}).empty());
  open();
  one<group_check::identified>(look("x"));
}

CAF_TEST(a new group gets an entry and all servers must show it then) {
  begin();
  only<group_check::open>(survey({server("a", ""), server("b", "")}));
  open();
  auto what = only<group_check::write>(look(""));
  CAF_CHECK_EQUAL(what.value, entry("fresh"));
  CAF_CHECK_EQUAL(what.expected.value, 7u);
  only<group_check::look>(tell(group_check::written{{write_status::done, {8}, {}}}));
  auto xs = look("fresh");
  one<group_check::expect>(xs);
  one<group_check::survey>(xs);
  CAF_CHECK_EQUAL(count<group_check::identified>(xs), 0u);
  only<group_check::open>(survey({server("a", "fresh"), server("b", "fresh")}));
  open();
  one<group_check::identified>(look("fresh"));
}

CAF_TEST(one server alone is not asked twice) {
  begin();
  survey({server("a", "")});
  open();
  only<group_check::write>(look(""));
  tell(group_check::written{{write_status::done, {8}, {}}});
  one<group_check::identified>(look("fresh"));
}

CAF_TEST(a worker that was not the first takes what the faster one wrote) {
  begin();
  survey({server("a", "")});
  open();
  look("");
  auto xs = tell(group_check::written{{write_status::conflict, {}, "taken"}});
  only<group_check::waits>(xs);
  retry();
  only<group_check::open>(tell(group_check::tick{}));
  open();
  one<group_check::identified>(look("x"));
}

CAF_TEST(where another server showed the entry it is not written to the one in use) {
  begin();
  auto silent = surveyed_server{"b", read_status::unknown, {}, {}, "no route"};
  only<group_check::open>(survey({server("a", "x"), silent}));
  open();
  auto xs = look("");
  only<group_check::waits>(xs);
  retry();
  only<group_check::survey>(tell(group_check::tick{}));
}

CAF_TEST(an entry that cannot be read is written over) {
  begin();
  survey({server("a", "")});
  open();
  kv_read x{read_status::found, {}, {}};
  x.entry.value = R"({"v":2,"id":"x"})";
  x.entry.revision = {3};
  CAF_CHECK_EQUAL(only<group_check::write>(look_failed(x)).expected.value, 3u);
}

CAF_TEST(a refusal at the start is final the second time) {
  begin();
  only<group_check::waits>(survey({server("a", "x"), server("b", "y")}));
  retry();
  only<group_check::survey>(tell(group_check::tick{}));
  auto xs = survey({server("a", "x"), server("b", "y")});
  auto why = only<group_check::give_up>(xs).why;
  CAF_CHECK(why.find("nats.url") != std::string::npos);
}

CAF_TEST(a refusal later is waited out) {
  identify();
  tell(group_check::foreign_met{});
  for (int i = 0; i < 5; ++i) {
    only<group_check::survey>(
        tell(i == 0 ? group_check::event{group_check::begin{}} : group_check::tick{}));
    only<group_check::waits>(survey({server("a", "x"), server("b", "y")}));
    retry();
  }
  CAF_MESSAGE("until its own server is back, which needs no survey");
  only<group_check::open>(tell(group_check::connected{}));
  CAF_CHECK(!mine.wake_at());
  open();
  one<group_check::identified>(look("x"));
}

CAF_TEST(an answer to a survey that the own server made needless is not looked at) {
  identify();
  tell(group_check::foreign_met{});
  begin();
  tell(group_check::connected{});
  only<group_check::open>(survey({server("a", "y")}));
}

CAF_TEST(the store in use changed its group so all servers are asked) {
  identify();
  only<group_check::open>(tell(group_check::begin{}));
  open();
  only<group_check::waits>(look("z"));
  retry();
  only<group_check::survey>(tell(group_check::tick{}));
}

CAF_TEST(at the start trouble is final in the end) {
  begin();
  auto started = now;
  only<group_check::waits>(tell(group_check::failed{"no route"}));
  for (;;) {
    retry();
    CAF_REQUIRE(now <= started + 30s);
    only<group_check::survey>(tell(group_check::tick{}));
    auto xs = tell(group_check::failed{"no route"});
    if (const auto* x = first<group_check::give_up>(xs)) {
      CAF_CHECK(now == started + 30s);
      CAF_CHECK(x->why.find("timeouts.startup: no route") != std::string::npos);
      break;
    }
  }
}

CAF_TEST(a foreign bucket is final at the start and waited out later) {
  begin();
  survey({server("a", "x")});
  auto xs = tell(group_check::opened{"another ttl", true});
  CAF_CHECK_EQUAL(only<group_check::give_up>(xs).why, "another ttl");
  fixture other;
  other.identify();
  other.tell(group_check::begin{});
  only<group_check::waits>(other.tell(group_check::opened{"another ttl", true}));
}

CAF_TEST(trouble while looking is tried again at the next connection) {
  identify();
  tell(group_check::begin{});
  open();
  CAF_CHECK_EQUAL(only<group_check::waits>(trouble("gone")).why, "gone");
  CAF_CHECK(tell(group_check::begin{}).empty());
  only<group_check::open>(tell(group_check::connected{}));
}

CAF_TEST_FIXTURE_SCOPE_END()
