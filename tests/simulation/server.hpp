// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../support/memory/memory_model.hpp"
#include "../support/memory/memory_server.hpp"
#include "fault_windows.hpp"
#include "network_link.hpp"

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace partita::simulation {

/// Sees what the store does, and what goes over the wires.
struct store_observer {
  virtual ~store_observer() = default;
  /// A write left its process.
  virtual void sent(process_id, const store::server_write&) = 0;
  /// A write happened. `before`: what was there.
  virtual void applied(process_id, const std::string& bucket, const kv_entry& now,
                       const std::optional<kv_entry>& before) = 0;
  /// A watch's news reached its process.
  virtual void delivered(process_id, const std::string& bucket, const kv_entry&) = 0;
  /// The answer to a write reached its process while it was awaited.
  virtual void acknowledged(process_id, const std::string& bucket, revision) = 0;
  /// All that the bucket held is gone, or what was written after a revision.
  virtual void lost(const std::string& bucket, std::optional<revision> after) = 0;
};

struct server_options {
  core::duration watch_heartbeat = std::chrono::milliseconds{500};
  std::int64_t wall_start_ns = 0;
  /// How long a client waits for an answer.
  core::duration request_timeout = std::chrono::milliseconds{500};
  /// How late a late write may be.
  core::duration latest_write = std::chrono::seconds{10};
  /// store::memory_model::options::stated_max_value.
  std::size_t most_value = std::size_t{1} << 20;
  /// Its buckets have no copies elsewhere, and it says so.
  bool alone = false;
  /// An operator declares the group as soon as this bucket is made; empty: never.
  std::string declared = {};
};

/// The far end of all connections: the buckets of store::memory_model, and all that a
/// server can do wrong. Speaks with clients as store::memory_server does.
class server final : public network_link::far_end {
public:
  server(world& w, server_options options, store_observer& observer);

  // -- the wires ------------------------------------------------------------------------

  void sent(network_link& from, const caf::mailbox_element& x) override;
  void arrived(network_link& from, caf::mailbox_element_ptr x) override;
  void delivered(network_link& at, const downward& x) override;
  void stranded(network_link& from, caf::mailbox_element_ptr x) override;
  void closed(network_link& x) override;
  std::string process() const override { return std::to_string(starts_); }

  // -- what happens to the store --------------------------------------------------------

  simulation::fault_windows& fault_windows() { return windows_; }
  /// Forgets all watches, and is another process from now on.
  void restart() {
    consumers_.clear();
    ++starts_;
  }
  void delete_bucket(const std::string& name);
  /// `partita init` writes its entry, without the wait before it: the age of the buckets is to
  /// make up for that.
  void declare(const std::string& bucket);
  /// Makes a bucket again as it was made first; nothing if it is there.
  void make_again(const std::string& name);
  /// Takes the newest `n` writes back.
  void lose_writes(const std::string& bucket, std::uint64_t n);
  /// As an operator does.
  void remove_entry(const std::string& bucket, const std::string& key);
  /// Over whatever is there; nothing if the bucket is not.
  void put_entry(const std::string& bucket, const std::string& key,
                 const std::string& value);
  /// Watches whose bucket is struck by watch_dies say nothing more.
  void silence(const fault_window& x);
  void expire_late(std::chrono::milliseconds x) { model_.expire_late(x); }
  /// The bucket shows another creation time, though it is the same.
  void shift_creation(const std::string& bucket, std::chrono::milliseconds by) {
    model_.shift_creation(bucket, by);
  }

  void step_wall_clock(core::duration by) { model_.step_wall_clock(by); }

  /// A write that arrives now, and what the stream's leader shows of a key.
  kv_written write(process_id writer, const store::server_write& x);
  kv_read last(const std::string& bucket, const std::string& key) {
    return model_.last(bucket, key, world_->now());
  }
  revision newest(const std::string& bucket, const std::string& key) {
    auto found = model_.last(bucket, key, world_->now());
    return found.status == read_status::found ? found.entry.revision : revision{};
  }

  std::vector<kv_entry> entries(const std::string& bucket) {
    return model_.entries(bucket, ">", world_->now());
  }

private:
  struct consumer {
    network_link* owner = nullptr;
    std::uint64_t generation = 0;
    /// Not a handle: a client without other holders must not live on as a consumer.
    caf::actor_addr inbox;
    std::uint64_t feed = 0;
    std::uint64_t attempt = 0;
    const std::string* bucket = nullptr;
    std::string pattern;
    std::uint64_t sequence = 0;
    bool silent = false;
    /// What a replica that lags has not shown yet, oldest first. It says that it lives all
    /// the same: `shown` is all that it knows of.
    std::deque<std::pair<caf::message, std::uint64_t>> held;
    std::uint64_t shown = 0;
    core::time_point not_before;
  };

  /// One write, to be taken back where an old replica is played.
  struct past_write {
    core::time_point when;
    kv_entry entry;
    std::optional<kv_entry> before;
  };

  /// Who can be probed: over which wire, and by whom it is answered.
  struct probe_host {
    network_link* wire = nullptr;
    caf::actor_addr who;
  };

  /// A probe that was passed on.
  struct open_probe {
    network_link* asker = nullptr;
    std::uint64_t generation = 0;
    std::shared_ptr<caf::mailbox_element> asked;
  };

  void pass_probe_on(network_link& from, caf::mailbox_element_ptr x);
  void probe_answered(const caf::mailbox_element& x);

  template <class T>
  void answer(network_link& to, const caf::mailbox_element& asked,
              const std::string& bucket, T x);
  void note_write(process_id writer, const store::server_write& x,
                  const store::memory_bucket::outcome& done,
                  const std::optional<kv_entry>& before);
  void write_later(network_link& from, caf::mailbox_element_ptr x, core::duration delay,
                   bool conflicts);
  void make_consumer(network_link& from, const caf::mailbox_element& asked,
                     const store::make_consumer& x);
  void drop(const network_link& owner, const caf::actor_addr& inbox, std::uint64_t feed);
  void show(std::uint64_t id, const kv_entry& entry);
  void send(std::uint64_t id, caf::message what, std::uint64_t sequence);
  void release(std::uint64_t id);
  void beat(std::uint64_t id);
  /// Takes back what was written lately; returns what was taken back.
  std::vector<kv_entry> rewind(const std::string& bucket, std::vector<kv_entry>& shown,
                               const std::string& pattern, core::duration how_far);

  /// One string for each name, that stays where it is.
  const std::string* interned(const std::string& x) { return &*names_.insert(x).first; }

  world* world_;
  std::set<std::string> names_;
  server_options options_;
  store_observer* observer_;
  simulation::fault_windows windows_;
  std::uint64_t starts_ = 1;
  store::memory_model model_;
  std::map<std::string, open_bucket> made_;
  /// How many late writes of a bucket's key are under way that other writes conflict with.
  std::map<std::pair<std::string, std::string>, std::size_t> in_flight_;
  std::map<std::uint64_t, consumer> consumers_;
  std::uint64_t numbers_ = 0;
  std::map<std::string, std::deque<past_write>> past_;
  /// When the writes under way left, by sender and request.
  std::map<std::pair<caf::actor_id, std::uint64_t>, core::time_point> left_;
  std::map<std::string, probe_host> probe_hosts_;
  std::map<std::uint64_t, open_probe> open_probes_;
};

} // namespace partita::simulation
