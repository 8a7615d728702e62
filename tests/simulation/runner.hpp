// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "life.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace partita::simulation {

struct run_options {
  double minutes = 5;
  /// A line a seed.
  bool verbose = false;
  /// After a violation, go on with the other seeds; one line each.
  bool keep_going = false;
  bool by_record = false;
  std::vector<std::string> ignored = {};
  /// Processes at a time.
  unsigned jobs = 1;
};

struct task {
  profile faults;
  std::uint64_t seed = 0;
};

/// Lives them all, in processes of their own if there are several jobs, and prints what
/// they found and a summary. Returns the exit code: 1 if there was a violation.
int run(const std::vector<task>& tasks, const run_options& options);

/// One life, with a trace of everything.
int replay(const task& x, const run_options& options, bool mail);

/// Which of them all: the part `number` (from 1) of `of`.
struct share {
  unsigned number = 1;
  unsigned of = 1;
};

/// Looks for each failpoint of its part, or for one, in the first `seeds` seeds of
/// its profile, or of those that `faults` gives for a seed. 1 if one is not found.
int find_failpoints(const std::string& only, share part, std::uint64_t seeds,
                    const std::function<profile(std::uint64_t)>& faults,
                    const run_options& options);

} // namespace partita::simulation
