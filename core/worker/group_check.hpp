// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/backoff.hpp"
#include "partita/core/worker/group_identity.hpp"

#include <random>
#include <vector>

namespace partita::core {

/// Finds out whether the store in use is the group's: before the first write, and again
/// before each session that follows a doubt.
///
///            begin          agreed         opened          ours / identified
///   +------+ ---> +--------+ ---> +-------+ ---> +--------+ ---> idle
///   | idle |      | survey |      | open  |      | look   | <-+
///   +------+ <-+  +--------+      +-------+      +--------+ --+ missing / write
///              |       |              |               |
///              +-------+-- trouble / again after a growing pause, or at the next connect
///
/// The survey is left out where all servers were asked and none has been doubted since:
/// the connection lets no other server through.
///
/// Promises:
/// - `identified` only after the server in use showed the group's entry.
/// - Where another server showed the entry, the one in use must hold it: it is not
///   written there.
/// - At the start a refusal is final if it comes twice: of servers that are asked while
///   another worker writes the entry some show it. Later it may pass: the store that was
///   used so far comes back.
class group_check {
public:
  struct options {
    group_identity::options identity;
    /// How long the first identification may take.
    duration startup{};
    /// Feeds the jitter of the pauses.
    std::uint64_t seed = 0;
  };

  // -- events ---------------------------------------------------------------------------

  /// Wanted; nothing if it is under way already.
  struct begin {};
  struct surveyed {
    servers_surveyed what;
  };
  /// The buckets are open, unless `why` says what is wrong.
  struct opened {
    std::string why;
    /// It is not ours for good.
    bool foreign = false;
  };
  struct looked {
    kv_read what;
  };
  struct written {
    kv_written what;
  };
  /// The survey could not be made.
  struct failed {
    std::string why;
  };
  struct connected {};
  /// The connection met a server that is not the group's.
  struct foreign_met {};
  struct tick {};
  using event = std::variant<begin, surveyed, opened, looked, written, failed, connected,
                             foreign_met, tick>;

  // -- commands -------------------------------------------------------------------------

  /// Ask all servers for the entry; answer with surveyed or failed.
  struct survey {};
  /// Answer with opened.
  struct open {};
  /// Read the entry from the server in use; answer with looked.
  struct look {};
  /// Answer with written.
  struct write {
    std::string value;
    revision expected;
  };
  /// From now on a server must show this entry.
  struct expect {
    std::string value;
  };
  struct identified {};
  /// Tries again later.
  struct waits {
    std::string why;
  };
  /// It cannot be had in time, or must not be used.
  struct give_up {
    std::string why;
  };
  using command =
      std::variant<survey, open, look, write, expect, identified, waits, give_up>;
  using commands = std::vector<command>;

  explicit group_check(options opts);

  commands step(const event& what, time_point now);
  std::optional<time_point> wake_at() const { return again_at_; }

private:
  void on(const begin&, time_point now);
  void on(const surveyed& what, time_point now);
  void on(const opened& what, time_point now);
  void on(const looked& what, time_point now);
  void on(const written& what, time_point now);
  void on(const failed& what, time_point now) { again(what.why, now); }
  void on(const connected&, time_point now);
  void on(const foreign_met&, time_point) { survey_wanted_ = true; }
  void on(const tick&, time_point now);

  void proceed();
  void again(const std::string& why, time_point now);
  void refuse(const std::string& why, time_point now);

  options options_;
  std::mt19937_64 random_;
  commands out_;
  group_identity identity_;
  backoff pause_{std::chrono::milliseconds{20}, std::chrono::seconds{2}};
  bool busy_ = false;
  std::optional<time_point> again_at_;
  /// All servers are to be asked.
  bool survey_wanted_ = true;
  /// A server has shown the entry, so the one in use must hold it, too.
  bool must_show_ = false;
  /// Until the first identification.
  bool starting_ = true;
  std::optional<time_point> startup_until_;
  bool refused_ = false;
};

} // namespace partita::core
