// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace partita::bench {

/// A child process that is sent lines and sends lines. It ends with this one.
class process {
public:
  /// What it writes to stderr goes to the end of the file `log`.
  process(std::vector<std::string> arguments, const std::string& log);
  process(const process&) = delete;
  process& operator=(const process&) = delete;
  /// Kills it.
  ~process();

  pid_t pid() const { return pid_; }
  /// To poll for what it has written.
  int output() const { return output_; }
  bool running() const { return output_ >= 0; }

  void send(const std::string& line) const;
  /// What it has written since; the end of its output is the end of running().
  std::vector<std::string> lines();
  /// Ends it by SIGKILL, and a child of its own before.
  void kill();

private:
  void close_all();

  pid_t pid_ = 0;
  int input_ = -1;
  int output_ = -1;
  std::string rest_;
};

/// The first child of a process, as a worker is of its guard; the process itself if it has none.
pid_t worker_below(pid_t pid);

/// CPU time that all threads of a process have used, those that have ended too.
double cpu_seconds(pid_t pid);

/// The most memory that was resident since forget_peak().
double peak_mib(pid_t pid);
void forget_peak(pid_t pid);

} // namespace partita::bench
