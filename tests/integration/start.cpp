// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE integration.start

#include "support/group.hpp"

#include "../support/process.hpp"

#include <caf/test/unit_test.hpp>

#include <algorithm>

/// A start that does not wait (docs/protocol.md). The times are those that a group has by
/// default, so a wait would take 6.3 s.
using namespace partita::test;

namespace {

timings all_defaults() {
  auto result = default_timings();
  result.cold_start_window = 30s;
  result.planned_scale_window = 10s;
  result.settle = 1000ms;
  result.min_interval = 10s;
  result.partitions = 64;
  return result;
}

struct starting_group : process_group {
  starting_group() : process_group{all_defaults()} {}

  process_result init() const { return run_partita({"init", "-c", config_file()}); }

  /// How long it took from `begin` until this held; far less than a wait.
  std::chrono::milliseconds until(const std::function<bool(const journal::views&)>& holds,
                                  std::chrono::steady_clock::time_point begin) {
    if (!journal().wait(holds, 4500ms))
      CAF_FAIL("it waits:\n" << journal().story());
    return std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - begin);
  }

  /// Starts so many at once, and says how long it takes.
  void start_all(std::size_t count, const std::string& what,
                 const std::vector<std::string>& more = {}) {
    auto begin = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < count; ++i)
      start("w" + std::to_string(i), more);
    auto owned = until([](const auto& all) { return all_owned_once(all, 64); }, begin);
    auto works = until(
        [&](const journal::views& all) {
          return std::count_if(all.begin(), all.end(),
                               [](const auto& x) { return !x.second.owns.empty(); })
                 == static_cast<std::ptrdiff_t>(count);
        },
        begin);
    CAF_MESSAGE(what << ": first owners after " << owned.count() << " ms, all " << count
                     << " own partitions after " << works.count() << " ms");
  }

  void stop_all() {
    auto names = journal().now();
    for (const auto& [name, x] : names)
      tell_to_stop(name);
    for (const auto& [name, x] : names)
      CAF_CHECK_EQUAL(wait_for_end(name), 0);
  }
};

const std::vector<std::string> expected{"--set", "rebalance.expected_workers=20"};

} // namespace

CAF_TEST(
    a group that was declared starts without a wait and so does one that was stopped) {
  starting_group group;
  auto declared = group.init();
  CAF_REQUIRE_EQUAL(declared.code, 0);
  CAF_MESSAGE(declared.out);
  CAF_MESSAGE("a second time there is nothing to declare");
  CAF_CHECK_EQUAL(group.init().code, 1);
  group.start_all(3, "three, declared");
  group.stop_all();
  group.start_all(3, "three, again");
  group.stop_all();
  group.start_all(20, "twenty, again, and expected", expected);
  group.stop_all();
  group.start_all(20, "twenty, again");
  CAF_CHECK_EQUAL(group.journal().violations(), "");
}

CAF_TEST(a server that was restarted is waited for and status says so) {
  starting_group group;
  CAF_REQUIRE_EQUAL(group.init().code, 0);
  group.server().restart();
  group.start("w0");
  CAF_REQUIRE(
      group.journal().wait([](const auto& all) { return !leader_of(all).empty(); }));
  auto owns = [](const auto& all) { return all_owned_once(all, 64); };
  CAF_CHECK(!group.journal().wait(owns, 3s));
  auto status = run_partita({"status", "-c", group.config_file()});
  CAF_CHECK_NOT_EQUAL(status.out.find("grants wait for "), std::string::npos);
  CAF_MESSAGE(status.out);
  CAF_CHECK(group.journal().wait(owns));
  CAF_MESSAGE("as it may grant now, its successor need not wait");
  group.stop_all();
  group.start_all(3, "three, after a wait");
}
