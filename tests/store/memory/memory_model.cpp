// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE store.memory_model

#include "partita/messages/keys.hpp"

#include "../../support/memory/memory_model.hpp"

#include <caf/test/unit_test.hpp>

using namespace partita;
using namespace partita::store;
using namespace std::chrono_literals;

namespace {

struct fixture {
  memory_model::time_point now{1h};
  memory_model model{{.start = now, .wall_start_ns = 1000, .max_value = 10}};

  fixture() { open({.name = "b"}); }

  memory_model::open_outcome open(const open_bucket& x) { return model.open(x, now); }

  memory_bucket::outcome write(const kv_change& x) { return model.write("b", x, now); }

  std::uint64_t done(const kv_change& x) {
    auto result = write(x);
    if (result.answer.status != write_status::done)
      CAF_FAIL(result.answer.why);
    return result.answer.revision.value;
  }

  kv_written conflict(const kv_change& x) {
    auto result = write(x);
    CAF_CHECK_EQUAL(result.answer.status, write_status::conflict);
    CAF_CHECK(!result.entry);
    return result.answer;
  }

  void check_missing(const std::string& key) {
    CAF_CHECK_EQUAL(model.last("b", key, now).status, read_status::missing);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(memory_model_tests, fixture)

CAF_TEST(compare and set is exact) {
  CAF_CHECK_EQUAL(done(kv_create{"a", "1"}), 1u);
  conflict(kv_create{"a", "2"});
  conflict(kv_update{"a", "2", {0}});
  conflict(kv_update{"a", "2", {2}});
  CAF_CHECK_EQUAL(done(kv_update{"a", "2", {1}}), 2u);
  conflict(kv_remove{"a", {1}});
  CAF_CHECK_EQUAL(done(kv_remove{"a", {2}}), 3u);
  conflict(kv_update{"a", "3", {0}});
  CAF_CHECK_EQUAL(done(kv_update{"a", "3", {3}}), 4u);
  CAF_CHECK_EQUAL(done(kv_remove{"a", {4}}), 5u);
  CAF_CHECK_EQUAL(done(kv_create{"a", "4"}), 6u);
}

CAF_TEST(a conflict names what was found and what was expected) {
  done(kv_put{"a", "1"});
  auto why = conflict(kv_update{"a", "2", {7}}).why;
  CAF_CHECK_NOT_EQUAL(why.find("'a' is at revision 1, expected 7"), std::string::npos);
}

CAF_TEST(an entry says when it was stored) {
  now += 5us;
  auto written = write(kv_put{"a", "1"});
  CAF_REQUIRE(written.entry);
  CAF_CHECK_EQUAL(written.entry->stored_at_ns, 6000);
  CAF_CHECK(model.last("b", "a", now).entry == *written.entry);
}

CAF_TEST(an entry is gone when its ttl has passed and not before) {
  open({.name = "c", .ttl = 100ms});
  auto write_c = [&](const kv_change& x) {
    return model.write("c", x, now).answer.status;
  };
  write_c(kv_put{"a", "1"});
  write_c(kv_remove{"b", {0}});
  now += 100ms - 1ns;
  CAF_CHECK_EQUAL(model.last("c", "a", now).status, read_status::found);
  CAF_CHECK_EQUAL(model.entries("c", ">", now).size(), 2u);
  now += 1ns;
  CAF_CHECK_EQUAL(model.last("c", "a", now).status, read_status::missing);
  CAF_MESSAGE("delete marks expire as well");
  CAF_CHECK(model.entries("c", ">", now).empty());
  CAF_CHECK_EQUAL(write_c(kv_update{"a", "2", {1}}), write_status::conflict);
  CAF_CHECK_EQUAL(write_c(kv_create{"a", "2"}), write_status::done);
  CAF_CHECK_EQUAL(write_c(kv_update{"b", "2", {0}}), write_status::done);
  CAF_CHECK_EQUAL(model.identify("c").identity.last.value, 4u);
}

CAF_TEST(a newer write makes a key live on) {
  open({.name = "c", .ttl = 100ms});
  model.write("c", kv_put{"a", "1"}, now);
  now += 60ms;
  model.write("c", kv_put{"a", "2"}, now);
  now += 60ms;
  CAF_CHECK_EQUAL(model.last("c", "a", now).entry.value, "2");
  now += 40ms;
  CAF_CHECK_EQUAL(model.last("c", "a", now).status, read_status::missing);
}

CAF_TEST(a replay has the newest of each key in the order of revisions) {
  done(kv_put{"b.x", "1"});
  done(kv_put{"a", "2"});
  done(kv_put{"b.y", "3"});
  done(kv_put{"b.x", "4"});
  done(kv_remove{"b.y", {3}});
  auto keys = [&](const std::string& pattern) {
    std::string result;
    for (const auto& x : model.entries("b", pattern, now))
      result +=
          x.key + (x.removed ? "- " : "+ ") + std::to_string(x.revision.value) + " ";
    return result;
  };
  CAF_CHECK_EQUAL(keys(">"), "a+ 2 b.x+ 4 b.y- 5 ");
  CAF_CHECK_EQUAL(keys("b.*"), "b.x+ 4 b.y- 5 ");
  CAF_CHECK_EQUAL(keys("c"), "");
}

CAF_TEST(a bucket that is deleted and made again is another one) {
  done(kv_put{"a", "1"});
  auto before = model.identify("b").identity;
  CAF_CHECK(model.delete_bucket("b"));
  CAF_CHECK(!model.delete_bucket("b"));
  CAF_CHECK_EQUAL(model.identify("b").status, read_status::missing);
  CAF_CHECK_EQUAL(write(kv_put{"a", "1"}).answer.status, write_status::refused);
  CAF_CHECK_EQUAL(model.last("b", "a", now).status, read_status::refused);
  CAF_MESSAGE("even at the same time");
  auto after = open({.name = "b"}).identity;
  CAF_CHECK(after.created_at_ns > before.created_at_ns);
  CAF_CHECK_EQUAL(after.last.value, 0u);
  check_missing("a");
}

CAF_TEST(a power failure takes back the newest writes) {
  done(kv_put{"a", "1"});
  done(kv_put{"b", "2"});
  done(kv_put{"c", "3"});
  auto before = model.identify("b").identity;
  CAF_CHECK(model.lose_writes_after("b", {1}));
  auto after = model.identify("b").identity;
  CAF_CHECK_EQUAL(after.created_at_ns, before.created_at_ns);
  CAF_CHECK_EQUAL(after.last.value, 1u);
  check_missing("b");
  CAF_CHECK_EQUAL(done(kv_create{"c", "4"}), 2u);
}

CAF_TEST(a bucket with another configuration is foreign and both are named) {
  open({.name = "c", .ttl = 200ms, .replicas = 1});
  auto ttl = open({.name = "c", .ttl = 300ms, .replicas = 1});
  CAF_CHECK_EQUAL(ttl.status, open_status::foreign);
  CAF_CHECK_NOT_EQUAL(ttl.why.find("ttl 200 ms and replicas 1"), std::string::npos);
  CAF_CHECK_NOT_EQUAL(ttl.why.find("ttl 300 ms and replicas 1"), std::string::npos);
  auto replicas = open({.name = "c", .ttl = 200ms, .replicas = 3});
  CAF_CHECK_EQUAL(replicas.status, open_status::foreign);
  CAF_CHECK_EQUAL(open({.name = "c", .ttl = 200ms}).status, open_status::opened);
  CAF_MESSAGE("a client that only looks takes it as it is");
  CAF_CHECK_EQUAL(open({.name = "c", .mode = open_mode::look}).status,
                  open_status::opened);
}

CAF_TEST(a bucket that cannot be is refused) {
  CAF_CHECK_EQUAL(open({.name = "x y"}).status, open_status::refused);
  CAF_CHECK_EQUAL(open({.name = "c", .ttl = 99ms}).status, open_status::refused);
  CAF_CHECK_EQUAL(open({.name = "c", .ttl = -1ms}).status, open_status::refused);
  CAF_CHECK_EQUAL(open({.name = "c", .replicas = 0}).status, open_status::refused);
  CAF_CHECK_EQUAL(open({.name = "c", .mode = open_mode::look}).status,
                  open_status::missing);
  CAF_CHECK_EQUAL(open({.name = "c", .ttl = 100ms}).status, open_status::opened);
}

CAF_TEST(a value above the limit is refused with both sizes) {
  CAF_CHECK_EQUAL(write(kv_put{"a", "0123456789"}).answer.status, write_status::done);
  auto refused = write(kv_put{"a", "0123456789x"}).answer;
  CAF_CHECK_EQUAL(refused.status, write_status::refused);
  CAF_CHECK_NOT_EQUAL(refused.why.find("11 bytes"), std::string::npos);
  CAF_CHECK_NOT_EQUAL(refused.why.find("takes 10"), std::string::npos);
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST(keys and patterns and names of buckets follow the rules of NATS) {
  for (auto key : {"a", "a.b", "A-_/=9", "-", "a.b.c.d"})
    CAF_CHECK_EQUAL(key_fault(key), "");
  for (auto key :
       {"", ".", "a.", ".a", "a..b", "a b", "a:b", "*", "a.*", ">", "\t", "\n"})
    CAF_CHECK_NOT_EQUAL(key_fault(key), "");
  for (auto pattern : {"a", "*", ">", "a.*", "a.>", "*.b", "*.>"})
    CAF_CHECK_EQUAL(pattern_fault(pattern), "");
  for (auto pattern : {"", "a*", ">.a", "a.>.b", "a..b", ".>", "a:b"})
    CAF_CHECK_NOT_EQUAL(pattern_fault(pattern), "");
  for (auto name : {"a", "a-b_C9"})
    CAF_CHECK_EQUAL(bucket_fault({.name = name}), "");
  for (auto name : {"", "a.b", "a b", "a/b", "*"})
    CAF_CHECK_NOT_EQUAL(bucket_fault({.name = name}), "");
}
