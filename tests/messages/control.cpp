#define CAF_SUITE messages.control

#include "partita/messages/control_codec.hpp"

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

wish wish_of(wish::kind what) {
  return {std::move(what), 1700000000, "ann@box", "disk is full"};
}

const std::vector<wish::kind> all_kinds = {cordon_wish{{"worker-3"}},
                                           drain_wish{{"worker-3"}},
                                           pin_wish{"orders.7", {"worker-1"}},
                                           pause_wish{"0f3a9c21", 90s},
                                           rebalance_wish{},
                                           step_down_wish{{"worker-0"}, {1795424376}}};

history_entry sample_entry() {
  return {.at = 1700000000,
          .epoch = {1795424376},
          .leader = {"worker-0"},
          .lifecycle = lifecycle::planned_scale,
          .reason = "drain of worker-3 by ann@box",
          .strategy = "sticky",
          .workers = 3,
          .partitions = 24,
          .moves = 8,
          .gains = {{{"worker-1"}, 4}, {{"worker-2"}, 4}},
          .losses = {{{"worker-3"}, 8}},
          .trouble = {"pin of orders.7 to worker-9: worker-9 takes no part"}};
}

} // namespace

CAF_TEST(every wish survives the way through the store) {
  for (const auto& what : all_kinds) {
    auto x = wish_of(what);
    auto found = good(wish_from(wish_key(what), to_text(x)));
    CAF_CHECK(found == x);
  }
}

CAF_TEST(wishes stand under the keys of the protocol) {
  std::vector<std::string> keys;
  for (const auto& what : all_kinds)
    keys.push_back(wish_key(what));
  std::vector<std::string> expected = {"wish.cordon.worker-3", "wish.drain.worker-3",
                                       "wish.pin.orders.7",    "wish.pause.0f3a9c21",
                                       "wish.rebalance",       "wish.step_down"};
  CAF_CHECK_EQUAL(keys, expected);
}

CAF_TEST(a wish has the members of the protocol) {
  auto pin = nlohmann::json::parse(to_text(wish_of(pin_wish{"a", {"worker-1"}})));
  CAF_CHECK_EQUAL(pin["worker"].get<std::string>(), "worker-1");
  CAF_CHECK_EQUAL(pin["at"].get<int>(), 1700000000);
  CAF_CHECK_EQUAL(pin["by"].get<std::string>(), "ann@box");
  CAF_CHECK_EQUAL(pin["reason"].get<std::string>(), "disk is full");
  auto pause = nlohmann::json::parse(to_text(wish_of(pause_wish{"00000000", 90s})));
  CAF_CHECK_EQUAL(pause["for_s"].get<int>(), 90);
  auto down = nlohmann::json::parse(to_text(wish_of(step_down_wish{{"worker-0"}, {7}})));
  CAF_CHECK_EQUAL(down["leader"].get<std::string>(), "worker-0");
  CAF_CHECK_EQUAL(down["epoch"].get<int>(), 7);
}

CAF_TEST(a wish needs no more than what decides) {
  auto x = good(wish_from("wish.drain.worker-3", "{}"));
  CAF_CHECK(x == (wish{drain_wish{{"worker-3"}}, 0, "", ""}));
}

CAF_TEST(any name of a partition has a key of its own) {
  const std::pair<const char*, const char*> cases[] = {
      {"orders.7", "wish.pin.orders.7"}, {"a b", "wish.pin.a=20b"},
      {"a=20b", "wish.pin.a=3D20b"},     {"a..b", "wish.pin.a.=2Eb"},
      {".a", "wish.pin.=2Ea"},           {"a.", "wish.pin.a=2E"},
      {"\xc3\xbc", "wish.pin.=C3=BC"},   {"*.>", "wish.pin.=2A.=3E"}};
  for (const auto& [name, key] : cases) {
    CAF_CHECK_EQUAL(wish_key(pin_wish{name, {"worker-1"}}), key);
    auto x = good(wish_from(key, R"({"worker":"worker-1"})"));
    CAF_CHECK_EQUAL(std::get<pin_wish>(x.what).partition, name);
  }
}

