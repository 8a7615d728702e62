// SPDX-License-Identifier: Apache-2.0
#include "tree_group.hpp"

#include "partita/app/output/event_lines.hpp"
#include "partita/core/strategies/strategies.hpp"

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace partita::test {

namespace {

/// Writes what a worker says into the journal, as `--events` would.
listener_actor::behavior_type scribe(listener_actor::pointer, std::string name,
                                     journal* to) {
  return {
      [=](const worker_id_claimed& x) { to->add(name, app::event_line(wall_ns(), x)); },
      [=](const state_changed& x) { to->add(name, app::event_line(wall_ns(), x)); },
      [=](const leadership_changed& x) { to->add(name, app::event_line(wall_ns(), x)); },
      [=](const calculator_adopted& x) { to->add(name, app::event_line(wall_ns(), x)); },
      [=](const assignment_changed& x) { to->add(name, app::event_line(wall_ns(), x)); },
      [=](const partitions_assigned& x) { to->add(name, app::event_line(wall_ns(), x)); },
      [=](const partitions_revoked& x) {
        to->add(name, app::event_line(wall_ns(), x));
        return work_stopped{};
      },
      [=](const partitions_lost& x) {
        to->add(name, app::event_line(wall_ns(), x));
        return work_stopped{};
      },
      [=](const alert_raised& x) { to->add(name, app::event_line(wall_ns(), x)); },
      [=](const worker_stopped& x) { to->add(name, app::event_line(wall_ns(), x)); },
  };
}

caf::actor_system_config& with_threads(caf::actor_system_config& config,
                                       std::size_t threads) {
  config.set("scheduler.max-threads", threads);
  return config;
}

} // namespace

tree_group::tree_group(std::size_t partitions, std::size_t stores, std::size_t threads)
    : system_{with_threads(config_, threads)} {
  options_.group.name = "tree";
  options_.buckets = bucket_options::of("tree");
  options_.strategy = core::make_strategy({});
  options_.heartbeat = {500ms, 3s};
  options_.rebalance.cold_start_window = 5s;
  options_.rebalance.planned_scale_window = 2s;
  options_.rebalance.settle_time = 500ms;
  options_.rebalance.min_interval = 500ms;
  nats_options nats;
  nats.url = {server_.url()};
  for (std::size_t i = 0; i < stores; ++i)
    stores_.push_back(spawn_nats_store(system_, nats));
  source_ = system_.spawn(test_source, numbered_partitions(partitions));
}

tree_group::~tree_group() {
  std::vector<std::string> names;
  for (const auto& [name, x] : workers_)
    names.push_back(name);
  stop_all(names);
  caf::scoped_actor self{system_};
  for (const auto& x : stores_)
    self->request(x, 10s, close_store{})
        .receive([](store_closed) {}, [](const caf::error&) {});
  stores_.clear();
  caf::anon_send_exit(source_, caf::exit_reason::user_shutdown);
}

void tree_group::start(const std::string& name) {
  journal_.begun(name);
  auto o = options_;
  auto hears = listener_ ? listener_ : system_.spawn(scribe, name, &journal_);
  workers_[name] = spawn_supervisor(system_, o, stores_[workers_.size() % stores_.size()],
                                    source_, hears);
}

void tree_group::start_many(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    start("w" + std::to_string(i));
}

void tree_group::stop(const std::string& name) {
  caf::scoped_actor self{system_};
  auto worker = workers_.at(name);
  self->request(worker, 60s, stop_worker{})
      .receive([](const worker_stopped&) {}, [](const caf::error&) {});
  self->wait_for(worker);
  workers_.erase(name);
  journal_.gone(name);
}

void tree_group::stop_all(const std::vector<std::string>& names) {
  caf::scoped_actor self{system_};
  for (const auto& name : names)
    caf::anon_send(workers_.at(name), stop_worker{});
  for (const auto& name : names) {
    self->wait_for(workers_.at(name));
    workers_.erase(name);
    journal_.gone(name);
  }
}

void tree_group::set_partitions(std::size_t count) {
  caf::anon_send(source_, partition_list{numbered_partitions(count)});
}

turn_stats tree_group::turns() {
  turn_stats result;
  caf::scoped_actor self{system_};
  self->request(workers_.begin()->second, 60s, get_stats{})
      .receive([&](const worker_stats& x) { result = x.turns; },
               [](const caf::error&) {});
  return result;
}

bool tree_group::rest(std::size_t partitions, std::chrono::milliseconds at_most) {
  return journal_.wait(
      [&](const journal::views& all) {
        return settled(all, workers_.size(), partitions);
      },
      at_most);
}

} // namespace partita::test
