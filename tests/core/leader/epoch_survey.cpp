// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.epoch_survey

#include "partita/core/leader/epoch_survey.hpp"

#include "partita/messages/codec.hpp"

#include <caf/test/unit_test.hpp>

using namespace partita;

namespace {

using source = core::epoch_survey::source;

constexpr std::int64_t second = 1'000'000'000;

kv_entry entry_of(std::string text, std::int64_t at_ns) {
  return {"key", std::move(text), {1}, false, at_ns};
}

} // namespace

CAF_TEST(the greatest epoch of records and heartbeats counts) {
  core::epoch_survey x;
  record held;
  held.epoch = {1000};
  held.version = {1};
  x.shown(entry_of(to_text(held), 1005 * second));
  CAF_CHECK_EQUAL(x.greatest().value, 1000u);
  beat pulse;
  pulse.nonce.value = "n";
  pulse.applied = {{1001}, {5}};
  x.shown(entry_of(to_text(pulse), 1004 * second));
  CAF_CHECK_EQUAL(x.greatest().value, 1001u);
  pulse.seen = {{1002}, {6}};
  x.shown(entry_of(to_text(pulse), 1003 * second));
  CAF_CHECK_EQUAL(x.greatest().value, 1002u);
  CAF_CHECK_EQUAL(x.newest_ns(), 1005 * second);
}

CAF_TEST(what cannot be read names no epoch but has a time) {
  core::epoch_survey x;
  x.shown(entry_of("no entry", 7 * second));
  CAF_CHECK_EQUAL(x.greatest().value, 0u);
  CAF_CHECK_EQUAL(x.newest_ns(), 7 * second);
}

CAF_TEST(both buckets have to be replayed) {
  core::epoch_survey x;
  CAF_CHECK(!x.replayed(source::records));
  CAF_MESSAGE("one that is replayed twice counts once");
  CAF_CHECK(!x.replayed(source::records));
  CAF_CHECK(x.replayed(source::heartbeats));
  CAF_CHECK(!x.replayed(source::heartbeats));
}
