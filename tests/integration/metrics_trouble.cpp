// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE integration.metrics_trouble

#include "support/metrics_group.hpp"

#include "../support/nats_client.hpp"

#include "partita/messages/codec.hpp"

#include <caf/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>
#include <variant>
#include <vector>

using namespace partita;
using namespace partita::test;

/// What only trouble makes visible, and all that is documented.
namespace {

std::string label(const std::string& name, const std::string& value) {
  return name + "=\"" + value + '"';
}

/// The rows of the tables in docs/ops/metrics.md.
std::set<std::string> documented_names() {
  std::ifstream in{"docs/ops/metrics.md"};
  CAF_REQUIRE(in);
  std::set<std::string> result;
  std::regex row{R"(^\| `(partita_\w+)` \|.*)"};
  for (std::string line; std::getline(in, line);)
    if (std::smatch found; std::regex_match(line, found, row))
      result.insert(found[1]);
  return result;
}

/// A name as it is documented: a histogram without the suffixes of its series.
std::set<std::string> without_suffixes(const std::set<std::string>& series,
                                       const std::set<std::string>& documented) {
  std::set<std::string> result;
  for (const auto& x : series)
    result.insert(documented.contains(x) ? x : x.substr(0, x.rfind('_')));
  return result;
}

std::vector<std::string> hook(const std::string& kind, const std::string& command) {
  return {"--set", "hooks." + kind + '=' + command};
}

void append(std::vector<std::string>& to, std::vector<std::string> more) {
  to.insert(to.end(), more.begin(), more.end());
}

timings patient() {
  timings result;
  // Room for a leader whose answers are held back for longer than a request waits.
  result.lease = 4s;
  result.ttl = 10s;
  result.id_ttl = 20s;
  result.request = 1s;
  return result;
}

/// Workers behind a network that can be held up; "a" leads.
struct patient_group : metrics_group {
  patient_group() : metrics_group{patient()} {
    group.use_proxies();
    start_all({"a"});
    start_all({"b"});
  }

  /// Another worker joins; returns when the leader waits to plan for it, and receives
  /// nothing from the server any more.
  void join_and_hold_answers(const std::string& name) {
    auto before = group.journal().now().at("a").states.size();
    start(name);
    CAF_REQUIRE(group.journal().wait([&](const auto& all) {
      const auto& states = all.at("a").states;
      return all.at("a").leading && states.size() > before && states.back() == "scaling";
    }));
    group.proxy("a").set(tcp_proxy::mode::deaf_client);
  }

  void let_answers_pass() { group.proxy("a").set(tcp_proxy::mode::open); }
};

} // namespace

CAF_TEST(states and alerts of a worker and troubles of the store are shown) {
  metrics_group workers;
  auto& group = workers.group;
  workers.start_all({"a", "b"});
  auto before = workers.ask("a");
  CAF_CHECK(before.shows("partita_build_info{version=\"" PARTITA_VERSION "\"}"));
  auto now = group.journal().now().at("a");
  CAF_CHECK_EQUAL(before.sum("partita_version_applied"),
                  static_cast<double>(now.version));
  CAF_CHECK_EQUAL(before.sum("partita_worker_state"), 1.0);
  CAF_CHECK_EQUAL(before.sum("partita_worker_state", label("state", "stable")), 1.0);
  CAF_CHECK_EQUAL(before.sum("partita_worker_state_changes_total"),
                  static_cast<double>(now.states.size()));
  CAF_CHECK_EQUAL(before.sum("partita_degraded"), 0.0);
  CAF_CHECK_EQUAL(before.sum("partita_alert_active"), 0.0);
  CAF_CHECK_EQUAL(before.sum("partita_store_reconnects_total"), 0.0);
  CAF_MESSAGE("the server goes away");
  group.server().kill();
  auto away = workers.ask_until("a", [](const scrape& x) {
    return x.sum("partita_degraded") == 1 && x.sum("partita_alert_active") > 0;
  });
  CAF_CHECK_EQUAL(away.sum("partita_store_connected"), 0.0);
  CAF_CHECK_EQUAL(away.sum("partita_worker_state", label("state", "degraded")), 1.0);
  CAF_CHECK_EQUAL(away.sum("partita_session_remaining_seconds"), 0.0);
  CAF_CHECK(away.sum("partita_alerts_raised_total") > 0);
  CAF_MESSAGE("and comes back");
  group.server().start();
  group.require_rest();
  auto after = workers.ask_until("a", [](const scrape& x) {
    return x.sum("partita_alert_active") == 0 && x.sum("partita_degraded") == 0;
  });
  CAF_CHECK_EQUAL(after.sum("partita_store_connected"), 1.0);
  CAF_CHECK(after.sum("partita_store_reconnects_total") >= 1);
  CAF_CHECK(after.sum("partita_store_watch_rebuilds_total")
            > before.sum("partita_store_watch_rebuilds_total"));
  CAF_CHECK(after.sum("partita_store_requests_total", label("outcome", "not_connected"))
                + after.sum("partita_store_requests_total", label("outcome", "unknown"))
            > 0);
  CAF_CHECK_EQUAL(after.sum("partita_worker_state", label("state", "stable")), 1.0);
  CAF_CHECK_EQUAL(after.fallen_since(before), "");
}

