// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

/// What runs below this process, as /proc shows it.
namespace partita::app {

struct found_process {
  pid_t pid = 0;
  pid_t parent = 0;
  /// When it began, in clock ticks since the boot: differs for a later one of its number.
  unsigned long long began = 0;
  /// One letter (proc(5)): R runs, S and D sleep, T is stopped, Z has ended.
  char state = '?';
  /// The name of its program, at most 15 letters.
  std::string name;
};

/// All processes below `root` that have not ended, itself not among them. Who ends or starts
/// meanwhile may be missing.
std::vector<found_process> processes_below(pid_t root);

/// Sends SIGKILL to exactly this process. False: it must not be killed by us (another user's).
/// One that has ended counts as killed.
bool kill_process(const found_process& x);

/// What the threads of a process wait for, for people: "1 D in rpc_wait, 3 S in
/// futex_wait_queue" (their number, state and place in the kernel). Empty if unknown.
std::string what_threads_do(pid_t pid);

} // namespace partita::app
