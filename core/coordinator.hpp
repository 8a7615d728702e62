#pragma once

#include "partita/core/membership.hpp"
#include "partita/core/rebalance_policy.hpp"
#include "partita/core/reconciler.hpp"

#include <set>
#include <variant>
#include <vector>

namespace partita::core {

/// What a leader does once it has the power: it learns what its predecessors did, follows
/// who comes and goes, and lets policy (when), strategy (who) and reconciler (how) work
/// together. Acts only after it has seen all records, all heartbeats and the partitions.
class coordinator {
public:
  struct options {
    partita::epoch epoch;
    worker_id leader;
    duration heartbeat_ttl{};
    duration pause{};
    rebalance_policy::options policy;
    core::strategy strategy;
  };

  // -- events ---------------------------------------------------------------------------

  struct beat_shown {
    worker_id who;
    partita::revision revision;
    beat value;
  };
  struct beats_replayed {};
  /// The heartbeat bucket was made anew.
  struct beats_void {};
  struct record_shown {
    worker_id who;
    partita::revision revision;
    decoded<record> value;
  };
  struct record_gone {
    worker_id who;
  };
  struct records_replayed {};
  /// The key `epoch` says this.
  struct epoch_shown {
    partita::epoch epoch;
  };
  /// The whole list of what the group works on.
  struct partitions_given {
    std::vector<partition> all;
  };
  struct write_answered {
    worker_id who;
    kv_written answer;
  };
  struct read_answered {
    worker_id who;
    kv_read answer;
  };
  struct tick {};
  using event = std::variant<beat_shown, beats_replayed, beats_void, record_shown,
                             record_gone, records_replayed, epoch_shown, partitions_given,
                             write_answered, read_answered, tick>;

  // -- commands -------------------------------------------------------------------------

  using write = reconciler::write;
  using read = reconciler::read;
  using complain = reconciler::complain;
  /// Begins to act.
  struct adopt {};
  /// What is going on, for people.
  struct show_phase {
    worker_state phase = worker_state::stable;
    std::string why;
  };
  /// A greater epoch was met: another leader has the power.
  struct overruled {
    partita::epoch by;
  };
  /// A new plan was made, for the log.
  struct planned {
    partita::lifecycle lifecycle = lifecycle::empty;
    std::string reason;
    std::size_t workers = 0;
    std::size_t partitions = 0;
    std::size_t moves = 0;
  };
  using command =
      std::variant<write, read, complain, adopt, show_phase, overruled, planned>;
  using commands = std::vector<command>;

  explicit coordinator(options opts);

  commands step(const event& what, time_point now);
  std::optional<time_point> wake_at() const;

private:
  void on(const beat_shown& what, time_point now);
  void on(const beats_replayed& what, time_point now);
  void on(const beats_void& what, time_point now);
  void on(const record_shown& what, time_point now);
  void on(const record_gone& what, time_point now);
  void on(const records_replayed& what, time_point now);
  void on(const epoch_shown& what, time_point now);
  void on(const partitions_given& what, time_point now);
  void on(const write_answered& what, time_point now);
  void on(const read_answered& what, time_point now);
  void on(const tick& what, time_point now);

  bool ready() const { return beats_replayed_ && records_replayed_ && partitions_; }
  void adopt_group(time_point now);
  void notice(const std::vector<membership::news>& news, time_point now);
  void record_lost(const worker_id& who, const char* how, time_point now);
  /// A worker takes part once it beats and has a record.
  void notice_joiner(const worker_id& who, time_point now);
  void make_plan(const rebalance_policy::decision& why, time_point now);
  void keep_owners(time_point now);
  void proceed(time_point now);
  void show_phase_if_changed();
  planning_input input() const;
  /// The target that leaves every partition where it is.
  reconciler::target current(const planning_input& in) const;
  reconciler::target target_of(const planning_input& in, const plan& shares) const;
  void append(reconciler::commands&& xs);

  options options_;
  commands out_;
  membership members_;
  rebalance_policy policy_;
  reconciler reconciler_;
  bool beats_replayed_ = false;
  bool records_replayed_ = false;
  bool adopted_ = false;
  std::optional<std::vector<partition>> partitions_;
  /// Who takes part in plans.
  std::set<worker_id, by_number> eligible_;
  /// What was shown last, and what the present target was made for.
  worker_state phase_ = worker_state::stable;
  worker_state doing_ = worker_state::stable;
  std::string doing_why_;
  bool overruled_ = false;
};

} // namespace partita::core
