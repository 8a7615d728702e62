// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/store/nats/client/connection.hpp"

#include <condition_variable>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace partita::test {

using namespace std::chrono_literals;

/// Keeps what a connection brings, for a test that waits for it.
class recorder : public nats::sink {
public:
  /// How long a test waits for what must come.
  static constexpr auto patience = 10s;

  void take(nats::event x) override {
    change([&] { std::visit([this](auto& y) { on(y); }, x); });
  }

  /// Waits until `happened` is true, called with the lock held; false: it never was.
  template <class Predicate>
  bool wait(Predicate happened, std::chrono::milliseconds at_most = patience) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, at_most, happened);
  }

  bool wait_up() {
    return wait([this] { return up_ > 0; });
  }

  bool wait_down() {
    return wait([this] { return up_ == 0 && downs_ > 0; });
  }

  bool wait_why(const std::string& part) {
    return wait([&] {
      for (const auto& why : whys_)
        if (why.find(part) != std::string::npos)
          return true;
      return false;
    });
  }

  /// The answer to a ticket; an empty message if none comes.
  nats::message wait_answer(std::uint64_t ticket) {
    std::unique_lock lock{mutex_};
    if (!changed_.wait_for(lock, patience, [&] { return answers_.count(ticket) > 0; }))
      return {};
    return answers_[ticket].front();
  }

  /// Calls `apply` with the lock held, and wakes all threads that wait.
  template <class Change>
  void change(Change apply) {
    static const bool plant_race = std::getenv("PARTITA_PLANT_RACE") != nullptr;
    if (plant_race)
      ++unguarded_;
    std::lock_guard guard{mutex_};
    apply();
    changed_.notify_all();
  }

  /// Calls `look` with the lock held.
  template <class Look>
  auto with(Look look) {
    std::lock_guard guard{mutex_};
    return look();
  }

  std::uint64_t up_ = 0;
  int ups_ = 0;
  int downs_ = 0;
  int wakes_ = 0;
  nats::server_facts server_;
  std::string version_;
  std::vector<std::string> whys_;
  std::map<std::uint64_t, std::vector<nats::message>> answers_;
  std::map<std::uint64_t, std::vector<nats::message>> news_;
  std::vector<std::pair<std::string, std::string>> denials_;

  /// Calls of any kind. Only with PARTITA_PLANT_RACE: a planted data race.
  int unguarded_ = 0;

private:
  void on(const nats::link_event& x) {
    up_ = x.up ? x.link : 0;
    ++(x.up ? ups_ : downs_);
    if (x.up)
      server_ = x.server;
    else
      whys_.push_back(x.why);
  }
  void on(const nats::server_event& x) { version_ = x.server.version; }
  void on(nats::answer_event& x) { answers_[x.ticket].push_back(std::move(x.answer)); }
  void on(nats::news_event& x) { news_[x.inbox].push_back(std::move(x.news)); }
  void on(const nats::denial_event& x) { denials_.emplace_back(x.subject, x.why); }
  void on(nats::wake_event) { ++wakes_; }

  std::mutex mutex_;
  std::condition_variable changed_;
};

} // namespace partita::test
