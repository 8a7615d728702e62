// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE config.hooks

#include "fixture.hpp"

#include "partita/config/checks.hpp"

using namespace partita::config;

namespace {

using words = std::vector<std::string>;

load_options to_run() {
  load_options result;
  result.programs_required = true;
  return result;
}

} // namespace

CAF_TEST(text is for the shell and an array is a program and its arguments) {
  auto x = loaded(named + "[hooks]\nrevoked = 'a | b'\nstate = ['/x y', '', '-v']");
  CAF_CHECK_EQUAL(x.hooks.revoked, (words{"/bin/sh", "-c", "a | b"}));
  CAF_CHECK_EQUAL(x.hooks.state, (words{"/x y", "", "-v"}));
  CAF_CHECK(x.hooks.used());
  CAF_CHECK(!loaded(named).hooks.used());
}

CAF_TEST(on the command line an array begins with a bracket) {
  load_options options;
  options.overrides = {"hooks.revoked=['a', 'b, c']", "hooks.state=[ -d /x ] && a, b"};
  options.environment = {{"PARTITA_HOOKS_LOST", "a, b"}};
  auto x = loaded(named, options);
  CAF_CHECK_EQUAL(x.hooks.revoked, (words{"a", "b, c"}));
  CAF_CHECK_EQUAL(x.hooks.state, (words{"/bin/sh", "-c", "[ -d /x ] && a, b"}));
  CAF_CHECK_EQUAL(x.hooks.lost, (words{"/bin/sh", "-c", "a, b"}));
}

CAF_TEST(a missing program is reported where hooks are to run) {
  check_contains(
      problem_in(named + "hooks.revoked = ['/no/such/program', 'a']", to_run()),
      "f.toml:2: hooks.revoked: found \"/no/such/program\"; must be a program "
      "that can be run: No such file or directory");
  check_contains(problem_in(named + "hooks.state = ['config/partita.toml']", to_run()),
                 "chmod +x");
  check_contains(problem_in(named + "hooks.state = ['./config']", to_run()),
                 "a directory");
  check_contains(problem_in(named + "hooks.state = ['no_such_program']", to_run()),
                 "PATH");
  CAF_MESSAGE("programs that are there, and commands for the shell");
  loaded(
      named + "hooks.state = ['/bin/sh']\nhooks.lost = ['sh']\nhooks.revoked = 'no_such'",
      to_run());
  CAF_MESSAGE("and elsewhere it is not looked for");
  loaded(named + "hooks.revoked = ['/no/such/program']");
}

CAF_TEST(a hook may call partita with the variables that it got) {
  load_options options;
  for (const auto* name : {"PARTITA_EVENT", "PARTITA_WORKER_ID", "PARTITA_GROUP",
                           "PARTITA_TOKEN", "PARTITA_PARTITIONS", "PARTITA_TIME_LEFT_MS"})
    options.environment[name] = std::string{"x"};
  loaded(named, options);
  CAF_CHECK(unknown_variables(options.environment).empty());
}
