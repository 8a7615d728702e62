// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/backoff.hpp"
#include "partita/actors/listeners.hpp"
#include "partita/actors/options.hpp"
#include "partita/actors/shell.hpp"
#include "partita/core/leader/epoch_takeover.hpp"
#include "partita/core/worker/duties.hpp"
#include "partita/core/worker/group_identity.hpp"
#include "partita/core/worker/lasting_alert.hpp"
#include "partita/core/worker/outage.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <array>
#include <map>
#include <memory>
#include <random>
#include <vector>

namespace partita {

class worker;

struct supervisor_state {
  std::unique_ptr<partita::worker> worker;
  static inline constexpr const char* name = "partita.supervisor";
};

using supervisor_pointer = supervisor_actor::stateful_pointer<supervisor_state>;

/// The children of a worker.
enum class role : std::uint8_t {
  registrar,
  heartbeat,
  elector,
  watcher,
  roster,
  calculator
};
inline constexpr std::size_t role_count = 6;
const char* to_string(role x);

/// One worker, as its supervisor knows it: the life of core/worker/lifecycle.hpp, the children,
/// and what is passed on between them. Runs inside the supervisor only; worker.cpp has
/// the life, worker_work.cpp what listeners are told to do and how the store is,
/// worker_start.cpp the opening of the buckets,
/// worker_group.cpp whose store this is, worker_stop.cpp the order of leaving,
/// worker_children.cpp births and deaths, worker_stats.cpp what is counted.
class worker {
public:
  worker(supervisor_pointer self, worker_options options, store_actor store,
         partition_source_actor source, listener_actor listener);
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;
  /// Ends all children: whatever ended the supervisor, nobody is left behind.
  ~worker();

  void start();

  // -- from the children ----------------------------------------------------------------

  void on(const id_claimed& x);
  void on(const id_lost& x);
  void on(const session_started& x);
  void on(const session_extended& x);
  void on(const session_waits& x);
  void on(const session_over& x);
  void on(const elected& x);
  void on(const deposed& x);
  void on(const leader_seen& x);
  void on(const record_received& x);
  void on(const record_lost& x);
  caf::result<may_act> on(const adopted& x);
  void on(const phase_changed& x);
  void on(const superseded& x);
  void on(const stepped_down& x);
  void on(const control_unknown& x);
  void on(const entry_invalid& x);
  void on(const source_trouble& x);
  void on(const settings_differ& x);
  void on(const longer_ttl_seen& x);
  void on(const measured& x);
  void on(const link_changed& x);
  /// A child or a listener has ended.
  void somebody_down(const caf::actor_addr& who, const caf::error& why);
  void ring(const wake& x);

  // -- from the host --------------------------------------------------------------------

  worker_status status() const;
  caf::result<worker_stats> stats();
  void add_listener(const listener_actor& x);
  void add_session_listener(const session_listener_actor& x) {
    session_listeners_.push_back(x);
  }
  caf::typed_response_promise<worker_stopped> stop(leave_mode mode);

private:
  /// Where leaving has come to; each step waits for an answer or for a child's end.
  enum class leaving : std::uint8_t {
    no,
    calculator,
    elector,
    drain,
    work,
    heartbeat,
    registrar,
    done
  };

  struct child {
    caf::actor_addr address;
    /// Numbers the present run; what other runs say is old.
    std::uint64_t run = 0;
    bool alive = false;
    partita::backoff backoff{100ms, 5s};
    core::time_point born;
    std::optional<core::time_point> reborn_at;
  };

  struct bucket {
    open_bucket wanted;
    bucket_actor handle;
    /// It was opened, and is there as far as is known.
    bool open = false;
  };
  enum bucket_index : std::size_t { stable_id, election, heartbeats, assignments };

  // -- starting (worker_start.cpp) ------------------------------------------------------

  void open_buckets();
  void bucket_answered(std::size_t which, const bucket_opened& x);
  void opened_all();
  void wait_for_store(const std::string& why);

  // -- whose store this is (worker_group.cpp) ---------------------------------------------

