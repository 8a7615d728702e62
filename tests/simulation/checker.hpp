// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "application.hpp"
#include "server.hpp"
#include "violation.hpp"
#include "watch_checker.hpp"

#include "partita/messages/entries.hpp"

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace partita::simulation {

struct checker_options {
  std::string assignment_bucket;
  std::string heartbeat_bucket;
  /// How long after the last fault nothing may be disturbed any more.
  core::duration calm_after;
};

/// The directives that stand in the end, but for what leaders remove: workers, and by partition
/// the worker that must own it.
struct directed {
  std::set<std::string> cordoned;
  std::set<std::string> drained;
  std::map<std::string, std::string> pins;
};

/// What applications did and what the store holds, and whether it may be so. Sees no
/// actor of partita: an application's own log, the writes that happened, and what went
/// over the wires.
///
/// An application works on a partition from `assigned` until it confirmed the end, or its
/// process died. A frozen process does not work; one that wakes up may do anything until
/// time moves on.
class checker final : public store_observer, public work_observer {
public:
  /// `watches` may be null.
  checker(world& w, checker_options options, violations& found, watch_checker* watches);

  /// `stubborn`: its application does not stop when it is ordered to.
  void born(process_id x, double clock_rate, bool stubborn);
  void died(process_id x);
  /// Whether its guard would end it: without, what a process does that is blocked past its
  /// session shows by its tokens alone.
  void guarded(process_id x, bool is) { processes_[x].unguarded = !is; }
  void thawed(process_id x);
  /// It got the order to leave.
  void leaving(process_id x);
  void instant_over();
  /// Something goes wrong, or changes, until then.
  void faults_until(core::time_point x) { last_fault_ = std::max(last_fault_, x); }
  core::time_point last_fault() const { return last_fault_; }
  void source_has(const std::vector<partition>& xs);

  // -- store_observer -------------------------------------------------------------------

  void sent(process_id, const store::server_write&) override;
  void applied(process_id, const std::string& bucket, const kv_entry& now,
               const std::optional<kv_entry>& before) override;
  void delivered(process_id, const std::string& bucket, const kv_entry&) override;
  void acknowledged(process_id, const std::string& bucket, revision) override;
  void lost(const std::string& bucket, std::optional<revision> after) override;

  // -- work_observer --------------------------------------------------------------------

  void begins(process_id, const grant&, stamp granted_by) override;
  void told_to_stop(process_id, const partition&, bool lost) override;
  void ends(process_id, const partition&) override;
  void leads(process_id, bool) override;
  void stopped(process_id, const std::string& failure) override;

  // -- for the end of a life ------------------------------------------------------------

  /// Why the group is not settled; empty if it is. Where no worker may take anything,
  /// partitions may be without one.
  std::string unsettled(const directed& directives = {}) const;
  /// Which directive a settled group does not follow; empty if it follows all.
  std::string unheeded(const directed& directives) const;
  /// By worker, which process it is and what that works on.
  using holdings = std::map<std::string, std::pair<process_id, std::set<std::string>>>;
  holdings held_under_cordon(const directed& directives) const;
  /// Which cordoned worker has got what was not pinned to it; empty: none.
  /// `pinned`: partitions and workers of all pins that stood meanwhile, however briefly.
  std::string
  gained_since(const holdings& before, const directed& directives,
               const std::set<std::pair<std::string, std::string>>& pinned) const;
  /// When an application last began or ended work on something.
  core::time_point last_change() const { return last_change_; }
  std::uint64_t grants() const { return grants_; }
  std::uint64_t needless_moves() const { return needless_moves_; }
  std::uint64_t leaderships() const { return leaderships_; }

  bool leading(process_id x) const { return processes_[x].leading; }

  // -- for the workload -----------------------------------------------------------------

  std::function<void(process_id, const std::string& failure)> on_stopped;
  /// A process writes what it has not written before, but for renewals.
  std::function<void(process_id, const std::string& bucket)> on_news;

private:
  struct holding {
    process_id who = no_process;
    version token;
    /// Its token was not judged yet, as it began in the instant of waking up.
    bool fresh = false;
  };

  /// One partition.
  struct place {
    std::vector<holding> holders;
    version greatest;
    process_id last = no_process;
    /// The greatest token that any record ever gave it, and to which incarnation.
    version granted;
    nonce granted_to;
    /// The process that was ordered to stop it last, until work on it begins again.
    process_id told = no_process;
    core::time_point told_at;
  };

  struct sent_value {
    std::string value;
    core::time_point when;
  };

  struct process {
    double rate = 1;
    bool alive = true;
    bool leading = false;
    bool leaving = false;
    bool stubborn = false;
    bool unguarded = false;
    std::optional<core::time_point> thawed_at;
    stamp greatest;
    /// The newest writes, for when they left first.
    std::deque<sent_value> sent;
    /// From the newest heartbeat that happened: when it was sent first, and its ttl.
    std::optional<core::time_point> beat_sent;
    core::duration ttl{0};
  };

  /// A record as the store holds it.
  struct stored_record {
    partita::record record;
    revision at;
    record_parts parts = {};
  };

  /// What a record gave to whom.
  struct content {
    nonce to;
    std::vector<grant> grants;
  };

  struct stored_beat {
    partita::beat beat;
    revision at;
    core::time_point since;
  };

  /// By id, the workers that live.
  std::map<std::string, process_id> workers_here() const;
  bool nobody_may_take(const directed& directives) const;
  std::set<std::string> held_by(process_id who) const;

  place& place_of(const partition& x) { return places_[name_of(x)]; }
  void judge_token(const std::string& name, place& x, holding& y);
  void judge_owners(const std::string& name, const place& x, bool thawed_too);
  core::time_point first_sent(process_id writer, const std::string& value) const;
  bool session_passed(process_id x) const;
  bool beyond_control(process_id x) const {
    return processes_[x].unguarded && session_passed(x);
  }

  void applied_part(process_id writer, const worker_id& of, std::uint64_t number,
                    const kv_entry& now);
  std::optional<stored_record> read_record(process_id writer, const kv_entry& now);
  void applied_record(process_id writer, const kv_entry& now,
                      const std::optional<kv_entry>& before);
  bool may_mean_a_former_life(const std::string& bucket, const kv_entry& before) const;
  bool was_so(const std::string& key, const record& x, const grant& y) const;
  void judge_order(const std::string& key, const record& x, const stored_record* old,
                   bool by_accident);
  void judge_grants(process_id writer, const kv_entry& now, const record& x,
                    const stored_record* old);
  void judge_sealing(const std::string& key, epoch by);
  void judge_grant(const std::string& key, const record& x, const grant& y,
                   process_id to);
  void judge_drain(process_id writer, const kv_entry& now, const record& x);
  void applied_epoch(process_id writer, const kv_entry& now,
                     const std::optional<kv_entry>& before);
  void applied_beat(process_id writer, const kv_entry& now,
                    const std::optional<kv_entry>& before);
  void judge_first_beat(process_id writer, const std::string& key, const beat& x,
                        const std::optional<kv_entry>& before);
  void judge_mark(const kv_entry& now, const beat& x,
                  const std::optional<kv_entry>& before);

  template <class... Ts>
  void fail(std::string_view invariant, fmt::format_string<Ts...> text, Ts&&... xs) {
    found_->add(invariant, fmt::format(text, std::forward<Ts>(xs)...));
  }

  world* world_;
  checker_options options_;
  violations* found_;
  watch_checker* watches_;
  using keys_by_revision = std::map<revision, std::string>;
  /// Of each bucket, which key had a revision in its present incarnation.
  std::map<std::string, keys_by_revision> keys_;
  /// Of each bucket, which keys had a revision that was lost.
  std::map<std::string, std::set<std::pair<revision, std::string>>> lost_;
  core::time_point last_fault_;
  core::time_point last_change_;
  std::uint64_t grants_ = 0;
  std::uint64_t needless_moves_ = 0;
  std::uint64_t leaderships_ = 0;

  // -- work --
  std::vector<process> processes_;
  std::map<std::string, place> places_;
  std::set<std::string> source_;
  std::set<std::string> judge_at_the_end_;

  // -- the assignment bucket --
  std::map<std::string, stored_record> records_;
  /// By key; and those that an operator wrote or removed, or of which a write was lost.
  std::map<std::string, kv_entry> parts_;
  std::set<std::string> damaged_parts_;
  /// By key, over all incarnations of the bucket.
  std::map<std::string, std::map<version, content>> versions_;
  std::unordered_map<std::string, process_id> incarnations_;
  /// Over all incarnations of the bucket; and what was known when the present one began.
  version greatest_version_;
  version version_before_;
  epoch epoch_before_;
  epoch greatest_epoch_;
  /// The greatest epoch that something was granted under, in this incarnation and in all.
  epoch granting_epoch_;
  epoch greatest_granting_epoch_;
  /// The `epoch` key in this incarnation of the bucket.
  epoch present_epoch_;

  // -- the heartbeat bucket --
  std::map<std::string, stored_beat> beats_;
  /// By incarnation, then by process: when it had the news of the draining.
  std::unordered_map<std::string, std::map<process_id, core::time_point>> drains_;
};

} // namespace partita::simulation
