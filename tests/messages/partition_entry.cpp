// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE messages.partition_entry

#include "partita/messages/codec.hpp"

#include <caf/test/unit_test.hpp>

using namespace partita;

namespace {

std::string why(const decoded<partition>& x) {
  const auto* bad = std::get_if<malformed>(&x);
  return bad ? bad->why : std::string{};
}

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

CAF_TEST(an entry is a key and a weight) {
  partition x{{"orders", "7"}, 300};
  auto key = partition_key(name_of(x));
  CAF_CHECK_EQUAL(key, "p.orders.7");
  CAF_CHECK_EQUAL(entry_text(x), R"({"weight":300})");
  auto back = partition_from(key, entry_text(x));
  CAF_REQUIRE(std::holds_alternative<partition>(back));
  CAF_CHECK(std::get<partition>(back) == x);
}

CAF_TEST(a weight that is missing is the ordinary one and other members do not matter) {
  for (auto text : {"{}", R"({"weight":null})", R"({"note":"x"})"}) {
    auto x = partition_from("p.a", text);
    CAF_REQUIRE(std::holds_alternative<partition>(x));
    CAF_CHECK_EQUAL(std::get<partition>(x).weight, 100);
  }
}

CAF_TEST(a value that is none says what was found) {
  CAF_CHECK(says(why(partition_from("p.a", "")), "0 bytes that are not JSON"));
  CAF_CHECK(says(why(partition_from("p.a", "100")), "found a JSON number"));
  for (auto text : {R"({"weight":-1})", R"({"weight":1000000001})", R"({"weight":1.5})",
                    R"({"weight":"100"})", R"({"weight":18446744073709551615})"})
    CAF_CHECK(says(why(partition_from("p.a", text)), "from 0 to 1000000000, found"));
  CAF_CHECK_EQUAL(why(partition_from("p.a", R"({"weight":1000000000})")), "");
  CAF_CHECK_EQUAL(why(partition_from("p.a", R"({"weight":0})")), "");
}

CAF_TEST(a name that no key can bear is refused with the reason) {
  CAF_CHECK_EQUAL(why_no_entry("orders.7"), "");
  CAF_CHECK_EQUAL(why_no_entry("a/b=c_d-e.F"), "");
  CAF_CHECK(says(why_no_entry(""), "is empty"));
  CAF_CHECK(says(why_no_entry("a b"), "holds ' '"));
  CAF_CHECK(says(why_no_entry("a*"), "holds '*'"));
  CAF_CHECK(says(why_no_entry("grün"), "beyond ASCII"));
  CAF_CHECK(says(why_no_entry("a\tb"), "a control character"));
  for (auto name : {".a", "a.", "a..b", "."})
    CAF_CHECK(says(why_no_entry(name), "empty part"));
  CAF_CHECK_EQUAL(why_no_entry(std::string(1024, 'x')), "");
  CAF_CHECK(says(why_no_entry(std::string(1025, 'x')), "1025 bytes"));
  CAF_CHECK(says(why(partition_from("p.", "{}")), "is empty"));
}
