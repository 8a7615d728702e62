#define CAF_SUITE app.group_status

#include "partita/app/group_status.hpp"

#include "partita/messages/codec.hpp"

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
  for (auto& name : names)
    x.partitions.push_back({{{"orders", name}, 100}, at.version});
  return to_text(x);
}

constexpr stamp second_of_three{{3}, {3 * versions_per_epoch + 2}};

/// worker-2 leads; worker-10 has gone without a beat; everything is readable.
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
    the age of a beat counts from the newest entry by the time stamps of the server) {
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
      "WORKER     STATE    BEAT AGE  APPLIED  VERSION  PARTITIONS  SHARE\n"
      "worker-1   stopped     2.5 s        0        0           0\n"
      "worker-2   working     0.0 s      3.2      3.2           2  orders.7 orders.8\n"
      "worker-10  no beat         -        -      3.2           0\n");
}

CAF_TEST(a group without leader and workers reads well) {
  group_entries entries;
  entries.group = "orders";
  CAF_CHECK_EQUAL(to_table(examine(entries)),
                  "group orders: nobody leads, nothing published yet\n"
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
