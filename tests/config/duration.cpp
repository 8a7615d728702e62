// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE config.duration

#include "partita/config/duration.hpp"

#include <caf/test/unit_test.hpp>

using namespace partita::config;
using namespace std::chrono_literals;

namespace {

std::int64_t ms(std::string_view text) {
  auto parsed = parse_duration(text);
  return parsed ? parsed->count() : -1;
}

} // namespace

CAF_TEST(a duration is a number and its unit) {
  CAF_CHECK_EQUAL(ms("250ms"), 250);
  CAF_CHECK_EQUAL(ms("2s"), 2000);
  CAF_CHECK_EQUAL(ms("5m"), 300'000);
  CAF_CHECK_EQUAL(ms("1h"), 3'600'000);
  CAF_CHECK_EQUAL(ms("0s"), 0);
  CAF_CHECK_EQUAL(ms("007s"), 7000);
}

CAF_TEST(a fraction is read if it comes out in whole milliseconds) {
  CAF_CHECK_EQUAL(ms("1.5s"), 1500);
  CAF_CHECK_EQUAL(ms("0.001s"), 1);
  CAF_CHECK_EQUAL(ms("0.25h"), 900'000);
  CAF_CHECK_EQUAL(ms("1.0ms"), 1);
  CAF_CHECK_EQUAL(ms("0.0001s"), -1);
  CAF_CHECK_EQUAL(ms("1.5ms"), -1);
}

CAF_TEST(anything else is not a duration) {
  for (auto text : {"",     "s",    "5",   "1.s", ".5s",  "-1s",   "+1s",
                    "1 s",  " 1s",  "1s ", "1S",  "1sec", "1m30s", "1e3s",
                    "1,5s", "0x1s", "1d",  "nan", "1.5",  "1..5s", "\xff"})
    CAF_CHECK_EQUAL(ms(text), -1);
}

CAF_TEST(a duration that no clock counts is refused) {
  CAF_CHECK_EQUAL(ms("8784000h"), 31'622'400'000'000);
  CAF_CHECK_EQUAL(ms("8784001h"), -1);
  CAF_CHECK_EQUAL(ms("9223372036854775807ms"), -1);
  CAF_CHECK_EQUAL(ms("99999999999999999999999999999999h"), -1);
  CAF_CHECK_EQUAL(ms("1.0000000000000000000000000000001s"), -1);
}

CAF_TEST(a printed duration is short and reads back) {
  CAF_CHECK_EQUAL(format_duration(0ms), "0s");
  CAF_CHECK_EQUAL(format_duration(1500ms), "1500ms");
  CAF_CHECK_EQUAL(format_duration(90s), "90s");
  CAF_CHECK_EQUAL(format_duration(5min), "5m");
  CAF_CHECK_EQUAL(format_duration(24h), "24h");
  for (auto x : {0ms, 1ms, 999ms, 60'000ms, 61'000ms, 3'600'000ms})
    CAF_CHECK_EQUAL(ms(format_duration(x)), x.count());
}
