// SPDX-License-Identifier: Apache-2.0
#include "partita/config/options.hpp"

#include "partita/config/kinds.hpp"
#include "partita/config/limits.hpp"

#include <algorithm>

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

options make_options() {
  const std::vector<std::string> log_levels = {"trace", "debug",    "info", "warn",
                                               "error", "critical", "off"};
  return {
      required(name_option(PARTITA_FIELD(group, name), max_group_name, false)),
      choice_option(PARTITA_FIELD(group, ownership),
                    {ownership::exclusive, ownership::available}),
      url_option(PARTITA_FIELD(nats, url)),
      text_option(PARTITA_FIELD(nats, user), max_secret),
      secret_option(PARTITA_FIELD(nats, password)),
      secret_option(PARTITA_FIELD(nats, token)),
      file_option(PARTITA_FIELD(nats, credentials)),
      file_option(PARTITA_FIELD(nats, nkey_seed)),
      file_option(PARTITA_FIELD(nats, tls_ca)),
      file_option(PARTITA_FIELD(nats, tls_cert)),
      file_option(PARTITA_FIELD(nats, tls_key)),
      name_option(PARTITA_FIELD(nats, domain), max_domain),
      subject_option(PARTITA_FIELD(nats, api_prefix)),
      subject_option(PARTITA_FIELD(nats, inbox_prefix)),
      duration_option(PARTITA_FIELD(nats, connect_timeout), min_timeout, max_request),
      name_option(PARTITA_FIELD(worker, id_prefix), max_id_prefix, false),
      integer_option(PARTITA_FIELD(worker, id_min), 0, max_worker_number),
      integer_option(PARTITA_FIELD(worker, id_max), 0, max_worker_number),
      duration_option(PARTITA_FIELD(worker, id_ttl), min_ttl, max_ttl),
      text_option(PARTITA_FIELD(worker, instance), max_instance),
      integer_option(PARTITA_FIELD(worker, capacity), 1, max_capacity),
      text_option(PARTITA_FIELD(worker, zone), max_zone),
      choice_option(PARTITA_FIELD(worker, shutdown),
                    {leave_mode::drain, leave_mode::restart, leave_mode::stop}),
      choice_option(PARTITA_FIELD(timing, profile), profile_names()),
      duration_option(PARTITA_FIELD(heartbeat, interval), min_interval, max_interval),
      duration_option(PARTITA_FIELD(heartbeat, ttl), min_ttl, max_ttl),
      duration_option(PARTITA_FIELD(election, lease), min_ttl, max_ttl),
      duration_option(PARTITA_FIELD(election, probe_grace), 0ms, max_window),
      duration_option(PARTITA_FIELD(rebalance, cold_start_window), 0ms, max_window),
      duration_option(PARTITA_FIELD(rebalance, planned_scale_window), 0ms, max_window),
      duration_option(PARTITA_FIELD(rebalance, settle_time), 0ms, max_window),
      integer_option(PARTITA_FIELD(rebalance, expected_workers), 0, max_workers),
      duration_option(PARTITA_FIELD(rebalance, min_interval), 0ms, max_window),
      duration_option(PARTITA_FIELD(rebalance, restart_hold), 0ms, max_window),
      duration_option(PARTITA_FIELD(rebalance, handoff_timeout), min_timeout,
                      max_timeout),
      integer_option(PARTITA_FIELD(rebalance, max_moves_in_flight), 0, max_partitions),
      choice_option(PARTITA_FIELD(strategy, name), core::strategy_names(),
                    core::strategy_name_from),
      integer_option(PARTITA_FIELD(strategy, virtual_nodes), 1, max_virtual_nodes),
      unsigned_option(PARTITA_FIELD(strategy, seed)),
      real_option(PARTITA_FIELD(strategy, overload_threshold), min_threshold,
                  max_threshold),
      real_option(PARTITA_FIELD(strategy, extreme_threshold), min_threshold,
                  max_threshold),
      integer_option(PARTITA_FIELD(strategy, default_weight), 1, max_weight),
      partition_list_option(PARTITA_FIELD(partitions, list)),
      subject_option(PARTITA_FIELD(partitions, prefix)),
      integer_option(PARTITA_FIELD(partitions, count), 1, max_partitions),
      file_option(PARTITA_FIELD(partitions, file)),
      boolean_option(PARTITA_FIELD(partitions, bucket)),
      name_option(PARTITA_FIELD(partitions, stream), max_bucket_name),
      name_option(PARTITA_FIELD(buckets, stable_id), max_bucket_name),
      name_option(PARTITA_FIELD(buckets, election), max_bucket_name),
      name_option(PARTITA_FIELD(buckets, heartbeat), max_bucket_name),
      name_option(PARTITA_FIELD(buckets, assignment), max_bucket_name),
      name_option(PARTITA_FIELD(buckets, partitions), max_bucket_name),
      name_option(PARTITA_FIELD(buckets, control), max_bucket_name),
      integer_option(PARTITA_FIELD(buckets, replicas), 1, max_replicas),
      integer_option(PARTITA_FIELD(buckets, max_bytes), 0, max_bucket_bytes),
      duration_option(PARTITA_FIELD(timeouts, startup), min_timeout, max_timeout),
      duration_option(PARTITA_FIELD(timeouts, shutdown), min_timeout, max_timeout),
      duration_option(PARTITA_FIELD(timeouts, request), min_request, max_request),
      duration_option(PARTITA_FIELD(degraded, after), min_timeout, max_timeout),
      duration_option(PARTITA_FIELD(degraded, warn), min_timeout, max_timeout),
      duration_option(PARTITA_FIELD(degraded, error), min_timeout, max_timeout),
      duration_option(PARTITA_FIELD(degraded, critical), min_timeout, max_timeout),
      duration_option(PARTITA_FIELD(degraded, grace), 0ms, max_window),
      command_option(PARTITA_FIELD(hooks, assigned)),
      command_option(PARTITA_FIELD(hooks, revoked)),
      command_option(PARTITA_FIELD(hooks, lost)),
      command_option(PARTITA_FIELD(hooks, state)),
      duration_option(PARTITA_FIELD(hooks, timeout), min_timeout, max_window),
      choice_option(PARTITA_FIELD(log, level), log_levels),
      choice_option(PARTITA_FIELD(log, format), {std::string{"text"}, "json"}),
      text_option(PARTITA_FIELD(log, file), max_path),
      address_option(PARTITA_FIELD(http, listen)),
      secret_option(PARTITA_FIELD(http, token)),
      boolean_option(PARTITA_FIELD(http, confirm)),
      duration_option(PARTITA_FIELD(http, app_ttl), 0ms, max_timeout),
      name_option(PARTITA_FIELD(consume, stream), max_stream_name),
      text_option(PARTITA_FIELD(consume, subject), max_subject),
      integer_option(PARTITA_FIELD(consume, max_ack_pending), 1, max_ack_pending),
      duration_option(PARTITA_FIELD(consume, ack_wait), min_timeout, max_timeout),
      boolean_option(PARTITA_FIELD(consume, memory)),
  };
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

std::string option::variable() const {
  auto result = "PARTITA_" + section + "_" + key;
  std::transform(result.begin(), result.end(), result.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return result;
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
