// SPDX-License-Identifier: Apache-2.0
#include "workload.hpp"

#include "entry_text.hpp"

#include "partita/messages/codec.hpp"

#include <algorithm>
#include <utility>

// What happens to the store.
namespace partita::simulation {

using namespace std::chrono_literals;

void workload::begin(fault_window x, core::duration how_long) {
  world_->log().note("store", "{} for {} ms: {} {}", to_string(x.what), how_long / 1ms,
                     x.who == no_process ? std::string{"all"} : world_->name(x.who),
                     x.bucket);
  auto ticket = server_->fault_windows().begin(x);
  checker_->faults_until(world_->now() + how_long + x.delay);
  world_->after(how_long, [=, this] { server_->fault_windows().end(ticket); });
}

fault_window workload::some_window(fault what, double likely) {
  auto& random = world_->random();
  fault_window x;
  x.what = what;
  x.chance = random.chance(0.3) ? 1 : likely;
  auto* one = random.chance(0.5) ? group_->any() : nullptr;
  if (one)
    x.who = one->id;
  if (faults_.focus || random.chance(0.5))
    x.bucket = struck_bucket();
  return x;
}

void workload::lose_answers() {
  begin(some_window(fault::answers_lost, 0.3), lasting(50ms, 10s));
}

void workload::delay_writes() {
  auto x = some_window(fault::writes_late, 0.2);
  x.delay = world_->random().log_between(10ms, 3 * settings_->worker.heartbeat.ttl);
  x.delay = std::max(x.delay, core::duration{2ms});
  x.conflicts = world_->random().chance(0.5);
  begin(x, lasting(50ms, 10s));
}

void workload::lag_watches() {
  auto x = some_window(fault::watch_lags, 0.5);
  x.delay = world_->random().log_between(10ms, 2 * settings_->worker.heartbeat.ttl);
  begin(x, lasting(50ms, 10s));
}

void workload::break_watches() {
  begin(some_window(fault::watch_gaps, 0.4), lasting(10ms, 3s));
}

void workload::kill_watches() {
  auto x = some_window(fault::watch_dies, 0.5);
  world_->log().note("store", "watches fall silent: {} {}",
                     x.who == no_process ? std::string{"all"} : world_->name(x.who),
                     x.bucket);
  server_->silence(x);
}

void workload::take_api_away() {
  auto x = some_window(fault::api_away, 1);
  x.chance = 1;
  x.bucket.clear();
  begin(x, lasting(500ms, 40s));
  x.what = fault::watch_dies;
  server_->silence(x);
}

void workload::play_old_replicas() {
  auto x = some_window(fault::replay_stale, 0.7);
  x.delay = world_->random().log_between(20ms, 2 * settings_->worker.heartbeat.ttl);
  begin(x, lasting(1s, 20s));
  // Only a watch that is made again is struck.
  x.what = fault::watch_dies;
  server_->silence(x);
}

void workload::expire_late() {
  auto how_late = world_->random().log_between(1s, 60s);
  server_->expire_late(std::chrono::duration_cast<std::chrono::milliseconds>(how_late));
  world_->after(lasting(5s, 60s), [this] { server_->expire_late(0ms); });
}

void workload::lose_bucket() {
  auto name = some_bucket();
  world_->log().note("store", "{} is deleted", name);
  server_->delete_bucket(name);
  auto& random = world_->random();
  if (workers_make_buckets_)
    return;
  if (random.chance(0.5)) {
    server_->make_again(name);
    return;
  }
  world_->after(lasting(10ms, 5s), [=, this] {
    world_->log().note("store", "{} is made again", name);
    server_->make_again(name);
  });
}

void workload::lose_writes() {
  auto name = some_bucket();
  auto n = world_->random().between(1, 20);
  world_->log().note("store", "{} loses its last {} writes", name, n);
  server_->lose_writes(name, static_cast<std::uint64_t>(n));
}

void workload::restart_server() {
  auto& random = world_->random();
  auto how_long = lasting(100ms, 5s);
  group_->part_all(true, 1s);
  server_->restart();
  auto kind = random.below(3);
  world_->log().note("store", "restarts, and is back in {} ms{}", how_long / 1ms,
                     kind == 0   ? ""
                     : kind == 1 ? " with older data"
                                 : " with nothing");
  for (const auto& x : buckets_) {
    if (random.chance(0.5))
      server_->shift_creation(x, std::chrono::milliseconds{random.between(29, 207)});
    if (kind == 1)
      server_->lose_writes(x, static_cast<std::uint64_t>(random.between(0, 10)));
    if (kind == 2)
      server_->delete_bucket(x);
  }
  world_->after(how_long, [=, this] {
    for (const auto& x : buckets_)
      if (!workers_make_buckets_)
        server_->make_again(x);
    group_->admit_all();
  });
}

void workload::remove_entry() {
  const auto& bucket = struck_bucket();
  auto all = server_->entries(bucket);
  if (!all.empty())
    server_->remove_entry(bucket, world_->random().one_of(all).key);
}

void workload::poison_entry() {
  auto& random = world_->random();
  const auto& buckets = settings_->worker.buckets;
  // Between what the clock allows and what a reader of JSON keeps exactly.
  auto ahead = random.chance(0.5)
                   ? static_cast<std::uint64_t>(wall_start_seconds) + 2 * 24 * 60 * 60
                   : (std::uint64_t{1} << 33) - 3;
  stamp far{{ahead}, {ahead * versions_per_epoch}};
  beat pulse;
  pulse.nonce = {"poison"};
  pulse.state = beat_state::working;
  pulse.applied = pulse.seen = far;
  record promise;
  promise.epoch = far.epoch;
  promise.version = far.version;
  promise.worker_nonce = pulse.nonce;
  auto put = [&](const std::string& bucket, const std::string& key,
                 const std::string& value) {
    world_->log().note("store", "{} of {} is poisoned", key, bucket);
    server_->put_entry(bucket, key, value);
  };
  switch (random.below(4)) {
  case 0:
    return put(buckets.heartbeat, "heartbeat.worker-77", to_text(pulse));
  case 1:
    return put(buckets.assignment, "assignment.worker-77", to_text(promise));
  case 2:
    return put(buckets.assignment, "epoch", to_text(epoch_entry{far.epoch, {}, {}}));
  default:
    break;
  }
  const auto& bucket = some_bucket();
  auto all = server_->entries(bucket);
  if (!all.empty())
    put(bucket, random.one_of(all).key, random.chance(0.5) ? "poison" : R"({"v":3})");
}

void workload::usurp() {
  auto& random = world_->random();
  const auto& buckets = settings_->worker.buckets;
  for (auto* x : group_->living())
    if (checker_->leading(x->id) && random.chance(0.7)) {
      // It sees late what others do now.
      fault_window deaf;
      deaf.what = fault::watch_lags;
      deaf.who = x->id;
      deaf.delay = random.between(20ms, settings_->worker.election.lease);
      deaf.least = deaf.delay / 2;
      auto how_long = lasting(50ms, 2 * settings_->worker.election.lease);
      auto struck = std::vector{&buckets.election, &buckets.assignment};
      if (random.chance(0.5))
        struck.push_back(&buckets.heartbeat);
      for (const auto* bucket : struck) {
        deaf.bucket = *bucket;
        begin(deaf, how_long);
      }
    }
  server_->remove_entry(buckets.election, "leader");
}

} // namespace partita::simulation
