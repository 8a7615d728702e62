// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "history_store.hpp"

#include "partita/core/leader/coordinator.hpp"
#include "partita/core/strategies/strategies.hpp"

#include <memory>
#include <optional>
#include <variant>

namespace core_test {

/// Leaders that follow each other and overlap; their watches lag, and their writes come
/// late or are not answered.
struct history_leaders : virtual history_store {
  static constexpr auto ttl = 6s;

  struct leadership {
    std::uint64_t epoch = 0;
    std::unique_ptr<coordinator> core;
    watch records;
    watch beats;
  };

  std::uint64_t epoch = 0;
  std::deque<std::shared_ptr<leadership>> leaders;
  std::uint32_t max_moves = static_cast<std::uint32_t>(seed % 4);
  int partitions = 10;

  void show_record(const std::shared_ptr<leadership>& whom, const worker_id& who) {
    show(whom->records, [=, this, e = records[who]] {
      if (e.present)
        feed(whom, coordinator::record_shown{
                       who, {e.revision}, content(e, whom->core->index())});
      else
        feed(whom, coordinator::record_gone{who});
    });
  }

  void beat_changed(const worker_id& who) override {
    for (auto& y : leaders)
      show_beat(y, who);
  }

  void show_beat(const std::shared_ptr<leadership>& whom, const worker_id& who) {
    show(whom->beats, [=, this, e = beats[who]] {
      if (e.present)
        feed(whom, coordinator::beat_shown{who, {e.revision}, e.value, now});
      else
        feed(whom, coordinator::beat_gone{who, {e.revision}, now});
    });
  }

  void elect() {
    if (leaders.size() > 1 || (!leaders.empty() && any(2) == 0))
      leaders.pop_front(); // It dies; what it sent may still arrive.
    auto x = std::make_shared<leadership>();
    coordinator::options o;
    o.epoch = {x->epoch = ++epoch};
    o.leader = {"worker-" + std::to_string(any(5))};
    o.heartbeat_ttl = ttl;
    o.grace = 2s;
    o.pause = 100ms;
    o.rebalance = {10s, 5s, 1s, 0, 5s, 10s, 10s, max_moves};
    o.strategy = make_strategy({});
    x->core = std::make_unique<coordinator>(o);
    if (faults && any(3) == 0)
      x->beats.lag = std::chrono::milliseconds{any(9000)};
    if (faults && any(3) == 0)
      x->records.lag = std::chrono::milliseconds{any(3000)};
    // The older ones meet the new epoch before any record that is made under it.
    for (auto& y : leaders)
      show(y->records, [=, this, e = epoch] { feed(y, coordinator::epoch_shown{{e}}); });
    leaders.push_back(x);
    note("leader of epoch " + std::to_string(epoch));
    for (const auto& [who, e] : records)
      if (e.present)
        show_record(x, who);
    show(x->records, [=, this] { feed(x, coordinator::records_replayed{}); });
    feed(x, coordinator::directives_replayed{});
    for (const auto& [who, e] : beats)
      if (e.present)
        show_beat(x, who);
    show(x->beats, [=, this] { feed(x, coordinator::beats_replayed{now}); });
    give(x);
  }

  void give(const std::shared_ptr<leadership>& whom) {
    std::vector<partition> all;
    for (int i = 0; i < partitions; ++i)
      all.push_back({{"p", std::to_string(i)}, 100});
    feed(whom, coordinator::partitions_given{whom->core->index().list(all)});
  }

  bool leads(const std::shared_ptr<leadership>& x) const {
    return std::find(leaders.begin(), leaders.end(), x) != leaders.end();
  }

  void feed(const std::shared_ptr<leadership>& whom, const coordinator::event& what) {
    if (!leads(whom))
      return;
    for (const auto& x : whom->core->step(what, now)) {
      if (const auto* w = std::get_if<coordinator::write>(&x))
        send(whom, *w);
      else if (const auto* r = std::get_if<coordinator::read>(&x))
        look(whom, *r);
      else if (const auto* m = std::get_if<coordinator::write_mark>(&x))
        send(whom, *m);
      else if (const auto* n = std::get_if<coordinator::read_mark>(&x))
        look(whom, *n);
      else if (const auto* l = std::get_if<coordinator::look_at_beat>(&x))
        look(whom, *l);
      else if (std::holds_alternative<coordinator::adopt>(x))
        feed(whom, coordinator::may_act{});
      else if (std::holds_alternative<coordinator::overruled>(x))
        std::erase(leaders, whom);
    }
  }

  template <class F, class G>
  void send_write(const std::shared_ptr<leadership>& whom, F write, G answered) {
    auto fate = faults ? any(12) : 11;
    if (fate == 0) {
      later(delay(), [=, this] { feed(whom, answered(not_connected())); });
      return;
    }
    // It may reach the store long after its leader has gone, and after its time-out.
    auto late = fate == 1 ? std::chrono::milliseconds{any(8000)} : delay();
    later(late, [=, this] {
      auto result = write();
      if (fate > 2)
        later(delay(), [=, this] { feed(whom, answered(result)); });
    });
    if (fate <= 2)
      later(500ms, [=, this] { feed(whom, answered(no_answer())); });
  }

  void send(const std::shared_ptr<leadership>& whom, const coordinator::write& x) {
    send_write(
        whom, [=, this] { return write_record(x.who, *x.value, x.expected); },
        [=](const kv_written& y) {
          return coordinator::write_answered{x.who, y};
        });
  }
  void send(const std::shared_ptr<leadership>& whom, const coordinator::write_mark& x) {
    send_write(
        whom, [=, this] { return write_beat(x.who, x.mark, x.expected); },
        [=](const kv_written& y) {
          return coordinator::mark_answered{x.who, y};
        });
  }

  void look(const std::shared_ptr<leadership>& whom, const coordinator::read& x) {
    later(delay(), [=, this] {
      later(delay(), [=, this, e = found(records[x.who])] {
        feed(whom, coordinator::read_answered{x.who, e});
      });
    });
  }
  void look(const std::shared_ptr<leadership>& whom, const coordinator::read_mark& x) {
    later(delay(), [=, this] {
      later(delay(), [=, this, e = beats[x.who]] {
        feed(whom, coordinator::mark_looked_at{x.who, found(e), beat_in(e)});
      });
    });
  }
  void look(const std::shared_ptr<leadership>& whom, const coordinator::look_at_beat& x) {
    later(delay(), [=, this] {
      later(delay(), [=, this, e = beats[x.who]] {
        std::optional<nonce> there;
        if (!e.present)
          there = nonce{};
        else if (e.readable)
          there = e.value.nonce;
        feed(whom, coordinator::beat_looked_at{x.who, x.incarnation, there});
      });
    });
  }

  static std::optional<beat> beat_in(const entry<beat>& e) {
    return e.present ? std::optional{e.value} : std::nullopt;
  }
};

} // namespace core_test
