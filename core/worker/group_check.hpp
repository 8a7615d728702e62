// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/backoff.hpp"
#include "partita/messages/entries.hpp"
#include "partita/messages/store.hpp"

#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace partita::core {

/// Whether the servers in a worker's configuration are one store, and whether it is the
/// group's. Two stores would have two leaders, and each partition two owners.
///
/// Promises:
/// - All servers that answer hold the same entry `group`, or none of them holds one.
/// - One that does not answer counts as holding what it showed before, unless all that do
///   are nodes of one cluster, which keeps the same data.
/// - A single server may have lost its data, or have been given another group's: what it
///   shows now counts.
class group_identity {
public:
  struct options {
    std::string group;
    partita::ownership ownership = ownership::exclusive;
    /// Names the group if it is new.
    nonce fresh_uid;
    /// Where the entry is; for messages.
    std::string bucket;
  };

  /// The servers that answered agree: on this entry, or that there is none.
  struct agreed {
    std::optional<group_entry> entry = {};
    /// As it stands in the store, where a newer program may have written more.
    std::string text = {};
  };
  /// Ask again.
  struct unanswered {
    std::string why;
  };
  /// What was found, what was expected, what to do.
  struct refused {
    std::string why;
  };
  using verdict = std::variant<agreed, unanswered, refused>;

  explicit group_identity(options opts) : options_{std::move(opts)} {}

  verdict surveyed(const servers_surveyed& what);

  /// Whether what the connected server holds is ours; while nothing else was agreed.
  verdict found(const group_entry& what) const;

  /// What is to be written where there is no entry: that which was agreed on last.
  group_entry entry() const {
    return settled_.value_or(
        group_entry{options_.fresh_uid, options_.group, options_.ownership});
  }
  /// `x` stands in the store.
  void settle(const group_entry& x) { settled_ = x; }
  bool is_settled() const { return settled_.has_value(); }

private:
  std::string mismatch(const group_entry& x) const;

  options options_;
  /// By server: the group_uid that it showed last.
  std::map<std::string, std::string> shown_;
  std::optional<group_entry> settled_;
};

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

  commands step(const event& what, time_point now) {
    std::visit([&](const auto& x) { on(x, now); }, what);
    return std::exchange(out_, {});
  }
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
  void on(const tick&, time_point now) {
    if (again_at_ && now >= *again_at_)
      proceed();
  }

  void proceed();
  void again(const std::string& why, time_point now);
  /// Whether the verdict allows to go on; if not, tries again or gives up.
  bool accepts(const group_identity::verdict& what, time_point now);

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
