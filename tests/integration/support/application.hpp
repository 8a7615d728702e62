// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "group.hpp"

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace partita::test {

/// What the example applications of one test report, in the order in which they did: all
/// append to one file, so the order is that of the writes. Lines are
/// `PID begin|end PARTITION TOKEN`; `PID dead`, `PID frozen` and `PID thawed` are written here
/// once a process is gone, does nothing, and before it goes on.
class work_log {
public:
  explicit work_log(std::filesystem::path file) : file_{std::move(file)} {}

  const std::filesystem::path& file() const { return file_; }

  struct reading {
    /// The process that works on each partition now.
    std::map<std::string, int> works;
    /// The processes that have ended work on something by themselves.
    std::set<int> ended;
    /// What others began while it was frozen: it has to end that in its first turn.
    std::map<int, std::set<std::string>> overtaken;
    /// Two at a time on one partition, or a token that did not grow.
    std::string violations;
  };
  reading read() const;

  void died(int pid) const { note(pid, "dead"); }
  /// An observer notes the end of a process late, and others may begin before that. So it looks
  /// now and then, and writes `lives` if the process was still there after `look`: then what
  /// others began before `look` counts.
  void look(int pid) const { note(pid, "look"); }
  void lives(int pid) const { note(pid, "lives"); }
  /// Stops any process (SIGSTOP); returns once it does nothing.
  void freeze(int pid) const;
  /// Lets it go on, and waits until it has ended what others work on; how long that took.
  std::chrono::milliseconds thaw(int pid) const;

  /// Waits until these, and no other process, work on all of `partitions`, each on some.
  bool wait(const std::set<int>& who, std::size_t partitions,
            std::chrono::milliseconds at_most = 60s) const;

private:
  void note(int pid, const std::string& what) const;

  std::filesystem::path file_;
};

/// One of examples/sidecar, or anything that does the same.
class application_process {
public:
  /// `program`: found in PATH by its name if it has no '/'.
  application_process(std::vector<std::string> program, const std::string& address,
                      const work_log& log);
  application_process(const application_process&) = delete;
  application_process& operator=(const application_process&) = delete;
  /// Kills it if it still runs.
  ~application_process();

  int pid() const { return pid_; }
  /// kill -9; returns once it is gone.
  void kill();

private:
  const work_log& log_;
  int pid_ = 0;
};

/// Starts a worker with `arguments` and examples/sidecar/worker.py below it, which writes to
/// `log`; gives the application's process id.
int start_application_below(process_group& group, const work_log& log,
                            const std::string& name, std::vector<std::string> arguments);

/// Whether there is no such process, or only what is left of one that ended.
bool has_ended(int pid);

/// Where the HTTP of a worker is, once its log says so after its first `old_log` bytes; it was
/// started with a port of 0.
std::string http_address(const process_group& group, const std::string& name,
                         std::size_t old_log = 0);

} // namespace partita::test
