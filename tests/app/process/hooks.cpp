// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.hooks

#include "../../support/process.hpp"

#include "../../support/eventually.hpp"

#include "partita/app/process/hooks.hpp"

#include <nlohmann/json.hpp>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/test/unit_test.hpp>

#include <csignal>
#include <fstream>
#include <sstream>

using namespace partita;
using namespace partita::app;
using namespace partita::test;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

constexpr auto revoked = static_cast<std::size_t>(partita::core::hook_kind::revoked);

struct fixture {
  caf::actor_system_config cfg;
  caf::actor_system sys{cfg};
  caf::scoped_actor self{sys};
  temporary_folder folder;
  config::hooks_settings settings;
  hooks_actor hooks;

  ~fixture() {
    if (hooks)
      end_hooks(self, hooks, settings);
  }

  std::string path(const std::string& name) const { return folder.path() + '/' + name; }
  static config::hook_command shell(const std::string& text) {
    return {"/bin/sh", "-c", text};
  }
  void begin() { hooks = spawn_hooks(sys, settings, "orders"); }

  std::string content(const std::string& name) const {
    std::ifstream in{path(name)};
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
  }
  bool says(const std::string& name, const std::string& text) const {
    return eventually(20s, [&] { return content(name) == text; });
  }

  static std::vector<grant> grants(std::vector<std::string> names) {
    std::vector<grant> result;
    for (auto& x : names)
      result.push_back({{{"orders", std::move(x)}}, {40 + result.size()}});
    return result;
  }
  void assign(std::vector<std::string> names) {
    self->send(hooks, partitions_assigned{{"worker-3"}, {}, grants(std::move(names))});
  }

  template <class T>
  bool confirms(const T& x, std::chrono::milliseconds within = 20s) {
    auto result = false;
    self->request(hooks, within, x)
        .receive([&](work_stopped) { result = true; }, [](const caf::error&) {});
    return result;
  }
  bool revoke(std::vector<std::string> names, std::chrono::milliseconds within = 20s) {
    return confirms(partitions_revoked{{"worker-3"}, grants(std::move(names)), 30s},
                    within);
  }
  bool lose(std::vector<std::string> names) {
    return confirms(
        partitions_lost{{"worker-3"}, grants(std::move(names)), "why", 700ms});
  }

