// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE integration.hooks

#include "support/group.hpp"

#include "../support/eventually.hpp"

#include <caf/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

using namespace partita::test;

namespace {

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in{file};
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// A group whose workers have hooks; each kind writes a line into the worker's diary.
struct fixture {
  timings times;

  struct workers : process_group {
    using process_group::process_group;

    std::filesystem::path file(const std::string& name) { return server().dir() / name; }
    std::string diary(const std::string& name) {
      return content_of(file(name + ".diary"));
    }

    std::string note(const std::string& name) {
      return "echo $PARTITA_EVENT $PARTITA_PARTITIONS >>"
             + file(name + ".diary").string();
    }

    /// `more` replaces what is said here.
    void start_with_hooks(const std::string& name,
                          const std::map<std::string, std::string>& more = {}) {
      auto hooks = more;
      for (const auto* kind : {"assigned", "revoked", "lost", "state"})
        hooks.try_emplace(kind, note(name));
      std::vector<std::string> arguments;
      for (const auto& [kind, command] : hooks) {
        arguments.push_back("--set");
        arguments.push_back("hooks." + kind + '=' + command);
      }
      start(name, arguments);
    }

    bool waits_for_log(const std::string& name, const std::string& text) {
      return eventually(30s, [&] { return contains(log(name), text); });
    }
  };
};

/// w0 falls silent for so long that its session is over.
void freeze_until_others_own_all(fixture::workers& group) {
  group.start("w1");
  group.require_rest();
  group.freeze("w0");
  CAF_REQUIRE(group.journal().wait([&](const auto& all) {
    return all.at("w1").owns.size() == group.with().partitions;
  }));
}

/// What is gained by a worker that joins another one waits for that one's hook.
void holds_until_allowed(fixture::workers& group, const std::string& trouble) {
  group.start("new");
  CAF_CHECK(group.waits_for_log("old", trouble));
  CAF_CHECK(group.journal().now().at("new").owns.empty());
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(hooks_tests, fixture)

CAF_TEST(hooks are notified of everything and their group works as any other) {
  times.partitions = 4;
  workers group{times};
  group.start_with_hooks("w0");
  group.require_rest();
  CAF_CHECK(eventually(30s, [&] {
    return contains(group.diary("w0"), "assigned p.0 p.1 p.2 p.3\n")
           && contains(group.diary("w0"), "state\n");
  }));
  group.start_with_hooks("w1");
  group.require_rest();
  CAF_CHECK(contains(group.diary("w0"), "revoked p."));
  CAF_CHECK(eventually(30s, [&] { return contains(group.diary("w1"), "assigned p."); }));
  CAF_CHECK_EQUAL(group.stop("w0"), 0);
  group.require_rest();
  CAF_CHECK_EQUAL(group.stop("w1"), 0);
  CAF_CHECK(!contains(group.diary("w0") + group.diary("w1"), "lost"));
}

CAF_TEST(a revocation that fails holds the hand - over until it succeeds) {
  workers group;
  auto allowed = group.file("allowed");
  group.start_with_hooks("old", {{"revoked", "test -e " + allowed.string()}});
  group.require_rest();
  holds_until_allowed(group, "hooks.revoked failed 2 times in a row: exit code 1");
  std::ofstream{allowed} << "yes";
  group.require_rest();
}

CAF_TEST(a hook that has gone is reported and waited for until it is back) {
  workers group;
  auto script = group.file("revoke");
  std::ofstream{script} << "#!/bin/sh\nexit 0\n";
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  group.start_with_hooks("old", {{"revoked", "['" + script.string() + "']"}});
  group.require_rest();
  auto away = group.file("away");
  std::filesystem::rename(script, away);
  holds_until_allowed(group, "cannot start " + script.string() + ": No such file");
  std::filesystem::rename(away, script);
  group.require_rest();
}

CAF_TEST(a revocation that never succeeds ends the session when the hand - over is late) {
  times.handoff_timeout = 1s;
  workers group{times};
  group.start_with_hooks("old", {{"revoked", "exit 1"}});
  group.require_rest();
  group.start("new");
  CAF_CHECK(eventually(30s, [&] { return contains(group.diary("old"), "lost p."); }));
  group.require_rest();
}

CAF_TEST(a hook that hangs ends no session) {
  workers group;
  // A hook that hangs for longer than all of the test.
  group.start_with_hooks("w0", {{"assigned", "sleep 30"}, {"state", "sleep 30"}});
  group.require_rest();
  // A leader may still be "scaling" when all is owned.
  auto over = group.journal().wait(
      [](const auto& all) {
        const auto& x = all.at("w0");
        return x.owns.empty() || x.state == "degraded" || x.state == "claiming_id";
      },
      3 * group.with().ttl);
  CAF_CHECK(!over);
  group.kill("w0");
}

CAF_TEST(a worker that lost its session stops its work and takes part again) {
  // An eighth of it is what the hook has to stop.
  times.ttl = 8s;
  times.id_ttl = 8s;
  workers group{times};
  group.without_guard();
  group.start_with_hooks("w0");
  freeze_until_others_own_all(group);
  group.thaw("w0");
  group.require_rest();
  CAF_CHECK(eventually(30s, [&] {
    auto diary = group.diary("w0");
    auto lost = diary.find("lost p.");
    return lost != std::string::npos && contains(diary.substr(lost), "assigned p.");
  }));
  CAF_CHECK_EQUAL(group.stop("w0"), 0);
}

CAF_TEST(a worker whose work cannot be stopped ends with its process) {
  workers group;
  group.without_guard();
  group.start_with_hooks("w0", {{"lost", "exit 1"}});
  freeze_until_others_own_all(group);
  group.thaw("w0");
  CAF_CHECK_EQUAL(group.wait_for_end("w0"), 1);
  CAF_CHECK(contains(group.log("w0"), "hooks.lost failed"));
}

CAF_TEST_FIXTURE_SCOPE_END()
