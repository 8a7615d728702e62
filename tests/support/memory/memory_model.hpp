// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/store/memory/memory_bucket.hpp"

#include <cstddef>

namespace partita::store {

/// A bucket with what can go wrong with one.
class faulty_bucket : public memory_bucket {
public:
  using memory_bucket::memory_bucket;

  /// It shows another creation time, as a node of some clusters does after a restart.
  void shift_creation(std::int64_t by_ns) { created_at_ns_ += by_ns; }

  /// Loses all writes after `last`, as a server does that comes back from a power
  /// failure.
  void lose_writes_after(revision last);

  /// From now on entries outlive the TTL by this much.
  void expire_late(std::chrono::milliseconds by) { late_ = by; }
};

/// A JetStream server's key-value buckets without the server: pure, its clock is an
/// input.
class memory_model {
public:
  using time_point = memory_bucket::time_point;

  struct options {
    /// The monotonic time that `wall_start_ns` (nanoseconds since 1970) belongs to.
    time_point start;
    std::int64_t wall_start_ns = 0;
    /// The largest value that is taken, as a server's max_payload.
    std::size_t max_value = std::size_t{1} << 20;
    /// What its buckets state as such; less in tests of what adapts to it.
    std::size_t stated_max_value = max_value;
  };

  explicit memory_model(options x) : options_(x) {}

  struct open_outcome {
    open_status status = open_status::unknown;
    bucket_identity identity;
    std::string why;
  };

  /// Finds or makes a bucket. With open_mode::look any configuration will do; otherwise
  /// an existing one has to fit, or is changed (open_mode::change).
  open_outcome open(const open_bucket& what, time_point now);

  memory_bucket::outcome write(const std::string& bucket, const kv_change& what,
                               time_point now);

  /// The newest revision of a key, or of all that match a pattern.
  kv_read last(const std::string& bucket, const std::string& key, time_point now);

  kv_identity identify(const std::string& bucket) const;

  bool has(const std::string& bucket) const;

  /// What a new consumer replays; nothing if there is no such bucket.
  std::vector<kv_entry> entries(const std::string& bucket, const std::string& pattern,
                                time_point now);

  /// Both return whether there was such a bucket.
  bool delete_bucket(const std::string& bucket);
  bool lose_writes_after(const std::string& bucket, revision last);
  /// Nothing if there is no such bucket.
  void shift_creation(const std::string& bucket, std::chrono::nanoseconds by);

  /// The server's wall clock is set.
  void step_wall_clock(std::chrono::nanoseconds by) {
    options_.wall_start_ns += by.count();
  }
  /// From now on all buckets sweep this much later than their TTLs say.
  void expire_late(std::chrono::milliseconds by);

private:
  std::int64_t wall_ns(time_point now) const;
  bucket_identity identity_of(const memory_bucket& x) const;

  options options_;
  std::chrono::milliseconds late_{0};
  std::map<std::string, faulty_bucket, std::less<>> buckets_;
  /// Creation times differ, however fast buckets are made.
  std::int64_t newest_created_ns_ = 0;
};

} // namespace partita::store