CAF_TEST(a wish that cannot be read says what was found and what was expected) {
  auto says = [](std::string_view key, std::string_view text, const char* expected) {
    auto found = why(wish_from(key, text));
    CAF_MESSAGE(key << " " << text << " -> " << found);
    CAF_CHECK_NOT_EQUAL(found.find(expected), std::string::npos);
  };
  says("wish.drain.worker-3", "", "not JSON");
  says("wish.drain.worker-3", "[]", "found a JSON array");
  says("wish.drain.worker-3", R"({"reason":7})", "'reason': expected a string");
  says("wish.drain.", "{}", "expected a name");
  says("wish.drain.=", "{}", "behind '='");
  says("wish.drain.a=2", "{}", "hexadecimal digits");
  says("wish.drain.=61", "{}", "expected a name, written as 'a'");
  says("wish.drain.=FF", "{}", "a name in UTF-8");
  says("wish.other", "{}", "expected wish.cordon.<worker>");
  says("", "{}", "expected wish.cordon.<worker>");
  says("wish.pin.a", "{}", "'worker': is missing");
  says("wish.pin.a", R"({"worker":""})", "found an empty string");
  says("wish.pause.0f3a9c2", R"({"for_s":1})", "eight hexadecimal digits");
  says("wish.pause.0F3A9C21", R"({"for_s":1})", "eight hexadecimal digits");
  says("wish.pause.0f3a9c21", "{}", "'for_s': is missing");
  says("wish.pause.0f3a9c21", R"({"for_s":0})", "expected 1 to 604800 seconds");
  says("wish.pause.0f3a9c21", R"({"for_s":604801})", "expected 1 to 604800 seconds");
  says("wish.pause.0f3a9c21", R"({"for_s":1.5})", "whole number");
  says("wish.step_down", R"({"leader":"worker-0"})", "'epoch': is missing");
  says("wish.step_down", R"({"epoch":1})", "'leader': is missing");
}

CAF_TEST(a wish tells people what is wished by whom and why) {
  CAF_CHECK_EQUAL(describe(wish_of(drain_wish{{"worker-3"}})),
                  "drain of worker-3 by ann@box: disk is full");
  CAF_CHECK_EQUAL(describe({pin_wish{"a", {"worker-1"}}, 0, "", ""}),
                  "pin of a to worker-1");
}

CAF_TEST(a plan of the history survives the way through the store) {
  CAF_CHECK(good(history_from(to_text(sample_entry()))) == sample_entry());
  auto bare = good(history_from(R"({"epoch":3,"lifecycle":"rebalance"})"));
  CAF_CHECK_EQUAL(bare.epoch.value, 3u);
  CAF_CHECK(!why(history_from(R"({"lifecycle":"rebalance"})")).empty());
  CAF_CHECK(!why(history_from(R"({"epoch":3,"lifecycle":"odd"})")).empty());
  CAF_CHECK(!why(history_from(R"({"epoch":3,"lifecycle":"empty","gains":[]})")).empty());
  CAF_CHECK(
      !why(history_from(R"({"epoch":3,"lifecycle":"empty","trouble":[1]})")).empty());
}

CAF_TEST(the keys of the history sort by time) {
  history_id first{{9}, 10};
  history_id second{{10}, 9};
  CAF_CHECK_EQUAL(history_key(first), "history.00000000000000000009.0000000010");
  CAF_CHECK(history_key(first) < history_key(second));
  CAF_CHECK(good(history_id_from(history_key(second))) == second);
  for (auto key : {"history.", "history.1.1", "history.00000000000000000009",
                   "history.0000000000000000000x.0000000010",
                   "history.00000000000000000009.00000000100", "wish.rebalance"})
    CAF_CHECK(!why(history_id_from(key)).empty());
}
