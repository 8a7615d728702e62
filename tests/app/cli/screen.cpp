// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.screen

#include "partita/app/cli/screen.hpp"

#include "partita/app/inspect/group_view.hpp"

#include "../inspect/sample_group.hpp"

#include <nlohmann/json.hpp>

#include <caf/test/unit_test.hpp>

using namespace partita;
using namespace partita::app;
using partita::test::holds;
using partita::test::sample_group;

CAF_TEST(a picture begins at the corner and clears what stood there) {
  CAF_CHECK_EQUAL(picture("one\ntwo\n", {24, 80}), "\x1b[Hone\x1b[K\r\ntwo\x1b[K\x1b[J");
}

CAF_TEST(lines are cut to the width by characters and not by bytes) {
  CAF_CHECK_EQUAL(picture("abcdef\n", {24, 4}), "\x1b[H"
                                                "abcd\x1b[K\x1b[J");
  CAF_CHECK_EQUAL(picture("\xc3\xa4\xc3\xb6\xc3\xbc\n", {24, 2}),
                  "\x1b[H\xc3\xa4\xc3\xb6\x1b[K\x1b[J");
}

CAF_TEST(colours take no room and end with their line) {
  CAF_CHECK_EQUAL(picture("\x1b[31mabcdef\x1b[m\n", {24, 4}), "\x1b[H\x1b[31m"
                                                              "abcd\x1b[m\x1b[K\x1b[J");
}

CAF_TEST(the last line of a full screen says how many there are besides) {
  CAF_CHECK_EQUAL(picture("1\n2\n3\n", {3, 80}),
                  "\x1b[H1\x1b[K\r\n2\x1b[K\r\n3\x1b[K\x1b[J");
  CAF_CHECK_EQUAL(picture("1\n2\n3\n4\n", {3, 80}),
                  "\x1b[H1\x1b[K\r\n2\x1b[K\r\n... and 2 more lines\x1b[K\x1b[J");
  CAF_CHECK_EQUAL(picture("1\n2\n", {1, 80}), "\x1b[H... and 2 more lines\x1b[K\x1b[J");
}

CAF_TEST(nothing is a picture too) {
  CAF_CHECK_EQUAL(picture("", {24, 80}), "\x1b[H\x1b[J");
}

// -- what watches show ------------------------------------------------------------------

namespace {

watch_event shown(const std::string& key, std::uint64_t at, std::int64_t stored_ns = 0) {
  watch_event x;
  x.change = watch_change::value;
  x.entry = {key, "v", {at}, false, stored_ns};
  return x;
}

watch_event of(watch_change what, const std::string& key = {}, std::uint64_t at = 0) {
  watch_event x;
  x.change = what;
  x.entry.key = key;
  x.entry.revision = {at};
  return x;
}

constexpr auto control = group_bucket::control;

} // namespace

CAF_TEST(a view is complete once every bucket was shown or is missing) {
  group_view view{"orders"};
  CAF_CHECK(view.incomplete() == group_bucket::election);
  for (auto x : {group_bucket::election, group_bucket::heartbeat,
                 group_bucket::assignment, group_bucket::stable_id})
    view.take(x, of(watch_change::replayed));
  CAF_CHECK(!view.complete());
  CAF_CHECK(view.incomplete() == control);
  view.missing(control);
  CAF_CHECK(view.complete());
  view.found(control);
  CAF_CHECK(!view.complete());
}

CAF_TEST(a watch that is rebuilt takes back all that it showed) {
  group_view view{"orders"};
  view.take(control, shown("a", 1));
  view.take(control, of(watch_change::replayed));
  CAF_CHECK(view.find(control, "a") != nullptr);
  CAF_CHECK(view.take(control, of(watch_change::restarted)));
  CAF_CHECK(view.find(control, "a") == nullptr);
  CAF_CHECK(view.incomplete() == group_bucket::election);
}

CAF_TEST(only what changes the view is new) {
  group_view view{"orders"};
  CAF_CHECK(view.take(control, shown("a", 4)));
  CAF_CHECK(view.take(control, of(watch_change::removed, "a", 5)));
  CAF_CHECK(view.find(control, "a") == nullptr);
  CAF_CHECK(!view.take(control, of(watch_change::removed, "b", 6)));
  CAF_CHECK(!view.take(control, of(watch_change::alive)));
}

CAF_TEST(entries say how long ago the newest was shown) {
  group_view view{"orders"};
  auto now = std::chrono::steady_clock::time_point{} + std::chrono::hours{1};
  CAF_CHECK_EQUAL(view.entries(now).since_newest_ns, 0);
  auto newest = shown("a", 1, 10);
  newest.at = now;
  auto older = shown("b", 2, 5);
  older.at = now + std::chrono::seconds{1};
  view.take(control, newest);
  view.take(control, older);
  CAF_CHECK_EQUAL(view.entries(now + std::chrono::seconds{2}).since_newest_ns,
                  2 * test::second_ns);
  CAF_CHECK_EQUAL(view.entries(now).control.size(), 2u);
}

// -- the workers of a group -------------------------------------------------------------

CAF_TEST(workers are shown with role and marks and load) {
  sample_group group;
  group.leader("worker-0", 3)
      .worker("worker-0", {"0", "1", "2"}, 300)
      .worker("worker-1", {"3"}, 100)
      .beat("worker-2", beat_state::stopped)
      .directive(drain_directive{{"worker-1"}})
      .directive(cordon_directive{{"worker-1"}});
  group.add(group.entries().stable_id, "worker-1",
            to_text(claim{{"n"}, "box-7", 0, 0, false}), 1'000);
  auto text = workers_table(group.status());
  CAF_CHECK(holds(text, "worker-0  working  leader"));
  CAF_MESSAGE("a drained worker has no share in the plan, so the other should have all");
  CAF_CHECK(holds(text, "75.0 % of 100.0 %"));
  CAF_CHECK(holds(text, "25.0 % of -"));
  CAF_CHECK(holds(text, "drained cordoned"));
  CAF_CHECK(holds(text, "box-7"));
  auto obj = nlohmann::json::parse(workers_json(group.status()));
  CAF_CHECK_EQUAL(obj["workers"][1]["instance"].get<std::string>(), "box-7");
  CAF_CHECK_EQUAL(obj["workers"][0]["load"].get<double>(), 0.75);
  CAF_CHECK(obj["workers"][1]["drained"].get<bool>());
  CAF_CHECK_EQUAL(obj["workers"][2]["state"].get<std::string>(), "stopped");
  CAF_CHECK_EQUAL(workers_table({}), "no worker has joined yet\n");
}
