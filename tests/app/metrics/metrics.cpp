// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.metrics

#include "partita/app/metrics/metrics.hpp"

#include "../../support/stub.hpp"

#include <caf/actor_cast.hpp>
#include <caf/test/dsl.hpp>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

using namespace partita;
using namespace partita::app;
using namespace std::chrono_literals;

namespace {

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// A leader with two partitions in trouble.
process_stats sample() {
  worker_stats w;
  w.group = "orders";
  w.status.worker_id = {"worker-3"};
  w.status.state = worker_state::degraded;
  w.status.leading = true;
  w.status.applied = {{1763884512}, {1763884512 * versions_per_epoch + 7}};
  w.status.partitions.resize(2);
  w.status.invalid_entries = 1;
  w.epoch = {1763884512};
  w.session_left = 4250ms;
  w.lease_left = 2100ms;
  w.alerts = {{"store_away", alert_level::error}};
  w.alerts_raised = {0, 1, 1, 0};
  w.led.published = w.status.applied.version;
  w.led.partitions = 12;
  w.led.unowned = 2;
  w.led.moves[static_cast<std::size_t>(lifecycle::emergency)] = 4;
  w.led.confirm.add(20ms);
  w.led.confirm.add(3s);
  w.led.unknown = 5;
  w.turns.add(30us);
  w.turns.add(7ms);
  w.turns.add(2ms);
  store_stats s;
  s.connected = true;
  s.reconnects = 2;
  auto& update = s.operations[static_cast<std::size_t>(store_operation::update)];
  update.latency.add(700us);
  update.latency.add(3s);
  update.outcomes[static_cast<std::size_t>(store_outcome::conflict)] = 1;
  hook_stats h;
  h.of[static_cast<std::size_t>(core::hook_kind::revoked)] = {
      .runs = 3, .failures = 2, .timeouts = 1, .running = true, .waiting = 4};
  return {w, s,    true,
          h, true, consumers_lag{"orders", {{"7", 12, 30}, {"a.b", 0, 28}}, 12}};
}

/// A supervisor or a store that answers as `sample` does, or never.
struct fixture : test_coordinator_fixture<> {
  metrics_actor metrics = spawn_metrics(sys);
  caf::actor worker;
  caf::actor store;
  caf::actor hooks;
  caf::actor consumers;

  template <class Handle>
  static Handle as(const caf::actor& x) {
    return caf::actor_cast<Handle>(x);
  }

  void look() {
    anon_send(metrics, observe{as<store_actor>(store), as<supervisor_actor>(worker),
                               hooks ? as<hooks_actor>(hooks) : hooks_actor{},
                               consumers ? as<lag_actor>(consumers) : lag_actor{}});
    consume_messages();
  }

  void answer_both() {
    worker = test::spawn_stub(sys, [](get_stats) { return *sample().worker; });
    store = test::spawn_stub(sys, [](get_store_stats) { return *sample().store; });
    hooks = test::spawn_stub(sys, [](get_hook_stats) { return *sample().hooks; });
    consumers = test::spawn_stub(sys, [](get_lag) { return *sample().lag; });
    look();
  }

  std::string scrape() {
    std::string result;
    caf::scoped_actor asker{sys};
    asker->send(metrics, get_metrics{});
    consume_messages();
    sched.advance_time(metrics_patience);
    consume_messages();
    asker->receive([&](std::string& x) { result = std::move(x); });
    return result;
  }

  ~fixture() {
    for (const auto& x :
         {caf::actor_cast<caf::actor>(metrics), worker, store, hooks, consumers})
      if (x)
        anon_send_exit(x, caf::exit_reason::kill);
    consume_messages();
  }
};

} // namespace

// -- the text ---------------------------------------------------------------------------

CAF_TEST(what a worker and a store have to show is shown) {
  auto text = metrics_text(sample());
  const std::string group = "{group=\"orders\"";
  const std::string worker = group + ",worker_id=\"worker-3\"";
  CAF_CHECK(has_line(text, "partita_build_info{version=\"" PARTITA_VERSION "\"} 1"));
  CAF_CHECK(has_line(text, "# TYPE partita_leader gauge"));
  CAF_CHECK(has_line(text, "partita_leader" + worker + "} 1"));
  CAF_CHECK(has_line(text, "partita_epoch" + group + "} 1763884512"));
  CAF_CHECK(has_line(text, "partita_session_remaining_seconds" + worker + "} 4.25"));
  CAF_CHECK(has_line(text, "partita_lease_remaining_seconds" + worker + "} 2.1"));
  CAF_CHECK(has_line(text, "partita_partitions_owned" + worker + "} 2"));
  CAF_CHECK(has_line(text, "partita_degraded" + worker + "} 1"));
  CAF_CHECK(has_line(text, "partita_worker_state" + worker + ",state=\"degraded\"} 1"));
  CAF_CHECK(has_line(text, "partita_worker_state" + worker + ",state=\"stable\"} 0"));
  CAF_CHECK(has_line(text, "partita_alert_active" + worker
                               + ",alert=\"store_away\",level=\"error\"} 1"));
  CAF_CHECK(has_line(text, "partita_partitions" + group + "} 12"));
  CAF_CHECK(has_line(text, "partita_partitions_unowned" + group + "} 2"));
  CAF_CHECK(has_line(text, "# TYPE partita_partition_moves_total counter"));
  CAF_CHECK(has_line(text, "partita_partition_moves_total" + group
                               + ",reason=\"emergency\"} 4"));
  CAF_CHECK(has_line(text, "partita_record_unknown_outcomes_total" + group + "} 5"));
  CAF_CHECK(has_line(text, "partita_store_connected 1"));
  CAF_CHECK(has_line(text, "partita_store_reconnects_total 2"));
  CAF_CHECK(has_line(
      text, "partita_store_requests_total{operation=\"update\",outcome=\"conflict\"} 1"));
}

