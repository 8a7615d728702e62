// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE config.partitions_file

#include "fixture.hpp"

#include "partita/config/partitions_file.hpp"

#include <filesystem>

using namespace partita;
using namespace partita::config;

namespace {

std::vector<std::string> lines_of(const partitions_result& x) {
  std::vector<std::string> result;
  if (const auto* problems = std::get_if<std::vector<problem>>(&x))
    for (const auto& found : *problems)
      result.push_back(to_string(found));
  return result;
}

std::vector<std::string> wrong_in(const std::string& text) {
  return lines_of(load_partitions_text(text, "p.toml"));
}

std::vector<partition> list_in(const std::string& text) {
  auto result = load_partitions_text(text, "p.toml");
  for (const auto& line : lines_of(result))
    CAF_ERROR("unexpected: " << line);
  auto* good = std::get_if<std::vector<partition>>(&result);
  return good ? *good : std::vector<partition>{};
}

/// A file that goes with this object.
struct temporary_file {
  std::string path =
      (std::filesystem::temp_directory_path() / "partita-partitions-test.toml").string();

  explicit temporary_file(const std::string& text) { std::ofstream{path} << text; }
  ~temporary_file() { std::filesystem::remove(path); }
};

} // namespace

CAF_TEST(a file of partitions reads like its section) {
  auto listed = list_in("list = ['billing', ['orders', '7'], "
                        "{ keys = ['orders', '8'], weight = 300 }]");
  std::vector<partition> expected{
      {{"billing"}, 100}, {{"orders", "7"}, 100}, {{"orders", "8"}, 300}};
  CAF_CHECK(listed == expected);
  auto counted = list_in("prefix = 'orders'\ncount = 2");
  std::vector<partition> two{{{"orders", "0"}, 100}, {{"orders", "1"}, 100}};
  CAF_CHECK(counted == two);
}

CAF_TEST(the file of the manual is right) {
  auto result = load_partitions("tests/data/partitions.toml");
  for (const auto& line : lines_of(result))
    CAF_ERROR(line);
  std::istringstream in{content_of("tests/data/partitions.toml")};
  auto manual = content_of("docs/configuration.md");
  std::string line;
  std::getline(in, line); // A comment of its own.
  while (std::getline(in, line))
    check_contains(manual, "\n      " + line + "\n");
}

CAF_TEST(every mistake is reported with its line) {
  auto lines = wrong_in("list = [\n'good',\n'b d',\n{ keys = ['x'], weight = -1 }]\n"
                        "lst = 1\n");
  CAF_REQUIRE_EQUAL(lines.size(), 3u);
  check_contains(lines[0], "p.toml:3: list[1]: found \"b d\"");
  check_contains(lines[1], "p.toml:4: list[2].weight: found -1");
  check_contains(lines[2], "p.toml:5: lst: unknown key: a file of partitions has list");
}

CAF_TEST(a file that names no partition is wrong) {
  for (auto text : {"", "# soon\n", "list = []"}) {
    auto lines = wrong_in(text);
    CAF_REQUIRE_EQUAL(lines.size(), 1u);
    check_contains(lines[0], "p.toml: names no partition");
  }
  auto half = wrong_in("prefix = 'a'");
  CAF_REQUIRE_EQUAL(half.size(), 1u);
  check_contains(half[0], "count: is missing");
  auto twice = wrong_in("list = ['a']\nprefix = 'a'\ncount = 1");
  CAF_CHECK_EQUAL(twice.size(), 2u);
}

CAF_TEST(what is no TOML is named with line and column) {
  auto lines = wrong_in("list = [\n'a'");
  CAF_REQUIRE_EQUAL(lines.size(), 1u);
  check_contains(lines[0], "p.toml:2:");
  auto missing = lines_of(load_partitions("no/such/file"));
  CAF_REQUIRE_EQUAL(missing.size(), 1u);
  check_contains(missing[0], "no/such/file: cannot be read: No such file");
}

CAF_TEST(other settings do not belong into a file of partitions) {
  for (auto text : {"file = 'x'\nlist = ['a']", "bucket = true\nlist = ['a']",
                    "list = ['a']\n[group]\nname = 'x'"}) {
    auto lines = wrong_in(text);
    CAF_REQUIRE_EQUAL(lines.size(), 1u);
    check_contains(lines[0], "unknown key");
  }
}

CAF_TEST(a configuration is as good as its file of partitions) {
  temporary_file good{"list = ['a']\n"};
  auto x = loaded(named + "partitions.file = '" + good.path + "'");
  CAF_CHECK(x.partitions.given());
  CAF_CHECK(x.partitions.all().empty());
  temporary_file bad{"\nlist = [5]\n"};
  check_contains(problem_in(named + "partitions.file = '" + bad.path + "'"),
                 bad.path + ":2: list[0]: found 5");
}

CAF_TEST(a bucket is a source of partitions) {
  load_options service;
  service.partitions_required = true;
  auto x = loaded(named + "partitions.bucket = true", service);
  CAF_CHECK(x.partitions.given());
  CAF_CHECK_EQUAL(x.buckets.partitions, "demo-partitions");
  service.environment = {{"PARTITA_PARTITIONS_BUCKET", "true"}};
  CAF_CHECK(loaded(named, service).partitions.bucket);
  service.environment = {{"PARTITA_PARTITIONS_BUCKET", "yes"}};
  check_contains(problem_in(named, service), "must be true or false");
}

CAF_TEST(a long list is the same in pieces as in whole) {
  std::string lines;
  for (int i = 0; i < 20'000; ++i)
    lines += "  { keys = [\"orders\", \"" + std::to_string(i)
             + "\"], weight = " + std::to_string(i) + " },\n";
  auto text = "list = [\n" + lines + "]\n";
  CAF_CHECK(text.size() > 3 * (256u << 10));
  auto pieces = list_in(text);
  CAF_REQUIRE_EQUAL(pieces.size(), 20'000u);
  CAF_CHECK_EQUAL(name_of(pieces[12'345]), "orders.12345");
  CAF_CHECK_EQUAL(pieces[12'345].weight, 12'345);
  CAF_MESSAGE("a comment makes it be read in whole");
  CAF_CHECK(list_in("# all of them\n" + text) == pieces);
  CAF_MESSAGE("a mistake has its line, also one between two pieces");
  auto wrong = wrong_in("list = [\n" + lines + "  { keys = [] },\n]\n");
  CAF_REQUIRE_EQUAL(wrong.size(), 1u);
  CAF_CHECK(wrong[0].starts_with("p.toml:20002: "));
  CAF_CHECK_EQUAL(wrong_in("list = [\n" + lines + "[\"orders\", \"7\"],\n]\n").size(),
                  1u);
  CAF_CHECK_EQUAL(wrong_in(text + "counts = 3\n").size(), 1u);
  CAF_CHECK_EQUAL(wrong_in("list = [\n" + lines).size(), 1u);
}
