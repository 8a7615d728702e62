// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.event_log

#include "partita/app/output/event_log.hpp"

#include <caf/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

#include <sys/stat.h>
#include <unistd.h>

using namespace std::chrono_literals;
using partita::app::event_log;

namespace {

struct fixture {
  std::filesystem::path folder = [] {
    auto pattern = (std::filesystem::temp_directory_path() / "partita-XXXXXX").string();
    return std::filesystem::path{mkdtemp(pattern.data())};
  }();

  ~fixture() { std::filesystem::remove_all(folder); }

  static std::string content(const std::filesystem::path& file) {
    std::ostringstream result;
    result << std::ifstream{file}.rdbuf();
    return result.str();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(event_log_tests, fixture)

CAF_TEST(lines are in the file once the log has finished) {
  auto file = folder / "events";
  auto opened = event_log::open(file.string(), "orders");
  CAF_REQUIRE(std::holds_alternative<event_log>(opened));
  auto& log = std::get<event_log>(opened);
  log.write("one");
  log.write("two");
  CAF_CHECK(log.finish(20s));
  CAF_CHECK_EQUAL(content(file), "one\ntwo\n");
}

CAF_TEST(a fifo without a reader can be opened and takes what it can) {
  auto file = folder / "fifo";
  CAF_REQUIRE_EQUAL(mkfifo(file.c_str(), 0600), 0);
  auto opened = event_log::open(file.string(), "orders");
  CAF_REQUIRE(std::holds_alternative<event_log>(opened));
  auto& log = std::get<event_log>(opened);
  log.write("one");
  CAF_CHECK(log.finish(20s));
}

CAF_TEST(users outside the group of a new file cannot read it) {
  auto old_mask = umask(0);
  auto file = folder / "events";
  auto opened = event_log::open(file.string(), "orders");
  umask(old_mask);
  CAF_CHECK(std::filesystem::status(file).permissions()
            == static_cast<std::filesystem::perms>(0640));
}

CAF_TEST(a worker that starts again goes on where it stopped) {
  auto file = folder / "events";
  for (const char* line : {"one", "two"}) {
    auto opened = event_log::open(file.string(), "orders");
    std::get<event_log>(opened).write(line);
    CAF_CHECK(std::get<event_log>(opened).finish(20s));
  }
  CAF_CHECK_EQUAL(content(file), "one\ntwo\n");
}

CAF_TEST(a file that cannot be written is an error that names it) {
  auto opened = event_log::open((folder / "missing" / "events").string(), "orders");
  CAF_REQUIRE(std::holds_alternative<std::string>(opened));
  CAF_CHECK_NOT_EQUAL(std::get<std::string>(opened).find("missing/events"),
                      std::string::npos);
}

CAF_TEST_FIXTURE_SCOPE_END()
