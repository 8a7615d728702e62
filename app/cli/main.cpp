// SPDX-License-Identifier: Apache-2.0
#include "partita/app/cli/command_line.hpp"
#include "partita/app/process/process_exit.hpp"

#include <fcntl.h>
#include <unistd.h>

int main(int argc, char** argv) {
  // Else a file or socket gets the number of a stream that is closed, and what is printed.
  for (auto fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
    if (::fcntl(fd, F_GETFD) < 0)
      ::open("/dev/null", O_RDWR);
  partita::app::report_exhaustion();
  return partita::app::run_command_line(argc, argv);
}
