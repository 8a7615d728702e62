// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE actors.file_source

#include "partita/actors/sources/file_source.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/test/unit_test.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>

// The time stamps of files are real, so this runs in real time.

using namespace partita;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

constexpr auto patience = 20s;

/// A file of partitions in a folder of its own: each line a name, `!` for nonsense.
struct fixture {
  fs::path dir;
  caf::actor_system_config cfg;
  caf::actor_system sys{cfg};
  caf::scoped_actor self{sys};
  partition_source_actor source;

  fixture() {
    auto pattern = (fs::temp_directory_path() / "partita-file-source-XXXXXX").string();
    CAF_REQUIRE(mkdtemp(pattern.data()) != nullptr);
    dir = pattern;
  }

  ~fixture() {
    self->send_exit(source, caf::exit_reason::user_shutdown);
    fs::remove_all(dir);
  }

  static void write(const fs::path& where, const std::string& text) {
    std::ofstream{where, std::ios::trunc} << text;
  }

  static file_reading read(const fs::path& path) {
    std::ifstream in{path};
    if (!in)
      return "cannot read it";
    std::vector<partition> result;
    for (std::string line; std::getline(in, line);)
      if (line == "!")
        return "nonsense";
      else
        result.push_back({{line}, 100});
    if (result.empty())
      return "names no partition";
    return result;
  }

  void follow(const fs::path& path) {
    source = spawn_file_source(
        sys, {.path = path.string(), .read = [path] { return read(path); }, .clock = {}});
    self->send(source, caf::actor_cast<partition_listener_actor>(
                           caf::actor_cast<caf::strong_actor_ptr>(self.address())));
  }

  /// The names in the next message, or why there are none.
  std::string next() {
    std::string result;
    self->receive(
        [&](const partition_list& x) {
          for (const auto& y : x.partitions)
            result += name_of(y) + ' ';
        },
        [&](const partitions_unavailable& x) { result = "no: " + x.why; },
        caf::after(patience) >> [] { CAF_FAIL("nothing was sent"); });
    return result;
  }

  /// A file may be read while an editor writes it: waits until this is reported.
  void expect(const std::string& what) {
    std::string said;
    for (auto tries = 0; said != what && tries < 5; ++tries)
      said = next();
    CAF_CHECK_EQUAL(said, what);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(file_source_tests, fixture)

CAF_TEST(the list of a file is reported and reported again when it was written) {
  write(dir / "list", "a\nb\n");
  follow(dir / "list");
  CAF_CHECK_EQUAL(next(), "a b ");
  write(dir / "list", "a\nb\nc\n");
  expect("a b c ");
}

CAF_TEST(equal files have one digest in whatever order) {
  auto digest_of_next = [this] {
    std::string result;
    self->receive([&](const partition_list& x) { result = x.digest; },
                  [&](const partitions_unavailable& x) { CAF_FAIL(x.why); },
                  caf::after(patience) >> [] { CAF_FAIL("nothing was sent"); });
    return result;
  };
  write(dir / "list", "a\nb\n");
  write(dir / "other", "b\na\n");
  write(dir / "third", "a\nc\n");
  std::vector<std::string> digests;
  for (const auto* name : {"list", "other", "third"}) {
    self->send_exit(source, caf::exit_reason::user_shutdown);
    follow(dir / name);
    digests.push_back(digest_of_next());
  }
  CAF_CHECK_EQUAL(digests[0].substr(0, 12), "2 of digest ");
  CAF_CHECK_EQUAL(digests[0], digests[1]);
  CAF_CHECK_NOT_EQUAL(digests[0], digests[2]);
}

CAF_TEST(a file that is renamed into its place counts) {
  write(dir / "list", "a\n");
  follow(dir / "list");
  CAF_CHECK_EQUAL(next(), "a ");
  for (auto name : {"b", "c", "d"}) {
    write(dir / "new", std::string{name} + '\n');
    fs::rename(dir / "new", dir / "list");
    expect(std::string{name} + ' ');
  }
}

CAF_TEST(a bad or empty or missing file leaves the last list in force) {
  write(dir / "list", "a\n");
  follow(dir / "list");
  CAF_CHECK_EQUAL(next(), "a ");
  write(dir / "list", "!\n");
  expect("no: nonsense");
  write(dir / "list", "");
  expect("no: names no partition");
  fs::remove(dir / "list");
  expect("no: cannot read it");
  CAF_MESSAGE("the unchanged list is reported again: it can be read now");
  write(dir / "list", "a\n");
  expect("a ");
}

CAF_TEST(a symbolic link that changes counts) {
  fs::create_directory(dir / "v1");
  fs::create_directory(dir / "v2");
  write(dir / "v1" / "list", "a\n");
  write(dir / "v2" / "list", "b\n");
  fs::create_directory_symlink("v1", dir / "..data");
  fs::create_symlink("..data/list", dir / "list");
  follow(dir / "list");
  CAF_CHECK_EQUAL(next(), "a ");
  fs::create_directory_symlink("v2", dir / "..new");
  fs::rename(dir / "..new", dir / "..data");
  expect("b ");
  CAF_MESSAGE("and so does a write to its target");
  write(dir / "v2" / "list", "c\n");
  expect("c ");
}

CAF_TEST(a folder that vanishes and comes back is watched again) {
  fs::create_directory(dir / "sub");
  write(dir / "sub" / "list", "a\n");
  follow(dir / "sub" / "list");
  CAF_CHECK_EQUAL(next(), "a ");
  fs::remove_all(dir / "sub");
  expect("no: cannot read it");
  fs::create_directory(dir / "sub");
  write(dir / "sub" / "list", "b\n");
  expect("b ");
}

CAF_TEST(a source without listeners ends although it watches) {
  write(dir / "list", "a\n");
  auto path = (dir / "list").string();
  auto lonely = spawn_file_source(
      sys, {.path = path, .read = [path] { return read(path); }, .clock = {}});
  auto address = lonely.address();
  self->monitor(lonely);
  lonely = nullptr;
  self->receive([&](const caf::down_msg& x) { CAF_CHECK(x.source == address); },
                caf::after(patience) >> [] { CAF_FAIL("it lives on"); });
}

CAF_TEST_FIXTURE_SCOPE_END()