  /// Ends in group_identified, or tries again later.
  void identify_group();
  void surveyed(const servers_surveyed& x);
  void settle_group(const group_entry& x, const std::string& text);
  void look_at_group();
  void group_read(const kv_read& x);
  void write_group(revision over);
  void group_identified();
  void identify_again(const std::string& why);
  void refuse_group(const std::string& why);

  // -- children (worker_children.cpp) ---------------------------------------------------

  child& of(role x) { return children_[static_cast<std::size_t>(x)]; }
  const child& of(role x) const { return children_[static_cast<std::size_t>(x)]; }
  bool current(role x, std::uint64_t run) const;
  void spawn(role x);
  template <caf::spawn_options How, class Handle, class State, class Options,
            class... Args>
  Handle spawn_child(role x,
                     typename Handle::behavior_type (*body)(
                         typename Handle::template stateful_pointer<State>, Options,
                         Args...),
                     Options options, Args... args);
  void spawn_registrar();
  void spawn_heartbeat();
  void spawn_elector();
  void spawn_watcher();
  void spawn_roster();
  void spawn_calculator();
  partita::epoch epoch_floor() const;
  /// What every heartbeat states of our settings (beat::settings).
  std::map<std::string, std::string> shared_settings() const;
  /// The store may show less than it did before this.
  void doubt();
  /// Ends a child at once; what it still says is old.
  void kill(role x);
  void child_down(role x, bool was_alive, const caf::error& why);
  void crashed(role x, const caf::error& why);
  bool needed(role x) const;

  // -- life (worker.cpp) ----------------------------------------------------------------

  /// While degraded, only the loss of the session or the id is noted: the rest is caught
  /// up with when the store is back.
  void change(worker_state to, const std::string& reason);
  void set_state(worker_state to, const std::string& reason);
  void show_phase();
  /// Brings the state up to what has happened.
  void catch_up();
  /// Begins a session, unless work of the last one still goes on.
  void try_to_join();
  void join();
  void leave_session(const std::string& why);
  /// The same for a reason that says nothing about the store.
  void end_session(const std::string& why);
  void leave_id(const std::string& why);
  void stop_leading(const std::string& why);
  void control_is_known(const char* why);
  void apply(const record& x);
  void drop_assignment();
  /// The roster is there while this worker leads, is in reserve or drains.
  void need_roster();
  /// Tells the elector whether this worker is in reserve.
  void tell_rank();
  core::time_point time_now() const { return options_.clock.now(self_); }
  nonce make_nonce();
  void set_alarm();

  // -- work (worker_work.cpp) -----------------------------------------------------------

  void feed(const core::duties::event& what);
  /// How long listeners have to end their work after the session: then others may start.
  core::duration work_margin() const { return options_.heartbeat.ttl / 8; }
  void observe_deadline(core::time_point must_stop_by);
  void carry_out(const core::duties::assign& x);
  void carry_out(const core::duties::revoke& x);
  void carry_out(const core::duties::lose& x);
  void carry_out(const core::duties::report& x);
  void carry_out(const core::duties::ended& x);
  void carry_out(const core::duties::settled& x);
  void carry_out(const core::duties::late& x);
  void carry_out(const core::duties::late_no_more& x);
  void listener_down(core::duties::listener_id who, const caf::error& why);
  void watch_store(const core::outage::event& what);
  void degrade();
  void recover();
  /// `why` is what is wrong with the list of partitions; empty: nothing.
  void watch_source(const std::string& why);
  /// The same for the settings that all workers should share.
  void watch_settings(const std::string& why);
  void tell(const std::string& what, const std::optional<core::lasting_alert::alert>& x);
  void alert(alert_level level, const std::string& what, std::string why,
             core::duration age, bool over);

  // -- stats (worker_stats.cpp) -----------------------------------------------------

  worker_stats stats_now() const;
  void count_alert(alert_level level, const std::string& what, bool over);
  /// How the group is now is for its leader to say.
  void forget_group();

  // -- leaving (worker_stop.cpp) --------------------------------------------------------

