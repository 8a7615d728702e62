// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE config.relations

#include "fixture.hpp"

#include <algorithm>

using namespace partita::config;

namespace {

/// A relation's edge: the last right values and the first wrong ones.
struct edge {
  std::string key;
  std::string right;
  std::string wrong;
  std::string says;
};

const std::string file = "'config/partita.toml'";
const std::string list = "'tests/data/partitions.toml'";

const std::vector<edge> edges = {
    {"nats.user", "nats.user='u'\nnats.password='p'", "nats.password='p'",
     "is missing: nats.password needs it"},
    {"nats.password", "nats.user=''\nnats.password=''", "nats.user='u'",
     "is missing: nats.user needs it"},
    {"nats.token", "nats.token='t'", "nats.user='u'\nnats.password='p'\nnats.token='t'",
     "cannot be combined with nats.user"},
    {"nats.credentials", "nats.credentials=" + file,
     "nats.user='u'\nnats.password='p'\nnats.credentials=" + file,
     "cannot be combined with nats.user"},
    {"nats.nkey_seed", "nats.nkey_seed=" + file,
     "nats.user='u'\nnats.password='p'\nnats.nkey_seed=" + file,
     "cannot be combined with nats.user"},
    {"nats.credentials", "", "nats.token='t'\nnats.credentials=" + file,
     "cannot be combined with nats.token"},
    {"nats.nkey_seed", "", "nats.token='t'\nnats.nkey_seed=" + file,
     "cannot be combined with nats.token"},
    {"nats.nkey_seed", "", "nats.credentials=" + file + "\nnats.nkey_seed=" + file,
     "cannot be combined with nats.credentials"},
    {"nats.api_prefix", "nats.domain='hub'", "nats.domain='hub'\nnats.api_prefix='a.b'",
     "cannot be combined with nats.domain"},
    {"nats.tls_key", "nats.tls_cert=" + file + "\nnats.tls_key=" + file,
     "nats.tls_cert=" + file, "is missing: nats.tls_cert needs it"},
    {"nats.tls_cert", "nats.tls_ca=" + file, "nats.tls_key=" + file,
     "is missing: nats.tls_key needs it"},
    {"worker.id_max", "worker.id_min=7\nworker.id_max=7",
     "worker.id_min=8\nworker.id_max=7", "found 7; must be at least worker.id_min (8)"},
    {"rebalance.expected_workers",
     "rebalance.expected_workers=3\nworker.id_min=5\nworker.id_max=7",
     "rebalance.expected_workers=4\nworker.id_min=5\nworker.id_max=7",
     "(3): lower it or raise worker.id_max to 8"},
    {"worker.id_ttl", "worker.id_ttl='6s'", "worker.id_ttl='5999ms'",
     "must be at least heartbeat.ttl (6s)"},
    {"heartbeat.ttl", "heartbeat.ttl='3s'", "heartbeat.ttl='2999ms'",
     "found \"2999ms\"; must be at least 3 x heartbeat.interval (1s): raise "
     "heartbeat.ttl to 3s "
     "or lower heartbeat.interval"},
    {"heartbeat.ttl", "heartbeat.interval='20ms'\nheartbeat.ttl='2s'",
     "heartbeat.interval='20ms'\nheartbeat.ttl='1999ms'",
     "must be at least 4 x timeouts.request (500ms)"},
    {"election.lease", "election.lease='2s'", "election.lease='1999ms'",
     "must be at least 4 x timeouts.request (500ms)"},
    {"rebalance.cold_start_window", "rebalance.cold_start_window='1s'",
     "rebalance.cold_start_window='999ms'",
     "must be at least rebalance.settle_time (1s)"},
    {"rebalance.planned_scale_window", "rebalance.planned_scale_window='1s'",
     "rebalance.planned_scale_window='999ms'",
     "must be at least rebalance.settle_time (1s)"},
    {"timeouts.startup", "timeouts.startup='500ms'", "timeouts.startup='499ms'",
     "must be at least timeouts.request (500ms)"},
    {"timeouts.shutdown", "timeouts.shutdown='500ms'", "timeouts.shutdown='499ms'",
     "must be at least timeouts.request (500ms)"},
    {"election.lease", "election.probe_grace='3s'", "election.probe_grace='3001ms'",
     "must be at least election.probe_grace (3001ms)"},
    {"rebalance.handoff_timeout", "rebalance.handoff_timeout='1s'",
     "rebalance.handoff_timeout='999ms'",
     "must be at least 2 x timeouts.request (500ms)"},
    {"degraded.after", "degraded.after='2s'", "degraded.after='1999ms'",
     "must be at least 2 x heartbeat.interval (1s)"},
    {"degraded.warn", "degraded.warn='3001ms'", "degraded.warn='3s'",
     "must be longer than degraded.after (3s)"},
    {"degraded.error", "degraded.error='10001ms'", "degraded.error='10s'",
     "must be longer than degraded.warn (10s)"},
    {"degraded.critical", "degraded.critical='60001ms'", "degraded.critical='1m'",
     "must be longer than degraded.error (1m)"},
    {"partitions.prefix", "partitions.list=['a']",
     "partitions.list=['a']\npartitions.prefix='a'\npartitions.count=1",
     "cannot be combined with partitions.list"},
    {"partitions.count", "partitions.list=['a']",
     "partitions.list=['a']\npartitions.count=1",
     "cannot be combined with partitions.list"},
    {"partitions.count", "partitions.prefix='a'\npartitions.count=1",
     "partitions.prefix='a'", "is missing: partitions.prefix needs it"},
    {"partitions.prefix", "partitions.list=['a']\npartitions.prefix=''",
     "partitions.count=1", "is missing: partitions.count needs it"},
    {"partitions.file", "partitions.file=" + list,
     "partitions.list=['a']\npartitions.file=" + list,
     "cannot be combined with partitions.list"},
    {"partitions.file", "",
     "partitions.prefix='a'\npartitions.count=1\npartitions.file=" + list,
     "cannot be combined with partitions.prefix"},
    {"partitions.bucket", "partitions.bucket=true",
     "partitions.list=['a']\npartitions.bucket=true",
     "cannot be combined with partitions.list"},
    {"partitions.bucket", "partitions.list=['a']\npartitions.bucket=false",
     "partitions.prefix='a'\npartitions.count=1\npartitions.bucket=true",
     "cannot be combined with partitions.prefix"},
    {"partitions.bucket", "", "partitions.bucket=true\npartitions.file=" + list,
     "cannot be combined with partitions.file"},
    {"partitions.stream", "partitions.stream='S'",
     "partitions.list=['a']\npartitions.stream='S'",
     "cannot be combined with partitions.list"},
    {"partitions.stream", "partitions.list=['a']",
     "partitions.prefix='a'\npartitions.count=1\npartitions.stream='S'",
     "cannot be combined with partitions.prefix"},
    {"partitions.stream", "", "partitions.stream='S'\npartitions.file=" + list,
     "cannot be combined with partitions.file"},
    {"partitions.stream", "", "partitions.bucket=true\npartitions.stream='S'",
     "cannot be combined with partitions.bucket"},
    {"buckets.election", "buckets.election='x'", "buckets.election='demo-stableid'",
     "must differ from buckets.stable_id"},
    {"buckets.heartbeat", "buckets.heartbeat='x'", "buckets.heartbeat='demo-stableid'",
     "must differ from buckets.stable_id"},
    {"buckets.assignment", "buckets.assignment='x'", "buckets.assignment='demo-stableid'",
     "must differ from buckets.stable_id"},
    {"buckets.control", "buckets.control='x'", "buckets.control='demo-stableid'",
     "must differ from buckets.stable_id"},
    {"buckets.heartbeat", "", "buckets.heartbeat='demo-election'",
     "must differ from buckets.election"},
    {"buckets.assignment", "", "buckets.assignment='demo-election'",
     "must differ from buckets.election"},
    {"buckets.control", "", "buckets.control='demo-election'",
     "must differ from buckets.election"},
    {"buckets.assignment", "", "buckets.assignment='x'\nbuckets.heartbeat='x'",
     "must differ from buckets.heartbeat"},
    {"buckets.control", "", "buckets.control='x'\nbuckets.heartbeat='x'",
     "must differ from buckets.heartbeat"},
    {"buckets.control", "", "buckets.control='demo-assignment'",
     "must differ from buckets.assignment"},
    {"buckets.control", "", "buckets.control='demo-partitions'",
     "must differ from buckets.partitions"},
    {"buckets.partitions", "buckets.partitions='x'", "buckets.partitions='demo-stableid'",
     "must differ from buckets.stable_id"},
    {"buckets.partitions", "", "buckets.partitions='demo-election'",
     "must differ from buckets.election"},
    {"buckets.partitions", "", "buckets.partitions='demo-heartbeat'",
     "must differ from buckets.heartbeat"},
    {"buckets.partitions", "", "buckets.partitions='demo-assignment'",
     "must differ from buckets.assignment"},
    {"http.listen", "http.listen='[::1]:0'\nhttp.token='t'", "http.token='t'",
     "is missing: http.token needs it"},
    {"http.listen", "http.listen='a:1'\nhttp.confirm=true", "http.confirm=true",
     "is missing: http.confirm needs it"},
    {"http.listen", "http.listen='a:1'\nhttp.app_ttl='3s'", "http.app_ttl='3s'",
     "is missing: http.app_ttl needs it"},
    {"http.app_ttl", "http.listen='a:1'\nhttp.app_ttl='5250ms'",
     "http.listen='a:1'\nhttp.app_ttl='5251ms'",
     "found \"5251ms\"; must be at most 7/8 of heartbeat.ttl (5250ms): lower it to "
     "5250ms or raise heartbeat.ttl"},
    {"http.app_ttl", "http.listen='a:1'\nhttp.app_ttl='1h'\ngroup.ownership='available'",
     "http.listen='a:1'\nhttp.app_ttl='1h'", "7/8 of heartbeat.ttl"},
    {"hooks.revoked", "hooks.revoked='a'", "hooks.assigned='a'",
     "is missing: hooks.assigned needs it"},
    {"consume.subject", "consume.stream='S'\nconsume.subject='o.{partition}'",
     "consume.stream='S'", "is missing: consume.stream needs it"},
    {"consume.stream", "", "consume.subject='o.{partition}'",
     "is missing: consume.subject needs it"},
    {"consume.subject", "", "consume.stream='S'\nconsume.subject='o.>'",
     "must hold {partition}: each partition has a consumer of consume.stream"}};

} // namespace

