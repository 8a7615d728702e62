// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/inspect/group_status.hpp"
#include "partita/messages/codec.hpp"
#include "partita/messages/control_codec.hpp"

#include <string>
#include <utility>
#include <vector>

/// Entries of a group, written as its workers and operators write them.
namespace partita::test {

inline constexpr std::int64_t second_ns = 1'000'000'000;

/// A group whose entries are added one by one. All are stored at `now_s`, unless said
/// otherwise.
class sample_group {
public:
  explicit sample_group(std::int64_t now_s = 1'000) : now_s_{now_s} {
    entries_.group = "orders";
  }

  sample_group& leader(const std::string& id, std::uint64_t epoch) {
    add(entries_.election, "leader", id + ":1763884512:cd34", now_s_);
    epoch_entry power{{epoch}, {id}, {"ef"}};
    add(entries_.assignment, "epoch", to_text(power), now_s_);
    return *this;
  }

  sample_group& beat(const std::string& id, beat_state state = beat_state::working,
                     std::int64_t capacity = 100, std::int64_t age_s = 0) {
    partita::beat x;
    x.nonce = {"nonce of " + id};
    x.state = state;
    x.capacity = capacity;
    x.applied = newest_;
    add(entries_.heartbeat, "heartbeat." + id, to_text(x), now_s_ - age_s);
    return *this;
  }

  /// A record that grants these partitions, as this plan of this epoch.
  sample_group& record(const std::string& id, stamp at, std::vector<std::string> owns,
                       std::vector<std::string> revoking = {}) {
    partita::record x;
    x.version = at.version;
    x.epoch = at.epoch;
    x.worker_nonce = {"nonce of " + id};
    for (auto& name : owns)
      x.partitions.push_back({{{"orders", name}, 100}, at.version});
    for (auto& name : revoking)
      x.revoking.push_back({{{"orders", name}, 100}});
    newest_ = std::max(newest_, at);
    add(entries_.assignment, "assignment." + id, to_text(x), now_s_ - 60);
    return *this;
  }

  /// A worker that works on these.
  sample_group& worker(const std::string& id, std::vector<std::string> owns,
                       std::int64_t capacity = 100) {
    record(id, first, std::move(owns));
    return beat(id, beat_state::working, capacity);
  }

  sample_group& directive(directive::kind what, const std::string& reason = {},
                          std::int64_t age_s = 0) {
    partita::directive x{what, now_s_ - age_s, "ann@box", reason};
    add(entries_.control, directive_key(what), to_text(x), now_s_ - age_s);
    return *this;
  }

  sample_group& plan(history_id id, history_entry x, std::int64_t age_s = 0) {
    x.epoch = id.epoch;
    add(entries_.control, history_key(id), to_text(x), now_s_ - age_s);
    return *this;
  }

  app::group_entries& entries() { return entries_; }
  app::group_status status(const std::vector<std::string>& known = {}) const {
    return app::examine(entries_, known);
  }

  static void add(std::vector<kv_entry>& to, std::string key, std::string value,
                  std::int64_t at_s) {
    to.push_back({std::move(key), std::move(value), {1}, false, at_s * second_ns});
  }

  static constexpr stamp first{{3}, {3 * versions_per_epoch + 1}};

private:
  std::int64_t now_s_;
  stamp newest_ = first;
  app::group_entries entries_;
};

inline bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace partita::test
