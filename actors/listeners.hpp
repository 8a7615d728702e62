#pragma once

#include "partita/messages/interfaces.hpp"

#include <optional>
#include <utility>
#include <vector>

namespace partita {

/// Whoever hears about a worker, and what one who comes late needs to know.
template <class Self>
class listeners {
public:
  explicit listeners(Self* self) : self_{self} {}

  void add(const listener_actor& who) {
    if (!who)
      return;
    all_.push_back(who);
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
  }

  void tell(const worker_id_claimed& x) { keep(claimed_, x); }
  void tell(const state_changed& x) { keep(state_, x); }
  void tell(const leadership_changed& x) { keep(leadership_, x); }
  void tell(const assignment_changed& x) { keep(assignment_, x); }
  void tell(const calculator_adopted& x) { send(x); }
  void tell(const alert_raised& x) { send(x); }
  void tell(const worker_stopped& x) { send(x); }

private:
  template <class T>
  void keep(std::optional<T>& last, const T& x) {
    last = x;
    send(x);
  }

  template <class T>
  void send(const T& x) {
    for (const auto& who : all_)
      self_->send(who, x);
  }

  Self* self_;
  std::vector<listener_actor> all_;
  std::optional<worker_id_claimed> claimed_;
  std::optional<state_changed> state_;
  std::optional<leadership_changed> leadership_;
  std::optional<assignment_changed> assignment_;
};

} // namespace partita