  hook_stats stats() {
    hook_stats result;
    self->request(hooks, 20s, get_hook_stats{})
        .receive([&](const hook_stats& x) { result = x; },
                 [](const caf::error& why) { CAF_FAIL("no stats: " << why); });
    return result;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(hooks_tests, fixture)

CAF_TEST(a command gets its event from its environment and its input) {
  settings.assigned = shell("true");
  settings.revoked = shell(
      "echo $PARTITA_EVENT $PARTITA_WORKER_ID $PARTITA_GROUP "
      "$PARTITA_TOKEN $PARTITA_PARTITIONS >"
      + path("env") + "; test $PARTITA_TIME_LEFT_MS -gt 1000 && cat >" + path("in"));
  begin();
  CAF_CHECK(revoke({"7", "8"}));
  CAF_CHECK_EQUAL(content("env"), "revoked worker-3 orders 41 orders.7 orders.8\n");
  auto event = json::parse(content("in"));
  CAF_CHECK_EQUAL(event["event"].get<std::string>(), "revoked");
  CAF_CHECK_EQUAL(event["partitions"].size(), 2u);
}

CAF_TEST(states and assignments run their own commands) {
  settings.assigned = shell("echo $PARTITA_EVENT $PARTITA_PARTITIONS >>" + path("a"));
  settings.revoked = shell("true");
  settings.state = shell("cat >" + path("s"));
  begin();
  assign({"7"});
  self->send(hooks,
             state_changed{
                 {"worker-3"}, worker_state::election, worker_state::stable, "says who"});
  CAF_CHECK(says("a", "assigned orders.7\n"));
  CAF_REQUIRE(eventually(20s, [&] { return content("s").ends_with("\n"); }));
  auto event = json::parse(content("s"));
  CAF_CHECK_EQUAL(event["to"].get<std::string>(), "stable");
}

CAF_TEST(a failed revocation is confirmed by the try that succeeds) {
  settings.revoked =
      shell("test -e " + path("flag") + " || { touch " + path("flag") + "; exit 3; }");
  begin();
  CAF_CHECK(revoke({"7"}));
  auto x = stats().of[revoked];
  CAF_CHECK_EQUAL(x.runs, 2u);
  CAF_CHECK_EQUAL(x.failures, 1u);
  CAF_CHECK_EQUAL(x.timeouts, 0u);
}

CAF_TEST(a command that hangs is ended with all that it has started) {
  settings.timeout = 300ms;
  // Work that does not end; it is killed, and the test waits for that.
  settings.revoked = shell("test -e " + path("pid") + " || { sleep 1000 & echo $! >"
                           + path("pid") + "; wait; }");
  begin();
  CAF_CHECK(revoke({"7"}));
  CAF_CHECK_EQUAL(stats().of[revoked].timeouts, 1u);
  auto pid = std::stoi(content("pid"));
  CAF_CHECK(eventually(20s, [&] {
    std::ifstream in{"/proc/" + std::to_string(pid) + "/stat"};
    std::string words((std::istreambuf_iterator<char>{in}), {});
    return words.empty() || words.find(") Z") != std::string::npos;
  }));
}

CAF_TEST(a command that is not there confirms nothing and is tried again) {
  settings.revoked = {"/no/such/program"};
  begin();
  CAF_CHECK(!revoke({"7"}, 600ms));
  CAF_CHECK(eventually(20s, [&] { return stats().of[revoked].failures >= 2; }));
}

CAF_TEST(a loss ends an assignment that runs and waits for no time - out) {
  // Work that does not end; it is killed, and the test waits for that.
  settings.assigned = shell("echo >" + path("begun") + "; sleep 1000");
  settings.revoked = shell("exit 1");
  settings.lost = shell("echo $PARTITA_EVENT $PARTITA_PARTITIONS >" + path("l"));
  settings.timeout = 1h;
  begin();
  assign({"7"});
  CAF_REQUIRE(says("begun", "\n"));
  CAF_CHECK(lose({"7"}));
  CAF_CHECK_EQUAL(content("l"), "lost orders.7\n");
}

CAF_TEST(a loss without a command of its own runs that of revocations) {
  settings.revoked = shell("echo $PARTITA_EVENT >" + path("r"));
  begin();
  CAF_CHECK(lose({"7"}));
  CAF_CHECK_EQUAL(content("r"), "lost\n");
}

CAF_TEST(without a command all is confirmed at once) {
  settings.state = shell("true");
  begin();
  CAF_CHECK(revoke({"7"}));
  CAF_CHECK(lose({"7"}));
}

CAF_TEST(more names than a variable holds are on stdin alone) {
  settings.revoked =
      shell("test -z \"${PARTITA_PARTITIONS+set}\" && wc -c >" + path("size"));
  begin();
  CAF_CHECK(revoke(std::vector<std::string>(2000, std::string(50, 'x'))));
  CAF_CHECK_GREATER(std::stoi(content("size")), 64 << 10);
}

CAF_TEST(what a command leaves in the background lives on) {
  // Work that does not end; it is killed, and the test waits for that.
  settings.revoked = shell("sleep 1000 >/dev/null 2>&1 & echo $! >" + path("pid"));
  begin();
  CAF_CHECK(revoke({"7"}));
  end_hooks(self, hooks, settings);
  hooks = nullptr;
  CAF_CHECK_EQUAL(kill(std::stoi(content("pid")), SIGKILL), 0);
}

CAF_TEST_FIXTURE_SCOPE_END()
