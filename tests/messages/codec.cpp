// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE messages.codec

#include "partita/messages/codec.hpp"
#include "partita/messages/packing/gzip.hpp"

#include <nlohmann/json.hpp>

#include <caf/test/unit_test.hpp>

using namespace partita;
using namespace std::chrono_literals;

namespace {

template <class T>
T good(const decoded<T>& x) {
  if (const auto* bad = std::get_if<malformed>(&x))
    CAF_FAIL("not readable: " << bad->why);
  return std::get<T>(x);
}

template <class T>
std::string why(const decoded<T>& x) {
  const auto* bad = std::get_if<malformed>(&x);
  return bad ? bad->why : std::string{};
}

record sample_record() {
  return {.version = {3145730},
          .lifecycle = lifecycle::planned_scale,
          .partitions = {{{{"orders", "7"}, 100}, {3145730}, "worker-2 was lost"}},
          .epoch = {3},
          .leader = {"worker-0"},
          .worker_nonce = {"ab12"},
          .revoking = {{{{"orders", "9"}, 50}, "worker-3 joined"}}};
}

record record_of_grants(int count) {
  record result;
  for (int i = 0; i < count; ++i)
    result.partitions.push_back({{{"orders", std::to_string(i)}, 100}, {3145730}});
  return result;
}

} // namespace

CAF_TEST(a record survives the way through the store) {
  CAF_CHECK(good(record_from(to_text(sample_record()), 0)) == sample_record());
  CAF_CHECK(good(record_from(to_text(sample_record(), 1), 0)) == sample_record());
  CAF_CHECK(good(record_from(to_text(record{}), 0)) == record{});
}

CAF_TEST(a record of format 1 has the members that parti reads) {
  auto obj = nlohmann::json::parse(to_text(sample_record(), 1));
  CAF_CHECK_EQUAL(obj["version"].get<std::uint64_t>(), 3145730u);
  CAF_CHECK_EQUAL(obj["lifecycle"].get<std::string>(), "planned_scale");
  CAF_CHECK_EQUAL(obj["partitions"][0]["keys"].size(), 2u);
  CAF_CHECK_EQUAL(obj["partitions"][0]["weight"].get<int>(), 100);
  CAF_CHECK_EQUAL(obj["partitions"][0]["token"].get<std::uint64_t>(), 3145730u);
}

CAF_TEST(a record of parti without our members is read) {
  auto x = good(
      record_from(R"({"version":4,"lifecycle":"","partitions":[{"keys":["a"]}]})", 0));
  CAF_CHECK_EQUAL(x.version.value, 4u);
  CAF_CHECK_EQUAL(x.partitions.size(), 1u);
  CAF_CHECK_EQUAL(x.partitions[0].partition.weight, 100);
  CAF_CHECK_EQUAL(x.epoch.value, 0u);
}

