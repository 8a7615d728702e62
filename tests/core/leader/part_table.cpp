// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.part_table

#include "../support.hpp"

#include "partita/core/leader/part_table.hpp"
#include "partita/messages/keys.hpp"

#include <map>

using namespace core_test;

namespace {

constexpr std::uint64_t ours = 5;

struct fixture {
  partition_index index;
  part_table table{epoch{ours}, index};
  /// What the store holds.
  std::map<std::string, kv_entry> store;
  std::uint64_t revision = 0;

  static record record_with(int count, std::uint64_t epoch = ours) {
    record result;
    result.epoch = {epoch};
    result.worker_nonce = {"n"};
    for (int i = 0; i < count; ++i)
      result.partitions.push_back(
          {{{"orders", std::to_string(i * 7919 % 10'007)}, 100}, {std::uint64_t(9 + i)}});
    return result;
  }

  /// Carries a write out, and shows it.
  decoded<record_ptr> apply(const kv_update& x) {
    kv_entry entry{x.key, x.value, {++revision}};
    auto i = store.find(x.key);
    CAF_CHECK_EQUAL(i == store.end() ? 0u : i->second.revision.value, x.expected.value);
    store[x.key] = entry;
    return show(entry);
  }

  decoded<record_ptr> show(const kv_entry& x) {
    if (auto part = keys::part_in(x.key)) {
      table.shown(part->first, part->second, x);
      return malformed{};
    }
    return table.read(*keys::owner_of(x.key, keys::records), x);
  }

  partita::revision at(const worker_id& who) {
    auto i = store.find(keys::record_of(who));
    return i == store.end() ? partita::revision{} : i->second.revision;
  }

  /// Writes all of it; the keys in their order.
  std::vector<std::string> write(const worker_id& who, const record& x,
                                 std::size_t most = 100) {
    std::vector<std::string> keys;
    auto next = table.begin(who, index.numbered(x), 2, at(who), most);
    for (;;) {
      keys.push_back(next.key);
      CAF_CHECK(!next.key.starts_with(keys::parts) || next.value.size() <= most);
      auto shown = apply(next);
      auto then = table.answered(who, {write_status::done, {revision}, {}});
      if (auto* more = std::get_if<kv_update>(&then)) {
        next = *more;
        continue;
      }
      CAF_CHECK(std::get<kv_written>(then).status == write_status::done);
      CAF_REQUIRE(std::holds_alternative<record_ptr>(shown));
      CAF_CHECK(*std::get<record_ptr>(shown) == x);
      return keys;
    }
  }

  /// Removes what the record does not name.
  std::vector<std::string> tidy(const worker_id& who) {
    std::vector<std::string> result;
    for (const auto& x : table.surplus(who)) {
      CAF_CHECK_EQUAL(store.at(x.key).revision.value, x.expected.value);
      result.push_back(x.key);
      kv_entry mark{x.key, {}, {++revision}, true};
      store[x.key] = mark;
      show(mark);
    }
    return result;
  }

  const worker_id a{"a-0"};
  using names = std::vector<std::string>;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(part_table_tests, fixture)

CAF_TEST(a record that fits is one value) {
  CAF_CHECK(write(a, record_with(10), 10'000) == names{"assignment.a-0"});
  CAF_CHECK(table.surplus(a).empty());
}

CAF_TEST(the parts of a record that does not fit are written before it) {
  auto keys = write(a, record_with(30));
  CAF_REQUIRE(keys.size() >= 3);
  CAF_CHECK_EQUAL(keys.front(), "parts.a-0.0");
  CAF_CHECK(keys[keys.size() - 2] == "parts.a-0." + std::to_string(keys.size() - 2));
  CAF_CHECK_EQUAL(keys.back(), "assignment.a-0");
  CAF_MESSAGE("those of another worker are its own");
  CAF_CHECK(write({"a-1"}, record_with(30)).front() == "parts.a-1.0");
}

CAF_TEST(parts that the record names stay as they are) {
  auto first = write(a, record_with(30));
  auto second = write(a, record_with(31));
  for (const auto& x : first)
    if (x != "assignment.a-0")
      CAF_CHECK(std::find(second.begin(), second.end(), x) == second.end());
  CAF_MESSAGE("the others are removed, and used again once a record is newer than that");
  first.pop_back();
  CAF_CHECK(tidy(a) == first);
  CAF_CHECK(write(a, record_with(32)).front() != first.front());
  second.pop_back();
  CAF_CHECK(tidy(a) == second);
  CAF_CHECK(write(a, record_with(33)).front() == first.front());
  tidy(a);
  CAF_MESSAGE("a record that fits again needs none");
  write(a, record_with(1), 10'000);
  CAF_CHECK(!tidy(a).empty());
  CAF_CHECK(tidy(a).empty());
}

CAF_TEST(a record that names the same partitions keeps its parts) {
  write(a, record_with(30));
  auto sealed = record_with(30);
  sealed.version = {77};
  CAF_CHECK(write(a, sealed) == names{"assignment.a-0"});
}

CAF_TEST(under an older epoch no part is written over or removed) {
  write(a, record_with(30, ours - 1));
  auto left_over = kv_entry{"parts.a-0.99", "of a leader that was slow", {++revision}};
  store[left_over.key] = left_over;
  show(left_over);
  CAF_CHECK(table.surplus(a).empty());
  CAF_CHECK(write(a, record_with(31)).front() == "parts.a-0.100");
  CAF_MESSAGE("now the record is ours");
  auto gone = tidy(a);
  CAF_CHECK(std::find(gone.begin(), gone.end(), left_over.key) != gone.end());
}

CAF_TEST(where a part was not written the record is not either) {
  struct outcome {
    write_status is;
    write_status becomes;
  };
  for (auto x : {outcome{write_status::conflict, write_status::not_connected},
                 {write_status::unknown, write_status::not_connected},
                 {write_status::not_connected, write_status::not_connected},
                 {write_status::refused, write_status::refused}}) {
    table.begin(a, index.numbered(record_with(30)), 2, {}, 100);
    auto then = table.answered(a, {x.is, {}, "full"});
    CAF_REQUIRE(std::holds_alternative<kv_written>(then));
    CAF_CHECK(std::get<kv_written>(then).status == x.becomes);
  }
}

CAF_TEST(a part that is not as known is left alone until it is shown again) {
  write(a, record_with(30));
  write(a, record_with(31));
  auto first = [&] {
    return table.begin(a, index.numbered(record_with(32)), 2, at(a), 100).key;
  };
  CAF_REQUIRE_EQUAL(first(), "parts.a-0.0");
  CAF_MESSAGE("the store has lost it, and no watch tells that");
  table.answered(a, {write_status::conflict, {}, "another revision"});
  auto other = first();
  CAF_CHECK_NOT_EQUAL(other, "parts.a-0.0");
  table.answered(a, {write_status::unknown, {}, "no answer"});
  CAF_CHECK_EQUAL(first(), other);
  show({"parts.a-0.0", "", {0}, true});
  CAF_CHECK_NOT_EQUAL(first(), "parts.a-0.0");
  show({"parts.a-0.0", "left over", {++revision}});
  write(a, record_with(33));
  CAF_CHECK_EQUAL(first(), "parts.a-0.0");
}

CAF_TEST(parts that are being written are not removed) {
  write(a, record_with(30));
  tidy(a);
  auto next = table.begin(a, index.numbered(record_with(31)), 2, at(a), 100);
  apply(next);
  CAF_CHECK(table.surplus(a).empty());
}

CAF_TEST(a record whose parts are gone or changed cannot be read) {
  auto keys = write(a, record_with(30));
  auto whole = store.at("assignment.a-0");
  auto part = store.at("parts.a-0.0");
  auto why = [&](kv_entry x) {
    show(x);
    auto found = show(whole);
    return std::holds_alternative<malformed>(found) ? std::get<malformed>(found).why : "";
  };
  CAF_CHECK(why({part.key, {}, {++revision}, true}) == "its part 0 is missing");
  CAF_CHECK(why({part.key, {}, {}, true}) == "its part 0 is missing");
  CAF_CHECK(
      why({part.key, "other", {++revision}}).starts_with("its parts say something"));
  CAF_CHECK(why(part) == "");
  CAF_MESSAGE("and is not kept");
  why({part.key, "other", {++revision}});
  store[part.key] = {part.key, "other", {revision}};
  CAF_CHECK(write(a, record_with(30)).size() > 1);
}

CAF_TEST_FIXTURE_SCOPE_END()