CAF_TEST(each relation holds on one side of its edge and not on the other) {
  for (const auto& x : edges) {
    CAF_MESSAGE(x.wrong);
    loaded(named + x.right);
    auto lines = problems_in(named + x.wrong);
    auto fits = [&](const std::string& line) {
      return contains(line, ": " + x.key + ": ") && contains(line, x.says);
    };
    if (std::none_of(lines.begin(), lines.end(), fits))
      CAF_ERROR(x.key << " " << x.says << ": not said, but "
                      << (lines.empty() ? "nothing" : lines.front()));
  }
}

CAF_TEST(every relation has an edge that this test visits) {
  for (const auto& x : all_relations()) {
    auto breaks = [&](const edge& e) {
      auto lines = problems_in(named + e.wrong);
      return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
        return contains(line, ": " + x.keys[0] + ": ") && contains(line, x.keys[1]);
      });
    };
    if (std::none_of(edges.begin(), edges.end(), breaks))
      CAF_ERROR("no edge for: " << x.rule);
  }
}

CAF_TEST(a relation is judged only among values that are good themselves) {
  auto line = problem_in(named
                         + "heartbeat.ttl = '1s'\nheartbeat.interval = 5\n"
                           "timeouts.request = '10ms'");
  check_contains(line, "f.toml:3: heartbeat.interval: found 5;");
}

