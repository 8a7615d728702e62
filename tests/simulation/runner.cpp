// SPDX-License-Identifier: Apache-2.0
#include "runner.hpp"

#include "partita/messages/failpoint.hpp"

#include <spdlog/fmt/fmt.h>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>

namespace partita::simulation {

namespace {

using seconds = std::chrono::duration<double>;

double in_seconds(core::duration x) {
  return std::chrono::duration_cast<seconds>(x).count();
}

/// In one write, so that lines of several processes do not mix.
void print(const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    auto n = ::write(STDOUT_FILENO, text.data() + done, text.size() - done);
    if (n <= 0)
      return;
    done += static_cast<std::size_t>(n);
  }
}

struct totals {
  std::uint64_t lives = 0;
  std::uint64_t violations = 0;
  std::uint64_t steps = 0;
  double simulated = 0;
  double cpu = 0;
  double longest_settling = 0;

  void add(const totals& x) {
    lives += x.lives;
    violations += x.violations;
    steps += x.steps;
    simulated += x.simulated;
    cpu += x.cpu;
    longest_settling = std::max(longest_settling, x.longest_settling);
  }
};

double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

life_options options_of(const task& x, const run_options& o, trace::mode mode) {
  return {.seed = x.seed,
          .minutes = o.minutes,
          .faults = x.faults,
          .mode = mode,
          .mail = false,
          .by_record = o.by_record,
          .ignored = o.ignored};
}

std::string line_of(const task& x, const life_result& r, double cpu) {
  return fmt::format("seed {} {}: {:.0f} s in {:.2f} s, {} steps, {} processes, "
                     "{} leaderships, {} grants, {} needless moves, settled after "
                     "{:.1f} of {:.1f} s: {}\n",
                     x.seed, x.faults.name, in_seconds(r.simulated), cpu, r.steps,
                     r.processes, r.leaderships, r.grants, r.needless_moves,
                     in_seconds(r.settled_after), in_seconds(r.bound),
                     r.found ? r.found->invariant + ": " + r.found->what
                             : std::string{"ok"});
}

/// Lives it once more, and keeps what led to the violation.
std::string report_of(const task& x, const violation& v, const run_options& o) {
  auto again = live(options_of(x, o, trace::mode::tail));
  auto text = again.tail;
  if (!again.found || again.found->step != v.step || again.found->what != v.what)
    text += "ATTENTION: the same seed did not give the same life again.\n";
  text +=
      fmt::format("seed {} of {} violates, at step {} and {:.6f} s: {}\n  {}\n"
                  "replay: partita-sim --faults {} --minutes {} --seed {} --trace\n",
                  x.seed, x.faults.name, v.step, in_seconds(v.when.time_since_epoch()),
                  v.invariant, v.what, x.faults.name, o.minutes, x.seed);
  return text;
}

totals live_all(const std::vector<task>& tasks, unsigned part, const run_options& o) {
  totals sum;
  for (std::size_t i = part; i < tasks.size(); i += o.jobs) {
    const auto& x = tasks[i];
    auto before = cpu_seconds();
    auto r = live(options_of(x, o, trace::mode::off));
    auto cpu = cpu_seconds() - before;
    ++sum.lives;
    sum.steps += r.steps;
    sum.simulated += in_seconds(r.simulated);
    sum.cpu += cpu;
    sum.longest_settling = std::max(sum.longest_settling, in_seconds(r.settled_after));
    if (o.verbose || (r.found && o.keep_going))
      print(line_of(x, r, cpu));
    if (!r.found)
      continue;
    ++sum.violations;
    if (o.keep_going)
      continue;
    print(report_of(x, *r.found, o));
    break;
  }
  return sum;
}

/// Calls `f` in `n` processes, with 0 to n - 1; adds up what they return. Before any
/// actor system exists. `until`: ends the others as soon as it holds for one.
template <class Result>
std::vector<std::optional<Result>>
in_processes(unsigned n, const std::function<Result(unsigned)>& f,
             const std::function<bool(const Result&)>& until) {
  static_assert(std::is_trivially_copyable_v<Result>);
  std::vector<std::optional<Result>> results(n);
  std::vector<std::pair<pid_t, int>> children;
  std::fflush(stdout);
  for (unsigned i = 0; i < n; ++i) {
    int ends[2];
    if (::pipe(ends) != 0)
      std::abort();
    auto pid = ::fork();
    if (pid < 0)
      std::abort();
    if (pid == 0) {
      ::close(ends[0]);
      auto result = f(i);
      std::fflush(stdout);
      auto written = ::write(ends[1], &result, sizeof result);
      ::_exit(written == static_cast<ssize_t>(sizeof result) ? 0 : 1);
    }
    ::close(ends[1]);
    children.emplace_back(pid, ends[0]);
  }
  for (auto left = children.size(); left > 0; --left) {
    int status = 0;
    auto pid = ::wait(&status);
    auto child = std::find_if(children.begin(), children.end(),
                              [&](const auto& x) { return x.first == pid; });
    if (child == children.end())
      continue;
    Result result;
    auto& place = results[static_cast<std::size_t>(child - children.begin())];
    if (::read(child->second, &result, sizeof result)
        == static_cast<ssize_t>(sizeof result))
      place = result;
    ::close(child->second);
    child->first = 0;
    if (place && !until(*place))
      continue;
    for (const auto& [other, fd] : children)
      if (other > 0)
        ::kill(other, SIGKILL);
  }
  return results;
}

} // namespace

