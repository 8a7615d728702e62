// SPDX-License-Identifier: Apache-2.0
#include "fixed_set.hpp"

#include "profile.hpp"

namespace partita::simulation {

namespace {

/// Seeds that failed once, each with what it found. They stay. Those of "undirected" were
/// found before there were directives, when that was "all".
const std::vector<fixed_life>& once_failed() {
  static const std::vector<fixed_life> all = {
      // A bucket was deleted and not made again: the memory store left that to others.
      {"undirected", 1182},
      // A watch was called broken where a replay had shown what its process wrote.
      {"undirected", 1241},
      {"undirected", 1299},
      {"undirected", 1342},
      {"undirected", 1357},
      // A version came twice after a loss of writes: a leader put back what it knew.
      {"undirected", 1301},
      // A leaving worker did not see that its record was lost: two owners.
      {"undirected", 20130},
      {"undirected", 20135},
      {"undirected", 20531},
      {"undirected", 20811},
      {"undirected", 20948},
      {"undirected", 21252},
      // A mark that was under way when the store lost writes hit another's revision.
      {"undirected", 20767},
      // All writes of a worker hit lost revisions: it went on under another one's record.
      {"undirected", 80887},
      {"undirected", 51135},
      {"undirected", 51177},
      {"undirected", 51636},
      // A leader put back what it knew of a record after a loss, and it was not the last.
      {"undirected", 61234},
      // The same, and the partitions that the record names had other owners since.
      {"undirected", 164549},
      // Leaders changed so often that epochs ran ahead of the clock; then the store was lost.
      {"undirected", 90552},
      // A new leader had begun when it learnt of a server that came back with older data.
      {"undirected", 100442},
      {"undirected", 103769},
      // A write of a former bucket hit another's record: a grant to former incarnations.
      {"undirected", 101176},
      // The same, before anything was granted in the present incarnation.
      {"undirected", 161346},
      // The only mark that a leader knew of expired; it went on asking who stands there.
      {"undirected", 142464},
      // A record vanished; its worker, which did not see that, lost the connection and worked on.
      {"undirected", 167677},
      // After a loss of writes a record came again under the revision of the one before.
      {"undirected", 167128},
      // The same, and the write was a leader's whose successor had begun, but not granted yet.
      {"all", 212163},
      // One that was ordered to end, and whose record was lost, was taken for a cold start.
      {"all", 772217},
      // The checker knew nothing of a pin that stood for an instant.
      {"all", 771494},
      // The checker wanted a directive to be carried out that a fault had made unreadable.
      {"all", 3413},
      {"all", 4474},
      // A joiner's first record was lost before its watch, which lagged, had shown it.
      {"vanished_before_adoption_ignored", 5659},
      // A heartbeat that expired and came again was missed in a replay.
      {"undirected", 20378},
      {"undirected", 30268},
      // The same, where an answer came to a process that had given it up as it woke up.
      {"undirected", 51743},
      // A process had not handled all that came while it was frozen when it was judged.
      {"everything", 300875},
      // The store had lost a part of a record, and its leader wrote over it for ever.
      {"everything", 4},
  };
  return all;
}

constexpr std::uint64_t lives_of_each = 50;
constexpr std::uint64_t lives_of_unwished = 400;
constexpr std::uint64_t lives_of_all = 200;

} // namespace

std::vector<fixed_life> fixed_set() {
  auto result = once_failed();
  for (const auto& x : all_profiles()) {
    // Seeds 180, 198, 247, 269, 283 and 367 of "undirected" failed once, too.
    auto n = x.name == "undirected" ? lives_of_unwished
             : x.name == "all"      ? lives_of_all
                                    : lives_of_each;
    for (std::uint64_t seed = 1; seed <= n; ++seed)
      result.push_back({x.name, seed});
  }
  return result;
}

} // namespace partita::simulation
