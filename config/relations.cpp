// SPDX-License-Identifier: Apache-2.0
#include "partita/config/duration.hpp"
#include "partita/config/kinds.hpp"
#include "partita/config/limits.hpp"
#include "partita/config/text.hpp"

namespace partita::config {

namespace {

using duration_field = field<std::chrono::milliseconds>;
using text_field = field<std::string>;
using wrong = std::optional<complaint>;

/// `large` is at least `factor` times `small`; 0: longer than that.
relation at_least(duration_field large, int factor, duration_field small) {
  auto bound = (factor > 1 ? std::to_string(factor) + " x " : "") + small.name();
  auto check = [=](const settings& s) -> wrong {
    auto is = large.read(s);
    auto needed = small.read(s) * factor;
    if (factor == 0 ? is > small.read(s) : is >= needed)
      return std::nullopt;
    return complaint{in_quotes(format_duration(is)),
                     (factor == 0 ? "must be longer than " : "must be at least ") + bound
                         + " (" + format_duration(small.read(s)) + ")",
                     "raise " + large.name()
                         + (factor == 0 ? "" : " to " + format_duration(needed))
                         + " or lower " + small.name()};
  };
  return {{large.name(), small.name()},
          large.name() + (factor == 0 ? " > " : " >= ") + bound,
          check};
}

template <class T>
bool used(const field<T>& x, const settings& s) {
  return x.read(s) != T{};
}

/// `given` cannot be used without `missing`.
template <class T, class U>
relation needs(field<T> given, field<U> missing) {
  auto check = [=](const settings& s) -> wrong {
    if (!used(given, s) || used(missing, s))
      return std::nullopt;
    return complaint{{}, "is missing", given.name() + " needs it"};
  };
  return {
      {missing.name(), given.name()}, given.name() + " needs " + missing.name(), check};
}

/// Adds that `second` cannot be used together with `first`.
template <class T, class U>
void exclude(std::vector<relation>& to, const std::string& why, field<T> first,
             field<U> second) {
  auto check = [=](const settings& s) -> wrong {
    if (!used(first, s) || !used(second, s))
      return std::nullopt;
    return complaint{
        {}, "cannot be combined with " + first.name(), why + "; keep one of them"};
  };
  to.push_back({{second.name(), first.name()},
                second.name() + " excludes " + first.name(),
                check});
}

/// Adds that no two of these can be used together.
template <class T, class... Us>
void keep_one(std::vector<relation>& to, const std::string& why, field<T> first,
              field<Us>... others) {
  (exclude(to, why, first, others), ...);
  if constexpr (sizeof...(others) > 1)
    keep_one(to, why, others...);
}

relation id_range() {
  auto check = [](const settings& s) -> wrong {
    if (s.worker.id_min <= s.worker.id_max)
      return std::nullopt;
    return complaint{std::to_string(s.worker.id_max),
                     "must be at least worker.id_min (" + std::to_string(s.worker.id_min)
                         + ")",
                     "raise worker.id_max or lower worker.id_min"};
  };
  return {{"worker.id_max", "worker.id_min"}, "worker.id_max >= worker.id_min", check};
}

relation enough_ids() {
  auto check = [](const settings& s) -> wrong {
    auto min = std::int64_t{s.worker.id_min};
    auto count = std::int64_t{s.worker.id_max} - min + 1;
    auto expected = std::int64_t{s.rebalance.expected_workers};
    // Of an empty range another relation complains.
    if (count <= 0 || expected <= count)
      return std::nullopt;
    return complaint{
        std::to_string(expected),
        "must be at most the number of ids from worker.id_min to worker.id_max ("
            + std::to_string(count) + ")",
        "lower it or raise worker.id_max to " + std::to_string(min + expected - 1)};
  };
  return {{"rebalance.expected_workers", "worker.id_min", "worker.id_max"},
          "rebalance.expected_workers <= worker.id_max - worker.id_min + 1",
          check};
}

relation different_buckets(text_field first, text_field second) {
  auto check = [=](const settings& s) -> wrong {
    settings named;
    named.group = s.group;
    named.buckets = s.buckets;
    named.name_buckets();
    if (first.read(named) != second.read(named))
      return std::nullopt;
    return complaint{in_quotes(first.read(named)), "must differ from " + second.name(),
                     "each kind of entry needs a bucket of its own"};
  };
  return {{first.name(), second.name(), "group.name"},
          first.name() + " differs from " + second.name(),
          check};
}

/// An application that has stopped calling is noticed before a session is over, which lasts
/// ttl - ttl / 8.
relation app_within_session() {
  auto check = [](const settings& s) -> wrong {
    auto session = s.heartbeat.ttl - s.heartbeat.ttl / 8;
    if (s.group.ownership != ownership::exclusive || s.http.app_ttl <= session)
      return std::nullopt;
    return complaint{
        in_quotes(format_duration(s.http.app_ttl)),
        "must be at most 7/8 of heartbeat.ttl (" + format_duration(session) + ")",
        "lower it to " + format_duration(session) + " or raise heartbeat.ttl"};
  };
  return {{"http.app_ttl", "heartbeat.ttl", "group.ownership"},
          "http.app_ttl <= 7/8 of heartbeat.ttl if group.ownership is exclusive",
          check};
}

void add_login(std::vector<relation>& to) {
  auto user = PARTITA_FIELD(nats, user);
  auto password = PARTITA_FIELD(nats, password);
  auto token = PARTITA_FIELD(nats, token);
  auto credentials = PARTITA_FIELD(nats, credentials);
  auto seed = PARTITA_FIELD(nats, nkey_seed);
  auto cert = PARTITA_FIELD(nats, tls_cert);
  auto key = PARTITA_FIELD(nats, tls_key);
  to.insert(to.end(), {needs(user, password), needs(password, user)});
  constexpr auto why = "there is one way to log in";
  keep_one(to, why, user, token, credentials, seed);
  exclude(to, "a domain has a prefix of its own", PARTITA_FIELD(nats, domain),
          PARTITA_FIELD(nats, api_prefix));
  to.insert(to.end(), {needs(cert, key), needs(key, cert)});
}

void add_times(std::vector<relation>& to) {
  auto interval = PARTITA_FIELD(heartbeat, interval);
  auto ttl = PARTITA_FIELD(heartbeat, ttl);
  auto lease = PARTITA_FIELD(election, lease);
  auto settle = PARTITA_FIELD(rebalance, settle_time);
  auto request = PARTITA_FIELD(timeouts, request);
  auto after = PARTITA_FIELD(degraded, after);
  auto warn = PARTITA_FIELD(degraded, warn);
  auto error = PARTITA_FIELD(degraded, error);
  to.insert(
      to.end(),
      {at_least(PARTITA_FIELD(worker, id_ttl), 1, ttl),
       at_least(ttl, beats_per_ttl, interval), at_least(ttl, requests_per_ttl, request),
       at_least(lease, requests_per_lease, request),
       at_least(PARTITA_FIELD(rebalance, cold_start_window), 1, settle),
       at_least(PARTITA_FIELD(rebalance, planned_scale_window), 1, settle),
       at_least(PARTITA_FIELD(timeouts, startup), 1, request),
       at_least(PARTITA_FIELD(timeouts, shutdown), 1, request),
       at_least(lease, 1, PARTITA_FIELD(election, probe_grace)),
       at_least(PARTITA_FIELD(rebalance, handoff_timeout), requests_per_handoff, request),
       at_least(after, beats_per_outage, interval), at_least(warn, 0, after),
       at_least(error, 0, warn), at_least(PARTITA_FIELD(degraded, critical), 0, error)});
}

void add_partitions(std::vector<relation>& to) {
  auto list = PARTITA_FIELD(partitions, list);
  auto prefix = PARTITA_FIELD(partitions, prefix);
  auto count = PARTITA_FIELD(partitions, count);
  auto file = PARTITA_FIELD(partitions, file);
  auto bucket = PARTITA_FIELD(partitions, bucket);
  auto stream = PARTITA_FIELD(partitions, stream);
  constexpr auto why = "the partitions are named twice";
  keep_one(to, why, list, prefix, file, bucket, stream);
  exclude(to, why, list, count);
  to.insert(to.end(), {needs(prefix, count), needs(count, prefix)});
}

void add_buckets(std::vector<relation>& to) {
  const std::vector<text_field> buckets = {
      PARTITA_FIELD(buckets, stable_id),  PARTITA_FIELD(buckets, election),
      PARTITA_FIELD(buckets, heartbeat),  PARTITA_FIELD(buckets, assignment),
      PARTITA_FIELD(buckets, partitions), PARTITA_FIELD(buckets, control)};
  for (std::size_t i = 0; i < buckets.size(); ++i)
    for (std::size_t j = i + 1; j < buckets.size(); ++j)
      to.push_back(different_buckets(buckets[j], buckets[i]));
}

/// One consumer for each partition: the subject must tell them apart.
relation partition_in_subject() {
  auto subject = PARTITA_FIELD(consume, subject);
  auto check = [=](const settings& s) -> wrong {
    const auto& x = subject.read(s);
    if (x.empty() || x.find("{partition}") != x.npos)
      return std::nullopt;
    return complaint{in_quotes(x), "must hold {partition}",
                     "each partition has a consumer of consume.stream: write it as "
                     "\"orders.{partition}.>\""};
  };
  return {{subject.name(), "consume.stream"}, "consume.subject holds {partition}", check};
}

std::vector<relation> make_relations() {
  std::vector<relation> result;
  add_login(result);
  result.insert(result.end(), {id_range(), enough_ids()});
  add_times(result);
  add_partitions(result);
  add_buckets(result);
  auto listen = PARTITA_FIELD(http, listen);
  result.insert(result.end(),
                {needs(PARTITA_FIELD(http, token), listen),
                 needs(PARTITA_FIELD(http, confirm), listen),
                 needs(PARTITA_FIELD(http, app_ttl), listen), app_within_session(),
                 needs(PARTITA_FIELD(hooks, assigned), PARTITA_FIELD(hooks, revoked)),
                 needs(PARTITA_FIELD(consume, stream), PARTITA_FIELD(consume, subject)),
                 needs(PARTITA_FIELD(consume, subject), PARTITA_FIELD(consume, stream)),
                 partition_in_subject()});
  return result;
}

} // namespace

const std::vector<relation>& all_relations() {
  static const auto made = make_relations();
  return made;
}

} // namespace partita::config
