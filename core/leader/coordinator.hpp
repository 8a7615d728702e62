// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/leader/members/expulsion.hpp"
#include "partita/core/leader/members/membership.hpp"
#include "partita/core/leader/plans/directives.hpp"
#include "partita/core/leader/plans/known_partitions.hpp"
#include "partita/core/leader/plans/rebalance_policy.hpp"
#include "partita/core/leader/records/reconciler.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace partita::core {

/// What a leader does once it holds the epoch: it seals the records, learns what its
/// predecessors did, follows which workers join and leave, and connects policy (when),
/// strategy (who) and reconciler (how). It plans only after all records are sealed and
/// all heartbeats and the partitions were seen, and only at a tick: `wake_at` is in the
/// past then, so a caller that handles all pending events before the tick gets one plan
/// for all.
class coordinator {
public:
  struct options {
    partita::epoch epoch;
    worker_id leader;
    /// Our own, and the longest that any worker is known to have stated.
    duration heartbeat_ttl{};
    duration longest_ttl{};
    /// Our own; a worker that states another one gets no partition.
    partita::ownership ownership = ownership::exclusive;
    /// After an interruption of the heartbeats' watch no worker is expelled for so long.
    duration grace{};
    duration pause{};
    /// A partition source that is silent for so long counts as unable to give its list.
    duration source_patience = std::chrono::seconds{5};
    rebalance_options rebalance;
    /// Between two plans.
    duration shortest_gap = rebalance_policy::default_gap;
    core::strategy strategy;
  };

  // -- events ---------------------------------------------------------------------------

  /// `seen_at`: when this revision, or absence, was first seen on our clock.
  struct beat_shown {
    worker_id who;
    partita::revision revision;
    beat value;
    time_point seen_at;
    /// When the server stored it, by its wall clock; nanoseconds since 1970.
    std::int64_t stored_at_ns = 0;
  };
  struct beat_unreadable {
    worker_id who;
    partita::revision revision;
    time_point seen_at;
  };
  struct beat_gone {
    worker_id who;
    partita::revision mark;
    time_point seen_at;
  };
  /// All heartbeats have been shown, for the first time at `seen_at`.
  struct beats_replayed {
    time_point seen_at;
  };
  struct beats_interrupted {};
  struct record_shown {
    worker_id who;
    partita::revision revision;
    /// With the numbers of index().
    decoded<record_ptr> value;
  };
  struct record_gone {
    worker_id who;
  };
  /// All records have been shown, and our epoch.
  struct records_replayed {};
  /// The key `epoch` says this.
  struct epoch_shown {
    partita::epoch epoch;
  };
  /// The store may not show what happened before: the buckets were made then, or it may
  /// have lost writes. An incarnation of which nothing is known may still work.
  struct doubted_since {
    time_point when;
    /// For people; a literal.
    const char* why = "";
  };
  /// Nothing may be granted before.
  struct may_grant_at {
    time_point when;
  };
  /// The whole list of what the group works on, with the numbers of index().
  struct partitions_given {
    partition_list_ptr all;
  };
  /// The list is unavailable. A list that is known already stays; without one, the group
  /// goes on with the partitions that records name, and a group that never had any waits.
  struct partitions_unknown {
    std::string why;
  };
  /// About records.
  struct write_answered {
    worker_id who;
    kv_written answer;
  };
  struct read_answered {
    worker_id who;
    kv_read answer;
  };
  /// About marks. `found`: the heartbeat that the entry holds, if it can be read.
  struct mark_answered {
    worker_id who;
    kv_written answer;
  };
  struct mark_looked_at {
    worker_id who;
    kv_read answer;
    std::optional<beat> found;
  };
  /// The stream's leader has answered a look_at_beat.
  struct beat_looked_at {
    worker_id who;
    nonce incarnation;
    /// Of the heartbeat or mark in the key; empty: there is none. Nothing: there was no
    /// answer, or it cannot be read.
    std::optional<nonce> found;
  };
  /// The control bucket shows this directive.
  struct directive_shown {
    directive what;
    partita::revision revision;
    std::int64_t stored_at_ns = 0;
    time_point seen_at;
  };
  struct directive_gone {
    std::string key;
  };
  /// All directives have been shown.
  struct directives_replayed {};
  /// The control bucket was made again; all that is in it follows.
  struct directives_void {};
  /// The directives cannot be seen for now: plans go without those that were not seen.
  struct directives_unknown {};
  /// About remove_directive.
  struct directive_removal_answered {
    std::string key;
    kv_written answer;
  };
  /// The answer to adopt.
  struct may_act {};
  struct tick {};
  using event =
      std::variant<beat_shown, beat_unreadable, beat_gone, beats_replayed,
                   beats_interrupted, record_shown, record_gone, records_replayed,
                   epoch_shown, doubted_since, may_grant_at, partitions_given,
                   partitions_unknown, write_answered, read_answered, mark_answered,
                   mark_looked_at, beat_looked_at, directive_shown, directive_gone,
                   directives_replayed, directives_void, directives_unknown,
                   directive_removal_answered, may_act, tick>;

