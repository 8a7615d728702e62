// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.bucket_ages

#include "partita/core/leader/bucket_ages.hpp"

#include <caf/test/unit_test.hpp>

using namespace partita;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr auto boot = core::time_point{};

epoch_entry entry(std::uint64_t epoch, const char* self = "us") {
  return {{epoch}, {"worker-0"}, {self}};
}

struct fixture {
  core::bucket_ages ages{{100}, {"us"}};
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(bucket_ages_tests, fixture)

CAF_TEST(only our own entry shows that the power is ours) {
  CAF_CHECK_EQUAL(ages.epoch_shown(entry(99, "they"), second, boot + 1h).value, 99u);
  CAF_CHECK_EQUAL(ages.epoch_shown(entry(101, "they"), second, boot + 1h).value, 101u);
  CAF_CHECK(!ages.shows_ours());
  CAF_CHECK_EQUAL(ages.epoch_shown(entry(100), second, boot + 1h).value, 100u);
  CAF_CHECK(ages.shows_ours());
}

CAF_TEST(another leader under our number counts as one more) {
  CAF_CHECK_EQUAL(ages.epoch_shown(entry(100, "they"), second, boot + 1h).value, 101u);
  CAF_CHECK(!ages.shows_ours());
}

CAF_TEST(the age of the records follows from when our epoch was stored) {
  ages.epoch_shown(entry(100), 70 * second, boot + 1h);
  auto made = ages.records_made_at(50 * second);
  CAF_REQUIRE(made);
  CAF_CHECK(*made == boot + 1h - 20s);
  CAF_MESSAGE("a server whose clock went back shows no age");
  CAF_CHECK(ages.records_made_at(90 * second) == std::optional{boot + 1h});
  CAF_MESSAGE("nor does one that does not say when the bucket was made");
  CAF_CHECK(ages.records_made_at(0) == std::optional{boot + 1h});
}

CAF_TEST(a bucket older than any session does not matter) {
  constexpr std::int64_t day = 86'400 * second;
  ages.epoch_shown(entry(100), 10 * day, boot + 1h);
  CAF_CHECK(!ages.records_made_at(8 * day));
  CAF_CHECK(ages.records_made_at(8 * day + 1) == std::optional{boot + 1h - 48h + 1ns});
}

CAF_TEST(the newest heartbeat tells the age of the heartbeats once) {
  ages.beat_shown(boot + 1h, 60 * second);
  ages.beat_shown(boot + 2h, 70 * second);
  ages.beat_shown(boot + 3h, 70 * second);
  ages.beat_shown(boot + 4h, 65 * second);
  CAF_CHECK(ages.beats_replayed(boot + 5h, 50 * second)
            == std::optional{boot + 2h - 20s});
  CAF_CHECK(!ages.beats_replayed(boot + 6h, 50 * second));
}

CAF_TEST(without a heartbeat the bucket counts from its replay) {
  CAF_CHECK(ages.beats_replayed(boot + 5h, 50 * second) == std::optional{boot + 5h});
}

CAF_TEST_FIXTURE_SCOPE_END()