  void begin_leaving(std::string failure, leave_mode mode);
  void leave_on();
  void begin_to_drain();
  void count_others_again();
  bool drain_is_over() const;
  /// False once the time is over.
  bool ring_while_leaving(core::time_point now);
  void say_the_goodbye();
  template <class Answer, class Handle, class Request, class F>
  void leave_child(const Handle& who, Request what, F answered);
  void let_go_of_election();
  void finish();

  supervisor_pointer self_;
  worker_options options_;
  store_actor store_;
  partition_source_actor source_;
  listeners<std::remove_pointer_t<supervisor_pointer>> listeners_;
  std::vector<session_listener_actor> session_listeners_;
  std::mt19937_64 random_;
  partita::alarm alarm_;

  // -- starting --
  std::array<bucket, 4> buckets_;
  partita::backoff open_backoff_{20ms, 2s};
  std::size_t open_tries_ = 0;
  std::size_t opening_ = 0;
  std::string open_trouble_;
  std::optional<core::time_point> open_again_at_;
  core::time_point startup_until_;

  // -- children --
  std::array<child, role_count> children_;
  std::uint64_t runs_ = 0;
  std::uint64_t restarts_ = 0;
  registrar_actor registrar_;
  heartbeat_actor heartbeat_;
  elector_actor elector_;
  watcher_actor watcher_;
  roster_actor roster_;
  calculator_actor calculator_;

  // -- life --
  worker_state state_ = worker_state::init;
  std::string state_reason_ = "started";
  /// The claim's name, for the whole life; `incarnation_` names what beats and owns.
  nonce claim_nonce_;
  nonce incarnation_;
  /// What this process was before, the newest last; all their work has ended.
  std::vector<nonce> past_;
  worker_id id_;
  /// A session was begun and is not known to be over.
  bool in_session_ = false;
  bool leaving_id_ = false;
  /// After its heartbeat crashed a worker joins again only then.
  std::optional<core::time_point> join_at_;
  bool leading_ = false;
  worker_id leader_;
  worker_state phase_ = worker_state::stable;
  std::string phase_reason_;
  std::optional<record> applied_;
  partita::epoch greatest_epoch_;
  /// While its calculator plans without the directives of operators.
  std::optional<core::time_point> control_unknown_since_;
  /// When we last had a reason to think that the store may show less than it did before.
  core::epoch_takeover::instant doubted_since_;
  /// Since the calculator was spawned there was such a reason.
  bool doubted_while_calculating_ = false;
  core::duties duties_;
  core::outage outage_;
  /// Why there is no connection; empty: there is one.
  std::string why_away_;
  core::lasting_alert source_alert_;
  core::lasting_alert settings_alert_;
  /// The longest heartbeat.ttl that any incarnation was seen to state.
  std::chrono::milliseconds longest_ttl_;
  /// While degraded: where to go back to, unless the session or the id was lost.
  worker_state before_degraded_ = worker_state::init;
  bool lost_while_degraded_ = false;
  std::uint64_t invalid_entries_ = 0;
  std::uint64_t state_changes_ = 0;

  // -- whose store this is --
  core::group_identity identity_;
  partita::backoff identify_backoff_{20ms, 2s};
  std::optional<core::time_point> identify_at_;
  /// All servers are to be asked.
  bool survey_wanted_ = true;
  bool identifying_ = false;
  /// A server has shown the entry, so the one in use must hold it, too.
  bool must_show_ = false;
  /// The servers were not the group's, once.
  bool refused_ = false;
  /// Since the last doubt.
  bool identified_ = false;

  // -- stats --
  group_stats led_;
  std::map<std::string, alert_level> alerts_;
  std::array<std::uint64_t, 4> alerts_raised_{};

  // -- leaving --
  leaving leaving_ = leaving::no;
  leave_mode mode_ = leave_mode::stop;
  std::string failure_;
  /// Each step has a limit of its own, so that the next ones have time left.
  std::optional<core::time_point> elector_until_;
  std::optional<core::time_point> drain_until_;
  std::optional<core::time_point> count_again_at_;
  /// Nobody is there who could take over.
  bool alone_ = false;
  std::optional<core::time_point> leave_until_;
  std::vector<caf::typed_response_promise<worker_stopped>> stop_answers_;
};

} // namespace partita