  // -- commands -------------------------------------------------------------------------

  using write = reconciler::write;
  using read = reconciler::read;
  using complain = reconciler::complain;
  using write_mark = expulsion::write;
  using read_mark = expulsion::read;
  /// Read this worker's heartbeat from the stream's leader; answer with beat_looked_at.
  using look_at_beat = membership::look;
  /// All that the predecessors left is known. It acts once it receives may_act.
  struct adopt {};
  /// What the leader is doing, for operators.
  struct show_phase {
    worker_state phase = worker_state::stable;
    std::string why;
  };
  /// A greater epoch was seen: another leader has taken over.
  struct overruled {
    partita::epoch by;
  };
  /// A new plan was made, for the log and the history.
  /// Its trouble is reported once while it lasts. When it was made, and by which strategy, is not
  /// filled in.
  using planned = history_entry;
  /// A directive is carried out, has expired or no longer applies: remove it by its
  /// revision; answer with directive_removal_answered.
  using remove_directive = directives::removal;
  /// A directive asks this leader to step down.
  struct step_down {
    std::string why;
  };
  /// A worker is fenced; for the log.
  struct ending {
    worker_id who;
    std::string why;
  };
  /// How the settings of the workers that take part differ; empty: they do not differ any
  /// more.
  struct settings_differ {
    std::string why;
  };
  /// Nothing is granted for so long, if that is known, and why.
  struct grants_wait {
    duration left{};
    std::string why;
  };
  /// Grants wait for nothing now.
  struct may_grant {};
  /// The partition source has been silent for too long.
  struct source_silent {
    std::string why;
  };
  using command =
      std::variant<write, read, complain, write_mark, read_mark, look_at_beat, adopt,
                   show_phase, overruled, planned, remove_directive, step_down, ending,
                   grants_wait, may_grant, source_silent, settings_differ>;
  using commands = std::vector<command>;

  explicit coordinator(options opts);
  /// Not copyable: the reconciler refers to the members.
  coordinator(const coordinator&) = delete;
  coordinator& operator=(const coordinator&) = delete;

  commands step(const event& what, time_point now);
  std::optional<time_point> wake_at() const;
  /// Numbers what events name: once for all that follow them.
  partition_index& index() { return index_; }

private:
  void on(const beat_shown& what);
  void on(const beat_unreadable& what);
  void on(const beat_gone& what);
  void on(const beats_replayed& what);
  void on(const beats_interrupted&) { members_.interrupted(); }
  void on(const record_shown& what);
  void on(const record_gone& what);
  void on(const records_replayed&) { append(reconciler_.replayed(now_)); }
  void on(const epoch_shown& what);
  void on(const may_act&) { may_act_ = true; }
  void on(const doubted_since& what);
  void on(const may_grant_at& what);
  void on(const partitions_given& what);
  void on(const partitions_unknown&) { partitions_.unknown(); }
  void on(const write_answered& what);
  void on(const read_answered& what);
  void on(const mark_answered& what);
  void on(const mark_looked_at& what);
  void on(const beat_looked_at& what);
  void on(const directive_shown& what);
  void on(const directive_gone& what) { note_directive(directives_.gone(what.key)); }
  void on(const directives_replayed& what);
  void on(const directives_void& what);
  void on(const directives_unknown&) { directives_known_ = true; }
  void on(const directive_removal_answered& what);
  void on(const tick& what);

