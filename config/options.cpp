// SPDX-License-Identifier: Apache-2.0
#include "partita/config/options.hpp"

#include "partita/config/kinds.hpp"
#include "partita/config/limits.hpp"

#include <algorithm>
#include <utility>

namespace partita::config {

namespace {

using options = std::vector<option>;

/// For one server nearby. A busy machine of two cores delays a heartbeat by some hundred
/// milliseconds, which ends no session of seven eighths of a second.
constexpr profile_time fast[] = {{"worker", "id_ttl", "5s"},
                                 {"heartbeat", "interval", "200ms"},
                                 {"heartbeat", "ttl", "1s"},
                                 {"election", "lease", "1s"},
                                 {"rebalance", "cold_start_window", "5s"},
                                 {"rebalance", "planned_scale_window", "2s"},
                                 {"rebalance", "settle_time", "200ms"},
                                 {"rebalance", "min_interval", "1s"},
                                 {"timeouts", "request", "250ms"},
                                 {"nats", "connect_timeout", "500ms"},
                                 {"degraded", "after", "500ms"},
                                 {"degraded", "grace", "1s"}};

/// Another node takes 4 to 9 s to lead a stream (measured with nats-server 2.9 to 2.15), which
/// ends no session and no leadership then.
constexpr profile_time cluster[] = {{"heartbeat", "ttl", "15s"},
                                    {"election", "lease", "15s"}};

option required(option x) {
  x.required = true;
  return x;
}

option derived(option x, std::string text) {
  x.derived_default = std::move(text);
  return x;
}

void add_group(options& xs) {
  xs.push_back(required(name_option(
      PARTITA_FIELD(group, name), max_group_name, false,
      "Workers of one name share one set of partitions. The buckets on the server "
      "begin with it.")));
  xs.push_back(choice_option(
      PARTITA_FIELD(group, ownership), {ownership::exclusive, ownership::available},
      "What a worker does while its heartbeats are not acknowledged. exclusive: it stops "
      "in time, so that no partition ever has two owners. available: it keeps working, "
      "so that no partition is without an owner, but some may have two. The same in the "
      "whole group."));
}

void add_nats(options& xs) {
  xs.insert(
      xs.end(),
      {url_option(PARTITA_FIELD(nats, url),
                  "The servers, tried in turn. The port is 4222 if "
                  "none is given."),
       text_option(PARTITA_FIELD(nats, user), max_secret, "Name to log in with."),
       secret_option(PARTITA_FIELD(nats, password),
                     "Password of user. Better given by the "
                     "environment."),
       secret_option(
           PARTITA_FIELD(nats, token),
           "A secret instead of user and password. Better given by the environment."),
       file_option(PARTITA_FIELD(nats, credentials),
                   "File with a JWT and its key (.creds), as nsc writes it."),
       file_option(PARTITA_FIELD(nats, nkey_seed), "File with the seed of an nkey."),
       file_option(
           PARTITA_FIELD(nats, tls_ca),
           "PEM file with the authorities that may sign the server's certificate. Those "
           "of the system count if none is given."),
       file_option(PARTITA_FIELD(nats, tls_cert),
                   "PEM file with our certificate, for servers that ask for one."),
       file_option(PARTITA_FIELD(nats, tls_key), "PEM file with the key of tls_cert."),
       name_option(PARTITA_FIELD(nats, domain), max_domain, true,
                   "Domain of the JetStream that keeps the buckets, where another server "
                   "than those of url has it: a hub behind a leaf node."),
       subject_option(PARTITA_FIELD(nats, api_prefix),
                      "Instead of domain: how subjects of JetStream's API begin, where "
                      "another account exports them. Writes go to this, '.' and $KV...."),
       subject_option(PARTITA_FIELD(nats, inbox_prefix),
                      "How subjects that answers come to begin instead of _INBOX, where "
                      "permissions give each user another one."),
       duration_option(
           PARTITA_FIELD(nats, connect_timeout), min_timeout, max_request,
           "How long one server may take until it can be used: name, TCP, TLS "
           "and login. Above four round trips.")});
}

void add_worker(options& xs) {
  xs.insert(
      xs.end(),
      {name_option(PARTITA_FIELD(worker, id_prefix), max_id_prefix, false,
                   "Workers are called by it, '-' and a number, as worker-3."),
       integer_option(PARTITA_FIELD(worker, id_min), 0, max_worker_number,
                      "The lowest number of a worker."),
       integer_option(PARTITA_FIELD(worker, id_max), 0, max_worker_number,
                      "The highest number of a worker. There can be at most as many "
                      "workers as numbers."),
       duration_option(
           PARTITA_FIELD(worker, id_ttl), min_ttl, max_ttl,
           "An id that was not renewed for this long may be taken by another worker."),
       text_option(
           PARTITA_FIELD(worker, instance), max_instance,
           "Names the place this worker runs in: a pod of a StatefulSet, a host, a "
           "slot. A worker that comes back to its place gets its former id."),
       integer_option(
           PARTITA_FIELD(worker, capacity), 1, max_capacity,
           "How much work this worker takes compared with others: one with 300 gets "
           "three times the share of one with 100. Only sticky uses it."),
       text_option(PARTITA_FIELD(worker, zone), max_zone,
                   "Where this worker runs: a rack, a data centre. Of the partitions "
                   "that move anyway, those of a zone go to workers of that zone, as far "
                   "as the balance allows. Only sticky uses it."),
       choice_option(
           PARTITA_FIELD(worker, shutdown),
           {leave_mode::drain, leave_mode::restart, leave_mode::stop},
           "How a worker leaves on SIGTERM or SIGINT. drain: others take its partitions "
           "over one by one. restart: they are kept for it for rebalance.restart_hold. "
           "stop: it stops at once and others get them.")});
}

void add_timing(options& xs) {
  xs.push_back(choice_option(
      PARTITA_FIELD(timing, profile), profile_names(),
      "Defaults of other options that fit each other; what is given wins. fast: for one "
      "server nearby, a worker that has died is lost after a second. cluster: for "
      "servers "
      "that take seconds to elect a leader; also where buckets.replicas is above 1 and "
      "no "
      "profile is given."));
}

void add_heartbeat_and_election(options& xs) {
  xs.insert(
      xs.end(),
      {duration_option(PARTITA_FIELD(heartbeat, interval), min_interval, max_interval,
                       "Time between two heartbeats."),
       duration_option(
           PARTITA_FIELD(heartbeat, ttl), min_ttl, max_ttl,
           "A worker without a heartbeat for this long counts as lost; its partitions "
           "get other owners."),
       duration_option(
           PARTITA_FIELD(election, lease), min_ttl, max_ttl,
           "How long a leader leads without renewal. A frozen leader has a successor "
           "after about this time."),
       duration_option(
           PARTITA_FIELD(election, probe_grace), 0ms, max_window,
           "A leader whose process has ended has a successor after 1 to 2.5 times this. "
           "0s: leaders are not probed, and only the lease counts.")});
}

void add_rebalance(options& xs) {
  xs.insert(
      xs.end(),
      {duration_option(PARTITA_FIELD(rebalance, cold_start_window), 0ms, max_window,
                       "How long, from the first plan on, a new group gathers its "
                       "workers: those that "
                       "join then get partitions without min_interval, once nothing has "
                       "changed for a "
                       "fifth of settle_time."),
       duration_option(
           PARTITA_FIELD(rebalance, planned_scale_window), 0ms, max_window,
           "How long further changes are awaited after a worker has joined or partitions "
           "have changed. A worker that leaves or is lost is not waited for."),
       duration_option(PARTITA_FIELD(rebalance, settle_time), 0ms, max_window,
                       "A window closes early once nothing has changed for this long."),
       integer_option(
           PARTITA_FIELD(rebalance, expected_workers), 0, max_workers,
           "A window closes early once this many workers are present. 0 disables this."),
       duration_option(
           PARTITA_FIELD(rebalance, min_interval), 0ms, max_window,
           "The shortest time between two rebalances. Partitions without an owner do not "
           "wait for it."),
       duration_option(
           PARTITA_FIELD(rebalance, restart_hold), 0ms, max_window,
           "How long the partitions of a worker that left to restart are kept for it."),
       duration_option(PARTITA_FIELD(rebalance, handoff_timeout), min_timeout,
                       max_timeout,
                       "A worker that has not confirmed by then that its work on a "
                       "revoked partition has stopped is fenced."),
       integer_option(
           PARTITA_FIELD(rebalance, max_moves_in_flight), 0, max_partitions,
           "How many partitions may be between two owners at a time. 0: no limit.")});
}

void add_strategy(options& xs) {
  std::string meaning = "How partitions are assigned";
  for (auto lead = ". "; const auto& x : core::strategy_help())
    meaning.append(std::exchange(lead, "; ")).append(x);
  xs.insert(
      xs.end(),
      {choice_option(PARTITA_FIELD(strategy, name), core::strategy_names(), meaning + '.',
                     core::strategy_name_from),
       integer_option(
           PARTITA_FIELD(strategy, virtual_nodes), 1, max_virtual_nodes,
           "Points of each worker on the hash ring. More spread more evenly and cost "
           "more time."),
       unsigned_option(PARTITA_FIELD(strategy, seed),
                       "Seed of the hash; the same in the whole group. 0: unseeded."),
       real_option(
           PARTITA_FIELD(strategy, overload_threshold), min_threshold, max_threshold,
           "For weighted_consistent_hash: how many times the average load a worker may "
           "get from the ring. Below 1.15 counts as 1.15."),
       real_option(
           PARTITA_FIELD(strategy, extreme_threshold), min_threshold, max_threshold,
           "For weighted_consistent_hash: a partition heavier than this many times the "
           "average is assigned before all others. Below 1.5 counts as 1.5."),
       integer_option(
           PARTITA_FIELD(strategy, default_weight), 1, max_weight,
           "Weight of a partition whose weight is 0. An ordinary partition has "
           "100.")});
}

void add_partitions(options& xs) {
  xs.insert(
      xs.end(),
      {partition_list_option(PARTITA_FIELD(partitions, list),
                             "The partitions one by one. Weight is 100 if none is "
                             "given."),
       subject_option(PARTITA_FIELD(partitions, prefix),
                      "Instead of list, with count: the first key of numbered "
                      "partitions; [prefix, \"0\"], [prefix, \"1\"] and so on."),
       integer_option(PARTITA_FIELD(partitions, count), 1, max_partitions,
                      "Instead of list, with prefix: the number of partitions."),
       file_option(
           PARTITA_FIELD(partitions, file),
           "Instead of list: a TOML file with list, or prefix and count, that is read "
           "again "
           "whenever it changes. Any worker may lead, so all need a file of the same "
           "content."),
       boolean_option(
           PARTITA_FIELD(partitions, bucket),
           "Instead of list: true takes the partitions from the bucket "
           "buckets.partitions, which `partita partitions` changes at any time.")});
}

void add_buckets(options& xs) {
  auto bucket = [](field<std::string> f, const char* suffix, const char* meaning) {
    return derived(name_option(f, max_bucket_name, true, meaning),
                   std::string{"<group.name>-"} + suffix);
  };
  xs.insert(
      xs.end(),
      {bucket(PARTITA_FIELD(buckets, stable_id), "stableid", "Bucket of the ids."),
       bucket(PARTITA_FIELD(buckets, election), "election", "Bucket of the leader key."),
       bucket(PARTITA_FIELD(buckets, heartbeat), "heartbeat",
              "Bucket of the heartbeats."),
       bucket(PARTITA_FIELD(buckets, assignment), "assignment",
              "Bucket of the assignments."),
       bucket(PARTITA_FIELD(buckets, partitions), "partitions",
              "Bucket of the partitions, where partitions.bucket is true."),
       bucket(PARTITA_FIELD(buckets, control), "control",
              "Bucket of the operators' directives and of the history of plans."),
       integer_option(PARTITA_FIELD(buckets, replicas), 1, max_replicas,
                      "Copies of each bucket on a clustered server."),
       integer_option(
           PARTITA_FIELD(buckets, max_bytes), 0, max_bucket_bytes,
           "The most that a bucket may take on the server's disk, for accounts "
           "that demand a limit. Only where partita makes the bucket. 0: no "
           "limit.")});
}

void add_timeouts(options& xs) {
  xs.insert(
      xs.end(),
      {duration_option(
           PARTITA_FIELD(timeouts, startup), min_timeout, max_timeout,
           "How long a worker that has not worked yet waits for a server and a free id."),
       duration_option(PARTITA_FIELD(timeouts, shutdown), min_timeout, max_timeout,
                       "How long leaving the group may take, draining included."),
       duration_option(
           PARTITA_FIELD(timeouts, request), min_request, max_request,
           "How long a server may take for one answer. After that the outcome is "
           "unknown and the request is repeated.")});
}

void add_degraded(options& xs) {
  xs.insert(xs.end(),
            {duration_option(PARTITA_FIELD(degraded, after), min_timeout, max_timeout,
                             "A worker whose heartbeat was not acknowledged for this "
                             "long is degraded and raises an alert (info)."),
             duration_option(PARTITA_FIELD(degraded, warn), min_timeout, max_timeout,
                             "After this long it is a warning."),
             duration_option(PARTITA_FIELD(degraded, error), min_timeout, max_timeout,
                             "After this long it is an error."),
             duration_option(PARTITA_FIELD(degraded, critical), min_timeout, max_timeout,
                             "After this long it is critical."),
             duration_option(PARTITA_FIELD(degraded, grace), 0ms, max_window,
                             "After the store is back, no worker counts as lost for this "
                             "long.")});
}

void add_hooks(options& xs) {
  xs.insert(
      xs.end(),
      {command_option(PARTITA_FIELD(hooks, assigned),
                      "Begins the work on partitions. Tried again until it succeeds or "
                      "they are taken away."),
       command_option(PARTITA_FIELD(hooks, revoked),
                      "Stops the work on partitions that others will get. Exit code 0 "
                      "confirms that it has stopped; otherwise it is tried again."),
       command_option(
           PARTITA_FIELD(hooks, lost),
           "Stops the work on partitions that others may own in a moment; exit "
           "code 0 confirms it. revoked runs instead if there is none."),
       command_option(PARTITA_FIELD(hooks, state),
                      "Runs at each change of the worker's state."),
       duration_option(
           PARTITA_FIELD(hooks, timeout), min_timeout, max_window,
           "A command that runs for longer has failed, and its processes are killed.")});
}

void add_log(options& xs) {
  xs.push_back(choice_option(PARTITA_FIELD(log, level),
                             std::vector<std::string>{"trace", "debug", "info", "warn",
                                                      "error", "critical", "off"},
                             "The lowest level of messages that are logged."));
  xs.push_back(text_option(PARTITA_FIELD(log, file), max_path,
                           "File that log lines are appended to, instead of stderr. "
                           "SIGHUP opens it again, for log rotation."));
}

void add_http(options& xs) {
  xs.insert(
      xs.end(),
      {address_option(PARTITA_FIELD(http, listen),
                      "Where applications and probes find this worker; port 0 is any "
                      "free one. Every client that reaches it may read."),
       secret_option(
           PARTITA_FIELD(http, token),
           "Calls that change something are accepted from this machine, and from others "
           "that send this as a bearer token. Better given by the environment."),
       boolean_option(
           PARTITA_FIELD(http, confirm),
           "true: work on a partition that is taken back continues until the application "
           "has released it by POST /v1/released. false: it counts as stopped at once."),
       duration_option(PARTITA_FIELD(http, app_ttl), 0ms, max_timeout,
                       "A worker takes part only while its application calls at least "
                       "this often; the partitions of one that stops calling go to "
                       "others. 0s disables the check.")});
}

options make_options() {
  options result;
  add_group(result);
  add_nats(result);
  add_worker(result);
  add_timing(result);
  add_heartbeat_and_election(result);
  add_rebalance(result);
  add_strategy(result);
  add_partitions(result);
  add_buckets(result);
  add_timeouts(result);
  add_degraded(result);
  add_hooks(result);
  add_log(result);
  add_http(result);
  return result;
}

std::vector<std::string> make_sections() {
  std::vector<std::string> result;
  for (const auto& x : all_options())
    if (result.empty() || result.back() != x.section)
      result.push_back(x.section);
  return result;
}

} // namespace

const std::vector<std::string>& profile_names() {
  static const std::vector<std::string> result{"default", "fast", "cluster"};
  return result;
}

std::span<const profile_time> times_of(std::string_view profile) {
  if (profile == "fast")
    return fast;
  if (profile == "cluster")
    return cluster;
  return {};
}

std::string to_string(option_type x) {
  switch (x) {
  case option_type::text:
    return "string";
  case option_type::integer:
    return "integer";
  case option_type::real:
    return "float";
  case option_type::boolean:
    return "boolean";
  case option_type::duration:
    return "duration";
  case option_type::list:
    return "array";
  case option_type::command:
    return "command";
  }
  return "?";
}

std::string option::variable() const {
  auto result = "PARTITA_" + section + "_" + key;
  std::transform(result.begin(), result.end(), result.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return result;
}

std::string option::default_text() const {
  if (required)
    return "required";
  if (!derived_default.empty())
    return "\"" + derived_default + "\"";
  auto text = get(settings{});
  return text.empty() ? "not used" : text;
}

const std::vector<option>& all_options() {
  static const auto result = make_options();
  return result;
}

const option* find_option(std::string_view section, std::string_view key) {
  for (const auto& x : all_options())
    if (x.section == section && x.key == key)
      return &x;
  return nullptr;
}

const std::vector<std::string>& all_sections() {
  static const auto result = make_sections();
  return result;
}

std::vector<std::string> keys_of(std::string_view section) {
  std::vector<std::string> result;
  for (const auto& x : all_options())
    if (x.section == section)
      result.push_back(x.key);
  return result;
}

} // namespace partita::config