CAF_TEST(a record of format 1 states a reason once however many partitions have it) {
  auto x = record_of_grants(10'000);
  auto without = to_text(x, 1).size();
  for (auto& y : x.partitions)
    y.reason = "worker-2 was lost";
  x.partitions[7].reason = "";
  x.partitions[9].reason = "worker-5 joined";
  auto text = to_text(x, 1);
  CAF_CHECK_LESS(text.size(), without + 12u * x.partitions.size());
  CAF_CHECK(good(record_from(text, 0)) == x);
}

// -- format 2 ---------------------------------------------------------------------------

CAF_TEST(grants of one token and reason are one group with the names of its partitions) {
  auto x = sample_record();
  x.partitions.push_back({{{"billing"}, 100}, {3145730}, "worker-2 was lost"});
  x.partitions.push_back({{{"orders", "8"}, 300}, {3145731}, "worker-2 was lost"});
  x.partitions.push_back({{{"orders", "9"}, 100}, {3145731}, "worker-2 was lost"});
  auto obj = nlohmann::json::parse(to_text(x));
  CAF_CHECK_EQUAL(obj["v"], 2);
  CAF_CHECK_EQUAL(obj["reasons"].dump(), R"(["worker-2 was lost","worker-3 joined"])");
  CAF_CHECK_EQUAL(
      obj["partitions"].dump(),
      R"([{"names":["orders.7","billing"],"token":3145730,"weight":100,"why":0},)"
      R"({"names":["orders.8","orders.9"],"token":3145731,"weights":[300,100],"why":0}])");
  CAF_CHECK_EQUAL(obj["revoking"].dump(),
                  R"([{"names":["orders.9"],"weight":50,"why":1}])");
  CAF_CHECK(good(record_from(to_text(x), 0)) == x);
}

CAF_TEST(a record that names no partition is the same in every format) {
  auto x = sample_record();
  x.partitions.clear();
  x.revoking.clear();
  CAF_CHECK_EQUAL(to_text(x), to_text(x, 1));
  auto obj = nlohmann::json::parse(to_text(x));
  CAF_CHECK_EQUAL(obj["v"], 1);
}

CAF_TEST(grants are read in the order in which they were written) {
  auto x = record_of_grants(100);
  for (std::size_t i = 0; i < x.partitions.size(); ++i) {
    x.partitions[i].token = {1 + i / 5 % 3};
    x.partitions[i].reason = i % 2 == 0 ? "worker-2 was lost" : "";
    x.partitions[i].partition.weight = static_cast<std::int64_t>(i / 10);
    x.revoking.push_back({{{"gone", std::to_string(i)}, 7}, i % 5 == 0 ? "left" : ""});
  }
  CAF_CHECK(good(record_from(to_text(x), 0)) == x);
}

CAF_TEST(names that JSON escapes and keys with dots survive the way through the store) {
  record x;
  for (auto keys : {partition_keys{"a.b"},
                    {"a", "b"},
                    {"a.", "b"},
                    {"", "a"},
                    {"a", ""},
                    {""},
                    {"."},
                    {"quote\""},
                    {"back\\slash"},
                    {"tab\t", "\x7f"},
                    {"\u00fc.x", "y"}})
    x.partitions.push_back({{keys, 100}, {1}});
  CAF_CHECK(good(record_from(to_text(x), 0)) == x);
}

CAF_TEST(a hundred thousand partitions of one worker fit into 300 kB) {
  auto x = record_of_grants(100'000);
  auto text = to_text(x);
  CAF_MESSAGE(text.size() << " bytes");
  CAF_CHECK_LESS(text.size(), 300'000u);
  CAF_CHECK(text.starts_with("\x1f\x8b"));
  CAF_CHECK(good(record_from(text, 0)) == x);
  CAF_MESSAGE("what a server takes by default cannot hold it in format 1");
  CAF_CHECK_EQUAL(to_text(x, 1), text);
}

CAF_TEST(only what is longer than 256 KiB is deflated) {
  record x;
  auto length_with = [&](std::size_t name) {
    x.partitions = {{{{std::string(name, 'x')}, 100}, {1}}};
    return to_text(x).size();
  };
  auto most = std::size_t{256} * 1024;
  auto rest = length_with(1) - 1;
  CAF_CHECK_EQUAL(length_with(most - rest), most);
  CAF_CHECK_LESS(length_with(most - rest + 1), 2000u);
  CAF_CHECK(good(record_from(to_text(x), 0)) == x);
}

CAF_TEST(a deflated value that is damaged or inflates to too much is not read) {
  auto whole = to_text(record_of_grants(100'000));
  auto says = [](const std::string& value, const char* expected) {
    auto found = why(record_from(value, 0));
    CAF_MESSAGE(found);
    CAF_CHECK_NOT_EQUAL(found.find(expected), std::string::npos);
  };
  says(whole.substr(0, 2), "too few");
  says(whole.substr(0, 17), "too few");
  says(whole.substr(0, whole.size() / 2) + whole.substr(whole.size() - 8), "damaged");
  says(whole + whole, "damaged");
  auto flipped = whole;
  flipped[whole.size() / 2] ^= 1;
  says(flipped, "damaged");
  CAF_MESSAGE("the length that it states is not believed");
  auto with_length = [&](std::uint32_t x) {
    auto result = whole;
    for (std::size_t i = 4; i > 0; --i, x >>= 8)
      result[result.size() - i] = static_cast<char>(x & 0xff);
    return result;
  };
  says(with_length(5), "damaged");
  says(with_length(16u << 20), "damaged");
  says(with_length((16u << 20) + 1), "expected 16777216 at most");
  says(with_length(0xffffffffu), "expected 16777216 at most");
  CAF_MESSAGE("what is no JSON inside");
  says(gzip::deflated("no record"), "not JSON");
  says(gzip::deflated(""), "not JSON");
}

CAF_TEST(a record in parts is read with them and says without what it states itself) {
  auto x = record_of_grants(1000);
  x.revoking = sample_record().revoking;
  x.partitions[3].reason = "worker-2 was lost";
  x.worker_nonce = {"ab12"};
  auto pieces = split(x, 100);
  CAF_CHECK_LESS(10u, pieces.parts.size());
  record_parts named{{}, pieces.sha256};
  for (std::size_t i = 0; i < pieces.parts.size(); ++i) {
    CAF_CHECK(!pieces.parts[i].empty() && pieces.parts[i].size() <= 100);
    named.numbers.push_back(2 * i);
  }
  auto text = to_text(x, named);
  auto find = [&](std::uint64_t n) { return &pieces.parts.at(n / 2); };
  CAF_CHECK(good(record_from(text, 0, find)) == x);
  auto head = good(stored_record_from(text, 0));
  CAF_CHECK_EQUAL(head.value.worker_nonce, x.worker_nonce);
  CAF_CHECK(head.value.partitions.empty());
  CAF_CHECK(head.parts.numbers == named.numbers);
  CAF_CHECK_EQUAL(why(record_from(text, 0)), "its part 0 is missing");
  CAF_MESSAGE("the same partitions have the same digest in parts of any size");
  CAF_CHECK_EQUAL(split(x, 50).sha256, pieces.sha256);
  CAF_CHECK_EQUAL(pieces.sha256.size(), 64u);
}

CAF_TEST(what names its parts in another way is not read) {
  auto says = [](const std::string& parts, const char* expected) {
    auto found = why(
        record_from(R"({"v":2,"version":1,"lifecycle":"","parts":)" + parts + "}", 0));
    CAF_MESSAGE(parts << " -> " << found);
    CAF_CHECK_NOT_EQUAL(found.find(expected), std::string::npos);
  };
  says("[]", "is missing");
  says("1", "is missing");
  says(R"({"numbers":[],"sha256":"a"})", "found none");
  says(R"({"numbers":1,"sha256":"a"})", "expected a list");
  says(R"({"numbers":[-1],"sha256":"a"})", "expected a whole number");
  says(R"({"numbers":[1]})", "is missing");
  says(R"({"numbers":[1],"sha256":1})", "expected a string");
}

CAF_TEST(a group that cannot be read says what was found and what was expected) {
  auto says = [](const std::string& group, const char* expected) {
    auto found = why(record_from(
        R"({"v":2,"version":1,"lifecycle":"","partitions":[)" + group + "]}", 0));
    CAF_MESSAGE(group << " -> " << found);
    CAF_CHECK_NOT_EQUAL(found.find(expected), std::string::npos);
  };
  says("7", "'names': is missing");
  says(R"({"keys":["a"]})", "'names': is missing");
  says(R"({"names":"a"})", "'names': expected a list");
  says(R"({"names":[7]})", "'names': expected names");
  says(R"({"names":[[]]})", "'keys': expected a non-empty list");
  says(R"({"names":["a"],"weight":"1"})", "'weight': expected a whole number");
  says(R"({"names":["a"],"weights":[1,2]})", "'weights': expected one for each of 1");
  says(R"({"names":["a"],"weights":["1"]})", "'weights': expected a whole number");
  says(R"({"names":["a"],"token":-1})", "'token': expected");
}

CAF_TEST(a reason that cannot be read costs no worker a partition) {
  auto head = std::string{R"({"version":4,"lifecycle":"","partitions":[{"keys":["a"],)"};
  for (auto rest : {R"("why":0}]})", R"("why":1}],"reasons":["x"]})",
                    R"("why":-1}],"reasons":["x"]})", R"("why":"x"}],"reasons":["x"]})",
                    R"("why":0}],"reasons":[7]})", R"("why":0}],"reasons":"x"})"}) {
    auto x = good(record_from(head + rest, 0));
    CAF_REQUIRE_EQUAL(x.partitions.size(), 1u);
    CAF_CHECK_EQUAL(x.partitions[0].reason, "");
  }
}

CAF_TEST(members that we do not know are ignored) {
  CAF_CHECK(
      !why(record_from(R"({"version":1,"lifecycle":"empty","partitions":[],"x":[]})", 0))
           .size());
}

CAF_TEST(a record that cannot be read says what was found and what was expected) {
  auto says = [](std::string_view text, const char* expected) {
    auto found = why(record_from(text, 0));
    CAF_MESSAGE(text << " -> " << found);
    CAF_CHECK_NOT_EQUAL(found.find(expected), std::string::npos);
  };
  says("", "not JSON");
  says("\xff\xfe", "not JSON");
  says("[1]", "found a JSON array");
  says("{}", "'version': is missing");
  says(R"({"version":"1","lifecycle":"empty","partitions":[]})", "'version': expected");
  says(R"({"version":-1,"lifecycle":"empty","partitions":[]})", "'version': expected");
  says(R"({"version":1.5,"lifecycle":"empty","partitions":[]})", "'version': expected");
  says(R"({"version":9007199254740993,"lifecycle":"empty","partitions":[]})", "2^53");
  says(R"({"version":1,"lifecycle":"odd","partitions":[]})", "unknown word 'odd'");
  says(R"({"version":1,"lifecycle":"empty","partitions":{}})", "expected a list");
  says(R"({"version":1,"lifecycle":"empty","partitions":[{"keys":[]}]})", "'keys'");
  says(R"({"version":1,"lifecycle":"empty","partitions":[{"keys":[1]}]})", "'keys'");
  says(R"({"version":1,"lifecycle":"empty","partitions":[],"revoking":7})", "'revoking'");
}

CAF_TEST(the greatest version of all is exact) {
  auto x = sample_record();
  x.version = greatest_version(0);
  CAF_CHECK(good(record_from(to_text(x), 0)) == x);
}

CAF_TEST(a heartbeat survives the way through the store) {
  beat x{.nonce = {"n1"},
         .replaces = {"n0"},
         .at = 17,
         .state = beat_state::draining,
         .applied = {{2}, {2097153}},
         .seen = {{2}, {2097154}},
         .stopping = {{{"a", "b"}, 3}},
         .capacity = 250,
         .zone = "z",
         .terms = {12s, ownership::available},
         .settings = {{"strategy", "sticky"}},
         .program_version = "0.1.0",
         .record_format = 3};
  CAF_CHECK(good(beat_from(to_text(x), 0)) == x);
  CAF_MESSAGE("a worker that states no format of records reads the first");
  CAF_CHECK_EQUAL(good(beat_from(R"({"nonce":"a","state":"working"})", 0)).record_format,
                  1u);
  for (auto state : {beat_state::joining, beat_state::stopped, beat_state::restarting,
                     beat_state::expelled, beat_state::forced}) {
    x.state = state;
    CAF_CHECK(good(beat_from(to_text(x), 0)) == x);
  }
  CAF_CHECK_NOT_EQUAL(why(beat_from(R"({"nonce":"a","state":"idle"})", 0)), "");
  CAF_CHECK_NOT_EQUAL(
      why(beat_from(R"({"nonce":"a","state":"working","capacity":0})", 0)), "");
  CAF_CHECK_NOT_EQUAL(why(beat_from(R"({"state":"working"})", 0)), "");
}

CAF_TEST(the words for values are those of the protocol) {
  auto words = [](auto... xs) {
    std::string result;
    ((result += std::string{to_string(xs)} + ' '), ...);
    return result;
  };
  CAF_CHECK_EQUAL(words(lifecycle::empty, lifecycle::cold_start, lifecycle::planned_scale,
                        lifecycle::emergency, lifecycle::rebalance),
                  "empty cold_start planned_scale emergency rebalance ");
  using enum beat_state;
  CAF_CHECK_EQUAL(
      words(joining, working, draining, stopped, restarting, expelled, forced),
      "joining working draining stopped restarting expelled forced ");
  CAF_CHECK_EQUAL(words(ownership::exclusive, ownership::available),
                  "exclusive available ");
}

CAF_TEST(terms that are not stated are not made up and impossible ones are refused) {
  auto old = good(beat_from(R"({"nonce":"a","state":"working"})", 0));
  CAF_CHECK(old.terms == session_terms{});
  CAF_CHECK(old.settings.empty());
  auto x = sample_record();
  x.terms = {6s, ownership::exclusive};
  CAF_CHECK(good(record_from(to_text(x), 0)).terms == x.terms);
  for (const char* ttl : {"0", "-1", "86400001", "9007199254740993", "\"6s\""})
    CAF_CHECK_NOT_EQUAL(
        why(beat_from(std::string{R"({"nonce":"a","state":"working","ttl_ms":)"} + ttl
                          + "}",
                      0))
            .find("ttl_ms"),
        std::string::npos);
  CAF_CHECK_NOT_EQUAL(
      why(beat_from(R"({"nonce":"a","state":"working","ownership":"mine"})", 0)), "");
  CAF_MESSAGE("settings are for people");
  for (const char* text :
       {R"({"nonce":"a","state":"working","settings":7})",
        R"({"nonce":"a","state":"working","settings":{"strategy":7}})"})
    CAF_CHECK(good(beat_from(text, 0)).settings.empty());
}

CAF_TEST(the group key survives the way through the store) {
  group_entry x{{"uid"}, "orders", ownership::available};
  CAF_CHECK(good(group_from(to_text(x))) == x);
  for (const char* text :
       {"", R"({"group":"a","ownership":"exclusive"})",
        R"({"group_uid":"u","group":"a"})",
        R"({"group_uid":"u","group":"a","ownership":"mine"})",
        R"({"v":2,"group_uid":"u","group":"a","ownership":"exclusive"})"})
    CAF_CHECK_NOT_EQUAL(why(group_from(text)), "");
}

CAF_TEST(a claim survives the way through the store) {
  claim x{{"n"}, "pod-7", 5, 6, true};
  CAF_CHECK(good(claim_from(to_text(x))) == x);
  CAF_CHECK_NOT_EQUAL(why(claim_from(R"({"nonce":"a","released":1})")), "");
}

CAF_TEST(text from outside that is no UTF8 does not stop a write) {
  claim x{{"n"}, "pod-\xff", 5, 6, false};
  CAF_CHECK(good(claim_from(to_text(x))).instance.starts_with("pod-"));
}

CAF_TEST(the leader key holds worker and time and nonce) {
  leader_entry x{{"worker-3"}, 1700000000, {"beef"}};
  CAF_CHECK_EQUAL(to_text(x), "worker-3:1700000000:beef");
  CAF_CHECK(good(leader_from(to_text(x))) == x);
  CAF_CHECK(good(leader_from("worker-3:17")).nonce.value.empty());
  for (auto text : {"", "worker-3", "worker-3:", "worker-3:x:y", ":1:n", "worker-3:1x:n"})
    CAF_CHECK_NOT_EQUAL(why(leader_from(text)), "");
}

CAF_TEST(the epoch key survives the way through the store) {
  epoch_entry x{{7}, {"worker-1"}, {"n"}};
  CAF_CHECK(good(epoch_from(to_text(x), 0)) == x);
  x.server_id = "NABC";
  x.created = 1795424376855567;
  CAF_CHECK(good(epoch_from(to_text(x), 0)) == x);
  CAF_CHECK_NOT_EQUAL(why(epoch_from(R"({"leader":"worker-1"})", 0)), "");
  CAF_CHECK_NOT_EQUAL(why(epoch_from(R"({"epoch":9007199254740993})", 0)), "");
}

CAF_TEST(an entry of a newer format is not read and says who has to be upgraded) {
  auto newer = [](std::string text, const char* v = R"("v":2,)") {
    return text.insert(1, v);
  };
  auto head = std::string{R"({"version":1,"lifecycle":"empty","partitions":[]})"};
  auto pulse = std::string{R"({"nonce":"ab","state":"working"})"};
  auto power = std::string{R"({"epoch":1})"};
  for (const auto& found :
       {why(record_from(newer(head, R"("v":3,)"), 0)), why(beat_from(newer(pulse), 0)),
        why(epoch_from(newer(power), 0))}) {
    CAF_CHECK_NOT_EQUAL(found.find("'v': is of format "), std::string::npos);
    CAF_CHECK_NOT_EQUAL(found.find("upgrade"), std::string::npos);
  }
  CAF_MESSAGE("one without a version is of the first");
  good(record_from(head, 0));
  good(beat_from(pulse, 0));
  good(epoch_from(power, 0));
}

CAF_TEST(epochs and versions far ahead of the servers clock are not read) {
  constexpr std::int64_t second = 1'000'000'000;
  constexpr std::int64_t stored = 1'790'000'000 * second;
  constexpr std::uint64_t last_epoch = 1'790'086'400;
  constexpr std::uint64_t last_version = (last_epoch + 1) << 20;
  auto record_text = [](std::uint64_t epoch, std::uint64_t version, std::uint64_t token) {
    record x;
    x.epoch = {epoch};
    x.version = {version};
    x.partitions = {{{{"a"}, 100}, {token}}};
    return to_text(x);
  };
  auto pulse = [](std::uint64_t applied, std::uint64_t seen, std::uint64_t version) {
    beat x;
    x.nonce = {"n"};
    x.applied = {{applied}, {version}};
    x.seen = {{seen}, {version}};
    return to_text(x);
  };
  CAF_MESSAGE("one day is allowed");
  good(record_from(record_text(last_epoch, last_version, last_version), stored));
  good(beat_from(pulse(last_epoch, last_epoch, last_version), stored));
  good(epoch_from(to_text(epoch_entry{{last_epoch}, {}, {}}), stored));
  CAF_MESSAGE("one more is not, wherever it stands");
  for (const auto& found :
       {why(record_from(record_text(last_epoch + 1, 1, 1), stored)),
        why(record_from(record_text(1, last_version + 1, 1), stored)),
        why(record_from(record_text(1, 1, last_version + 1), stored)),
        why(beat_from(pulse(last_epoch + 1, 1, 1), stored)),
        why(beat_from(pulse(1, last_epoch + 1, 1), stored)),
        why(beat_from(pulse(1, 1, last_version + 1), stored)),
        why(epoch_from(to_text(epoch_entry{{last_epoch + 1}, {}, {}}), stored))})
    CAF_CHECK_NOT_EQUAL(found.find("ahead of the server's clock"), std::string::npos);
  CAF_MESSAGE("without a time stamp the numbers still end below 2^53");
  CAF_CHECK_NOT_EQUAL(why(record_from(record_text(1, max_exact_number, 1), 0)), "");
  CAF_CHECK_NOT_EQUAL(
      why(epoch_from(to_text(epoch_entry{{(1ull << 33) - 1}, {}, {}}), 0)), "");
}
