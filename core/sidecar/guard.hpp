// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace partita::core {

/// When the parent process of a worker kills it and all that it has started
/// (docs/protocol.md, "The guard"). All work must stop before another worker may start,
/// also where the worker is frozen, blocked or dead and cannot stop its children.
///
///   +----------+  worker ended, no work goes on             +------+
///   | watching | -----------------------------------------> | over |
///   +----------+                                            +------+
///        | its work had to stop and was not confirmed;         ^
///        | it died at work; third order to stop; it            | no process left,
///        v took too long to leave                              | or another order, later
///   +---------+                                                |
///   | killing | -----------------------------------------------+
///   +---------+                                                | written, or too late,
///        | no process left, and a goodbye is wanted            | or another order
///        v                                                     |
///   +---------+                                                |
///   | parting | -----------------------------------------------+
///   +---------+
///
/// Promises:
/// - All processes below are killed no later than at the first check after the deadline
///   that the worker stated last, unless it has confirmed since that no work goes on.
/// - If the worker has confirmed and exits by itself, no other process is killed.
/// - A goodbye is said only once no process is left below, and only after a kill.
/// - One signal is one order: each is passed to the worker once, except a third to stop.
class guard {
public:
  struct options {
    /// How long leaving may take until the worker has said it.
    duration patience = std::chrono::seconds{10};
    /// How long killed processes may take to end before an order ends the guard anyway, and
    /// a goodbye after its time.
    duration kill_patience = std::chrono::seconds{2};
  };

  // -- events ---------------------------------------------------------------------------

  /// All work must have stopped by then: others may start. The newest one counts.
  struct must_stop_by {
    time_point when;
  };
  /// No work goes on, until the next must_stop_by.
  struct stopped {};
  /// How long leaving may take from the first order to stop, or from `leaving`, on.
  struct leaves_within {
    duration limit;
  };
  /// The worker ends, for whatever reason.
  struct leaving {};
  /// A goodbye is to be said for the worker if it dies; what it has sent may take so long
  /// to arrive.
  struct goodbye_within {
    duration limit;
  };
  /// The guard received a signal.
  struct ordered {
    int signal;
    /// An order to stop; else it is only passed on.
    bool to_stop;
  };
  struct worker_ended {
    /// Its exit code, or 128 and the signal that ended it.
    int code;
    bool by_signal;
  };
  /// No process is left below.
  struct cleared {};
  /// Those that are left may not be killed by the guard.
  struct abandoned {};
  /// The goodbye is written, or cannot be.
  struct goodbye_over {};
  struct tick {};
  using event =
      std::variant<must_stop_by, stopped, leaves_within, leaving, goodbye_within, ordered,
                   worker_ended, cleared, abandoned, goodbye_over, tick>;

  // -- commands -------------------------------------------------------------------------

  /// Pass this signal to the worker.
  struct pass {
    int signal;
  };
  /// Kill all processes below, repeatedly, until none is left; answer with cleared, or with
  /// abandoned. Once.
  struct kill_all {
    std::string why;
  };
  /// Say goodbye for the worker, until then at the latest; answer with goodbye_over.
  struct say_goodbye {
    time_point until;
  };
  /// End with this exit code. Nothing follows.
  struct finish {
    int code;
  };
  using command = std::variant<pass, kill_all, say_goodbye, finish>;
  using commands = std::vector<command>;

  explicit guard(options opts)
      : patience_{opts.patience}, kill_patience_{opts.kill_patience} {}

  commands step(const event& what, time_point now) {
    std::visit([&](const auto& x) { on(x, now); }, what);
    return std::exchange(out_, {});
  }
  std::optional<time_point> wake_at() const;
  bool killing() const { return phase_ == phase::killing; }

private:
  enum class phase : std::uint8_t { watching, killing, parting, over };

  void on(const must_stop_by& what, time_point now);
  void on(const stopped&, time_point) { deadline_.reset(); }
  void on(const leaves_within& what, time_point) { patience_ = what.limit; }
  void on(const leaving&, time_point now) { leaves_since_ = leaves_since_.value_or(now); }
  void on(const goodbye_within& what, time_point) { goodbye_within_ = what.limit; }
  void on(const ordered& what, time_point now);
  void on(const worker_ended& what, time_point now);
  void on(const cleared& what, time_point now);
  void on(const abandoned&, time_point) { end_if(phase::killing); }
  void on(const goodbye_over&, time_point) { end_if(phase::parting); }
  void on(const tick& what, time_point now);

  std::optional<time_point> leave_until() const {
    return leaves_since_ ? std::optional{*leaves_since_ + patience_} : std::nullopt;
  }
  void end_if(phase in) {
    if (phase_ == in)
      end(code_);
  }
  void kill(std::string why, int code, time_point now);
  void end(int code) {
    phase_ = phase::over;
    out_.emplace_back(finish{code});
  }

  phase phase_ = phase::watching;
  commands out_;
  /// Nothing: no work goes on.
  std::optional<time_point> deadline_;
  duration patience_;
  duration kill_patience_;
  std::optional<time_point> leaves_since_;
  /// Nothing: no goodbye is wanted.
  std::optional<duration> goodbye_within_;
  /// When the parting ends at the latest.
  time_point parting_until_;
  time_point killing_since_;
  int orders_ = 0;
  int code_ = 1;
};

} // namespace partita::core
