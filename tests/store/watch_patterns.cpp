// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE store.watch_patterns

#include "../support/store_feed_driver.hpp"

using namespace partita;
using namespace partita::test;

CAF_TEST(patterns match as subjects of NATS do) {
  auto yes = [](const char* pattern, const char* key) {
    CAF_MESSAGE(pattern << " matches " << key);
    CAF_CHECK(watch_feed::matches(pattern, key));
  };
  auto no = [](const char* pattern, const char* key) {
    CAF_MESSAGE(pattern << " does not match " << key);
    CAF_CHECK(!watch_feed::matches(pattern, key));
  };
  yes("a", "a");
  yes("a.b", "a.b");
  yes("*", "a");
  yes("a.*", "a.b");
  yes("*.b", "a.b");
  yes(">", "a");
  yes(">", "a.b.c");
  yes("a.>", "a.b");
  yes("a.>", "a.b.c");
  yes("a.*.>", "a.b.c");
  no("a", "b");
  no("a", "a.b");
  no("a.b", "a");
  no("*", "a.b");
  no("a.*", "a");
  no("a.*", "a.b.c");
  no("a.>", "a");
  no("a.>", "b.c");
  no("a*", "ab");
  no("a.*.>", "a.b");
  no(">.a", "b.a");
  no("*", "");
}
