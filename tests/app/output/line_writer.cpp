// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.line_writer

#include "partita/app/output/line_writer.hpp"

#include "../../support/eventually.hpp"

#include <caf/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

using namespace std::chrono_literals;
using partita::app::line_writer;

namespace {

struct fixture {
  int from = -1;
  int to = -1;

  fixture() {
    std::array<int, 2> ends{};
    CAF_REQUIRE_EQUAL(::pipe2(ends.data(), O_CLOEXEC), 0);
    from = ends[0];
    to = ends[1];
  }
  ~fixture() {
    if (from >= 0)
      ::close(from);
  }

  line_writer::options options(std::size_t room) const {
    return {.fd = to,
            .owned = true,
            .room = room,
            .gap = [](std::uint64_t n) { return "gap of " + std::to_string(n); },
            .failed = {}};
  }

  /// Up to the end of the pipe.
  std::string rest() const {
    std::string result;
    std::array<char, 65536> buffer{};
    for (;;) {
      auto n = ::read(from, buffer.data(), buffer.size());
      if (n <= 0)
        return result;
      result.append(buffer.data(), static_cast<std::size_t>(n));
    }
  }

  /// Nothing fits any more.
  std::size_t fill() const {
    ::fcntl(to, F_SETFL, O_NONBLOCK);
    std::size_t result = 0;
    const std::string block(4096, '.');
    for (;;) {
      auto n = ::write(to, block.data(), block.size());
      if (n < 0)
        break;
      result += static_cast<std::size_t>(n);
    }
    ::fcntl(to, F_SETFL, 0);
    return result;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(line_writer_tests, fixture)

CAF_TEST(lines come out in order and all of them) {
  {
    line_writer mine{options(1 << 20)};
    for (int i = 0; i < 1000; ++i)
      mine.write(std::to_string(i));
    CAF_CHECK(mine.finish(20s));
  }
  std::string expected;
  for (int i = 0; i < 1000; ++i)
    expected += std::to_string(i) + '\n';
  CAF_CHECK(rest() == expected);
}

CAF_TEST(lines without a reader are dropped and counted and do not block the caller) {
  auto filled = fill();
  {
    line_writer mine{options(100)};
    // Some wait in the writer and in its queue; for the others there is no room.
    for (int i = 0; i < 1000; ++i)
      mine.write("line " + std::to_string(i));
    CAF_CHECK(!mine.finish(10ms));
    std::string all(filled, '\0');
    for (std::size_t got = 0; got < filled;)
      got += static_cast<std::size_t>(::read(from, all.data() + got, filled - got));
    CAF_CHECK(mine.finish(20s));
  }
  auto said = rest();
  CAF_CHECK_EQUAL(said.find("line 0\nline 1\n"), 0u);
  CAF_CHECK_EQUAL(said.find("line 999"), std::string::npos);
  auto gap = said.find("gap of ");
  CAF_REQUIRE(gap != std::string::npos);
  CAF_MESSAGE("what came out and what was dropped are all that was said");
  std::size_t lines = 0;
  for (auto c : said.substr(0, gap))
    lines += c == '\n' ? 1 : 0;
  CAF_CHECK_EQUAL(lines + std::stoul(said.substr(gap + 7)), 1000u);
}

CAF_TEST(a line that is longer than the room still comes out) {
  {
    line_writer mine{options(10)};
    mine.write(std::string(1000, 'x'));
    CAF_CHECK(mine.finish(20s));
  }
  CAF_CHECK_EQUAL(rest(), std::string(1000, 'x') + '\n');
}

CAF_TEST(a writer whose file takes nothing is left behind) {
  fill();
  line_writer mine{options(1 << 20)};
  mine.write("never read");
  CAF_CHECK(!mine.finish(10ms));
}

CAF_TEST(a file is opened again and one that cannot be is reported and kept) {
  std::array<int, 2> next{};
  CAF_REQUIRE_EQUAL(::pipe2(next.data(), O_CLOEXEC), 0);
  auto errors = std::make_shared<std::atomic<int>>(0);
  auto failing = std::make_shared<std::atomic<bool>>(false);
  auto with = options(1 << 20);
  with.open = [=] {
    errno = EMFILE;
    return *failing ? -1 : next[1];
  };
  with.failed = [=](int error) { *errors += error == EMFILE ? 1 : 100; };
  {
    line_writer mine{with};
    mine.write("old");
    std::array<char, 4> old{};
    CAF_CHECK_EQUAL(::read(from, old.data(), old.size()), 4);
    mine.reopen();
    CAF_MESSAGE("the old file is closed though no line follows");
    CAF_CHECK_EQUAL(::read(from, old.data(), old.size()), 0);
    *failing = true;
    mine.reopen();
    CAF_CHECK(partita::test::eventually(10s, [&] { return *errors == 1; }));
    mine.write("new");
    CAF_CHECK(mine.finish(20s));
  }
  from = std::exchange(next[0], from);
  CAF_CHECK_EQUAL(rest(), "new\n");
  ::close(next[0]);
}

CAF_TEST(an error is reported once until writing works again) {
  ::close(from);
  from = -1;
  ::signal(SIGPIPE, SIG_IGN);
  auto errors = std::make_shared<std::atomic<int>>(0);
  auto with = options(1 << 20);
  with.failed = [errors](int error) { *errors += error == EPIPE ? 1 : 100; };
  {
    line_writer mine{std::move(with)};
    mine.write("one");
    mine.write("two");
    CAF_CHECK(partita::test::eventually(20s, [&] { return *errors != 0; }));
    CAF_CHECK(mine.finish(20s));
  }
  CAF_CHECK_EQUAL(*errors, 1);
}

CAF_TEST_FIXTURE_SCOPE_END()
