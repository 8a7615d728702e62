// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"
#include "partita/messages/enumeration.hpp"
#include "partita/messages/events.hpp"

#include <array>
#include <cstdint>
#include <list>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace partita::core {

/// What a command may be run for, in the order of hook_queue::happening.
enum class hook_kind : std::uint8_t { assigned, revoked, lost, state, count };

/// As event lines call it.
const char* to_string(hook_kind x);

/// Of one kind, since the start.
struct hook_counts {
  std::uint64_t runs = 0;
  /// Runs that did not end with exit code 0, those that timed out among them. One that
  /// was cut short because its partitions were lost is none.
  std::uint64_t failures = 0;
  std::uint64_t timeouts = 0;
  bool running = false;
  /// Not begun, or waiting to be tried again.
  std::uint64_t waiting = 0;

  friend bool operator==(const hook_counts&, const hook_counts&) = default;
};

/// Which command runs when, for the events that a worker's listener receives.
///
///             start            ended well / confirm
///   waiting ---------> running -------------------> gone
///      ^                  | ended badly, timed out
///      +------------------+   (assigned, revoked, lost; after a pause)
///
/// Promises:
/// - At most one command of a kind runs at a time.
/// - A command begins only when all that were asked for earlier about one of its
///   partitions have ended well, or have been withdrawn; states run in their order.
/// - A revocation or loss is confirmed only by a command for it that ended well.
/// - An assignment whose command has not ended well is not tried again for partitions
///   that have been revoked, lost or assigned again since.
/// - A loss waits for nothing: commands about its partitions are withdrawn, killed if
///   they run, and what they were to confirm is confirmed with it.
/// - A failure holds up only what is about the same partitions.
/// - After close no work is begun, and what failed is not tried again.
class hook_queue {
public:
  /// Names one run of a command.
  using run_id = std::uint64_t;
  /// Names the request that waits for a confirmation; 0: none.
  using ticket = std::uint64_t;
  using happening = std::variant<partitions_assigned, partitions_revoked, partitions_lost,
                                 state_changed>;

  struct options {
    /// By hook_kind: whether there is a command. What has none is confirmed at once.
    std::array<bool, count_of<hook_kind>> used{};
    /// How long a command may run until its processes are asked to end.
    duration timeout = std::chrono::seconds{10};
    /// How long they then have before they are killed.
    duration grace = std::chrono::seconds{1};
    /// Before a command is tried again; doubles from the first to the longest.
    duration first_pause = std::chrono::milliseconds{250};
    duration longest_pause = std::chrono::seconds{5};
    /// The same for a loss, which has little time.
    duration lost_pause = std::chrono::milliseconds{50};
  };

  // -- events ---------------------------------------------------------------------------

  struct heard {
    happening what;
    ticket answer = 0;
  };
  struct ended {
    run_id run;
    /// Empty: exit code 0.
    std::string failure;
  };
  /// The worker has stopped.
  struct close {};
  struct tick {};
  using event = std::variant<heard, ended, close, tick>;

  // -- commands -------------------------------------------------------------------------

  /// Answered by `ended`. What still counts of what happened; with the time left now.
  struct start {
    run_id run;
    hook_kind kind;
    happening what;
  };
  /// Ask all processes of that run to end.
  struct terminate {
    run_id run;
  };
  struct kill {
    run_id run;
  };
  struct confirm {
    ticket answer;
  };
  struct failed {
    hook_kind kind;
    std::string why;
    /// How often in a row.
    unsigned times;
    /// Until it is tried again; missing: it is not.
    std::optional<duration> again_in;
  };
  /// After close: all is done.
  struct closed {};
  using command = std::variant<start, terminate, kill, confirm, failed, closed>;
  using commands = std::vector<command>;

  explicit hook_queue(options opts) : options_{opts} {}

  commands step(const event& what, time_point now);
  std::optional<time_point> wake_at() const;
  std::array<hook_counts, count_of<hook_kind>> counts() const;

private:
  using names = std::set<std::string>;

  struct running {
    run_id id;
    /// What it was started for; part of that may be withdrawn by now.
    names about;
    /// For the next step of its end; missing: killed.
    std::optional<time_point> until;
    bool told = false;
    /// Because of a loss.
    bool cut = false;
  };

  struct job {
    happening what;
    hook_kind kind;
    std::vector<ticket> answers;
    time_point since;
    unsigned failures = 0;
    std::optional<time_point> not_before;
    std::optional<running> run;
  };
  using jobs = std::list<job>;

  void on(const heard& what, time_point now);
  void on(const ended& what, time_point now);
  void on(const close& what, time_point now);
  void on(const tick&, time_point) {}

  std::vector<ticket> withdraw(const names& what, hook_kind kind, bool cut);
  bool gives_up(const job& x) const;
  duration pause_of(const job& x) const;
  void try_again(job& x, const ended& what, time_point now);
  void watch_time(time_point now);
  bool may_start(jobs::const_iterator x) const;
  void begin(job& x, time_point now);

  options options_;
  commands out_;
  /// In the order in which things happened.
  jobs jobs_;
  run_id last_run_ = 0;
  bool closing_ = false;
  bool closed_ = false;
  std::array<hook_counts, count_of<hook_kind>> counts_{};
};

} // namespace partita::core
