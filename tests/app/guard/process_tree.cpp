// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.process_tree

#include "partita/app/guard/process_tree.hpp"

#include "../../support/eventually.hpp"

#include <caf/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <csignal>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace partita::app;

namespace {

/// A process of a name that is hard to read, and its child.
struct family {
  std::array<int, 2> ready{};
  pid_t parent = 0;
  pid_t child = 0;

  family() {
    CAF_REQUIRE_EQUAL(::pipe(ready.data()), 0);
    parent = ::fork();
    if (parent == 0) {
      ::prctl(PR_SET_NAME, "a) R (b");
      auto mine = ::fork();
      if (mine != 0) [[maybe_unused]]
        auto n = ::write(ready[1], &mine, sizeof(mine));
      for (;;)
        ::pause();
    }
    CAF_REQUIRE_EQUAL(::read(ready[0], &child, sizeof(child)),
                      static_cast<ssize_t>(sizeof(child)));
  }

  ~family() {
    ::kill(child, SIGKILL);
    if (parent != 0) {
      ::kill(parent, SIGKILL);
      ::waitpid(parent, nullptr, 0);
    }
    ::close(ready[0]);
    ::close(ready[1]);
  }

  static const found_process* find(const std::vector<found_process>& all, pid_t pid) {
    auto i =
        std::find_if(all.begin(), all.end(), [&](const auto& x) { return x.pid == pid; });
    return i == all.end() ? nullptr : &*i;
  }
};

} // namespace

CAF_TEST(all that runs below a process is found and nothing else) {
  family mine;
  auto below = processes_below(::getpid());
  const auto* parent = family::find(below, mine.parent);
  const auto* child = family::find(below, mine.child);
  CAF_REQUIRE(parent);
  CAF_REQUIRE(child);
  CAF_CHECK_EQUAL(parent->parent, ::getpid());
  CAF_CHECK_EQUAL(child->parent, mine.parent);
  CAF_CHECK(parent->name == "a) R (b");
  CAF_CHECK(child->began >= parent->began);
  CAF_CHECK(!family::find(below, ::getpid()));
  CAF_CHECK(!family::find(below, ::getppid()));
  auto below_parent = processes_below(mine.parent);
  CAF_CHECK_EQUAL(below_parent.size(), 1u);
  CAF_CHECK(processes_below(mine.child).empty());
}

CAF_TEST(exactly the process that was found is killed) {
  family mine;
  auto found = processes_below(mine.parent);
  CAF_REQUIRE_EQUAL(found.size(), 1u);
  auto later = found[0];
  ++later.began;
  CAF_MESSAGE("another one that has its number now is left alone");
  CAF_CHECK(kill_process(later));
  CAF_CHECK_EQUAL(::kill(mine.child, 0), 0);
  CAF_CHECK(kill_process(*family::find(processes_below(::getpid()), mine.parent)));
  auto status = 0;
  CAF_CHECK_EQUAL(::waitpid(mine.parent, &status, 0), mine.parent);
  mine.parent = 0;
  CAF_CHECK(WIFSIGNALED(status));
  CAF_CHECK_EQUAL(WTERMSIG(status), SIGKILL);
  CAF_MESSAGE("one that has ended needs no kill");
  found_process gone;
  gone.pid = 4'000'000;
  CAF_CHECK(kill_process(gone));
}

CAF_TEST(what threads wait for is reported by number and state) {
  family mine;
  ::kill(mine.child, SIGSTOP);
  CAF_CHECK(partita::test::eventually(std::chrono::seconds{20}, [&] {
    return what_threads_do(mine.child).starts_with("1 T");
  }));
  CAF_CHECK(what_threads_do(4'000'000).empty());
}
