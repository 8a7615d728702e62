// SPDX-License-Identifier: Apache-2.0
#include "fixed_set.hpp"
#include "runner.hpp"

#include <CLI/CLI.hpp>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <optional>

// partita-sim: whole groups under faults and virtual time; see docs/testing.md.
using namespace partita::simulation;

namespace {

/// "7" or "1..50".
std::optional<std::pair<std::uint64_t, std::uint64_t>> range_of(const std::string& text) {
  unsigned long long first = 0;
  unsigned long long last = 0;
  char rest = 0;
  if (std::sscanf(text.c_str(), "%llu..%llu%c", &first, &last, &rest) == 2
      && first <= last)
    return std::pair{std::uint64_t{first}, std::uint64_t{last}};
  if (std::sscanf(text.c_str(), "%llu%c", &first, &rest) == 1)
    return std::pair{std::uint64_t{first}, std::uint64_t{first}};
  return std::nullopt;
}

/// "2/4".
std::optional<share> share_of(const std::string& text) {
  share x;
  char rest = 0;
  if (std::sscanf(text.c_str(), "%u/%u%c", &x.number, &x.of, &rest) == 2 && x.number >= 1
      && x.number <= x.of)
    return x;
  return std::nullopt;
}

/// The profiles of failpoints can be run without their failpoints, too.
std::optional<profile> faults_named(const std::string& name) {
  for (const auto& x : failpoint_cases())
    if (x.name == name)
      return x.faults;
  return profile_from(name);
}

bool switch_on(const std::string& name) {
  for (const auto& x : failpoint_cases())
    if (x.name == name) {
      partita::active_failpoint = x.without;
      return true;
    }
  return false;
}

std::string known_faults() {
  std::string result;
  for (const auto& x : all_profiles())
    result += (result.empty() ? "" : ", ") + x.name;
  return result;
}

int fail(const std::string& why) {
  std::fprintf(stderr, "partita-sim: %s\n", why.c_str());
  return 2;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Runs whole groups of workers under faults and virtual time, and checks "
               "that no promise is broken. The same seed is the same life."};
  run_options options;
  std::string seeds = "1..50";
  std::string faults = "all";
  std::string part_text;
  bool fixed = false;
  std::string only;
  std::uint64_t failpoint_seeds = 50;
  bool trace_all = false;
  bool mail = false;
  std::string without;
  bool find_all = false;
  bool loud = false;
  app.add_option("--seeds,--seed", seeds, "A..B, or one")->capture_default_str();
  app.add_option("--minutes", options.minutes, "simulated time of a life, at least")
      ->capture_default_str();
  auto* chosen_faults =
      app.add_option("--faults", faults,
                     known_faults()
                         + "; several with commas; a failpoint's name, for its faults "
                           "without the failpoint; or mixed, in turn those of all "
                           "failpoints and all")
          ->capture_default_str();
  app.add_flag("--verbose", options.verbose, "a line for each seed");
  app.add_flag("--keep-going", options.keep_going, "do not stop at a violation");
  app.add_flag("--trace", trace_all, "print all that happens (one seed)");
  app.add_flag("--mail", mail, "with --trace: each message of each actor, too");
  app.add_flag("--log", loud, "with --trace: what the workers log, too");
  app.add_option("--jobs", options.jobs, "processes at a time")->capture_default_str();
  app.add_flag("--failpoints", find_all, "look for every failpoint");
  app.add_option("--only", only, "with --failpoints: this one");
  app.add_option("--failpoint-seeds", failpoint_seeds,
                 "with --failpoints: how many seeds")
      ->capture_default_str();
  app.add_option("--failpoint", without, "switch this one on; not with --failpoints");
  app.add_flag("--fixed", fixed, "the lives that the tests go through");
  app.add_option("--part", part_text,
                 "with --fixed or --failpoints: I/N, one of N parts");
  app.add_option("--ignore", options.ignored,
                 "an invariant that may be broken, by a part of its name");
  app.add_flag("--by-record", options.by_record,
               "applications work on what their record says");
  CLI11_PARSE(app, argc, argv);
  spdlog::set_level(loud ? spdlog::level::debug : spdlog::level::off);

  share part;
  if (!part_text.empty()) {
    auto found = share_of(part_text);
    if (!found)
      return fail("a part is I/N, as 1/4; found '" + part_text + "'");
    part = *found;
  }
  if (!without.empty() && !switch_on(without))
    return fail("'" + without + "' is no failpoint");
  auto chosen = faults_named(faults);
  if (!chosen && faults != "mixed")
    return fail("'" + faults + "' is no fault; choose from " + known_faults());
  auto of_seed = [&](std::uint64_t seed) {
    return chosen ? *chosen : mixed_profile(seed);
  };
  if (find_all)
    return find_failpoints(only, part, failpoint_seeds,
                           chosen_faults->count() > 0
                               ? std::function<profile(std::uint64_t)>{of_seed}
                               : nullptr,
                           options);

  std::vector<task> tasks;
  if (fixed) {
    auto all = fixed_set();
    for (std::size_t i = part.number - 1; i < all.size(); i += part.of)
      tasks.push_back({*faults_named(all[i].faults), all[i].seed});
    return run(tasks, options);
  }
  auto range = range_of(seeds);
  if (!range)
    return fail("--seeds wants A..B, as 1..50; found '" + seeds + "'");
  if (trace_all)
    return replay({of_seed(range->first), range->first}, options, mail);
  for (auto seed = range->first; seed <= range->second; ++seed)
    tasks.push_back({of_seed(seed), seed});
  return run(tasks, options);
}
