// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.bucket_listing

#include "support.hpp"

#include "partita/core/bucket_listing.hpp"

using namespace core_test;

namespace {

struct fixture {
  bucket_listing mine{{.name = "orders-partitions"}};
  time_point now = time_point{} + 1000s;
  std::uint64_t last = 0;

  using news = std::optional<bucket_listing::news>;

  news sees(watch_change what, const std::string& key = {}, const std::string& value = {},
            std::uint64_t revision = 0) {
    watch_event x;
    x.change = what;
    x.entry.key = key;
    x.entry.value = value;
    x.entry.revision = {revision};
    return mine.watched(x, now);
  }
  news put(const std::string& name, int weight) {
    return sees(watch_change::value, "p." + name,
                "{\"weight\":" + std::to_string(weight) + "}", ++last);
  }
  news remove(const std::string& name) {
    return sees(watch_change::removed, "p." + name, {}, ++last);
  }
  /// It is no longer there, and there is no delete mark.
  news lose(const std::string& name) { return sees(watch_change::removed, "p." + name); }
  news replayed() { return sees(watch_change::replayed); }
  news restarted(const std::string& why = {}) {
    watch_event x;
    x.change = watch_change::restarted;
    x.why = why;
    return mine.watched(x, now);
  }

  /// What is said when that much time has passed; steps as a timer would.
  news after(duration how_long) {
    auto end = now + how_long;
    while (auto due = mine.wake_at()) {
      if (*due > end)
        break;
      now = std::max(now, *due);
      if (auto said = mine.tick(now))
        return said;
    }
    now = end;
    return std::nullopt;
  }

  static std::string names(const news& x) {
    CAF_REQUIRE(x);
    const auto* list = std::get_if<bucket_listing::listed>(&*x);
    CAF_REQUIRE(list != nullptr);
    std::string result;
    for (const auto& y : list->all)
      result += name_of(y) + ":" + std::to_string(y.weight) + " ";
    return result;
  }
  static std::string trouble(const news& x) {
    CAF_REQUIRE(x);
    return std::get<bucket_listing::listed>(*x).trouble;
  }
  static std::string why_not(const news& x) {
    CAF_REQUIRE(x);
    const auto* no = std::get_if<bucket_listing::unavailable>(&*x);
    return no ? no->why : "a list";
  }
  static bool says(const std::string& text, const std::string& part) {
    if (text.find(part) == text.npos)
      CAF_MESSAGE("'" << part << "' is not in: " << text);
    return text.find(part) != text.npos;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(bucket_listing_tests, fixture)

CAF_TEST(the list is reported once the replay is complete) {
  CAF_CHECK(!put("b", 100));
  CAF_CHECK(!put("a.1", 50));
  CAF_CHECK(!after(1h));
  CAF_CHECK_EQUAL(names(replayed()), "a.1:50 b:100 ");
  CAF_CHECK(!mine.wake_at());
}

CAF_TEST(changes that come together are reported together) {
  put("a", 100);
  replayed();
  CAF_CHECK(!put("b", 100));
  CAF_CHECK(!after(299ms));
  CAF_CHECK(!put("a", 7));
  CAF_CHECK(!after(299ms));
  CAF_CHECK_EQUAL(names(after(1ms)), "a:7 b:100 ");
  CAF_CHECK(!after(1h));
}

CAF_TEST(changes that never pause are reported all the same) {
  put("a", 100);
  replayed();
  auto begun = now;
  news said;
  for (int i = 0; !said && i < 100; ++i) {
    put("b" + std::to_string(i), 100);
    said = after(200ms);
  }
  CAF_CHECK(said);
  CAF_CHECK(now - begun == 3s);
}

CAF_TEST(an entry that cannot be read keeps its last value) {
  put("a", 300);
  put("b", 100);
  replayed();
  sees(watch_change::value, "p.a", "nonsense", ++last);
  auto x = after(1s);
  CAF_CHECK_EQUAL(names(x), "a:300 b:100 ");
  CAF_CHECK(says(trouble(x), "key 'p.a' cannot be used"));
  put("a", 200);
  x = after(1s);
  CAF_CHECK_EQUAL(names(x), "a:200 b:100 ");
  CAF_CHECK_EQUAL(trouble(x), "");
}

CAF_TEST(an entry that never could be read is left out) {
  put("a", 300);
  sees(watch_change::value, "p.b", "nonsense", ++last);
  sees(watch_change::value, "p.c", "nonsense", ++last);
  auto x = replayed();
  CAF_CHECK_EQUAL(names(x), "a:300 ");
  CAF_CHECK(says(trouble(x), "key 'p.b'"));
  CAF_CHECK(says(trouble(x), "(and 1 more)"));
}

CAF_TEST(keys of others do not matter) {
  put("a", 100);
  sees(watch_change::value, "note", "nonsense", ++last);
  auto x = replayed();
  CAF_CHECK_EQUAL(names(x), "a:100 ");
  CAF_CHECK_EQUAL(trouble(x), "");
}

CAF_TEST(a list is empty only if the last partition was removed) {
  put("a", 100);
  replayed();
  remove("a");
  CAF_CHECK_EQUAL(names(after(1s)), "");
}

CAF_TEST(a bucket that never had a partition is no empty list) {
  CAF_CHECK(says(why_not(replayed()), "holds no partition"));
  CAF_MESSAGE("but one from which all were removed is");
  bucket_listing other{{.name = "x"}};
  mine = other;
  remove("a");
  CAF_CHECK_EQUAL(names(replayed()), "");
}

CAF_TEST(entries that vanished without a mark make no empty list) {
  put("a", 100);
  replayed();
  CAF_CHECK(!restarted("a gap"));
  lose("a");
  CAF_CHECK(says(why_not(replayed()), "holds no partition"));
}

CAF_TEST(a bucket that was deleted and recreated is no empty list) {
  put("a", 100);
  remove("b");
  replayed();
  sees(watch_change::bucket_changed);
  CAF_CHECK(says(why_not(replayed()), "deleted and made again"));
  CAF_MESSAGE("the client that fills it again is waited for");
  for (int i = 0; i < 100; ++i) {
    put("c" + std::to_string(i), 100);
    CAF_CHECK(!after(200ms));
  }
  CAF_CHECK(after(200ms));
}

CAF_TEST(a recreated bucket with a new list is read when it is quiet) {
  put("a", 100);
  replayed();
  sees(watch_change::bucket_changed);
  put("b", 100);
  CAF_CHECK(!replayed());
  put("c", 100);
  CAF_CHECK_EQUAL(names(after(1s)), "b:100 c:100 ");
}

CAF_TEST(a watch that stays broken is reported once and the next replay heals it) {
  put("a", 100);
  replayed();
  restarted("no permission");
  CAF_CHECK(!after(4999ms));
  restarted("no permission");
  auto x = after(1ms);
  CAF_CHECK(says(why_not(x), "does not show its entries: no permission"));
  CAF_CHECK(!after(1h));
  CAF_CHECK_EQUAL(names(replayed()), "a:100 ");
}

CAF_TEST(a watch that breaks again is waited for as long as the first time) {
  put("a", 100);
  replayed();
  restarted("no permission");
  CAF_CHECK(!after(4s));
  replayed();
  CAF_CHECK(!after(1h));
  restarted("no permission");
  CAF_CHECK(!after(4999ms));
  CAF_CHECK(says(why_not(after(1ms)), "no permission"));
}

CAF_TEST_FIXTURE_SCOPE_END()
