// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.group_identity

#include "../support.hpp"

#include "partita/core/worker/group_check.hpp"
#include "partita/messages/codec.hpp"

using namespace core_test;

namespace {

struct fixture {
  group_identity mine{{.group = "it", .fresh_uid = {"fresh"}, .bucket = "it-assignment"}};
  std::string cluster;

  static group_entry entry(const std::string& uid) {
    return {{uid}, "it", ownership::exclusive};
  }
  surveyed_server with(const std::string& server, const std::string& uid) const {
    return {server, read_status::found, to_text(entry(uid)), cluster, {}};
  }
  surveyed_server without(const std::string& server) const {
    return {server, read_status::missing, {}, cluster, {}};
  }
  static surveyed_server silent(const std::string& server) {
    return {server, read_status::unknown, {}, {}, "no route"};
  }

  group_identity::verdict ask(std::vector<surveyed_server> xs) {
    return mine.surveyed({std::move(xs)});
  }
  /// The group_uid that is agreed on; empty: there is none yet.
  std::string agreed(std::vector<surveyed_server> xs) {
    auto x = ask(std::move(xs));
    CAF_REQUIRE(std::holds_alternative<group_identity::agreed>(x));
    const auto& entry = std::get<group_identity::agreed>(x).entry;
    if (entry)
      mine.settle(*entry);
    return entry ? entry->group_uid.value : "";
  }
  std::string refused(std::vector<surveyed_server> xs) {
    auto x = ask(std::move(xs));
    CAF_REQUIRE(std::holds_alternative<group_identity::refused>(x));
    return std::get<group_identity::refused>(x).why;
  }
  void again(std::vector<surveyed_server> xs) {
    CAF_CHECK(std::holds_alternative<group_identity::unanswered>(ask(std::move(xs))));
  }
  static bool names(const std::string& why, std::initializer_list<const char*> words) {
    return std::all_of(words.begin(), words.end(),
                       [&](const char* x) { return why.find(x) != std::string::npos; });
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(group_identity_tests, fixture)

CAF_TEST(a new group has an entry of its own) {
  CAF_CHECK_EQUAL(agreed({without("a")}), "");
  CAF_CHECK(!mine.is_settled());
  CAF_CHECK(mine.entry() == entry("fresh"));
  CAF_CHECK_EQUAL(agreed({with("a", "fresh")}), "fresh");
  CAF_CHECK(mine.is_settled());
}

CAF_TEST(servers with different entries are refused by name) {
  auto why = refused({with("a", "x"), with("b", "y")});
  CAF_CHECK(names(why, {"a holds group_uid x", "b holds y", "nats.url"}));
}

CAF_TEST(a server that does not know the group beside one that does is refused) {
  auto why = refused({without("b"), with("a", "x")});
  CAF_CHECK(names(why, {"a knows the group", "b does not"}));
  CAF_MESSAGE("also if it was new on all of them, until one had an entry");
  group_identity fresh{{.group = "it", .fresh_uid = {"fresh"}, .bucket = "b"}};
  mine = fresh;
  CAF_CHECK_EQUAL(agreed({without("a"), without("b")}), "");
  refused({with("a", "fresh"), without("b")});
}

CAF_TEST(a server that does not answer counts as it showed itself before) {
  CAF_CHECK_EQUAL(agreed({with("a", "x"), silent("b")}), "x");
  CAF_CHECK_EQUAL(agreed({with("a", "x"), with("b", "x")}), "x");
  auto why = refused({silent("a"), with("b", "y")});
  CAF_CHECK(names(why, {"a holds group_uid x", "b holds y"}));
  refused({silent("a"), without("b")});
  again({silent("a"), silent("b")});
}

CAF_TEST(a single server may have lost its data or got others) {
  CAF_CHECK_EQUAL(agreed({with("a", "x")}), "x");
  CAF_CHECK_EQUAL(agreed({without("a")}), "");
  CAF_MESSAGE("what was agreed on is written again");
  CAF_CHECK(mine.entry() == entry("x"));
  CAF_CHECK_EQUAL(agreed({with("a", "y")}), "y");
  CAF_CHECK(mine.entry() == entry("y"));
}

CAF_TEST(a server that is not named any more says nothing) {
  CAF_CHECK_EQUAL(agreed({with("a", "x")}), "x");
  CAF_CHECK_EQUAL(agreed({with("b", "y")}), "y");
}

CAF_TEST(a cluster may grow or lose a node or all its data) {
  cluster = "one";
  CAF_CHECK_EQUAL(agreed({with("a", "x"), with("b", "x"), silent("c")}), "x");
  CAF_CHECK_EQUAL(agreed({with("a", "x"), silent("b"), with("c", "x")}), "x");
  CAF_MESSAGE("while a node is behind it is asked again");
  again({with("a", "x"), without("b"), silent("c")});
  CAF_CHECK_EQUAL(agreed({without("a"), without("b"), silent("c")}), "");
  CAF_CHECK_EQUAL(agreed({with("a", "x"), with("b", "x"), silent("c")}), "x");
}

CAF_TEST(nodes of a cluster that answer speak for one that is down) {
  cluster = "one";
  CAF_CHECK_EQUAL(agreed({with("a", "x"), with("b", "x"), with("c", "x")}), "x");
  CAF_MESSAGE("the entry was lost, and another worker has written a new one");
  CAF_CHECK_EQUAL(agreed({with("a", "y"), with("b", "y"), silent("c")}), "y");
}

CAF_TEST(two clusters are two stores) {
  cluster = "one";
  auto a = with("a", "x");
  cluster = "two";
  refused({a, without("b")});
  refused({a, with("b", "y")});
  CAF_CHECK_EQUAL(agreed({a, with("b", "x")}), "x");
}

CAF_TEST(the reason is given for each server when none answers) {
  auto x = ask({silent("a"), silent("b")});
  CAF_REQUIRE(std::holds_alternative<group_identity::unanswered>(x));
  CAF_CHECK(
      names(std::get<group_identity::unanswered>(x).why, {"a: no route", "b: no route"}));
}

CAF_TEST(buckets of another group are refused with both names) {
  auto x = with("a", "x");
  x.value = to_text(group_entry{{"x"}, "billing", ownership::exclusive});
  CAF_CHECK(names(refused({x}), {"'billing'", "'it'", "it-assignment", "[buckets]"}));
}

CAF_TEST(another ownership is refused with both values) {
  auto x = with("a", "x");
  x.value = to_text(group_entry{{"x"}, "it", ownership::available});
  CAF_CHECK(names(refused({x}), {"\"available\"", "\"exclusive\"", "remove the key"}));
}

CAF_TEST(an entry that cannot be read counts as none) {
  auto x = with("a", "x");
  x.value = "no json";
  CAF_CHECK_EQUAL(agreed({x}), "");
  refused({x, with("b", "x")});
}

CAF_TEST(what is expected from then on is the text of the store) {
  auto x = with("a", "x");
  x.value.insert(1, R"("newer":1,)");
  auto found = ask({x});
  CAF_CHECK_EQUAL(std::get<group_identity::agreed>(found).text, x.value);
}

CAF_TEST(what the connected server holds is ours if nothing else was agreed) {
  using agreed_t = group_identity::agreed;
  CAF_CHECK(std::holds_alternative<agreed_t>(mine.found(entry("theirs"))));
  mine.settle(entry("x"));
  CAF_CHECK(std::holds_alternative<agreed_t>(mine.found(entry("x"))));
  CAF_CHECK(std::holds_alternative<group_identity::unanswered>(mine.found(entry("y"))));
  auto other = entry("x");
  other.group = "billing";
  CAF_CHECK(std::holds_alternative<group_identity::refused>(mine.found(other)));
}

CAF_TEST_FIXTURE_SCOPE_END()
