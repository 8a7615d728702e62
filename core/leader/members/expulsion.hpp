// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/key_writer.hpp"
#include "partita/core/leader/members/membership.hpp"

#include <map>
#include <variant>
#include <vector>

namespace partita::core {

/// Writes the marks by which a leader fences an incarnation into its heartbeat key, each
/// over exactly the revision that was seen: a conflict means that the worker is alive.
///
/// Promises: at most one write of a key is under way; one without answer is repeated
/// until there is an answer; one that lost against a heartbeat is given up. A mark that
/// is wanted meanwhile over another revision follows it.
class expulsion {
public:
  /// Write this mark with this expected revision (0: create); answer with answered().
  struct write {
    worker_id who;
    beat mark;
    revision expected;
  };
  /// Read this worker's heartbeat from the stream's leader; answer with looked().
  struct read {
    worker_id who;
  };
  /// There is no value left to write over (`mark`: revision of the delete mark, or 0).
  struct vanished {
    worker_id who;
    revision mark;
  };
  using command = std::variant<write, read, vanished>;
  using commands = std::vector<command>;

  explicit expulsion(duration pause) : pause_{pause} {}

  /// Begins, now or once the mark that is under way for this worker has its answer.
  commands begin(const worker_id& who, beat mark, revision over, time_point now);
  commands answered(const worker_id& who, const kv_written& answer, time_point now);
  /// `found`: the heartbeat that the entry holds, if it can be read.
  commands looked(const worker_id& who, const kv_read& answer,
                  const std::optional<beat>& found, time_point now);
  commands tick(time_point now);
  std::optional<time_point> wake_at() const;

private:
  struct order {
    beat mark;
    revision over;

    friend bool operator==(const order&, const order&) = default;
  };

  struct job {
    explicit job(duration pause) : writer{pause} {}
    key_writer writer;
    order what;
    std::optional<order> next;
    /// Not sent, or refused: when to try again.
    std::optional<time_point> again_at;
  };

  void carry_out(const worker_id& who, const key_writer::step& what, time_point now);
  /// Nothing is under way any more for this worker.
  void finish(const worker_id& who, time_point now);

  duration pause_;
  /// Empty between calls.
  commands out_;
  std::map<worker_id, job, by_number> jobs_;
};

} // namespace partita::core
