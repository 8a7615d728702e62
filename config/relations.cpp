// SPDX-License-Identifier: Apache-2.0
#include "partita/config/relations.hpp"

#include "partita/config/duration.hpp"
#include "partita/config/kinds.hpp"
#include "partita/config/limits.hpp"
#include "partita/config/text.hpp"

namespace partita::config {

namespace {

using result = std::optional<complaint>;
using duration_field = field<std::chrono::milliseconds>;
using text_field = field<std::string>;

/// `large` is at least `factor` times `small`.
relation at_least(duration_field large, int factor, duration_field small) {
  auto bound = (factor > 1 ? std::to_string(factor) + " x " : "") + small.name();
  auto check = [=](const settings& s) -> result {
    auto needed = small.read(s) * factor;
    if (large.read(s) >= needed)
      return std::nullopt;
    return complaint{{},
                     0,
                     in_quotes(format_duration(large.read(s))),
                     "must be at least " + bound + " (" + format_duration(small.read(s))
                         + ")",
                     "raise " + large.name() + " to " + format_duration(needed)
                         + " or lower " + small.name()};
  };
  return {{large.name(), small.name()}, large.name() + " >= " + bound, check};
}

/// `large` is longer than `small`.
relation longer(duration_field large, duration_field small) {
  auto check = [=](const settings& s) -> result {
    if (large.read(s) > small.read(s))
      return std::nullopt;
    return complaint{{},
                     0,
                     in_quotes(format_duration(large.read(s))),
                     "must be longer than " + small.name() + " ("
                         + format_duration(small.read(s)) + ")",
                     "raise " + large.name() + " or lower " + small.name()};
  };
  return {{large.name(), small.name()}, large.name() + " > " + small.name(), check};
}

template <class T>
bool used(const field<T>& x, const settings& s) {
  return x.read(s) != T{};
}

/// `given` cannot be used without `missing`.
template <class T, class U>
relation needs(field<T> given, field<U> missing) {
  auto check = [=](const settings& s) -> result {
    if (!used(given, s) || used(missing, s))
      return std::nullopt;
    return complaint{{}, 0, {}, "is missing", given.name() + " needs it"};
  };
  return {
      {missing.name(), given.name()}, given.name() + " needs " + missing.name(), check};
}

/// Only one of both can be used.
template <class T, class U>
relation excludes(field<T> first, field<U> second, std::string why) {
  auto check = [=](const settings& s) -> result {
    if (!used(first, s) || !used(second, s))
      return std::nullopt;
    return complaint{
        {}, 0, {}, "cannot be combined with " + first.name(), why + "; keep one of them"};
  };
  return {
      {second.name(), first.name()}, second.name() + " excludes " + first.name(), check};
}

relation id_range() {
  auto check = [](const settings& s) -> result {
    if (s.worker.id_min <= s.worker.id_max)
      return std::nullopt;
    return complaint{{},
                     0,
                     std::to_string(s.worker.id_max),
                     "must be at least worker.id_min (" + std::to_string(s.worker.id_min)
                         + ")",
                     "raise worker.id_max or lower worker.id_min"};
  };
  return {{"worker.id_max", "worker.id_min"}, "worker.id_max >= worker.id_min", check};
}

relation enough_ids() {
  auto check = [](const settings& s) -> result {
    auto min = std::int64_t{s.worker.id_min};
    auto max = std::int64_t{s.worker.id_max};
    // Of an empty range another relation complains.
    if (min > max || s.rebalance.expected_workers <= max - min + 1)
      return std::nullopt;
    return complaint{
        {},
        0,
        std::to_string(s.rebalance.expected_workers),
        "must be at most the number of ids from worker.id_min to worker.id_max ("
            + std::to_string(max - min + 1) + ")",
        "lower it or raise worker.id_max to "
            + std::to_string(min + s.rebalance.expected_workers - 1)};
  };
  return {{"rebalance.expected_workers", "worker.id_min", "worker.id_max"},
          "rebalance.expected_workers <= worker.id_max - worker.id_min + 1",
          check};
}

relation different_buckets(text_field first, text_field second) {
  auto check = [=](const settings& s) -> result {
    settings named;
    named.group = s.group;
    named.buckets = s.buckets;
    name_buckets(named);
    if (first.read(named) != second.read(named))
      return std::nullopt;
    return complaint{{},
                     0,
                     in_quotes(first.read(named)),
                     "must differ from " + second.name(),
                     "each kind of entry needs a bucket of its own"};
  };
  return {{first.name(), second.name(), "group.name"},
          first.name() + " differs from " + second.name(),
          check};
}

using relations = std::vector<relation>;

void add_login(relations& xs) {
  auto user = PARTITA_FIELD(nats, user);
  auto password = PARTITA_FIELD(nats, password);
  auto cert = PARTITA_FIELD(nats, tls_cert);
  auto key = PARTITA_FIELD(nats, tls_key);
  const std::vector<text_field> ways = {user, PARTITA_FIELD(nats, token),
                                        PARTITA_FIELD(nats, credentials),
                                        PARTITA_FIELD(nats, nkey_seed)};
  xs.push_back(needs(user, password));
  xs.push_back(needs(password, user));
  for (std::size_t i = 0; i < ways.size(); ++i)
    for (std::size_t j = i + 1; j < ways.size(); ++j)
      xs.push_back(excludes(ways[i], ways[j], "there is one way to log in"));
  xs.push_back(excludes(PARTITA_FIELD(nats, domain), PARTITA_FIELD(nats, api_prefix),
                        "a domain has a prefix of its own"));
  xs.push_back(needs(cert, key));
  xs.push_back(needs(key, cert));
}

void add_times(relations& xs) {
  auto ttl = PARTITA_FIELD(heartbeat, ttl);
  auto settle = PARTITA_FIELD(rebalance, settle_time);
  auto request = PARTITA_FIELD(timeouts, request);
  xs.insert(
      xs.end(),
      {at_least(PARTITA_FIELD(worker, id_ttl), 1, ttl),
       at_least(ttl, beats_per_ttl, PARTITA_FIELD(heartbeat, interval)),
       at_least(ttl, requests_per_ttl, request),
       at_least(PARTITA_FIELD(election, lease), requests_per_lease, request),
       at_least(PARTITA_FIELD(rebalance, cold_start_window), 1, settle),
       at_least(PARTITA_FIELD(rebalance, planned_scale_window), 1, settle),
       at_least(PARTITA_FIELD(timeouts, startup), 1, request),
       at_least(PARTITA_FIELD(timeouts, shutdown), 1, request),
       at_least(PARTITA_FIELD(election, lease), 1, PARTITA_FIELD(election, probe_grace)),
       at_least(PARTITA_FIELD(rebalance, handoff_timeout), requests_per_handoff, request),
       at_least(PARTITA_FIELD(degraded, after), beats_per_outage,
                PARTITA_FIELD(heartbeat, interval)),
       longer(PARTITA_FIELD(degraded, warn), PARTITA_FIELD(degraded, after)),
       longer(PARTITA_FIELD(degraded, error), PARTITA_FIELD(degraded, warn)),
       longer(PARTITA_FIELD(degraded, critical), PARTITA_FIELD(degraded, error))});
}

void add_partitions(relations& xs) {
  auto list = PARTITA_FIELD(partitions, list);
  auto prefix = PARTITA_FIELD(partitions, prefix);
  auto count = PARTITA_FIELD(partitions, count);
  xs.push_back(excludes(list, prefix, "the partitions are named twice"));
  xs.push_back(excludes(list, count, "the partitions are named twice"));
  auto file = PARTITA_FIELD(partitions, file);
  auto bucket = PARTITA_FIELD(partitions, bucket);
  xs.push_back(excludes(list, file, "the partitions are named twice"));
  xs.push_back(excludes(prefix, file, "the partitions are named twice"));
  xs.push_back(excludes(list, bucket, "the partitions are named twice"));
  xs.push_back(excludes(prefix, bucket, "the partitions are named twice"));
  xs.push_back(excludes(file, bucket, "the partitions are named twice"));
  xs.push_back(needs(prefix, count));
  xs.push_back(needs(count, prefix));
}

void add_buckets(relations& xs) {
  const std::vector<text_field> buckets = {
      PARTITA_FIELD(buckets, stable_id),  PARTITA_FIELD(buckets, election),
      PARTITA_FIELD(buckets, heartbeat),  PARTITA_FIELD(buckets, assignment),
      PARTITA_FIELD(buckets, partitions), PARTITA_FIELD(buckets, control)};
  for (std::size_t i = 0; i < buckets.size(); ++i)
    for (std::size_t j = i + 1; j < buckets.size(); ++j)
      xs.push_back(different_buckets(buckets[j], buckets[i]));
}

/// `x` is over before a session, which lasts ttl - ttl / 8, is.
relation within_session(duration_field x, duration_field ttl,
                        field<partita::ownership> ownership) {
  auto check = [=](const settings& s) -> result {
    auto session = ttl.read(s) - ttl.read(s) / 8;
    if (ownership.read(s) != partita::ownership::exclusive || x.read(s) <= session)
      return std::nullopt;
    auto most = format_duration(session);
    return complaint{{},
                     0,
                     in_quotes(format_duration(x.read(s))),
                     "must be at most 7/8 of " + ttl.name() + " (" + most + ")",
                     "lower it to " + most + " or raise " + ttl.name()};
  };
  return {{x.name(), ttl.name(), ownership.name()},
          x.name() + " <= 7/8 of " + ttl.name() + " if " + ownership.name()
              + " is exclusive",
          check};
}

void add_http(relations& xs) {
  auto listen = PARTITA_FIELD(http, listen);
  xs.push_back(needs(PARTITA_FIELD(http, token), listen));
  xs.push_back(needs(PARTITA_FIELD(http, confirm), listen));
  xs.push_back(needs(PARTITA_FIELD(http, app_ttl), listen));
  xs.push_back(within_session(PARTITA_FIELD(http, app_ttl), PARTITA_FIELD(heartbeat, ttl),
                              PARTITA_FIELD(group, ownership)));
}

void add_hooks(relations& xs) {
  xs.push_back(needs(PARTITA_FIELD(hooks, assigned), PARTITA_FIELD(hooks, revoked)));
}

relations make_relations() {
  relations made;
  add_login(made);
  made.push_back(id_range());
  made.push_back(enough_ids());
  add_times(made);
  add_partitions(made);
  add_buckets(made);
  add_http(made);
  add_hooks(made);
  return made;
}

} // namespace

const std::vector<relation>& all_relations() {
  static const auto made = make_relations();
  return made;
}

} // namespace partita::config
