// SPDX-License-Identifier: Apache-2.0
#include "partita/embed/member.hpp"

#include "partita/actors/shell.hpp"
#include "partita/embed/host.hpp"
#include "partita/embed/member_actor.hpp"
#include "partita/embed/option_checks.hpp"
#include "partita/store/memory/memory_store.hpp"
#include "partita/store/nats/nats_store.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <numeric>

namespace partita::embed {

namespace {

/// The times of docs/architecture.md, "Threads": one session thread, which runs none of the
/// host's code, and no polling.
struct threads : caf::actor_system_config {
  threads() {
    register_messages();
    share_work(*this, 1, 50);
  }
};

planning question_of(const core::planning_input& x) {
  planning result;
  for (const auto& worker : x.workers)
    result.workers.push_back({worker.id.value, worker.capacity, worker.zone});
  for (const auto& partition : x.partitions)
    result.partitions.push_back({partition.keys.all(), partition.weight});
  result.previous = x.previous;
  return result;
}

/// Throws std::out_of_range if `owners` is no plan for this question.
core::plan plan_of(const std::vector<std::size_t>& owners,
                   const core::planning_input& x) {
  if (owners.size() != x.partitions.size())
    throw std::out_of_range{"it gave " + std::to_string(owners.size()) + " owners for "
                            + std::to_string(x.partitions.size()) + " partitions"};
  core::plan result;
  result.shares.resize(x.workers.size());
  for (std::size_t i = 0; i < owners.size(); ++i) {
    if (owners[i] >= x.workers.size())
      throw std::out_of_range{"it gave " + name_of(x.partitions[i]) + " to worker "
                              + std::to_string(owners[i]) + " of "
                              + std::to_string(x.workers.size())};
    result.shares[owners[i]].push_back(i);
  }
  return result;
}

core::strategy strategy_of(const std::shared_ptr<host_functions>& host) {
  auto built_in = core::make_strategy({.name = host->how.strategy});
  if (!host->how.assign)
    return built_in;
  return [=](const core::planning_input& x) {
    call_of now{host.get()};
    core::plan result;
    auto why = failure_of([&] {
      result =
          x.workers.empty() ? built_in(x) : plan_of(host->how.assign(question_of(x)), x);
    });
    if (why.empty())
      return result;
    logger()->error(
        "{}: the application's strategy failed, and the built-in one plans: {}",
        host->how.group, why);
    return built_in(x);
  };
}

worker_options worker_options_of(const options& how, std::chrono::milliseconds request) {
  worker_options result;
  result.group = {how.group, how.exclusive ? ownership::exclusive : ownership::available};
  result.worker = how.worker;
  result.heartbeat = how.heartbeat;
  result.election = how.election;
  result.rebalance = how.rebalance;
  result.buckets = how.buckets;
  result.timeouts = {how.startup_timeout, how.shutdown_timeout, request};
  result.degraded = how.degraded;
  return result;
}

/// Throws bad_options.
void check(const options& how, const worker_options& with) {
  auto name = about(how.group);
  auto found = mistakes_in(with, {.name = how.strategy});
  auto require = [&](bool given, const std::string& field, const char* why) {
    if (!given)
      found.push_back(name + ": " + field + ": is missing: " + why);
  };
  require(!!how.partitions, "partitions", "it must return the partitions of the group");
  require(!!how.assigned, "assigned", "it must begin the work on partitions");
  require(!!how.revoke, "revoke", "it must stop the work on partitions");
  if (how.partitions_every < 0s || how.partitions_every > 24h)
    found.push_back(name + ": partitions_every: must be 0 to 24h");
  if (!found.empty())
    throw bad_options{std::move(found)};
}

} // namespace

std::chrono::milliseconds stop_order::time_left() const {
  auto left = deadline - worker_clock::boottime();
  return std::max(std::chrono::duration_cast<std::chrono::milliseconds>(left), 0ms);
}

// -- deadline_action --------------------------------------------------------------------

deadline_action::deadline_action(std::shared_ptr<deadline_observer> x)
    : observer_{std::move(x)} {}

deadline_action deadline_action::end_process() {
  // Never destroyed: work that was not confirmed may go on after its member has ended.
  static const auto& shared = *new auto{end_process_at_deadline()};
  return deadline_action{shared};
}

deadline_action deadline_action::call(std::function<void()> missed) {
  if (!missed)
    throw std::invalid_argument{
        "deadline_action::call needs a function; none() has none"};
  return deadline_action{
      call_at_deadline([missed = std::move(missed)](const std::string&) { missed(); })};
}

deadline_action deadline_action::none() {
  return deadline_action{nullptr};
}

// -- bad_options ------------------------------------------------------------------------

bad_options::bad_options(std::vector<std::string> mistakes)
    : std::invalid_argument{std::accumulate(mistakes.begin(), mistakes.end(),
                                            std::string{},
                                            [](std::string x, const std::string& y) {
                                              return (x.empty() ? x : x + '\n') + y;
                                            })},
      mistakes_{std::move(mistakes)} {}

// -- connection -------------------------------------------------------------------------

struct connection::parts {
  threads config;
  caf::actor_system system{config};
  store_actor store;
  std::chrono::milliseconds request{500};

  ~parts() { stop_workers(system, {}, std::exchange(store, nullptr)); }
};

connection::connection(std::shared_ptr<parts> x) : parts_{std::move(x)} {}

connection::connection(nats_options nats) {
  if (auto found = mistakes_in(nats); !found.empty())
    throw bad_options{std::move(found)};
  parts_ = std::make_shared<parts>();
  parts_->request = nats.request_timeout;
  parts_->store = spawn_nats_store(parts_->system, std::move(nats));
}

connection connection::in_memory() {
  auto made = std::make_shared<parts>();
  made->store = spawn_memory_store(made->system);
  return connection{std::move(made)};
}

// -- member -----------------------------------------------------------------------------

struct member::parts {
  /// First, so that it is closed last.
  std::shared_ptr<connection::parts> via;
  std::shared_ptr<deadline_observer> observer;
  /// Only compared.
  const host_functions* host = nullptr;
  std::shared_future<std::string> gone;
  member_actor actor;
};

member::member(const connection& via, options how) : parts_{std::make_unique<parts>()} {
  auto with = worker_options_of(how, via.parts_->request);
  check(how, with);
  with.on_deadline = how.on_deadline.observer_;
  auto host = std::make_shared<host_functions>(std::move(how));
  with.strategy = strategy_of(host);
  with.strategy_name = host->how.assign ? "the application's" : host->how.strategy;
  with.shared_settings["strategy.name"] = with.strategy_name;
  parts_->via = via.parts_;
  parts_->observer = with.on_deadline;
  parts_->host = host.get();
  parts_->gone = host->use.gone.get_future();
  parts_->actor =
      spawn_member(via.parts_->system, std::move(host), with_defaults(std::move(with)),
                   via.parts_->store, via.parts_);
}

member::~member() {
  leave();
}

std::string member::leave(leave_mode how) {
  auto gone = parts_->gone;
  // Then another host may have its address.
  if (gone.wait_for(0s) == std::future_status::ready)
    return gone.get();
  if (in_call_of(parts_->host))
    throw std::logic_error{"leave() waits for the callback that calls it: call "
                           "begin_to_leave(), or leave() on another thread"};
  begin_to_leave(how);
  return gone.get();
}

void member::begin_to_leave(leave_mode how) {
  anon_mail(stop_worker{how}).send(parts_->actor);
}

void member::refresh_partitions() {
  anon_mail(read_again{}).send(parts_->actor);
}

} // namespace partita::embed