  bool ready() const;
  bool can_plan() const;
  void listen_for_source();
  void notice_attributes(const worker_id& who, const beat& value);
  void adopt_group();
  void look_for_vanished();
  bool any_owner_goes_on() const;
  void report_hold();
  bool may_own(const worker_id& who) const;
  void notice(const std::vector<membership::news>& news);
  void note_unrecorded(const worker_id& who);
  /// Whether what was read shows a leader that came after us.
  void look_for_rival(const record& found);
  void look_for_rival(const beat& found);
  void record_lost(const worker_id& who, const char* how);
  /// A worker takes part once it sends heartbeats and has a record.
  void notice_joiner(const worker_id& who);
  std::vector<worker_id> reserve() const;
  void compare_settings();
  /// Before its heartbeat changes to `next`: notes whether its settings may change.
  void note_settings(const worker_id& who, const beat* next);
  void note_directive(std::string news);
  void changed(rebalance_policy::change what, std::string why) {
    policy_.changed(what, std::move(why), eligible_.size(), now_);
  }
  void carry_out_directives();
  void make_plan(const rebalance_policy::decision& why);
  void proceed(bool may_plan);
  void show_phase_if_changed();
  void note_planned(const planning_input& in);
  std::vector<std::string> new_trouble(const std::vector<std::string>& all);
  void end(const worker_id& who, beat_state how, revision over);
  /// Passes on what the parts command.
  template <class Command>
  void append(std::vector<Command>&& xs) {
    for (auto& x : xs)
      std::visit([&](auto& y) { carry_out(y); }, x);
  }
  template <class Command>
  void carry_out(Command& x) {
    out_.emplace_back(std::move(x));
  }
  void carry_out(reconciler::sealed&) {} // ready() asks for it.
  void carry_out(reconciler::overdue& x);
  void carry_out(expulsion::vanished& x);

  options options_;
  /// Of the present step.
  time_point now_;
  commands out_;
  membership members_;
  rebalance_policy policy_;
  partition_index index_;
  reconciler reconciler_;
  expulsion expulsion_;
  directives directives_;
  server_clock server_clock_;
  /// All directives were shown, or cannot be seen.
  bool directives_known_ = false;
  bool directives_replayed_ = false;
  /// What was reported about directives that cannot be followed now.
  std::set<std::string> told_trouble_;
  bool stepping_down_ = false;
  bool beats_replayed_ = false;
  /// Has commanded adopt; has received may_act; acts.
  bool asked_ = false;
  bool may_act_ = false;
  bool adopted_ = false;
  /// What was last reported of the hold: when it ends, and why. Empty: it is over.
  std::optional<std::pair<std::optional<time_point>, std::string>> told_hold_;
  /// What the group works on. Adopted without a list: what the records named then.
  known_partitions partitions_;
  /// The workers that take part in plans.
  std::set<worker_id, by_number> eligible_;
  /// What the last plan knew of capacity and zone.
  std::map<worker_id, std::pair<std::int64_t, std::string>, by_number> attributes_;
  /// Some worker's settings may have changed; and what was reported about differences.
  bool settings_changed_ = false;
  std::string told_settings_;
  /// The incarnations that were logged as overdue.
  std::set<nonce> overdue_;
  /// What was shown last, and what the present target was made for.
  worker_state phase_ = worker_state::stable;
  worker_state doing_ = worker_state::stable;
  std::string doing_why_;
  bool overruled_ = false;
};

} // namespace partita::core
