// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE config.fuzz

#include "fixture.hpp"

#include "partita/config/text.hpp"

#include <random>

using namespace partita::config;

namespace {

/// Changes texts at random; one seed gives one sequence of changes.
class mutator {
public:
  explicit mutator(std::uint64_t seed) : random_{seed} {}

  std::string change(std::string text) {
    for (auto n = 1 + below(8); n > 0; --n)
      change_once(text);
    return text;
  }

  std::size_t below(std::size_t n) { return n == 0 ? 0 : random_() % n; }

private:
  void change_once(std::string& text) {
    static const std::vector<std::string> pieces = {"[",
                                                    "]",
                                                    "\"",
                                                    "'''",
                                                    "\"\"\"",
                                                    "{",
                                                    "}",
                                                    "=",
                                                    "\n",
                                                    "#",
                                                    "[[",
                                                    "inf",
                                                    "nan",
                                                    "-",
                                                    "1e999",
                                                    ".",
                                                    "\xff",
                                                    "\\u",
                                                    ",",
                                                    "true",
                                                    "0x",
                                                    "0b",
                                                    "\\",
                                                    "'",
                                                    "\r",
                                                    "[a.b]",
                                                    "[[a.b]]",
                                                    "\xEF\xBB\xBF",
                                                    "1979-05-27T07:32:00Z",
                                                    "99999999999999999999",
                                                    "\"9999999h\"",
                                                    "{ keys = [[]] }"};
    auto at = below(text.size() + 1);
    switch (below(6)) {
    case 0:
      text.insert(at, pieces[below(pieces.size())]);
      break;
    case 1:
      text.insert(at, 1, static_cast<char>(below(256)));
      break;
    case 2:
      text.erase(at, below(20));
      break;
    case 3:
      text.insert(at, text.substr(below(text.size()), below(200)));
      break;
    case 4:
      text.resize(at);
      break;
    default:
      if (at < text.size())
        text[at] = static_cast<char>(below(256));
    }
  }

  std::mt19937_64 random_;
};

/// The settings are usable, or every problem is a line that can be shown.
void check_sane(const load_result& result) {
  if (auto* good = std::get_if<settings>(&result)) {
    CAF_REQUIRE(!good->group.name.empty());
    CAF_REQUIRE(!good->nats.url.empty());
    CAF_REQUIRE(good->heartbeat.ttl >= 3 * good->heartbeat.interval);
    return;
  }
  CAF_REQUIRE(!lines_of(result).empty());
  for (const auto& line : lines_of(result))
    if (line.empty() || !is_utf8(line) || printable(line) != line)
      CAF_FAIL("not printable: " << printable(line));
}

} // namespace

CAF_TEST(a damaged file never crashes and never throws) {
  auto whole = content_of("config/partita.toml");
  // Without comments nearly every change hits something that matters.
  std::string bare;
  std::istringstream in{whole};
  for (std::string line; std::getline(in, line);)
    if (!line.starts_with("# ") && !line.empty())
      bare += (line.starts_with('#') ? line.substr(1) : line) + "\n";
  constexpr std::uint64_t seed = 20260101;
  CAF_MESSAGE("seed " << seed);
  mutator any{seed};
  for (int i = 0; i < 3000; ++i) {
    check_sane(load_settings_text(any.change(bare), "fuzz"));
    if (i % 10 == 0)
      check_sane(load_settings_text(any.change(whole), "fuzz"));
  }
}

CAF_TEST(damaged variables and overrides never crash and never throw) {
  mutator any{7};
  for (int i = 0; i < 3000; ++i) {
    load_options options;
    const auto& x = all_options()[any.below(all_options().size())];
    options.environment[any.below(2) ? x.variable() : any.change(x.variable())] =
        any.change("[\"a\", { keys = [\"b\"], weight = 3 }]");
    options.overrides = {any.change(x.name() + "=" + default_text(x))};
    check_sane(load_settings_text(named, "fuzz", options));
  }
}

CAF_TEST(deep nesting is refused) {
  for (auto depth : {200, 100'000}) {
    auto brackets = std::string(static_cast<std::size_t>(depth), '[');
    auto closing = std::string(static_cast<std::size_t>(depth), ']');
    CAF_CHECK_EQUAL(problems_in(named + "partitions.list = " + brackets + closing).size(),
                    1u);
    load_options options;
    options.overrides = {"partitions.list=" + brackets};
    CAF_CHECK_EQUAL(problems_in(named, options).size(), 1u);
  }
}
