// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.group_status

#include "partita/app/inspect/group_status.hpp"

#include "sample_group.hpp"

#include "partita/messages/codec.hpp"
#include "partita/messages/keys.hpp"

#include <nlohmann/json.hpp>

#include <caf/test/unit_test.hpp>

using namespace partita;
using namespace partita::app;

namespace {

constexpr std::int64_t ms = 1'000'000;

kv_entry entry(std::string key, std::string value, std::int64_t at_ns = 0) {
  return {std::move(key), std::move(value), {1}, false, at_ns};
}

std::string beat_text(beat_state state, stamp applied = {}) {
  beat x;
  x.nonce = {"ab12"};
  x.state = state;
  x.applied = applied;
  return to_text(x);
}

std::string record_text(stamp at, std::vector<std::string> names) {
  record x;
  x.version = at.version;
  x.epoch = at.epoch;
  x.worker_nonce = {"ab12"};
  for (auto& name : names)
    x.partitions.push_back({{{"orders", name}, 100}, at.version});
  return to_text(x);
}

constexpr stamp second_of_three{{3}, {3 * versions_per_epoch + 2}};

/// worker-2 leads; worker-10 has a record and no heartbeat; everything is readable.
group_entries sample() {
  group_entries x;
  x.group = "orders";
  x.election = {entry("leader", "worker-2:1763884512:cd34", 9'000 * ms)};
  x.heartbeat = {entry("heartbeat.worker-2",
                       beat_text(beat_state::working, second_of_three), 10'000 * ms),
                 entry("heartbeat.worker-1", beat_text(beat_state::stopped), 7'450 * ms)};
  x.assignment = {
      entry("epoch", R"({"epoch":3,"leader":"worker-2","nonce":"ef"})", 5'000 * ms),
      entry("assignment.worker-10", record_text(second_of_three, {}), 1'000 * ms),
      entry("assignment.worker-2", record_text(second_of_three, {"7", "8"}), 1'000 * ms),
      entry("assignment.worker-1", record_text({}, {}), 1'000 * ms)};
  return x;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

CAF_TEST(the leader and the epoch and the newest version are found) {
  auto x = examine(sample());
  CAF_REQUIRE(x.leader.has_value());
  CAF_CHECK_EQUAL(x.leader->worker_id.value, "worker-2");
  CAF_REQUIRE(x.epoch.has_value());
  CAF_CHECK_EQUAL(x.epoch->epoch.value, 3u);
  CAF_CHECK_EQUAL(x.version.value, 3 * versions_per_epoch + 2);
  CAF_CHECK(x.unreadable.empty());
}

CAF_TEST(workers come from heartbeats and records in the order of their numbers) {
  auto x = examine(sample());
  CAF_REQUIRE_EQUAL(x.members.size(), 3u);
  CAF_CHECK_EQUAL(x.members[0].id.value, "worker-1");
  CAF_CHECK_EQUAL(x.members[1].id.value, "worker-2");
  CAF_CHECK_EQUAL(x.members[2].id.value, "worker-10");
  CAF_CHECK(!x.members[2].last_beat.has_value());
}

CAF_TEST(
    the age of a heartbeat counts from the newest entry by time stamps of the server) {
  auto x = examine(sample());
  CAF_CHECK_EQUAL(x.members[0].beat_age_ms, 2'550);
  CAF_CHECK_EQUAL(x.members[1].beat_age_ms, 0);
}

CAF_TEST(an entry that cannot be read is named and hides nothing else) {
  auto entries = sample();
  entries.heartbeat.push_back(entry("heartbeat.worker-3", "{"));
  entries.assignment.push_back(entry("assignment.worker-3", "[]"));
  entries.election = {entry("leader", "nonsense")};
  auto x = examine(entries);
  CAF_CHECK(!x.leader.has_value());
  CAF_REQUIRE_EQUAL(x.unreadable.size(), 3u);
  CAF_CHECK_EQUAL(x.unreadable[0].key, "leader");
  CAF_CHECK_EQUAL(x.unreadable[1].key, "heartbeat.worker-3");
  CAF_CHECK_EQUAL(x.unreadable[2].key, "assignment.worker-3");
  CAF_CHECK(!x.unreadable[2].why.empty());
  CAF_CHECK_EQUAL(x.members.size(), 4u);
  CAF_CHECK(contains(to_table(x), "cannot read 'heartbeat.worker-3'"));
}

CAF_TEST(keys of another form are left out) {
  auto entries = sample();
  entries.heartbeat.push_back(entry("something", "else"));
  entries.heartbeat.push_back(entry("heartbeat.", "else"));
  entries.assignment.push_back(entry("notes", "else"));
  auto x = examine(entries);
  CAF_CHECK_EQUAL(x.members.size(), 3u);
  CAF_CHECK(x.unreadable.empty());
}

CAF_TEST(a partition in two records is named) {
  auto entries = sample();
  entries.assignment.push_back(
      entry("assignment.worker-4", record_text(second_of_three, {"8"})));
  auto x = examine(entries);
  CAF_CHECK(x.named_twice == std::vector<std::string>{"orders.8"});
  CAF_CHECK(contains(to_table(x), "in two records: orders.8"));
}

CAF_TEST(the table shows one worker a row) {
  CAF_CHECK_EQUAL(
      to_table(examine(sample())),
      "group orders: worker-2 leads, epoch 3, version 3.2 (3145730)\n"
      "WORKER     STATE         HEARTBEAT AGE  APPLIED  VERSION  PARTITIONS  SHARE\n"
      "worker-1   stopped               2.5 s        0        0           0\n"
      "worker-2   working               0.0 s      3.2      3.2           2  orders.7 "
      "orders.8\n"
      "worker-10  no heartbeat              -        -      3.2           0\n");
}

CAF_TEST(a group without leader and workers reads well) {
  group_entries entries;
  entries.group = "orders";
  CAF_CHECK_EQUAL(to_table(examine(entries)),
                  "group orders: no leader, nothing published yet\n"
                  "no worker has joined yet\n");
}

CAF_TEST(programs get every partition by name on one line) {
  auto text = to_json(examine(sample()));
  CAF_CHECK_EQUAL(text.find('\n'), std::string::npos);
  auto obj = nlohmann::json::parse(text);
  CAF_CHECK_EQUAL(obj["group"].get<std::string>(), "orders");
  CAF_CHECK_EQUAL(obj["leader"].get<std::string>(), "worker-2");
  CAF_CHECK_EQUAL(obj["epoch"].get<int>(), 3);
  CAF_CHECK_EQUAL(obj["version"].get<std::uint64_t>(), 3145730u);
  CAF_REQUIRE_EQUAL(obj["workers"].size(), 3u);
  const auto& second = obj["workers"][1];
  CAF_CHECK_EQUAL(second["worker_id"].get<std::string>(), "worker-2");
  CAF_CHECK_EQUAL(second["state"].get<std::string>(), "working");
  CAF_CHECK_EQUAL(second["applied"]["version"].get<std::uint64_t>(), 3145730u);
  CAF_CHECK(second["partitions"] == nlohmann::json({"orders.7", "orders.8"}));
  CAF_CHECK(obj["workers"][2]["state"].is_null());
}

// -- operators' directives and what is under way ----------------------------------------------

CAF_TEST(a pause holds until its time has passed since the server stored it) {
  auto paused = [](std::int64_t age_s) {
    return test::sample_group{}
        .leader("worker-0", 3)
        .directive(pause_directive{"0f3a9c21", std::chrono::seconds{60}}, "deploying",
                   age_s)
        .status()
        .pauses;
  };
  auto last_moment = paused(59);
  CAF_REQUIRE_EQUAL(last_moment.size(), 1u);
  CAF_CHECK_EQUAL(last_moment[0].id, "0f3a9c21");
  CAF_CHECK_EQUAL(last_moment[0].left_ms, 1'000);
  CAF_CHECK_EQUAL(last_moment[0].directive.reason, "deploying");
  CAF_CHECK(paused(60).empty());
}

CAF_TEST(time that has passed since the newest entry was shown counts for ages and pauses) {
  test::sample_group group;
  group.worker("worker-0", {})
      .directive(pause_directive{"0f3a9c21", std::chrono::seconds{60}});
  group.entries().since_newest_ns = 2 * test::second_ns;
  auto x = group.status();
  CAF_CHECK_EQUAL(x.members[0].beat_age_ms, 2'000);
  CAF_REQUIRE_EQUAL(x.pauses.size(), 1u);
  CAF_CHECK_EQUAL(x.pauses[0].left_ms, 58'000);
}

CAF_TEST(marks and pins and requests are shown with who directed them and why) {
  auto x = test::sample_group{}
               .leader("worker-0", 3)
               .worker("worker-0", {"1"})
               .worker("worker-1", {"2"})
               .directive(drain_directive{{"worker-1"}}, "disk is full")
               .directive(cordon_directive{{"worker-0"}})
               .directive(pin_directive{"orders.2", {"worker-0"}}, "has the cache")
               .directive(rebalance_directive{})
               .directive(step_down_directive{{"worker-0"}, {3}})
               .status();
  CAF_CHECK(x.members[0].cordoned && !x.members[0].drained);
  CAF_CHECK(x.members[1].drained && !x.members[1].cordoned);
  CAF_CHECK(x.rebalance && x.step_down);
  auto text = to_table(x);
  CAF_CHECK(contains(text, "working, drained"));
  CAF_CHECK(contains(text, "working, cordoned"));
  CAF_CHECK(contains(text, "drained: worker-1 by ann@box: disk is full\n"));
  CAF_CHECK(contains(text, "pinned: orders.2 to worker-0 by ann@box: has the cache\n"));
  CAF_CHECK(contains(text, "requested: a rebalance by ann@box\n"));
  CAF_CHECK(contains(text, "requested: the leader steps down by ann@box\n"));
  auto obj = nlohmann::json::parse(to_json(x));
  CAF_CHECK_EQUAL(obj["workers"][1]["drained"]["reason"].get<std::string>(),
                  "disk is full");
  CAF_CHECK(obj["workers"][1]["cordoned"].is_null());
  CAF_CHECK_EQUAL(obj["pins"][0]["worker"].get<std::string>(), "worker-0");
}

CAF_TEST(a directive that cannot be read is named and hides nothing else) {
  test::sample_group group;
  group.worker("worker-0", {"1"}).directive(cordon_directive{{"worker-0"}});
  group.add(group.entries().control, "directive.drain.worker-0", "[]", 1'000);
  auto x = group.status();
  CAF_REQUIRE_EQUAL(x.unreadable.size(), 1u);
  CAF_CHECK_EQUAL(x.unreadable[0].bucket, "control");
  CAF_CHECK(x.members[0].cordoned.has_value());
}

CAF_TEST(a partition is without owner if no live worker has it) {
  auto x = test::sample_group{}
               .worker("worker-0", {"1"})
               .record("worker-1", test::sample_group::first, {"10", "2"})
               .beat("worker-1", beat_state::expelled)
               .record("worker-2", test::sample_group::first, {"3"})
               .status({"orders.1", "orders.4"});
  std::vector<std::string> names;
  for (const auto& y : x.unowned)
    names.push_back(y.name);
  CAF_CHECK(
      names
      == (std::vector<std::string>{"orders.2", "orders.3", "orders.4", "orders.10"}));
  auto text = to_table(x);
  CAF_CHECK(contains(text, "without owner: orders.2 (worker-1 is expelled)"));
  CAF_CHECK(contains(text, "without owner: orders.3 (worker-2 has no heartbeat)"));
  CAF_CHECK(contains(text, "without owner: orders.4 (no record names it)"));
}

CAF_TEST(a partition that the worker of another incarnation had is without owner) {
  test::sample_group group;
  group.record("worker-0", test::sample_group::first, {"1"});
  beat other;
  other.nonce = {"another"};
  group.add(group.entries().heartbeat, "heartbeat.worker-0", to_text(other), 1'000);
  auto x = group.status();
  CAF_REQUIRE_EQUAL(x.unowned.size(), 1u);
  CAF_CHECK_EQUAL(x.unowned[0].why, "worker-0 has started again");
}

CAF_TEST(a hand over says what it waits for) {
  constexpr stamp later{{3}, {3 * versions_per_epoch + 2}};
  test::sample_group group;
  group.worker("worker-0", {}).record("worker-0", later, {}, {"1"});
  // The record that counts is the last one of a key.
  auto& records = group.entries().assignment;
  records.erase(records.begin());
  auto waits = [&] { return group.status().hand_offs.at(0).waits_for; };
  CAF_CHECK_EQUAL(waits(), "worker-0 to apply its record");
  beat pulse;
  pulse.nonce = {"nonce of worker-0"};
  pulse.applied = later;
  pulse.stopping = {{{"orders", "1"}, 100}};
  group.entries().heartbeat[0].value = to_text(pulse);
  CAF_CHECK_EQUAL(waits(), "worker-0 to stop its work");
  pulse.stopping.clear();
  group.entries().heartbeat[0].value = to_text(pulse);
  CAF_CHECK_EQUAL(waits(), "the leader: its owner has confirmed");
  CAF_CHECK(contains(to_table(group.status()), "handing over: orders.1 from worker-0"));
}

CAF_TEST(many lines of one kind are counted and not shown) {
  test::sample_group group;
  std::vector<std::string> names;
  for (auto i = 0; i < 25; ++i)
    names.push_back(std::to_string(i));
  group.record("worker-0", test::sample_group::first, names);
  auto text = to_table(group.status());
  CAF_CHECK(contains(text, "without owner: orders.9 "));
  CAF_CHECK(!contains(text, "without owner: orders.10 "));
  CAF_CHECK(contains(text, "  and 15 more; --all shows them\n"));
}

CAF_TEST(nothing that others wrote moves the cursor or begins a line) {
  auto x = sample();
  beat loud;
  loud.nonce = {"ab12"};
  loud.zone = "\x1b[2Jz\r\nworker-1  leads\a\xc2\x9b"
              "31m";
  loud.program_version = loud.zone;
  loud.settings = {{"strategy", loud.zone}};
  x.heartbeat.push_back(entry("heartbeat.worker-3", to_text(loud), 10'000 * ms));
  loud.settings = {{"strategy", "sticky"}};
  x.heartbeat.push_back(entry("heartbeat.worker-5", to_text(loud), 10'000 * ms));
  x.heartbeat.push_back(entry("heartbeat.worker-4", "\x1b]0;bad\a", 10'000 * ms));
  x.election = {entry("leader", "worker-2\x1b[1m:1763884512:cd34", 9'000 * ms)};
  auto status = examine(x, {});
  CAF_CHECK(contains(to_table(status), "settings differ: strategy"));
  for (const auto& text : {to_table(status), workers_table(status)})
    for (auto c : text)
      CAF_CHECK(c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != '\x7f'));
  CAF_CHECK_EQUAL(workers_table(status).find("\nworker-1  leads"), std::string::npos);
  CAF_CHECK_EQUAL(workers_table(status).find("\xc2\x9b"), std::string::npos);
  CAF_CHECK(workers_table(status).find("\\x1B[2Jz\\x0D\\x0A") != std::string::npos);
}

CAF_TEST(what a worker states of its settings is shown and where it differs) {
  auto x = sample();
  CAF_CHECK_EQUAL(examine(x).settings_differ, "");
  beat other;
  other.nonce = {"cd34"};
  other.state = beat_state::working;
  other.terms = {std::chrono::milliseconds{7'500}, ownership::exclusive};
  other.settings = {{"strategy", "sticky"}};
  x.heartbeat.push_back(entry("heartbeat.worker-3", to_text(other), 10'000 * ms));
  other.settings = {{"strategy", "round_robin"}};
  x.heartbeat.push_back(entry("heartbeat.worker-4", to_text(other), 10'000 * ms));
  auto status = examine(x);
  const std::string why = "strategy is 'round_robin' at worker-4, 'sticky' at worker-3";
  CAF_CHECK_EQUAL(status.settings_differ, why);
  CAF_CHECK(contains(to_table(status), "settings differ: " + why + '\n'));
  CAF_CHECK(contains(workers_table(status), "settings differ: " + why + '\n'));
  CAF_CHECK(contains(workers_table(status), "7500ms"));
  auto all = nlohmann::json::parse(workers_json(status));
  CAF_CHECK_EQUAL(all["settings_differ"], why);
  for (const auto& y : all["workers"])
    if (y["worker_id"] == "worker-4") {
      CAF_CHECK_EQUAL(y["ttl_ms"], 7'500);
      CAF_CHECK_EQUAL(y["ownership"], "exclusive");
      CAF_CHECK_EQUAL(y["settings"]["strategy"], "round_robin");
    }
  auto told = nlohmann::json::parse(to_json(status));
  CAF_CHECK_EQUAL(told["settings_differ"], why);
  CAF_MESSAGE("of those that have gone it says nothing");
  other.state = beat_state::stopped;
  x.heartbeat.back() = entry("heartbeat.worker-4", to_text(other), 10'000 * ms);
  CAF_CHECK_EQUAL(examine(x).settings_differ, "");
}

CAF_TEST(a worker that no plan knows says what it waits for and since when) {
  test::sample_group group{1'000};
  group.worker("worker-0", {"1"}).record("worker-1", {}, {}).beat("worker-1");
  auto said = [&] {
    auto text = to_table(group.status());
    auto at = text.find("worker-1 has waited ");
    return at == std::string::npos ? "" : text.substr(at, text.find('\n', at) - at);
  };
  CAF_CHECK_EQUAL(said(), "worker-1 has waited 1 min for a leader");
  group.leader("worker-0", 3);
  CAF_CHECK_EQUAL(said(), "worker-1 has waited 1 min for the next plan of the leader");
  auto told = nlohmann::json::parse(to_json(group.status()));
  CAF_REQUIRE_EQUAL(told["waiting"].size(), 1u);
  CAF_CHECK_EQUAL(told["waiting"][0]["worker_id"], "worker-1");
  CAF_CHECK_EQUAL(told["waiting"][0]["for_ms"], 60'000);
  CAF_MESSAGE("one that a plan gave nothing waits for nothing");
  for (auto plan_age_s : {90, 30}) {
    test::sample_group other{1'000};
    other.leader("worker-0", 3).worker("worker-0", {"1"}).worker("worker-1", {});
    other.plan({{3}, 1}, {}, plan_age_s);
    CAF_CHECK_EQUAL(other.status().waiting.size(), plan_age_s == 90 ? 1u : 0u);
  }
  CAF_MESSAGE("one that drains waits for nothing");
  group.directive(drain_directive{{"worker-1"}});
  CAF_CHECK_EQUAL(said(), "");
}

CAF_TEST(
    of many workers those that are not as most are come first unless all are wanted) {
  test::sample_group group;
  for (auto i = 0; i < 100; ++i)
    group.worker("worker-" + std::to_string(i), {std::to_string(i)});
  group.leader("worker-98", 3).directive(drain_directive{{"worker-97"}});
  group.beat("worker-99", beat_state::stopped);
  auto x = group.status();
  auto text = to_table(x);
  for (const auto* name :
       {"worker-0 ", "worker-36", "worker-97", "worker-98", "worker-99"})
    CAF_CHECK(contains(text, name));
  CAF_CHECK(!contains(text, "worker-37 "));
  CAF_CHECK(contains(text, "\nand 60 more workers; --all shows them\n"));
  auto all = to_table(x, {.all = true});
  CAF_CHECK(contains(all, "worker-37 "));
  CAF_CHECK(!contains(all, "--all"));
}

CAF_TEST(colours only repeat what words say) {
  test::sample_group group;
  group.worker("worker-0", {"1"}).leader("worker-0", 3);
  group.worker("worker-1", {"2"}).beat("worker-1", beat_state::stopped);
  auto x = group.status();
  auto text = to_table(x, {.colours = true});
  CAF_CHECK(contains(text, "\x1b[31mworker-1  stopped"));
  CAF_CHECK(
      contains(text, "\x1b[31mwithout owner: orders.2 (worker-1 is stopped)\x1b[m\n"));
  CAF_CHECK(contains(text, "\nworker-0  working"));
  for (const auto* mark : {"\x1b[31m", "\x1b[33m", "\x1b[m"})
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark))
      text.erase(at, std::string_view{mark}.size());
  CAF_CHECK_EQUAL(text, to_table(x));
}

CAF_TEST(what grants wait for is shown with the time left) {
  test::sample_group group{1'000};
  group.worker("worker-0", {"1"});
  epoch_entry power{{5}, {"worker-0"}, {"ef"}, {}, 0, 6'300, "the buckets are new"};
  group.entries().assignment.push_back(
      {keys::epoch, to_text(power), {1}, false, 996 * test::second_ns});
  auto status = group.status();
  CAF_CHECK_EQUAL(status.grants_wait_ms, 2'300);
  CAF_CHECK(contains(to_table(status), "grants wait for "));
  CAF_CHECK(contains(to_table(status), " more: the buckets are new\n"));
  auto told = nlohmann::json::parse(to_json(status));
  CAF_CHECK_EQUAL(told["grants_wait"]["left_ms"], 2'300);
  CAF_MESSAGE("when it is over nothing is shown");
  group.entries().since_newest_ns = 3 * test::second_ns;
  CAF_CHECK(!contains(to_table(group.status()), "grants wait"));
  told = nlohmann::json::parse(to_json(group.status()));
  CAF_CHECK(told["grants_wait"].is_null());
}

CAF_TEST(the gist changes with what happens and not with time) {
  test::sample_group group;
  group.worker("worker-0", {"1"})
      .directive(pause_directive{"0f3a9c21", std::chrono::seconds{60}});
  auto before = gist_of(group.status());
  group.entries().since_newest_ns = 2 * test::second_ns;
  CAF_CHECK(to_json(group.status()) != "" && before == gist_of(group.status()));
  group.directive(cordon_directive{{"worker-0"}});
  CAF_CHECK(before != gist_of(group.status()));
}
