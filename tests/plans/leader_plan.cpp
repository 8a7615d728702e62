// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE plans.leader_plan

#include "partita/app/inspect/what_if.hpp"

#include "random_group.hpp"

#include "partita/core/leader/coordinator.hpp"

#include <caf/test/unit_test.hpp>

#include <deque>

// `partita plan --live` and a leader that takes over must come to the same plan from the
// same entries, whatever state the group is in.

using namespace partita;
using namespace partita::app;
using namespace std::chrono_literals;
using partita::test::random_group;

namespace {

/// What a leader decided: who gets what, by name of the partition, as far as its strategy
/// was asked; and the numbers that it reports.
struct leader_plan {
  core::coordinator::planned numbers;
  std::map<std::string, worker_id> owners;
};

/// A leader that takes over a group and sees the store as it is. Its writes
/// succeed.
class leader_run {
public:
  explicit leader_run(const random_group& group) : mine_{options_for(group)} {
    show(group);
    if (group.partitions.empty())
      on(core::coordinator::partitions_unknown{"it hangs"});
    else
      on(core::coordinator::partitions_given{mine_.index().list(group.partitions)});
    on(core::coordinator::tick{}); // Marks those that have been silent for too long.
    answers_ = false;              // The first plan does not wait for them.
    on(core::coordinator::may_act{});
    on(core::coordinator::tick{});
  }

  /// Nothing: it makes no plan.
  std::optional<leader_plan> result;

private:
  core::coordinator::options options_for(const random_group& group) {
    core::coordinator::options o;
    o.epoch = {9};
    o.leader = group.leader;
    o.heartbeat_ttl = 6s;
    o.rebalance = {};
    o.rebalance.cold_start_window = o.rebalance.planned_scale_window = 0ms;
    o.rebalance.settle_time = o.rebalance.min_interval = 0ms;
    o.strategy = [this, deal = core::make_strategy(group.strategy)](const auto& in) {
      auto shares = deal(in);
      assigned_.clear();
      for (std::size_t w = 0; w < shares.shares.size(); ++w)
        for (auto i : shares.shares[w]) {
          auto to = in.bound.empty() ? std::nullopt : in.bound[i];
          assigned_[name_of(in.partitions[i])] = in.workers[to.value_or(w)].id;
        }
      return shares;
    };
    return o;
  }

  void show(const random_group& group) {
    using core::coordinator;
    const revision first{1};
    for (const auto& [id, x] : group.beats)
      if (x.broken)
        on(coordinator::beat_unreadable{id, first, seen_at(x)});
      else
        on(coordinator::beat_shown{id, first, x.value, seen_at(x), stored_at_ns(x)});
    on(coordinator::beats_replayed{now});
    for (const auto& [id, x] : group.records)
      on(coordinator::record_shown{id, first,
                                   x.broken ? decoded<core::record_ptr>{malformed{"{"}}
                                            : mine_.index().numbered(x.value)});
    on(coordinator::records_replayed{});
    for (const auto& x : group.directives)
      on(coordinator::directive_shown{x.value, first, stored_at_ns(x), seen_at(x)});
    on(coordinator::directives_replayed{});
  }

  template <class Entry>
  core::time_point seen_at(const Entry& x) const {
    return now - std::chrono::milliseconds{x.age_ms};
  }
  template <class Entry>
  static std::int64_t stored_at_ns(const Entry& x) {
    return random_group::server_ns - x.age_ms * 1'000'000;
  }

  void on(core::coordinator::event what) {
    events_.push_back(std::move(what));
    while (!events_.empty()) {
      auto next = std::move(events_.front());
      events_.pop_front();
      for (const auto& x : mine_.step(next, now))
        std::visit([&](const auto& y) { carry_out(y); }, x);
    }
  }

  void carry_out(const core::coordinator::write& x) {
    if (!answers_)
      return;
    kv_written answer{write_status::done, {++last_}, {}};
    events_.emplace_back(core::coordinator::write_answered{x.who, answer});
    events_.emplace_back(core::coordinator::record_shown{x.who, {last_}, x.value});
  }
  void carry_out(const core::coordinator::write_mark& x) {
    kv_written answer{write_status::done, {++last_}, {}};
    events_.emplace_back(core::coordinator::mark_answered{x.who, answer});
    events_.emplace_back(core::coordinator::beat_shown{x.who, {last_}, x.mark, now});
  }
  void carry_out(const core::coordinator::planned& x) {
    if (!result)
      result = leader_plan{x, assigned_};
  }
  template <class Command>
  void carry_out(const Command&) {}

