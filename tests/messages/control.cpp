// SPDX-License-Identifier: Apache-2.0
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

directive directive_of(directive::kind what) {
  return {std::move(what), 1700000000, "ann@box", "disk is full"};
}

const std::vector<directive::kind> all_kinds = {
    cordon_directive{{"worker-3"}},
    drain_directive{{"worker-3"}},
    pin_directive{"orders.7", {"worker-1"}},
    pause_directive{"0f3a9c21", 90s},
    rebalance_directive{},
    step_down_directive{{"worker-0"}, {1795424376}}};

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

CAF_TEST(every directive survives the way through the store) {
  for (const auto& what : all_kinds) {
    auto x = directive_of(what);
    auto found = good(directive_from(directive_key(what), to_text(x)));
    CAF_CHECK(found == x);
  }
}

CAF_TEST(directives stand under the keys of the protocol) {
  std::vector<std::string> keys;
  for (const auto& what : all_kinds)
    keys.push_back(directive_key(what));
  std::vector<std::string> expected = {
      "directive.cordon.worker-3", "directive.drain.worker-3", "directive.pin.orders.7",
      "directive.pause.0f3a9c21",  "directive.rebalance",      "directive.step_down"};
  CAF_CHECK_EQUAL(keys, expected);
}

CAF_TEST(a directive has the members of the protocol) {
  auto pin =
      nlohmann::json::parse(to_text(directive_of(pin_directive{"a", {"worker-1"}})));
  CAF_CHECK_EQUAL(pin["worker"].get<std::string>(), "worker-1");
  CAF_CHECK_EQUAL(pin["at"].get<int>(), 1700000000);
  CAF_CHECK_EQUAL(pin["by"].get<std::string>(), "ann@box");
  CAF_CHECK_EQUAL(pin["reason"].get<std::string>(), "disk is full");
  auto pause =
      nlohmann::json::parse(to_text(directive_of(pause_directive{"00000000", 90s})));
  CAF_CHECK_EQUAL(pause["for_s"].get<int>(), 90);
  auto down = nlohmann::json::parse(
      to_text(directive_of(step_down_directive{{"worker-0"}, {7}})));
  CAF_CHECK_EQUAL(down["leader"].get<std::string>(), "worker-0");
  CAF_CHECK_EQUAL(down["epoch"].get<int>(), 7);
}

CAF_TEST(a directive needs no more than what decides) {
  auto x = good(directive_from("directive.drain.worker-3", "{}"));
  CAF_CHECK(x == (directive{drain_directive{{"worker-3"}}, 0, "", ""}));
}

CAF_TEST(any name of a partition has a key of its own) {
  const std::pair<const char*, const char*> cases[] = {
      {"orders.7", "directive.pin.orders.7"}, {"a b", "directive.pin.a=20b"},
      {"a=20b", "directive.pin.a=3D20b"},     {"a..b", "directive.pin.a.=2Eb"},
      {".a", "directive.pin.=2Ea"},           {"a.", "directive.pin.a=2E"},
      {"\xc3\xbc", "directive.pin.=C3=BC"},   {"*.>", "directive.pin.=2A.=3E"}};
  for (const auto& [name, key] : cases) {
    CAF_CHECK_EQUAL(directive_key(pin_directive{name, {"worker-1"}}), key);
    auto x = good(directive_from(key, R"({"worker":"worker-1"})"));
    CAF_CHECK_EQUAL(std::get<pin_directive>(x.what).partition, name);
  }
}

CAF_TEST(a directive that cannot be read says what was found and what was expected) {
  auto says = [](std::string_view key, std::string_view text, const char* expected) {
    auto found = why(directive_from(key, text));
    CAF_MESSAGE(key << " " << text << " -> " << found);
    CAF_CHECK_NOT_EQUAL(found.find(expected), std::string::npos);
  };
  says("directive.drain.worker-3", "", "not JSON");
  says("directive.drain.worker-3", R"({"v":2})", "'v': is of format 2");
  says("directive.drain.worker-3", "[]", "found a JSON array");
  says("directive.drain.worker-3", R"({"reason":7})", "'reason': expected a string");
  says("directive.drain.", "{}", "expected a name");
  says("directive.drain.=", "{}", "behind '='");
  says("directive.drain.a=2", "{}", "hexadecimal digits");
  says("directive.drain.=61", "{}", "expected a name, written as 'a'");
  says("directive.drain.=FF", "{}", "a name in UTF-8");
  says("directive.other", "{}", "expected directive.cordon.<worker>");
  says("", "{}", "expected directive.cordon.<worker>");
  says("directive.pin.a", "{}", "'worker': is missing");
  says("directive.pin.a", R"({"worker":""})", "found an empty string");
  says("directive.pause.0f3a9c2", R"({"for_s":1})", "eight hexadecimal digits");
  says("directive.pause.0F3A9C21", R"({"for_s":1})", "eight hexadecimal digits");
  says("directive.pause.0f3a9c21", "{}", "'for_s': is missing");
  says("directive.pause.0f3a9c21", R"({"for_s":0})", "expected 1 to 604800 seconds");
  says("directive.pause.0f3a9c21", R"({"for_s":604801})", "expected 1 to 604800 seconds");
  says("directive.pause.0f3a9c21", R"({"for_s":1.5})", "whole number");
  says("directive.step_down", R"({"leader":"worker-0"})", "'epoch': is missing");
  says("directive.step_down", R"({"epoch":1})", "'leader': is missing");
}

CAF_TEST(a directive tells people what is directed by whom and why) {
  CAF_CHECK_EQUAL(describe(directive_of(drain_directive{{"worker-3"}})),
                  "drain of worker-3 by ann@box: disk is full");
  CAF_CHECK_EQUAL(describe({pin_directive{"a", {"worker-1"}}, 0, "", ""}),
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
                   "history.00000000000000000009.00000000100", "directive.rebalance"})
    CAF_CHECK(!why(history_id_from(key)).empty());
}
