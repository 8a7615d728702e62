// SPDX-License-Identifier: Apache-2.0
#include "conformance_session.hpp"

// Reading and writing one key.
namespace partita::store::conformance {

using namespace std::chrono_literals;

namespace {

void a_value_is_read_as_it_was_written(subject& s) {
  session x{s};
  auto bucket = x.fresh();
  std::string value{"\0 binary \xff", 10};
  auto written = bucket.put("a.b", value);
  CAF_REQUIRE_EQUAL(written.status, write_status::done);
  CAF_CHECK_EQUAL(written.revision.value, 1u);
  auto read = bucket.last("a.b");
  CAF_REQUIRE_EQUAL(read.status, read_status::found);
  CAF_CHECK_EQUAL(read.entry.key, "a.b");
  CAF_CHECK(read.entry.value == value);
  CAF_CHECK_EQUAL(read.entry.revision.value, 1u);
  CAF_CHECK(!read.entry.removed);
  CAF_CHECK(read.entry.stored_at_ns > 0);
}

void an_empty_value_is_a_value(subject& s) {
  session x{s};
  auto bucket = x.fresh();
  auto written = bucket.put("a", "");
  auto read = bucket.last("a");
  CAF_REQUIRE_EQUAL(read.status, read_status::found);
  CAF_CHECK(!read.entry.removed);
  CAF_CHECK_EQUAL(bucket.create("a", "b").status, write_status::conflict);
  CAF_CHECK_EQUAL(bucket.update("a", "b", written.revision).status, write_status::done);
}

void a_key_without_revision_is_missing(subject& s) {
  session x{s};
  auto bucket = x.fresh();
  CAF_CHECK_EQUAL(bucket.last("none").status, read_status::missing);
}

void revisions_are_one_sequence_for_all_keys(subject& s) {
  session x{s};
  auto bucket = x.fresh();
  std::uint64_t expected = 0;
  for (auto key : {"a", "b", "a", "c", "b"})
    CAF_CHECK_EQUAL(bucket.put(key, "x").revision.value, ++expected);
  CAF_CHECK_EQUAL(bucket.last("a").entry.revision.value, 3u);
  CAF_CHECK_EQUAL(bucket.identify().identity.last.value, 5u);
}

void create_works_only_where_there_is_no_value(subject& s) {
  session x{s};
  auto bucket = x.fresh();
  auto created = bucket.create("a", "1");
  CAF_REQUIRE_EQUAL(created.status, write_status::done);
  auto again = bucket.create("a", "2");
  CAF_CHECK_EQUAL(again.status, write_status::conflict);
  CAF_CHECK(!again.why.empty());
  CAF_CHECK_EQUAL(bucket.last("a").entry.value, "1");
}

void create_works_over_a_delete_mark(subject& s) {
  session x{s};
  auto bucket = x.fresh();
  auto created = bucket.create("a", "1");
  auto removed = bucket.remove("a", created.revision);
  CAF_REQUIRE_EQUAL(removed.status, write_status::done);
  auto again = bucket.create("a", "2");
  CAF_REQUIRE_EQUAL(again.status, write_status::done);
  CAF_CHECK(again.revision > removed.revision);
  CAF_CHECK_EQUAL(bucket.last("a").entry.value, "2");
}

void update_needs_the_newest_revision(subject& s) {
  session x{s};
  auto bucket = x.fresh();
  auto first = bucket.put("a", "1");
  auto second = bucket.update("a", "2", first.revision);
  CAF_REQUIRE_EQUAL(second.status, write_status::done);
  CAF_CHECK_EQUAL(bucket.update("a", "3", first.revision).status, write_status::conflict);
  CAF_CHECK_EQUAL(bucket.update("a", "3", {second.revision.value + 1}).status,
                  write_status::conflict);
  CAF_CHECK_EQUAL(bucket.last("a").entry.value, "2");
}

void update_expecting_nothing_needs_a_key_without_revision(subject& s) {
  session x{s};
  auto bucket = x.fresh();
  auto first = bucket.update("a", "1", {0});
  CAF_REQUIRE_EQUAL(first.status, write_status::done);
  CAF_CHECK_EQUAL(bucket.update("a", "2", {0}).status, write_status::conflict);
  auto mark = bucket.remove("a", first.revision);
  CAF_CHECK_EQUAL(bucket.update("a", "2", {0}).status, write_status::conflict);
  CAF_CHECK_EQUAL(bucket.update("a", "2", first.revision).status, write_status::conflict);
  CAF_CHECK_EQUAL(bucket.update("a", "2", mark.revision).status, write_status::done);
}

void remove_needs_the_newest_revision_and_leaves_a_mark(subject& s) {
  session x{s};
  auto bucket = x.fresh();
  auto first = bucket.put("a", "1");
  auto second = bucket.put("a", "2");
  CAF_CHECK_EQUAL(bucket.remove("a", first.revision).status, write_status::conflict);
  auto mark = bucket.remove("a", second.revision);
  CAF_REQUIRE_EQUAL(mark.status, write_status::done);
  CAF_CHECK(mark.revision > second.revision);
  auto read = bucket.last("a");
  CAF_REQUIRE_EQUAL(read.status, read_status::found);
  CAF_CHECK(read.entry.removed);
  CAF_CHECK(read.entry.value.empty());
  CAF_CHECK_EQUAL(read.entry.revision, mark.revision);
  CAF_CHECK_EQUAL(bucket.remove("a", second.revision).status, write_status::conflict);
}

void one_client_reads_from_the_leader_what_another_wrote(subject& s) {
  session x{s};
  auto name = s.fresh_bucket();
  auto one = x.open({.name = name});
  auto other = x.open({.name = name});
  for (auto i = 0; i < 50; ++i) {
    auto written = one.put("a", std::to_string(i));
    auto read = other.last("a");
    CAF_REQUIRE_EQUAL(read.entry.revision, written.revision);
    CAF_REQUIRE_EQUAL(read.entry.value, std::to_string(i));
  }
}

void a_value_lives_for_its_ttl(subject& s) {
  session x{s};
  auto ttl = 300ms;
  auto bucket = x.open({.name = s.fresh_bucket(), .ttl = ttl});
  auto start = std::chrono::steady_clock::now();
  auto written = bucket.put("a", "1");
  auto took = x.until_missing(bucket, "a");
  CAF_MESSAGE("gone after " << took.count() << " ms");
  CAF_CHECK(std::chrono::steady_clock::now() - start >= ttl);
  CAF_CHECK(took <= ttl + s.lateness());
  CAF_CHECK_EQUAL(bucket.update("a", "2", written.revision).status,
                  write_status::conflict);
}

void an_expired_key_has_no_revision(subject& s) {
  session x{s};
  auto bucket = x.open({.name = s.fresh_bucket(), .ttl = 150ms});
  auto first = bucket.create("a", "1");
  x.until_missing(bucket, "a");
  auto second = bucket.create("a", "2");
  CAF_REQUIRE_EQUAL(second.status, write_status::done);
  CAF_CHECK(second.revision > first.revision);
  x.until_missing(bucket, "a");
  CAF_CHECK_EQUAL(bucket.update("a", "3", {0}).status, write_status::done);
}

void a_value_that_is_too_large_is_refused_with_its_size(subject& s) {
  session x{s};
  auto bucket = x.fresh();
  auto size = s.oversize();
  auto written = bucket.put("a", std::string(size, 'x'));
  CAF_CHECK_EQUAL(written.status, write_status::refused);
  CAF_MESSAGE(written.why);
  CAF_CHECK_NOT_EQUAL(written.why.find(std::to_string(size)), std::string::npos);
  CAF_CHECK_EQUAL(bucket.last("a").status, read_status::missing);
  CAF_CHECK_EQUAL(bucket.put("a", "small").status, write_status::done);
}

void a_key_with_illegal_characters_is_refused(subject& s) {
  session x{s};
  auto bucket = x.fresh();
  for (std::string key :
       {"", "a:b", "*", "a.*", ">", "a b", ".a", "a.", "a..b", "\xc3\xa4"}) {
    CAF_MESSAGE("key '" << key << "'");
    auto written = bucket.put(key, "x");
    CAF_CHECK_EQUAL(written.status, write_status::refused);
    CAF_CHECK_NOT_EQUAL(written.why.find("'" + key + "'"), std::string::npos);
    CAF_CHECK_EQUAL(bucket.create(key, "x").status, write_status::refused);
    CAF_CHECK_EQUAL(bucket.update(key, "x", {1}).status, write_status::refused);
    CAF_CHECK_EQUAL(bucket.remove(key, {1}).status, write_status::refused);
    CAF_CHECK_EQUAL(bucket.last(key).status, read_status::refused);
  }
  CAF_CHECK_EQUAL(bucket.put("a/b=c_d-e.F.9", "x").status, write_status::done);
}

} // namespace

std::vector<test_case> write_tests() {
  return {
      {"a value is read as it was written", a_value_is_read_as_it_was_written},
      {"an empty value is a value", an_empty_value_is_a_value},
      {"a key without revision is missing", a_key_without_revision_is_missing},
      {"revisions are one sequence for all keys",
       revisions_are_one_sequence_for_all_keys},
      {"create works only where there is no value",
       create_works_only_where_there_is_no_value},
      {"create works over a delete mark", create_works_over_a_delete_mark},
      {"update needs the newest revision", update_needs_the_newest_revision},
      {"update expecting nothing needs a key without revision",
       update_expecting_nothing_needs_a_key_without_revision},
      {"remove needs the newest revision and leaves a mark",
       remove_needs_the_newest_revision_and_leaves_a_mark},
      {"one client reads from the leader what another wrote",
       one_client_reads_from_the_leader_what_another_wrote},
      {"a value lives for its ttl", a_value_lives_for_its_ttl},
      {"an expired key has no revision", an_expired_key_has_no_revision},
      {"a value that is too large is refused with its size",
       a_value_that_is_too_large_is_refused_with_its_size},
      {"a key with illegal characters is refused",
       a_key_with_illegal_characters_is_refused},
  };
}

} // namespace partita::store::conformance
