// SPDX-License-Identifier: Apache-2.0
#include "conformance_session.hpp"

#include <set>

// Buckets and the store itself.
namespace partita::store::conformance {

using namespace std::chrono_literals;

namespace {

void a_bucket_that_is_missing_is_not_made_unasked(subject& s) {
  session x{s};
  auto store = x.connect();
  auto name = s.fresh_bucket();
  auto opened = ask<bucket_opened>(x.self(), store,
                                   open_bucket{.name = name, .mode = open_mode::look});
  CAF_CHECK_EQUAL(opened.status, open_status::missing);
  CAF_CHECK(!opened.bucket);
  opened = ask<bucket_opened>(x.self(), store, open_bucket{.name = name});
  CAF_REQUIRE_EQUAL(opened.status, open_status::opened);
  CAF_CHECK(opened.identity.created_at_ns > 0);
  opened = ask<bucket_opened>(x.self(), x.connect(),
                              open_bucket{.name = name, .mode = open_mode::look});
  CAF_CHECK_EQUAL(opened.status, open_status::opened);
}

void a_bucket_opened_twice_is_the_same_actor(subject& s) {
  session x{s};
  auto store = x.connect();
  open_bucket what{.name = s.fresh_bucket()};
  auto one = ask<bucket_opened>(x.self(), store, what);
  auto two = ask<bucket_opened>(x.self(), store, what);
  CAF_CHECK(one.bucket == two.bucket);
  CAF_CHECK_EQUAL(one.identity.created_at_ns, two.identity.created_at_ns);
}

void all_buckets_are_listed(subject& s) {
  session x{s};
  std::set<std::string> wanted{s.fresh_bucket(), s.fresh_bucket()};
  for (const auto& name : wanted)
    x.open({.name = name});
  auto found = ask<buckets_listed>(x.self(), x.connect(), list_buckets{});
  // One that cannot know says so.
  for (const auto& name : found.names)
    wanted.erase(name);
  CAF_CHECK(found.why.empty() ? wanted.empty() : found.names.empty());
}

void another_configuration_is_named_as_such(subject& s) {
  session x{s};
  auto name = s.fresh_bucket();
  x.open({.name = name, .ttl = 61'000ms});
  auto opened = ask<bucket_opened>(x.self(), x.connect(),
                                   open_bucket{.name = name, .ttl = 77'000ms});
  CAF_CHECK_EQUAL(opened.status, open_status::foreign);
  CAF_CHECK(!opened.bucket);
  CAF_MESSAGE(opened.why);
  CAF_CHECK_NOT_EQUAL(opened.why.find("61000 ms"), std::string::npos);
  CAF_CHECK_NOT_EQUAL(opened.why.find("77000 ms"), std::string::npos);
}

void a_reader_takes_a_bucket_as_it_is(subject& s) {
  session x{s};
  auto name = s.fresh_bucket();
  x.open({.name = name, .ttl = 61'000ms});
  auto opened = ask<bucket_opened>(x.self(), x.connect(),
                                   open_bucket{.name = name, .mode = open_mode::look});
  CAF_CHECK_EQUAL(opened.status, open_status::opened);
  CAF_CHECK(opened.bucket != nullptr);
}

void a_bucket_is_changed_where_that_is_wanted(subject& s) {
  session x{s};
  auto name = s.fresh_bucket();
  auto bucket = x.open({.name = name, .ttl = 61'000ms});
  auto at = bucket.put("a", "1").revision;
  auto open = [&](std::chrono::milliseconds ttl, open_mode mode,
                  std::chrono::milliseconds least = 0ms) {
    return ask<bucket_opened>(
        x.self(), x.connect(),
        open_bucket{.name = name, .ttl = ttl, .mode = mode, .least_ttl = least});
  };
  CAF_CHECK_EQUAL(open(61'000ms, open_mode::compare).status, open_status::opened);
  CAF_CHECK_EQUAL(open(77'000ms, open_mode::compare).status, open_status::foreign);
  auto before = bucket.identify().identity;
  CAF_CHECK_EQUAL(open(77'000ms, open_mode::change).status, open_status::opened);
  CAF_CHECK_EQUAL(open(77'000ms, open_mode::compare).status, open_status::opened);
  CAF_CHECK_EQUAL(open(61'000ms, open_mode::make).status, open_status::foreign);
  CAF_MESSAGE("one that will do is left as it is");
  CAF_CHECK_EQUAL(open(90'000ms, open_mode::change, 60'000ms).status,
                  open_status::opened);
  CAF_CHECK_EQUAL(open(77'000ms, open_mode::compare).status, open_status::opened);
  CAF_MESSAGE("what it holds stays, under the same identity");
  CAF_CHECK_EQUAL(bucket.last("a").entry.revision.value, at.value);
  CAF_CHECK_EQUAL(bucket.identify().identity.created_at_ns, before.created_at_ns);
  auto missing = ask<bucket_opened>(
      x.self(), x.connect(),
      open_bucket{.name = s.fresh_bucket(), .mode = open_mode::compare});
  CAF_CHECK_EQUAL(missing.status, open_status::missing);
}

void a_bucket_that_cannot_be_is_refused(subject& s) {
  session x{s};
  auto store = x.connect();
  for (auto name : {"", "a.b", "a b", "a*", "a:b"}) {
    auto opened = ask<bucket_opened>(x.self(), store, open_bucket{.name = name});
    CAF_CHECK_EQUAL(opened.status, open_status::refused);
    CAF_CHECK(!opened.why.empty());
  }
  auto hasty = ask<bucket_opened>(x.self(), store,
                                  open_bucket{.name = s.fresh_bucket(), .ttl = 99ms});
  CAF_CHECK_EQUAL(hasty.status, open_status::refused);
}

void a_bucket_made_again_has_another_identity(subject& s) {
  session x{s};
  open_bucket what{.name = s.fresh_bucket()};
  auto bucket = x.open(what);
  bucket.put("a", "1");
  bucket.put("a", "2");
  auto before = bucket.identify();
  CAF_REQUIRE_EQUAL(before.status, read_status::found);
  CAF_CHECK_EQUAL(before.identity.last.value, 2u);
  s.delete_bucket(what.name);
  s.make_bucket(what);
  auto after = bucket.identify();
  CAF_REQUIRE_EQUAL(after.status, read_status::found);
  CAF_CHECK(after.identity.created_at_ns > before.identity.created_at_ns);
  CAF_CHECK_EQUAL(after.identity.last.value, 0u);
  CAF_MESSAGE("the old handle writes into the new bucket");
  CAF_CHECK_EQUAL(bucket.put("a", "3").revision.value, 1u);
}

void a_write_to_a_bucket_that_was_deleted_is_refused(subject& s) {
  session x{s};
  open_bucket what{.name = s.fresh_bucket()};
  auto bucket = x.open(what);
  s.delete_bucket(what.name);
  auto written = bucket.put("a", "1");
  CAF_CHECK_EQUAL(written.status, write_status::refused);
  CAF_CHECK(!written.why.empty());
}

void a_bucket_that_vanishes_is_made_again_and_its_watches_go_on(subject& s) {
  session x{s};
  open_bucket what{.name = s.fresh_bucket()};
  auto bucket = x.open(what);
  auto other = x.open(what);
  bucket.put("a", "old");
  auto before = bucket.identify().identity;
  watch_probe probe{x.system()};
  probe.watch(bucket.handle(), ">");
  probe.until(watch_change::replayed);
  s.delete_bucket(what.name);
  auto changed = probe.until(watch_change::bucket_changed).back();
  CAF_CHECK(changed.bucket.created_at_ns > before.created_at_ns);
  probe.until(watch_change::replayed);
  CAF_CHECK(probe.view().empty());
  other.put("x", "new");
  probe.until("x", {1});
}

void a_write_to_a_bucket_that_vanished_has_it_made_again(subject& s) {
  session x{s};
  open_bucket what{.name = s.fresh_bucket()};
  auto bucket = x.open(what);
  bucket.put("a", "1");
  s.delete_bucket(what.name);
  CAF_CHECK_EQUAL(bucket.put("a", "2").status, write_status::refused);
  while (bucket.identify().status != read_status::found)
    continue;
  CAF_CHECK_EQUAL(bucket.put("a", "3").revision.value, 1u);
}

void a_bucket_that_was_not_to_be_made_stays_away(subject& s) {
  session x{s};
  open_bucket what{.name = s.fresh_bucket()};
  s.make_bucket(what);
  auto bucket = x.open({.name = what.name, .mode = open_mode::look});
  bucket.put("a", "old");
  watch_probe probe{x.system()};
  probe.watch(bucket.handle(), ">");
  probe.until(watch_change::replayed);
  s.delete_bucket(what.name);
  CAF_CHECK_EQUAL(bucket.put("a", "1").status, write_status::refused);
  probe.until(watch_change::restarted);
  CAF_CHECK_EQUAL(bucket.identify().status, read_status::missing);
  s.make_bucket(what);
  probe.until(watch_change::bucket_changed);
  probe.until(watch_change::replayed);
}

void closing_answers_everything(subject& s) {
  session x{s};
  auto store = x.connect();
  auto opened =
      ask<bucket_opened>(x.self(), store, open_bucket{.name = s.fresh_bucket()});
  watch_probe probe{x.system()};
  probe.watch(opened.bucket, ">");
  probe.until(watch_change::replayed);
  auto send = [&](int i) {
    return x.self()->request(opened.bucket, test::patience,
                             kv_put{"a", std::to_string(i)});
  };
  std::vector<decltype(send(0))> handles;
  for (auto i = 0; i < 100; ++i)
    handles.push_back(send(i));
  auto closing = x.self()->request(store, test::patience, close_store{});
  for (auto& handle : handles)
    test::wait_for<kv_written>(x.self(), handle);
  test::wait_for<store_closed>(x.self(), closing);
  CAF_MESSAGE("a closed store answers, and does nothing");
  CAF_CHECK_EQUAL(ask<kv_written>(x.self(), opened.bucket, kv_put{"a", "b"}).status,
                  write_status::not_connected);
  CAF_CHECK_EQUAL(ask<kv_read>(x.self(), opened.bucket, kv_last{"a"}).status,
                  read_status::not_connected);
  CAF_CHECK_EQUAL(ask<bucket_opened>(x.self(), store, open_bucket{.name = "b"}).status,
                  open_status::not_connected);
  ask<store_closed>(x.self(), store, close_store{});
}

void a_listener_hears_of_the_link_at_once_and_when_it_ends(subject& s) {
  session x{s};
  auto store = x.connect();
  caf::scoped_actor listener{x.system()};
  listener->send(store, test::handle_of<link_listener_actor>(listener));
  auto expect = [&](link_state state) {
    listener->receive([&](const link_changed& y) { CAF_CHECK_EQUAL(y.state, state); },
                      caf::after(test::patience) >> [] { CAF_FAIL("not told"); });
  };
  expect(link_state::connected);
  ask<store_closed>(x.self(), store, close_store{});
  expect(link_state::disconnected);
}

} // namespace

std::vector<test_case> bucket_tests() {
  return {
      {"a bucket that is missing is not made unasked",
       a_bucket_that_is_missing_is_not_made_unasked},
      {"a bucket opened twice is the same actor",
       a_bucket_opened_twice_is_the_same_actor},
      {"all buckets are listed", all_buckets_are_listed},
      {"another configuration is named as such", another_configuration_is_named_as_such},
      {"a reader takes a bucket as it is", a_reader_takes_a_bucket_as_it_is},
      {"a bucket is changed where that is wanted",
       a_bucket_is_changed_where_that_is_wanted},
      {"a bucket that cannot be is refused", a_bucket_that_cannot_be_is_refused},
      {"a bucket made again has another identity",
       a_bucket_made_again_has_another_identity, concerned::servers},
      {"a write to a bucket that was deleted is refused",
       a_write_to_a_bucket_that_was_deleted_is_refused, concerned::servers},
      {"a bucket that vanishes is made again and its watches go on",
       a_bucket_that_vanishes_is_made_again_and_its_watches_go_on, concerned::servers},
      {"a write to a bucket that vanished has it made again",
       a_write_to_a_bucket_that_vanished_has_it_made_again, concerned::servers},
      {"a bucket that was not to be made stays away",
       a_bucket_that_was_not_to_be_made_stays_away, concerned::servers},
      {"closing answers everything", closing_answers_everything},
      {"a listener is notified of the link at once and when it ends",
       a_listener_hears_of_the_link_at_once_and_when_it_ends},
  };
}

} // namespace partita::store::conformance
