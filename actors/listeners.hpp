// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/worker/duties.hpp"
#include "partita/messages/interfaces.hpp"

#include <caf/actor_cast.hpp>
#include <caf/error.hpp>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace partita {

/// The listeners of a worker, which do its work, and the last events, which a listener
/// that is added later receives first. Each has a number, by which core::duties knows it.
template <class Self>
class listeners {
public:
  using id = core::duties::listener_id;

  explicit listeners(Self* self) : self_{self} {}

  /// Its number; nothing if it is null or already a listener.
  std::optional<id> add(const listener_actor& who) {
    auto known = std::any_of(all_.begin(), all_.end(),
                             [&](const entry& x) { return x.who == who; });
    if (!who || known)
      return std::nullopt;
    all_.push_back({++last_, who});
    // Once it has ended, its work is not done any more, and the worker must not go on.
    self_->monitor(who);
    if (claimed_)
      self_->send(who, *claimed_);
    if (state_)
      self_->send(who, *state_);
    if (leadership_ && leadership_->leading)
      self_->send(who, *leadership_);
    if (assignment_) {
      auto news = *assignment_;
      news.removed.clear();
      news.added.clear();
      for (const auto& x : news.partitions)
        news.added.push_back(x.partition);
      self_->send(who, std::move(news));
    }
    return last_;
  }

  /// Forgets a listener that has ended; its number if it was one.
  std::optional<id> remove(const caf::actor_addr& who) {
    for (auto i = all_.begin(); i != all_.end(); ++i) {
      if (i->who.address() != who)
        continue;
      auto result = i->number;
      all_.erase(i);
      return result;
    }
    return std::nullopt;
  }

  void tell(const worker_id_claimed& x) { keep(claimed_, x); }
  void tell(const state_changed& x) { keep(state_, x); }
  void tell(const leadership_changed& x) { keep(leadership_, x); }
  void tell(const assignment_changed& x) { keep(assignment_, x); }
  void tell(const calculator_adopted& x) { send(x); }
  void tell(const alert_raised& x) { send(x); }
  void tell(const worker_stopped& x) { send(x); }

  /// To one, or to all.
  void tell(const partitions_assigned& x, std::optional<id> to) {
    for (const auto& y : all_)
      if (!to || *to == y.number)
        self_->send(y.who, x);
  }

  /// Orders all listeners to stop work; `stopped` gets the number of each that has. Waits
  /// without limit for one that does not answer; the monitor notices one that ends.
  template <class Order, class F>
  void ask(const Order& x, F stopped) {
    for (const auto& y : all_)
      self_->request(y.who, caf::infinite, x)
          .then([stopped, number = y.number](work_stopped) { stopped(number); },
                [](const caf::error&) {});
  }

private:
  struct entry {
    id number;
    listener_actor who;
  };

  template <class T>
  void keep(std::optional<T>& last, const T& x) {
    last = x;
    send(x);
  }

  template <class T>
  void send(const T& x) {
    for (const auto& y : all_)
      self_->send(y.who, x);
  }

  Self* self_;
  std::vector<entry> all_;
  id last_ = 0;
  std::optional<worker_id_claimed> claimed_;
  std::optional<state_changed> state_;
  std::optional<leadership_changed> leadership_;
  std::optional<assignment_changed> assignment_;
};

} // namespace partita