CAF_TEST(a default that has become too small points at the value that did it) {
  auto line =
      problem_in(named + "\n\nheartbeat.interval = '2001ms'\ndegraded.after = '5s'");
  CAF_CHECK_EQUAL(line,
                  "f.toml:4: heartbeat.ttl: found \"6s\" (the default); must be at least "
                  "3 x heartbeat.interval (2001ms): raise heartbeat.ttl to 6003ms or "
                  "lower heartbeat.interval");
}

CAF_TEST(two ways to name the partitions are one too many) {
  auto lines = problems_in(named + "[partitions]\nlist = ['a']\nprefix = 'b'\ncount = 2");
  CAF_REQUIRE_EQUAL(lines.size(), 2u);
  check_contains(lines[0],
                 "f.toml:4: partitions.prefix: cannot be combined with partitions.list");
  check_contains(lines[1],
                 "f.toml:5: partitions.count: cannot be combined with partitions.list");
}

CAF_TEST(short timings for tests are legal) {
  auto x = loaded(
      named
      + "[election]\nlease = '500ms'\n"
        "[heartbeat]\ninterval = '100ms'\nttl = '500ms'\n"
        "[worker]\nid_ttl = '1s'\n"
        "[timeouts]\nrequest = '100ms'\nstartup = '5s'\nshutdown = '1s'\n"
        "[rebalance]\ncold_start_window = '200ms'\nplanned_scale_window = '100ms'\n"
        "settle_time = '50ms'\nmin_interval = '0s'\n");
  CAF_CHECK_EQUAL(x.election.lease.count(), 500);
}