CAF_TEST(entries that cannot be read are counted once for each text) {
  metrics_group workers;
  workers.start_all({"a", "b"});
  auto leader = workers.group.leader();
  nats_client client{workers.group.server().url()};
  CAF_CHECK_EQUAL(workers.ask(leader).sum("partita_invalid_entries_total"), 0.0);
  const auto* key = "heartbeat.worker-77";
  client.put("it-heartbeat", key, "no json");
  // A bucket keeps one value of each key: what is overwritten at once may never be seen.
  workers.ask_until(leader, [](const scrape& x) {
    return x.sum("partita_invalid_entries_total") >= 1;
  });
  client.put("it-heartbeat", key, "no json");
  client.put("it-heartbeat", key, "[]");
  workers.ask_until(leader, [](const scrape& x) {
    return x.sum("partita_invalid_entries_total") >= 2;
  });
  client.put("it-assignment", "assignment.worker-78", "?");
  workers.ask_until(leader, [](const scrape& x) {
    return x.sum("partita_invalid_entries_total") >= 3;
  });
  workers.group.require_rest();
  CAF_CHECK_EQUAL(workers.ask(leader).sum("partita_invalid_entries_total"), 3.0);
}

CAF_TEST(hooks that work and those that fail and those that hang are counted) {
  metrics_group workers;
  auto& group = workers.group;
  auto allowed = group.server().dir() / "allowed";
  auto with = hook("revoked", "test -e " + allowed.string());
  append(with, hook("state", "true"));
  // It is ended by hooks.timeout.
  append(with, hook("assigned", "sleep 600"));
  append(with, {"--set", "hooks.timeout=1s"});
  workers.start("old", with);
  group.require_rest();
  auto before = workers.ask_until("old", [](const scrape& x) {
    return x.sum("partita_hook_runs_total", label("hook", "state")) > 0
           && x.sum("partita_hook_running", label("hook", "assigned")) == 1;
  });
  CAF_CHECK_EQUAL(before.sum("partita_hook_runs_total", label("hook", "revoked")), 0.0);
  workers.ask_until("old", [](const scrape& x) {
    return x.sum("partita_hook_timeouts_total", label("hook", "assigned")) > 0;
  });
  CAF_MESSAGE("a hand-off whose hook fails");
  workers.start("new");
  auto held = workers.ask_until("old", [](const scrape& x) {
    return x.sum("partita_hook_failures_total", label("hook", "revoked")) >= 2;
  });
  CAF_CHECK_EQUAL(held.sum("partita_hook_waiting", label("hook", "revoked"))
                      + held.sum("partita_hook_running", label("hook", "revoked")),
                  1.0);
  std::ofstream{allowed} << "yes";
  group.require_rest();
  auto after = workers.ask_until("old", [](const scrape& x) {
    return x.sum("partita_hook_waiting", label("hook", "revoked")) == 0
           && x.sum("partita_hook_running", label("hook", "revoked")) == 0;
  });
  auto of = [&](const char* what, const char* kind) {
    return after.sum("partita_hook_" + std::string{what} + "_total", label("hook", kind));
  };
  CAF_CHECK_EQUAL(of("runs", "revoked"), of("failures", "revoked") + 1);
  CAF_CHECK_EQUAL(of("timeouts", "revoked"), 0.0);
  CAF_CHECK(of("failures", "assigned") >= of("timeouts", "assigned"));
  CAF_CHECK_EQUAL(of("failures", "state"), 0.0);
  CAF_CHECK_EQUAL(of("runs", "lost"), 0.0);
  CAF_CHECK_EQUAL(after.fallen_since(before), "");
}

CAF_TEST(a record that another client wrote meanwhile is a conflict) {
  patient_group workers;
  auto& group = workers.group;
  nats_client client{group.server().url()};
  auto key_of = [&](const char* name) { return "assignment." + group.id_of(name); };
  auto text_of = [&](const char* name) {
    return client
        .request("$JS.API.DIRECT.GET.KV_it-assignment.$KV.it-assignment." + key_of(name))
        .data;
  };
  workers.join_and_hold_answers("c");
  client.put("it-assignment", key_of("b"), text_of("b"));
  CAF_MESSAGE("of the two that give partitions away one is written");
  CAF_REQUIRE(eventually(20s, [&] {
    auto found = record_from(text_of("a"), 0);
    return !std::get<record>(found).revoking.empty();
  }));
  workers.let_answers_pass();
  group.require_rest();
  CAF_CHECK_EQUAL(group.leader(), "a");
  auto x = workers.ask_leader_at_rest();
  CAF_CHECK_EQUAL(x.sum("partita_record_conflicts_total"), 1.0);
  CAF_CHECK_EQUAL(x.sum("partita_record_unknown_outcomes_total"), 0.0);
}

CAF_TEST(records whose writes are not answered are counted and written all the same) {
  patient_group workers;
  workers.join_and_hold_answers("c");
  auto held = workers.ask_until("a", [](const scrape& x) {
    return x.sum("partita_record_unknown_outcomes_total") > 0;
  });
  CAF_CHECK(held.sum("partita_store_requests_total", label("outcome", "unknown")) > 0);
  CAF_CHECK_EQUAL(held.sum("partita_leader"), 1.0);
  workers.let_answers_pass();
  workers.group.require_rest();
}

CAF_TEST(all that is documented is shown) {
  auto documented = documented_names();
  CAF_CHECK(documented.size() > 30);
  // Only where a stream is consumed: app.metrics compares those.
  std::erase_if(documented,
                [](const auto& x) { return x.starts_with("partita_consumer"); });
  metrics_group workers;
  workers.start("a", hook("state", "true"));
  workers.group.require_rest();
  auto names = workers.ask_leader_at_rest().names();
  workers.group.server().kill();
  names.merge(
      workers
          .ask_until("a",
                     [](const scrape& x) { return x.sum("partita_alert_active") > 0; })
          .names());
  auto shown = without_suffixes(names, documented);
  CAF_CHECK_EQUAL(shown, documented);
}
