// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/log.hpp"
#include "partita/actors/supervisor/worker.hpp"

namespace partita {

bucket_options bucket_options::of(const std::string& group) {
  return {.stable_id = group + "-stableid",
          .election = group + "-election",
          .heartbeat = group + "-heartbeat",
          .assignment = group + "-assignment",
          .control = group + "-control"};
}

void worker::start() {
  const auto& o = options_;
  auto replicas = o.buckets.replicas;
  // TTLs sweep what nobody wants any more; nothing is decided by them.
  buckets_[stable_id].wanted = {o.buckets.stable_id, 3 * o.id.ttl, true, replicas};
  buckets_[election].wanted = {o.buckets.election, 3 * o.election.lease, true, replicas};
  auto beats_live =
      std::max(3 * o.heartbeat.ttl, o.rebalance.restart_hold + o.heartbeat.ttl);
  // That of workers with another heartbeat.ttl will do if beats outlive sessions in it.
  buckets_[heartbeats].wanted = {o.buckets.heartbeat, beats_live, true, replicas,
                                 2 * o.heartbeat.ttl};
  buckets_[assignments].wanted = {o.buckets.assignment, 0ms, true, replicas};
  doubt();
  startup_until_ = time_now() + o.timeouts.startup;
  self_->send(store_, caf::actor_cast<link_listener_actor>(self_));
  identify_group();
}

void worker::open_buckets() {
  open_trouble_.clear();
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    if (buckets_[i].open)
      continue;
    ++opening_;
    self_->request(store_, store_gone_after, buckets_[i].wanted)
        .then([this, i](const bucket_opened& x) { bucket_answered(i, x); },
              [this, i](const caf::error& err) {
                bucket_answered(
                    i, {open_status::unknown, {}, {}, self_->system().render(err)});
              });
  }
  if (opening_ == 0)
    look_at_group();
}

void worker::bucket_answered(std::size_t which, const bucket_opened& x) {
  --opening_;
  if (leaving_ != leaving::no)
    return;
  if (x.status == open_status::opened) {
    buckets_[which].handle = x.bucket;
    buckets_[which].open = true;
  } else {
    open_trouble_ = x.why;
  }
  if (x.status == open_status::foreign && state_ == worker_state::init) {
    begin_leaving(open_trouble_, leave_mode::stop);
    return;
  }
  if (opening_ != 0)
    return;
  if (open_trouble_.empty())
    look_at_group();
  else
    identify_again(open_trouble_);
}

void worker::wait_for_store(const std::string& why) {
  auto now = time_now();
  if (now >= startup_until_) {
    begin_leaving("the store could not be used within timeouts.startup: " + why,
                  leave_mode::stop);
    return;
  }
  // The connection is made while the first tries are: that is no news.
  if (++open_tries_ > 3)
    logger()->warn("waiting for the store: {}", why);
  open_again_at_ = std::min(now + open_backoff_.next(random_), startup_until_);
  set_alarm();
}

void worker::opened_all() {
  change(worker_state::claiming_id, "the store is there");
  spawn(role::registrar);
}

} // namespace partita
