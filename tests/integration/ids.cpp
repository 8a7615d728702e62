// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE integration.ids

#include "support/group.hpp"

#include <caf/test/unit_test.hpp>

#include <signal.h>

using namespace partita::test;

CAF_TEST(an id pool that is exhausted gives an error that names the range) {
  timings few;
  few.id_max = 1;
  few.startup = 2s;
  process_group group{few};
  group.start("w0");
  group.start("w1");
  group.require_rest();
  group.start("w2");
  CAF_CHECK_EQUAL(group.wait_for_end("w2"), 1);
  CAF_MESSAGE(group.log("w2"));
  CAF_CHECK_NOT_EQUAL(group.log("w2").find("0 to 1"), std::string::npos);
}

CAF_TEST(a killed worker comes back under its old id) {
  process_group group;
  group.start_many(3);
  group.require_rest();
  for (auto name : {"w1", "w2"}) {
    auto id = group.id_of(name);
    group.kill(name);
    group.start(name);
    group.require_rest();
    CAF_CHECK_EQUAL(group.id_of(name), id);
  }
}

CAF_TEST(two incarnations after a pause never both keep one id) {
  process_group group;
  group.without_guard();
  group.start_many(3);
  group.require_rest();
  auto sleeper = group.leader() == "w0" ? "w1" : "w0";
  auto id = group.id_of(sleeper);
  group.freeze(sleeper);
  CAF_MESSAGE("the same place is started again while the first one sleeps");
  worker_process twin{"twin",
                      PARTITA_PROGRAM,
                      {"run", "-c", group.config_file(), "--events", "-", "--set",
                       std::string{"worker.instance="} + sleeper},
                      group.journal(),
                      group.server().dir() / "twin.log"};
  auto claimed =
      group.journal().wait([&](const auto& all) { return all.at("twin").id == id; });
  CAF_CHECK(claimed);
  group.thaw(sleeper);
  auto apart = group.journal().wait([&](const auto& all) {
    const auto& x = all.at(sleeper);
    return !x.id.empty() && x.id != all.at("twin").id && x.ids.size() == 2;
  });
  if (!apart)
    CAF_FAIL("two workers under one id:\n" << group.journal().story());
  twin.signal(SIGKILL);
  twin.wait();
  group.journal().gone("twin");
  group.require_rest();
}

CAF_TEST(
    a worker paused past its heartbeat reports nothing that is outdated when it wakes) {
  process_group group;
  group.without_guard();
  group.start_many(3);
  group.require_rest();
  auto sleeper = group.leader() == "w0" ? "w1" : "w0";
  auto before = group.journal().now().at(sleeper);
  group.freeze(sleeper);
  auto taken = group.journal().wait([&](const auto& all) {
    std::size_t owned = 0;
    for (const auto& [name, x] : all)
      owned += name == sleeper ? 0 : x.owns.size();
    return owned == group.with().partitions;
  });
  CAF_CHECK(taken);
  group.thaw(sleeper);
  CAF_MESSAGE("the first word after the pause is that it owns nothing, or its new share");
  auto spoke = group.journal().wait([&](const auto& all) {
    return all.at(sleeper).stamps.size() > before.stamps.size();
  });
  CAF_CHECK(spoke);
  group.require_rest();
  CAF_CHECK_EQUAL(went_back(group.journal().now()), "");
}
