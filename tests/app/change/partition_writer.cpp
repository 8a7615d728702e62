// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.partition_writer

#include "partita/app/change/partition_writer.hpp"
#include "partita/app/inspect/group_reader.hpp"
#include "partita/app/output/progress.hpp"
#include "partita/messages/events.hpp"
#include "partita/store/memory/memory_store.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/send.hpp>
#include <caf/test/unit_test.hpp>

using namespace partita;
using namespace partita::app;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t many = 2000;

struct fixture {
  fixture() {
    which.name = "b";
    CAF_REQUIRE(!open_if_there(self, store, which, 10s, bucket));
  }

  ~fixture() {
    bucket = nullptr;
    self->send(store, close_store{});
  }

  partition_entries read() {
    partition_entries result;
    bucket_actor opened;
    auto why = read_bucket(self, store, which, 10s, opened,
                           [&](const watch_event& x) { take(result, x); });
    CAF_CHECK(!why);
    return result;
  }

  std::optional<std::string> add_all() {
    auto what = to_add(read(), names, 100);
    return write_changes(self, bucket, what.changes, 10s,
                         [&](std::size_t done) { written = done; });
  }

  caf::actor_system_config cfg;
  caf::actor_system sys{cfg};
  caf::scoped_actor self{sys};
  store_actor store = spawn_memory_store(sys);
  open_bucket which;
  bucket_actor bucket;
  std::vector<std::string> names = [] {
    std::vector<std::string> result;
    for (std::size_t i = 0; i < many; ++i)
      result.push_back("orders." + std::to_string(i));
    return result;
  }();
  std::size_t written = 0;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(partition_writer_tests, fixture)

CAF_TEST(many changes are written and counted) {
  CAF_CHECK(!add_all());
  CAF_CHECK_EQUAL(written, many);
  CAF_CHECK_EQUAL(read().size(), many);
}

CAF_TEST(a change that is stopped says what was written and goes on later) {
  auto what = to_add(read(), names, 100);
  self->send(caf::actor_cast<caf::actor>(self), stop_worker{});
  auto why = write_changes(self, bucket, what.changes, 10s,
                           [&](std::size_t done) { written = done; });
  CAF_REQUIRE(why);
  CAF_CHECK(written > 0);
  CAF_CHECK(written < many);
  CAF_CHECK_EQUAL(*why, "stopped (" + std::to_string(written)
                            + " of 2000 changes were written; the same command again "
                              "writes the rest)");
  CAF_CHECK_EQUAL(read().size(), written);
  CAF_CHECK(!add_all());
  CAF_CHECK_EQUAL(read().size(), many);
}

CAF_TEST(a partition that another client has changed ends the writing) {
  auto what = to_add(read(), names, 100);
  self->request(bucket, 10s, kv_put{"p.orders.7", R"({"weight":5})"})
      .receive([](const kv_written&) {}, [](const caf::error& e) { CAF_ERROR(e); });
  auto why = write_changes(self, bucket, what.changes, 10s,
                           [&](std::size_t done) { written = done; });
  CAF_REQUIRE(why);
  CAF_CHECK(why->starts_with("another client changed the partition orders.7"));
  CAF_CHECK_EQUAL(read().size(), written + 1);
}

CAF_TEST(reading stops when it is asked to) {
  self->send(caf::actor_cast<caf::actor>(self), stop_worker{});
  auto why = read_bucket(self, store, which, 10s, bucket, [](const watch_event&) {});
  CAF_REQUIRE(why);
  CAF_CHECK_EQUAL(*why, "stopped before anything was written");
}

CAF_TEST(progress has a rate and what is left) {
  CAF_CHECK_EQUAL(progress_line("changes written", 1000).text(300, 1999ms),
                  "300 of 1000 changes written, 150 per second");
  CAF_CHECK_EQUAL(progress_line("entries read").text(5, 0ms),
                  "5 entries read, 5000 per second");
}

CAF_TEST_FIXTURE_SCOPE_END()