CAF_TEST(a version is shown to its last digit) {
  auto text = metrics_text(sample());
  auto version = std::to_string(1763884512 * versions_per_epoch + 7);
  CAF_CHECK(has_line(text, "partita_version_applied{group=\"orders\"} " + version));
  CAF_CHECK(has_line(text, "partita_version_published{group=\"orders\"} " + version));
}

CAF_TEST(the turns of the session thread are shown with the longest) {
  auto text = metrics_text(sample());
  CAF_CHECK(has_line(text, "partita_turn_longest_seconds{group=\"orders\"} 0.007"));
  CAF_CHECK(
      has_line(text, "partita_turn_seconds_bucket{group=\"orders\",le=\"0.005\"} 2"));
  CAF_CHECK(has_line(text, "partita_turn_seconds_count{group=\"orders\"} 3"));
}

CAF_TEST(a histogram counts what is at or below each bound) {
  auto text = metrics_text(sample());
  const std::string confirm =
      "partita_handoff_seconds_bucket{group=\"orders\",phase=\"confirm\",le=";
  CAF_CHECK(has_line(text, "# TYPE partita_handoff_seconds histogram"));
  CAF_CHECK(has_line(text, confirm + "\"0.01\"} 0"));
  CAF_CHECK(has_line(text, confirm + "\"0.025\"} 1"));
  CAF_CHECK(has_line(text, confirm + "\"5\"} 2"));
  CAF_CHECK(has_line(text, confirm + "\"+Inf\"} 2"));
  CAF_CHECK(has_line(
      text, "partita_handoff_seconds_sum{group=\"orders\",phase=\"confirm\"} 3.02"));
  const std::string update =
      "partita_store_request_seconds_bucket{operation=\"update\",le=";
  CAF_CHECK(has_line(text, update + "\"0.0005\"} 0"));
  CAF_CHECK(has_line(text, update + "\"0.001\"} 1"));
  CAF_CHECK(has_line(text, update + "\"1\"} 1"));
  CAF_CHECK(has_line(text, update + "\"+Inf\"} 2"));
  CAF_MESSAGE("a value on a bound is below it");
  histogram x{{1, 2}};
  x.add(1s);
  CAF_CHECK_EQUAL(x.counts, (std::vector<std::uint64_t>{1, 0, 0}));
}

CAF_TEST(each partition has its lag where a stream is consumed) {
  auto x = sample();
  auto text = metrics_text(x);
  CAF_CHECK(has_line(text, "partita_consumers_pending{group=\"orders\"} 12"));
  CAF_CHECK(
      has_line(text, "partita_consumer_pending{group=\"orders\",partition=\"7\"} 12"));
  CAF_CHECK(has_line(
      text, "partita_consumer_ack_floor{group=\"orders\",partition=\"a.b\"} 28"));
  x.lag.reset();
  CAF_CHECK(!contains(metrics_text(x), "partita_consumer_"));
}

CAF_TEST(only the leader shows the state of the group) {
  auto x = sample();
  x.worker->status.leading = false;
  auto text = metrics_text(x);
  for (const auto* name : {"partita_partitions{", "partita_partitions_unowned{",
                           "partita_version_published{"})
    CAF_CHECK(!contains(text, name));
  CAF_CHECK(contains(text, "partita_partition_moves_total{"));
}

CAF_TEST(a label cannot break the text) {
  auto x = sample();
  x.worker->group = "a\"b\\c\nd";
  CAF_CHECK(contains(metrics_text(x), R"(partita_epoch{group="a\"b\\c\nd"})"));
}

// -- gathering --------------------------------------------------------------------------

CAF_TEST_FIXTURE_SCOPE(metrics_tests, fixture)

CAF_TEST(a scrape asks worker and store) {
  answer_both();
  CAF_CHECK_EQUAL(scrape(), metrics_text(sample()));
}

CAF_TEST(an actor that does not answer in time is counted as missing) {
  answer_both();
  auto silent = test::spawn_stub(sys, [=](get_stats) {
    return caf::response_promise{}; // Never answered.
  });
  anon_send_exit(worker, caf::exit_reason::kill);
  worker = silent;
  look();
  auto text = scrape();
  CAF_CHECK(has_line(text, "partita_metrics_missing{part=\"worker\"} 1"));
  CAF_CHECK(has_line(text, "partita_metrics_missing{part=\"store\"} 0"));
  CAF_CHECK(has_line(text, "partita_metrics_missing{part=\"hooks\"} 0"));
  CAF_CHECK(has_line(text, "partita_store_connected 1"));
  CAF_CHECK(!contains(text, "partita_leader"));
}

CAF_TEST(before there is a worker and after its end a scrape is answered all the same) {
  auto nothing = metrics_text({});
  CAF_CHECK_EQUAL(scrape(), nothing);
  answer_both();
  for (const auto& x : {worker, store, hooks, consumers})
    anon_send_exit(x, caf::exit_reason::kill);
  consume_messages();
  auto text = scrape();
  CAF_CHECK(has_line(text, "partita_metrics_missing{part=\"hooks\"} 1"));
  CAF_CHECK(has_line(text, "partita_metrics_missing{part=\"consumers\"} 1"));
  hooks = {};
  consumers = {};
  look();
  CAF_CHECK_EQUAL(scrape(), nothing);
}

CAF_TEST_FIXTURE_SCOPE_END()
