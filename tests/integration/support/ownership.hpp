// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace partita::test {

/// Judges who worked on what, from the events of all workers of a group and from what was
/// done to their processes. Sees nothing of how they come to it.
///
/// - no partition is worked on by two workers at a time,
/// - the tokens of a partition grow from each owner to the next,
/// - versions and epochs never go back at any worker.
///
/// A worker works on a partition from its `assigned` to its `revoked`, `lost` or
/// `stopped` line, or its process' end. A stopped process does not work; in the moment
/// after it is woken it cannot know what it missed, so `waking` after that is left out.
class ownership {
public:
  explicit ownership(std::int64_t waking_ns) : waking_ns_{waking_ns} {}

  /// One line of `--events`.
  void said(const std::string& worker, const std::string& line);
  void begun(const std::string& worker);
  /// Its process is gone since then.
  void ended(const std::string& worker, std::int64_t at_ns);
  /// Its process does nothing between these two.
  void slept(const std::string& worker, std::int64_t from_ns, std::int64_t to_ns);

  /// Everything that must not be, in words; empty if all is well. `to_ns`: when the
  /// history ends.
  std::vector<std::string> violations(std::int64_t to_ns) const;

  /// For how long a partition had no owner, from the end of one owner's work to the
  /// begin of the next's.
  struct gap {
    std::string partition;
    std::int64_t from_ns = 0;
    std::int64_t to_ns = 0;
    /// What ended the former owner's work: revoked, lost, stopped, died.
    std::string after;
  };
  std::vector<gap> gaps() const;

private:
  struct span {
    std::string worker;
    /// When it began, and now: a grant may be given a newer one.
    std::uint64_t first_token = 0;
    std::uint64_t token = 0;
    std::int64_t from_ns = 0;
    std::optional<std::int64_t> to_ns;
    std::string ended_by;
  };
  struct stretch {
    std::int64_t from_ns = 0;
    std::int64_t to_ns = 0;
  };

  void end_all(const std::string& worker, std::int64_t at_ns, const std::string& why);
  std::vector<stretch> working(const span& x, std::int64_t end_ns) const;

  std::int64_t waking_ns_;
  /// By partition, in the order in which they began.
  std::map<std::string, std::vector<span>> spans_;
  std::map<std::string, std::vector<stretch>> sleeps_;
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> stamps_;
  std::vector<std::string> went_back_;
};

} // namespace partita::test