  core::time_point now = core::time_point{} + 1'000'000s;
  std::map<std::string, worker_id> assigned_;
  core::coordinator mine_;
  std::deque<core::coordinator::event> events_;
  std::uint64_t last_ = 100;
  bool answers_ = true;
};

using command_answer = std::variant<what_if_answer, std::string>;

command_answer ask_command(const random_group& group,
                           const std::vector<worker_id>& without = {}) {
  what_if_question question;
  question.strategy = group.strategy;
  question.partitions = group.partitions;
  question.without = without;
  return plan_if(examine(group.entries()), question);
}

/// Who owns what by the records: of two that name a partition the newest.
std::map<std::string, worker_id> owners_in(const random_group& group) {
  std::map<std::string, std::pair<stamp, worker_id>> newest;
  for (const auto& [id, x] : group.records)
    if (!x.broken)
      for (const auto& y : x.value.partitions) {
        auto& found = newest[name_of(y.partition)];
        found = std::max(found, {stamp_of(x.value), id});
      }
  std::map<std::string, worker_id> result;
  for (const auto& [name, x] : newest)
    result.emplace(name, x.second);
  return result;
}

std::string name_of_shares(const std::map<worker_id, std::uint64_t>& xs) {
  std::string result;
  for (const auto& [who, count] : xs)
    result += who.value + ':' + std::to_string(count) + ' ';
  return result;
}

/// What differs; empty: nothing.
std::string difference(const std::optional<leader_plan>& leader,
                       const command_answer& command,
                       std::map<std::string, worker_id> owners) {
  const auto* why = std::get_if<std::string>(&command);
  if (why)
    return leader ? "the command refuses: " + *why : "";
  const auto& x = std::get<what_if_answer>(command);
  if (!leader)
    return x.moves.empty() ? "" : "the leader makes no plan";
  const auto& y = leader->numbers;
  std::map<worker_id, std::uint64_t> gains;
  std::map<worker_id, std::uint64_t> losses;
  std::size_t workers = 0;
  for (const auto& share : x.shares) {
    workers += share.gone ? 0 : 1;
    if (share.gains > 0)
      gains[share.id] = share.gains;
    if (share.losses > 0 && !share.gone)
      losses[share.id] = share.losses;
  }
  if (workers != y.workers)
    return "workers: " + std::to_string(workers) + ", not " + std::to_string(y.workers);
  if (x.partitions != y.partitions)
    return "partitions";
  for (const auto& move : x.moves)
    owners[move.partition] = move.to;
  for (const auto& [name, who] : leader->owners)
    if (owners[name] != who)
      return "owner of " + name + ": " + owners[name].value + ", not " + who.value;
  if (gains != y.gains)
    return "gains: " + name_of_shares(gains) + ", not " + name_of_shares(y.gains);
  if (losses != y.losses)
    return "losses: " + name_of_shares(losses) + ", not " + name_of_shares(y.losses);
  auto notes = x.notes;
  notes.resize(std::min(notes.size(), y.trouble.size()));
  return notes == y.trouble ? "" : "what it says about directives";
}

/// How many workers are silent for so long that a leader may suspect its store.
std::size_t silent_in(const random_group& group) {
  std::size_t result = 0;
  for (const auto& [id, x] : group.beats) {
    auto ttl = x.value.terms.ttl.count();
    result += x.age_ms >= (ttl == 0 ? 6'000 : ttl) / 2 ? 1 : 0;
  }
  return result;
}

/// The worker has said goodbye.
void leave(random_group& group, const worker_id& id) {
  auto& x = group.beats[id];
  if (x.broken)
    x.value.zone.clear();
  x.broken = false;
  x.value.nonce = {"of " + id.value};
  x.value.state = beat_state::stopped;
}

/// Counts differences, and shows the first of them.
struct comparison {
  std::size_t plans = 0;
  std::size_t differences = 0;

  void add(const random_group& group, std::uint64_t seed, const command_answer& command) {
    leader_run leader{group};
    plans += leader.result ? 1 : 0;
    auto found = difference(leader.result, command, owners_in(group));
    if (!found.empty() && ++differences <= 20)
      CAF_ERROR("seed " << seed << ": " << found);
  }
};

constexpr std::uint64_t groups = 10'000;

} // namespace

CAF_TEST(the command comes to the plan of the leader) {
  comparison all;
  for (std::uint64_t seed = 1; seed <= groups; ++seed) {
    random_group group{seed};
    all.add(group, seed, ask_command(group));
  }
  CAF_CHECK_EQUAL(all.differences, 0u);
  CAF_CHECK(all.plans > groups * 4 / 5);
}

CAF_TEST(without a worker it comes to the plan that follows its goodbye) {
  comparison all;
  for (std::uint64_t seed = 1; seed <= groups / 4; ++seed) {
    random_group group{seed};
    const auto who = group.workers.front();
    if (!group.beats.contains(who) && !group.records.contains(who))
      continue;
    if (silent_in(group) >= 3)
      continue; // Whether a leader suspects its store depends on who is there.
    auto command = ask_command(group, {who});
    leave(group, who);
    all.add(group, seed, command);
  }
  CAF_CHECK_EQUAL(all.differences, 0u);
  CAF_CHECK(all.plans > groups / 8);
}
