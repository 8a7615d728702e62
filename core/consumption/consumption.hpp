// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/time.hpp"
#include "partita/messages/consuming.hpp"
#include "partita/messages/entries.hpp"
#include "partita/messages/store.hpp"
#include "partita/messages/streams.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace partita::core {

/// The consumer of one partition under a fencing token: from the grant to its end.
///
///   granted            token is older         landed          made      gone
///  ---------> reading ----------------> old, -------> making ----> removing ----> rereading
///             ^  |  |                   stream,         ^           the old       |  |
///    conflict,|  |  +-- token is ours --writing --------+              greater    |  | ours
///    unknown  |  |                         |                           token      |  v
///             +--+-------------------------+        stopped <---------------------+ standing
///                +-- greater token ---> stopped                                       |
///   revoked: any state, once the request under way is answered --> ending --> ended <--+
///
/// Promises (docs/consuming.md has the reasons):
/// - No consumer is made before the claim says its token and name: the claim's
///   compare-and-set is the fence. Work is given only if the claim still says so after
///   the consumer was made.
/// - The consumer before it is removed only once the new one stands, but on work queues,
///   which take one at a time.
/// - No position is taken from an acknowledgement floor alone, and none beyond the
///   stream's end or of another incarnation of the stream.
/// - One request at a time; one without an answer is repeated, or the claim is read again.
class consumption {
public:
  struct options {
    std::string group;
    /// The partition's name.
    std::string partition;
    std::string stream;
    /// What each consumer has in common; name and start are filled in, and the partition's
    /// name where `{partition}` stands in the filter.
    consumer_spec consumer;
    /// Between two tries.
    duration pause{};
    /// How often a consumer that stands is looked at.
    duration check{};
  };

  // -- events ---------------------------------------------------------------------------

  /// The partition is ours under this token; again, with a greater one, at any time.
  struct granted {
    version token;
  };
  /// It is taken away, and no work on it goes on.
  struct revoked {};
  struct tick {};
  /// The answers to read_claim, write_claim, stream_look, and those about a consumer.
  using event = std::variant<granted, revoked, tick, kv_read, kv_written, stream_answer,
                             consumer_answer>;

  // -- commands: read_claim, write_claim and those of the store's port are answered --------

  /// From the stream's leader.
  struct read_claim {};
  /// By compare-and-set; 0: create.
  struct write_claim {
    consumer_claim value;
    revision expected;
  };
  /// Remove what is_left_over says, soon.
  struct sweep {};
  /// The partition may be worked on, with this consumer.
  struct stands {
    version token;
    std::string name;
  };
  /// Nothing of ours goes on any more: others may have the partition.
  struct ended {};
  /// What keeps the consumer from standing, and what to do; empty: nothing any more.
  struct trouble {
    std::string why;
  };
  using command =
      std::variant<read_claim, write_claim, stream_look, consumer_look, consumer_make,
                   consumer_remove, sweep, stands, ended, trouble>;
  using commands = std::vector<command>;

  explicit consumption(options opts);

  commands step(const event& what, time_point now);
  std::optional<time_point> wake_at() const { return wake_at_; }
  const std::string& partition() const { return options_.partition; }
  /// Nothing: no consumer of ours was found, or it is not ours any more.
  const std::optional<partition_lag>& lag() const { return lag_; }

  /// Whether a consumer of this partition, with that token, may be removed.
  bool is_left_over(version token, std::string_view name) const;

private:
  enum class phase : std::uint8_t {
    idle,
    reading,
    looking_at_old,
    looking_at_stream,
    writing,
    making,
    /// Whether the consumer works: it has a leader, and is as it was to be made.
    settling,
    removing,
    rereading,
    standing,
    checking,
    renewing,
    /// Superseded or revoked: removes our own consumer.
    leaving,
    ending_look,
    ending_write
  };

  void on(const granted& what);
  void on(const revoked& what);
  void on(const tick& what);
  void on(const kv_read& x);
  void on(const kv_written& x);
  void on(const stream_answer& x);
  void on(const consumer_answer& x);

  void ask(phase what);
  void again(phase what, const std::string& why, bool at_once);
  /// As again; only the removal of the claim helps. `why` ends before "remove".
  void refuse(const std::string& why);
  void claim_found(const kv_entry& entry);
  void claim_holds();
  void made(const consumer_answer& x);
  void checked(const consumer_answer& x);
  void consumer_stands();
  void stand();
  void end();
  bool interrupted();
  std::uint64_t floor_of(const consumer_facts& x) const;
  bool removes_first() const;
  /// Messages go with their last consumer: only who has made another one removes it.
  bool keeps_messages() const;
  consumer_claim claim_from(std::uint64_t start) const;
  consumer_spec spec() const;
  void report(std::string why);

  options options_;
  commands out_;
  time_point now_;
  phase phase_ = phase::idle;
  /// A request is under way.
  bool asked_ = false;
  std::optional<time_point> wake_at_;
  /// Failed tries of the present request, and of all since the consumer stood.
  unsigned tries_ = 0;
  unsigned failures_ = 0;
  version token_;
  /// A grant or a revocation came while a request was under way.
  bool restart_ = false;
  bool revoked_ = false;
  /// The claim as it was read or written last; token 0: there is none.
  consumer_claim claim_;
  revision at_;
  std::optional<stream_facts> stream_;
  /// Our consumer's name, and which one it is under this token.
  std::string name_;
  unsigned run_ = 0;
  /// Where a new claim starts.
  std::uint64_t start_ = 1;
  /// Our consumer may exist.
  bool made_ = false;
  /// The consumer that was given to work with.
  std::string given_;
  std::optional<partition_lag> lag_;
  std::string reported_;
};

} // namespace partita::core
