// SPDX-License-Identifier: Apache-2.0
#include "partita/app/cli/command_line.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

namespace {

/// Each of the dozen threads would have a heap of its own by default, and keep what it freed
/// there: 1.1 MB of an idle worker. The threads' caches stay, so they seldom meet at the lock.
void keep_memory_together() {
#ifdef __GLIBC__
  ::mallopt(M_ARENA_MAX, 1);
  ::mallopt(M_MXFAST, 0);
#endif
}

} // namespace

int main(int argc, char** argv) {
  keep_memory_together();
  // Else a file or socket gets the number of a stream that is closed, and what is printed.
  for (auto fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
    if (::fcntl(fd, F_GETFD) < 0)
      ::open("/dev/null", O_RDWR);
  return partita::app::run_command_line(argc, argv);
}
