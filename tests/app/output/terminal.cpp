// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.terminal

#include "partita/app/output/terminal.hpp"

#include <caf/test/unit_test.hpp>

#include <cstdlib>

#include <pty.h>
#include <unistd.h>

using namespace partita::app;

CAF_TEST(only a terminal that can shows colours and only if they are wanted) {
  auto kind = std::getenv("TERM") ? std::string{std::getenv("TERM")} : "xterm";
  auto ours = -1;
  auto theirs = -1;
  CAF_REQUIRE_EQUAL(::openpty(&ours, &theirs, nullptr, nullptr, nullptr), 0);
  ::setenv("TERM", "xterm", 1);
  ::unsetenv("NO_COLOR");
  CAF_CHECK(shows_colours(theirs));
  CAF_MESSAGE("https://no-color.org: set and not empty");
  ::setenv("NO_COLOR", "", 1);
  CAF_CHECK(shows_colours(theirs));
  ::setenv("NO_COLOR", "1", 1);
  CAF_CHECK(!shows_colours(theirs));
  CAF_CHECK(is_terminal(theirs));
  ::unsetenv("NO_COLOR");
  ::setenv("TERM", "dumb", 1);
  CAF_CHECK(!shows_colours(theirs));
  CAF_CHECK(!is_terminal(theirs));
  ::setenv("TERM", kind.c_str(), 1);
  ::close(ours);
  ::close(theirs);
  CAF_CHECK(!shows_colours(theirs));
}
