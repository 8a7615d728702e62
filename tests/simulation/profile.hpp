// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/enumeration.hpp"
#include "partita/messages/failpoint.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace partita::simulation {

/// What can go wrong, or merely change, while a group lives. Each comes at random with
/// its own rate, and as many at a time as chance has it.
enum class fault : std::uint8_t {
  /// A process dies; another takes its place, at once or later, or none does.
  crash,
  /// A process does nothing for a while, then goes on as if nothing had happened.
  freeze,
  /// One process and the store do not reach each other, in one or both directions.
  cut,
  /// No process reaches the store.
  store_away,
  /// Everything takes long, up to longer than any request waits.
  store_slow,
  /// The store does what it is asked, and some answers get lost.
  answers_lost,
  /// Some writes happen later than any request waits, maybe after their writer's death.
  /// Other writes of the key may meet a conflict meanwhile, though nothing has changed.
  writes_late,
  /// Watches show everything late; answers come in time.
  watch_lags,
  /// Deliveries to watches get lost.
  watch_gaps,
  /// Watches fall silent.
  watch_dies,
  /// Writes work, and neither watches nor reads from the stream's leader do: the worker's server
  /// has lost the leader of its JetStream.
  api_away,
  /// A watch that is made again replays what an old replica has.
  replay_stale,
  /// The store does not sweep what is past its TTL.
  ttl_late,
  /// A bucket is deleted and made again, at once or after a while.
  bucket_lost,
  /// A bucket loses its newest writes, acknowledged ones too.
  writes_lost,
  /// The server stops and starts again, with or without what it held.
  server_restarts,
  /// An operator deletes a key by hand.
  entry_removed,
  /// Another client writes what no program of ours writes: numbers that are far ahead of
  /// the clock, or bytes that cannot be read, over an entry or beside all others.
  entry_poisoned,
  /// Another client deletes the leader key: the old leader goes on until it notices.
  usurped,
  /// A process freezes, dies, is cut off, or its write is late or not answered, just as
  /// it writes something that others build on: not a renewal.
  ambush,
  /// A worker is ordered to leave, in any way, and maybe comes back.
  leave,
  /// All workers are restarted, one after the other.
  rolling_restart,
  /// A worker is added.
  arrival,
  /// Partitions come, go or change their weight.
  partitions_change,
  /// One thread of a process is occupied: by a plan, a log, a file, a reader, a host.
  thread_stalls,
  /// The guard of a worker does nothing for a while.
  guard_freezes,
  /// The guard of a worker is killed; the worker leaves.
  guard_dies,
  /// The server's wall clock is set, forward or back.
  clock_steps,
  count
};

std::string_view to_string(fault x);

/// How much of what, for a group-life. Times are simulated.
struct profile {
  std::string name;
  /// How often a minute, by fault, in the whole group.
  std::array<double, count_of<fault>> rates{};
  /// How often a minute operators give a directive, or take one back (operator_model.hpp). Not a
  /// fault: lives without directives draw the same numbers as if there were none.
  double directives = 0;
  /// Clocks run this much fast or slow at most; two differ by twice as much.
  double clock_spread = 0;
  /// Every clock is at one of the two ends.
  bool clocks_at_the_ends = false;
  /// Of all processes, how many have a listener that takes its time, and one that
  /// confirms nothing until it is notified that its partitions are lost.
  double slow_listeners = 0;
  double stubborn_listeners = 0;
  /// How much longer than the usual few milliseconds one way takes, for a whole life.
  double distance = 1;
  /// The server keeps its buckets alone, and new ones are declared (`partita init`). Not with
  /// faults by which a server loses something without a restart.
  bool lone_server = false;
  /// No other client makes a lost bucket again.
  bool workers_make_buckets = false;
  /// Plans are made often, and move much.
  bool restless = false;
  /// Answers are waited for as long as settings allow: a quarter of a session.
  bool patient = false;
  /// Few partitions move at a time, so that hand-overs go on and on; leases are long.
  bool trickling = false;
  /// The faults of the store strike mostly this bucket: 0 to 4 as in
  /// bucket_options; none: any. The last, control, is struck only where there are directives.
  std::optional<std::size_t> focus;
  /// Every process also holds watches of its own, whose truth is checked.
  bool watch_observers = false;
  /// Each worker has a guard; of one that dies the application goes on until that kills it.
  bool guarded = false;
  /// Messages and plans take time on the thread that they run on.
  bool work_takes_time = false;
  /// How far the wall clocks of processes are from the true time at most, seconds.
  double wall_spread = 0;
  /// Each life has its own mixture: some rates are 0, others greater. Off where a profile
  /// is to find one thing fast.
  bool mixed = true;

  double& operator[](fault x) { return rates[static_cast<std::size_t>(x)]; }
  double operator[](fault x) const { return rates[static_cast<std::size_t>(x)]; }
};

/// The faults that have a name, in the order in which people read them; "all" last.
const std::vector<profile>& all_profiles();

/// Several together: of each rate the greatest. Names are separated by commas; nothing if
/// one is not known.
std::optional<profile> profile_from(std::string_view names);

/// A failpoint and the faults under which it shows soon.
struct failpoint_case {
  rule without;
  std::string name;
  profile faults;
};

const std::vector<failpoint_case>& failpoint_cases();

/// What the lives of "mixed" are made of: the faults of each failpoint in turn, then "all".
const profile& mixed_profile(std::uint64_t seed);

} // namespace partita::simulation
