// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.settled_write

#include "partita/app/change/settled_write.hpp"

#include <caf/test/unit_test.hpp>

#include <deque>

using namespace partita;
using namespace partita::app;

namespace {

kv_written done(std::uint64_t at) {
  return {write_status::done, {at}, {}};
}

kv_written no(write_status x) {
  return {x, {}, "why"};
}

kv_read holds(std::uint64_t at, const std::string& value) {
  kv_read result;
  result.status = read_status::found;
  result.entry.key = "key";
  result.entry.value = value;
  result.entry.revision = {at};
  result.entry.removed = value.empty();
  return result;
}

/// A store that gives the answers that the test has prepared.
struct fixture {
  std::deque<kv_written> answers;
  std::deque<kv_read> reads;
  std::size_t writes = 0;
  std::size_t pauses = 0;
  std::size_t most_pauses = 10;
  bool removes = false;

  kv_written settle(kv_written first, std::uint64_t expected = 4) {
    write_access access;
    access.write = [this] {
      ++writes;
      return take(answers);
    };
    access.read = [this] { return take(reads); };
    access.pause = [this](core::duration) { return ++pauses <= most_pauses; };
    std::optional<std::string> value;
    if (!removes)
      value = "ours";
    return app::settle(std::move(first), {"key", value, {expected}}, access);
  }

  template <class T>
  static T take(std::deque<T>& xs) {
    if (xs.empty())
      return {};
    auto result = xs.front();
    xs.pop_front();
    return result;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(settled_write_tests, fixture)

CAF_TEST(an answer is an answer) {
  CAF_CHECK_EQUAL(settle(done(5)).revision.value, 5u);
  CAF_CHECK_EQUAL(settle(no(write_status::refused)).status, write_status::refused);
  CAF_CHECK_EQUAL(settle(no(write_status::not_connected)).status,
                  write_status::not_connected);
  CAF_CHECK_EQUAL(writes, 0u);
}

CAF_TEST(an unknown outcome is asked for again until an earlier try shows) {
  answers = {no(write_status::unknown), no(write_status::conflict)};
  reads = {holds(5, "ours")};
  auto x = settle(no(write_status::unknown));
  CAF_CHECK_EQUAL(x.status, write_status::done);
  CAF_CHECK_EQUAL(x.revision.value, 5u);
  CAF_CHECK_EQUAL(writes, 2u);
}

CAF_TEST(a conflict with what was expected is none) {
  reads = {holds(4, "old")};
  answers = {done(5)};
  CAF_CHECK_EQUAL(settle(no(write_status::conflict)).revision.value, 5u);
  CAF_CHECK_EQUAL(pauses, 1u);
}

CAF_TEST(a conflict with a later entry names its revision) {
  reads = {holds(7, "theirs")};
  auto x = settle(no(write_status::conflict));
  CAF_CHECK_EQUAL(x.status, write_status::conflict);
  CAF_CHECK_EQUAL(x.revision.value, 7u);
}

CAF_TEST(what is to be removed and is gone is done) {
  removes = true;
  reads = {holds(6, "")};
  CAF_CHECK_EQUAL(settle(no(write_status::conflict)).status, write_status::done);
  CAF_MESSAGE("what is to be written and is gone is not");
  removes = false;
  reads = {holds(6, "")};
  CAF_CHECK_EQUAL(settle(no(write_status::conflict)).status, write_status::conflict);
}

CAF_TEST(without time left the outcome stays unknown) {
  most_pauses = 3;
  auto x = settle(no(write_status::unknown));
  CAF_CHECK_EQUAL(x.status, write_status::unknown);
  CAF_CHECK_EQUAL(writes, 3u);
}

CAF_TEST_FIXTURE_SCOPE_END()
