// SPDX-License-Identifier: Apache-2.0
#include "conformance_session.hpp"

// Watches. A test may meet a `restarted` at any time: a busy machine is silent for long.
namespace partita::store::conformance {

namespace {

using values = std::map<std::string, std::string>;

void a_watch_begins_with_all_current_values(subject& s) {
  session x{s};
  auto bucket = x.fresh();
  for (auto key : {"a", "b", "c", "a"})
    bucket.put(key, std::string{"value of "} + key);
  bucket.remove("b", bucket.last("b").entry.revision);
  watch_probe probe{x.system()};
  probe.watch(bucket.handle(), ">");
  auto events = probe.until(watch_change::replayed);
  CAF_CHECK(probe.values() == (values{{"a", "value of a"}, {"c", "value of c"}}));
  CAF_CHECK(events.back().bucket.created_at_ns
            == bucket.identify().identity.created_at_ns);
  CAF_CHECK_EQUAL(events.back().bucket.last.value, 5u);
  CAF_CHECK_EQUAL(probe.view().at("a").revision.value, 4u);
  CAF_CHECK(probe.view().at("a").stored_at_ns > 0);
}

/// Also to a watcher that comes when another one of this client knows them already.
void a_watch_shows_the_values_in_the_order_of_their_writes(subject& s) {
  session x{s};
  auto bucket = x.fresh();
  for (auto key : {"c", "a", "d", "b", "a"})
    bucket.put(key, "1");
  watch_probe first{x.system()};
  watch_probe second{x.system()};
  for (auto* probe : {&first, &second}) {
    probe->watch(bucket.handle(), ">");
    std::string order;
    for (const auto& e : probe->until(watch_change::replayed))
      if (e.change == watch_change::value)
        order += e.entry.key;
    CAF_CHECK_EQUAL(order, "cdba");
  }
}

void a_watch_of_an_empty_bucket_has_its_mark_too(subject& s) {
  session x{s};
  auto bucket = x.fresh();
  watch_probe probe{x.system()};
  probe.watch(bucket.handle(), ">");
  probe.until(watch_change::replayed);
  CAF_CHECK(probe.view().empty());
}

void changes_follow_the_mark(subject& s) {
  session x{s};
  auto bucket = x.fresh();
  watch_probe probe{x.system()};
  probe.watch(bucket.handle(), ">");
  probe.until(watch_change::replayed);
  for (auto i = 0; i < 100; ++i) {
    auto written = bucket.put("a", std::to_string(i));
    auto seen = probe.until("a", written.revision);
    CAF_CHECK_EQUAL(seen.watch, 1u);
    CAF_CHECK_EQUAL(seen.change, watch_change::value);
    CAF_CHECK_EQUAL(seen.entry.value, std::to_string(i));
    CAF_CHECK_EQUAL(seen.entry.revision, written.revision);
  }
}

void delete_marks_are_shown_and_do_not_end_the_watch(subject& s) {
  session x{s};
  auto bucket = x.fresh();
  watch_probe probe{x.system()};
  probe.watch(bucket.handle(), ">");
  probe.until(watch_change::replayed);
  for (auto i = 0; i < 20; ++i) {
    auto written = bucket.create("a", "x");
    probe.until("a", written.revision);
    auto mark = bucket.remove("a", written.revision);
    auto seen = probe.until("a", mark.revision);
    CAF_CHECK_EQUAL(seen.change, watch_change::removed);
    CAF_CHECK_EQUAL(seen.entry.revision, mark.revision);
    CAF_CHECK(probe.view().empty());
  }
}

void a_pattern_chooses_the_keys(subject& s) {
  session x{s};
  auto bucket = x.fresh();
  for (auto key : {"a", "a.b", "a.b.c", "x.b", "x.b.c", "x.y.c"})
    bucket.put(key, "1");
  auto shows = [&](const std::string& pattern, const std::vector<std::string>& keys) {
    CAF_MESSAGE("pattern " << pattern);
    watch_probe probe{x.system()};
    probe.watch(bucket.handle(), pattern);
    probe.until(watch_change::replayed);
    values expected;
    for (const auto& key : keys)
      expected.emplace(key, "1");
    CAF_CHECK(probe.values() == expected);
  };
  shows("a", {"a"});
  shows("a.*", {"a.b"});
  shows("a.>", {"a.b", "a.b.c"});
  shows("*", {"a"});
  shows("*.b", {"a.b", "x.b"});
  shows("*.b.*", {"a.b.c", "x.b.c"});
  shows("*.*.c", {"a.b.c", "x.b.c", "x.y.c"});
  shows(">", {"a", "a.b", "a.b.c", "x.b", "x.b.c", "x.y.c"});
  shows("none", {});
}

void a_second_watcher_gets_a_replay_of_its_own(subject& s) {
  session x{s};
  auto bucket = x.fresh();
  auto before = bucket.put("a", "1");
  watch_probe first{x.system()};
  first.watch(bucket.handle(), ">");
  first.until(watch_change::replayed);
  auto change = bucket.put("b", "2");
  first.until("b", change.revision);
  watch_probe second{x.system()};
  second.watch(bucket.handle(), ">", 7);
  auto events = second.until(watch_change::replayed);
  CAF_CHECK(second.values() == (values{{"a", "1"}, {"b", "2"}}));
  CAF_CHECK_EQUAL(events.back().watch, 7u);
  change = bucket.put("a", "3");
  CAF_CHECK_EQUAL(first.until("a", change.revision).entry.value, "3");
  CAF_CHECK_EQUAL(second.until("a", change.revision).entry.value, "3");
}

void one_watcher_may_hold_several_watches(subject& s) {
  session x{s};
  auto bucket = x.fresh();
  watch_probe probe{x.system()};
  probe.watch(bucket.handle(), "a.*", 1);
  probe.watch(bucket.handle(), "b.*", 2);
  probe.until(watch_change::replayed);
  probe.until(watch_change::replayed);
  auto a = bucket.put("a.x", "1");
  CAF_CHECK_EQUAL(probe.until("a.x", a.revision).watch, 1u);
  auto b = bucket.put("b.x", "1");
  CAF_CHECK_EQUAL(probe.until("b.x", b.revision).watch, 2u);
}

void a_watch_that_was_stopped_is_silent(subject& s) {
  session x{s};
  auto bucket = x.fresh();
  watch_probe probe{x.system()};
  probe.watch(bucket.handle(), ">", 1);
  probe.until(watch_change::replayed);
  probe.unwatch(bucket.handle(), 1);
  probe.watch(bucket.handle(), ">", 2);
  for (auto event = probe.next_of_all();
       event.watch != 2 || event.change != watch_change::replayed;)
    event = probe.next_of_all();
  auto change = bucket.put("a", "1");
  for (;;) {
    auto event = probe.next_of_all();
    CAF_REQUIRE_EQUAL(event.watch, 2u);
    if (event.entry.revision == change.revision)
      return;
  }
}

void a_watcher_that_ends_does_no_harm(subject& s) {
  session x{s};
  auto bucket = x.fresh();
  watch_probe stays{x.system()};
  stays.watch(bucket.handle(), ">");
  stays.until(watch_change::replayed);
  for (auto i = 0; i < 10; ++i) {
    watch_probe ends{x.system()};
    ends.watch(bucket.handle(), ">");
    ends.watch(bucket.handle(), "a", 2);
    ends.until(watch_change::replayed);
  }
  auto change = bucket.put("a", "1");
  CAF_CHECK_EQUAL(stays.until("a", change.revision).entry.value, "1");
}

void a_replay_shows_all_that_its_process_wrote_before(subject& s) {
  session x{s};
  auto bucket = x.fresh();
  watch_probe neighbour{x.system()};
  neighbour.watch(bucket.handle(), "shared.*");
  for (auto i = 0; i < 100; ++i) {
    auto key = (i % 2 ? "shared." : "own.") + std::to_string(i % 5);
    auto written = bucket.put(key, std::to_string(i));
    watch_probe probe{x.system()};
    probe.watch(bucket.handle(), i % 3 ? key : key.substr(0, key.find('.')) + ".*");
    probe.until(watch_change::replayed);
    CAF_REQUIRE(probe.view().contains(key));
    CAF_REQUIRE(probe.view().at(key).revision >= written.revision);
  }
}

void a_silent_watch_shows_that_it_lives(subject& s) {
  session x{s};
  auto bucket = x.fresh();
  watch_probe probe{x.system()};
  probe.watch(bucket.handle(), ">");
  probe.until(watch_change::replayed);
  auto first = probe.until(watch_change::alive).back();
  auto second = probe.until(watch_change::alive).back();
  CAF_CHECK(second.at > first.at);
}

void a_value_that_expired_is_in_no_new_replay(subject& s) {
  session x{s};
  auto bucket = x.open({.name = s.fresh_bucket(), .ttl = std::chrono::milliseconds{200}});
  bucket.put("a", "1");
  x.until_missing(bucket, "a");
  auto written = bucket.put("b", "2");
  watch_probe probe{x.system()};
  probe.watch(bucket.handle(), ">");
  probe.until(watch_change::replayed);
  CAF_CHECK(!probe.view().contains("a"));
}

void a_watch_survives_that_its_bucket_is_made_again(subject& s) {
  session x{s};
  open_bucket what{.name = s.fresh_bucket()};
  auto bucket = x.open(what);
  for (auto key : {"a", "b", "c"})
    bucket.put(key, "old");
  watch_probe probe{x.system()};
  probe.watch(bucket.handle(), ">");
  auto before = probe.until(watch_change::replayed).back().bucket;
  s.delete_bucket(what.name);
  s.make_bucket(what);
  auto other = x.open(what);
  other.put("b", "new");
  auto changed = probe.until(watch_change::bucket_changed).back();
  CAF_CHECK_NOT_EQUAL(changed.bucket.created_at_ns, before.created_at_ns);
  CAF_CHECK(!changed.why.empty());
  auto after = probe.until(watch_change::replayed).back().bucket;
  CAF_CHECK_EQUAL(after.created_at_ns, changed.bucket.created_at_ns);
  CAF_CHECK(probe.values() == (values{{"b", "new"}}));
  CAF_MESSAGE("and it goes on");
  auto change = bucket.put("d", "newer");
  CAF_CHECK_EQUAL(probe.until("d", change.revision).entry.value, "newer");
}

void a_watch_waits_for_a_bucket_that_is_gone_for_a_while(subject& s) {
  session x{s};
  open_bucket what{.name = s.fresh_bucket()};
  auto bucket = x.open(what);
  bucket.put("a", "old");
  watch_probe probe{x.system()};
  probe.watch(bucket.handle(), ">");
  probe.until(watch_change::replayed);
  s.delete_bucket(what.name);
  auto restarted = probe.until(watch_change::restarted).back();
  CAF_CHECK(!restarted.why.empty());
  s.make_bucket(what);
  probe.until(watch_change::bucket_changed);
  probe.until(watch_change::replayed);
  CAF_CHECK(probe.view().empty());
}

} // namespace

std::vector<test_case> watch_tests() {
  return {
      {"a watch begins with all current values", a_watch_begins_with_all_current_values},
      {"a watch shows values in the order of their writes",
       a_watch_shows_the_values_in_the_order_of_their_writes},
      {"a watch of an empty bucket has its mark too",
       a_watch_of_an_empty_bucket_has_its_mark_too},
      {"changes follow the mark", changes_follow_the_mark},
      {"delete marks are shown and do not end the watch",
       delete_marks_are_shown_and_do_not_end_the_watch},
      {"a pattern chooses the keys", a_pattern_chooses_the_keys},
      {"a second watcher gets a replay of its own",
       a_second_watcher_gets_a_replay_of_its_own},
      {"one watcher may hold several watches", one_watcher_may_hold_several_watches},
      {"a watch that was stopped is silent", a_watch_that_was_stopped_is_silent},
      {"a watcher that ends does no harm", a_watcher_that_ends_does_no_harm},
      {"a replay shows all that its process wrote before",
       a_replay_shows_all_that_its_process_wrote_before},
      {"a silent watch shows that it lives", a_silent_watch_shows_that_it_lives},
      {"a value that expired is in no new replay",
       a_value_that_expired_is_in_no_new_replay},
      {"a watch survives that its bucket is made again",
       a_watch_survives_that_its_bucket_is_made_again, concerned::servers},
      {"a watch waits for a bucket that is gone for a while",
       a_watch_waits_for_a_bucket_that_is_gone_for_a_while, concerned::servers},
  };
}

} // namespace partita::store::conformance