int run(const std::vector<task>& tasks, const run_options& options) {
  auto started = std::chrono::steady_clock::now();
  totals sum;
  bool died = false;
  if (options.jobs <= 1) {
    sum = live_all(tasks, 0, options);
  } else {
    auto stop = [&](const totals& x) { return x.violations > 0 && !options.keep_going; };
    for (const auto& x : in_processes<totals>(
             options.jobs, [&](unsigned i) { return live_all(tasks, i, options); },
             stop)) {
      if (x)
        sum.add(*x);
      else
        died = true;
    }
  }
  seconds wall = std::chrono::steady_clock::now() - started;
  print(fmt::format("{} lives, {:.0f} simulated minutes, {} steps, {} violations; "
                    "settled after {:.1f} s at most; {:.1f} s CPU, {:.1f} s in all, "
                    "{:.1f} simulated minutes a CPU second\n",
                    sum.lives, sum.simulated / 60, sum.steps, sum.violations,
                    sum.longest_settling, sum.cpu, wall.count(),
                    sum.cpu > 0 ? sum.simulated / 60 / sum.cpu : 0));
  if (died && sum.violations == 0)
    print("a process of the simulator died\n");
  return sum.violations == 0 && !died ? 0 : 1;
}

int replay(const task& x, const run_options& options, bool mail) {
  auto o = options_of(x, options, trace::mode::all);
  o.mail = mail;
  auto r = live(o);
  std::fflush(stdout);
  print(line_of(x, r, 0));
  return r.found ? 1 : 0;
}

int find_failpoints(const std::string& only, share part, std::uint64_t seeds,
                    const std::function<profile(std::uint64_t)>& faults,
                    const run_options& options) {
  std::vector<failpoint_case> cases;
  for (std::size_t i = part.number - 1; i < failpoint_cases().size(); i += part.of)
    if (only.empty() || only == failpoint_cases()[i].name)
      cases.push_back(failpoint_cases()[i]);
  struct outcome {
    std::uint64_t missed = 0;
    std::uint64_t looked_for = 0;
  };
  auto look = [&](unsigned job) {
    outcome result;
    for (std::size_t i = job; i < cases.size(); i += std::max(options.jobs, 1u)) {
      const auto& x = cases[i];
      ++result.looked_for;
      active_failpoint = x.without;
      std::optional<violation> found;
      std::uint64_t seed = 0;
      while (!found && seed < seeds) {
        ++seed;
        task next{faults ? faults(seed) : x.faults, seed};
        found = live(options_of(next, options, trace::mode::off)).found;
      }
      active_failpoint = rule::none;
      if (!found)
        ++result.missed;
      print(found ? fmt::format("{}: found by seed {}: {}\n", x.name, seed,
                                found->invariant + ": " + found->what)
                  : fmt::format("{}: NOT FOUND in {} seeds\n", x.name, seeds));
    }
    return result;
  };
  outcome sum;
  bool died = false;
  if (options.jobs <= 1) {
    sum = look(0);
  } else {
    for (const auto& x :
         in_processes<outcome>(options.jobs, look, [](const auto&) { return false; })) {
      died = died || !x;
      if (x) {
        sum.missed += x->missed;
        sum.looked_for += x->looked_for;
      }
    }
  }
  print(fmt::format("{} failpoints, {} not found\n", sum.looked_for, sum.missed));
  return sum.missed == 0 && sum.looked_for > 0 && !died ? 0 : 1;
}

} // namespace partita::simulation
