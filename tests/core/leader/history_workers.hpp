// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "history_store.hpp"

#include <memory>
#include <set>
#include <vector>

namespace core_test {

/// Workers that crash, freeze, restart, drain and do not confirm. No partition may be
/// worked on by two of them.
struct history_workers : virtual history_store {
  /// A session is over so long after the first send of its newest acknowledged heartbeat.
  static constexpr auto session = 5250ms;

  /// One incarnation, until it ends or its process dies.
  struct incarnation {
    int id = 0;
    std::string nonce;
    std::string replaces;
    beat_state state = beat_state::joining;
    std::uint64_t revision = 0;
    bool joined = false;
    /// Its first heartbeat was acknowledged.
    bool started = false;
    /// A heartbeat is under way; when the next one is due; until when it may work.
    bool busy = false;
    time_point next_beat;
    time_point until;
    stamp applied;
    /// What it works on, with the tokens; and what it is stopping.
    std::map<std::string, std::uint64_t> works;
    std::map<std::string, std::pair<partition, time_point>> stopping;
    /// Stops nothing.
    bool stubborn = false;
    time_point frozen_until;
    watch record_watch;
    std::deque<entry<record>> mailbox;
  };

  std::map<std::string, std::shared_ptr<incarnation>> alive;
  std::map<std::string, std::uint64_t> tokens;
  std::size_t nonces = 0;

  void show_record(const std::shared_ptr<incarnation>& whom) {
    show(whom->record_watch, [=, this, e = records[id(whom->id)]] {
      whom->mailbox.push_back(e);
      read_mail(whom);
    });
  }

  std::shared_ptr<incarnation> present(int n) const {
    for (const auto& [nonce, x] : alive)
      if (x->id == n)
        return x;
    return nullptr;
  }

  void start(int n, const std::string& replaces = "") {
    auto x = std::make_shared<incarnation>();
    x->id = n;
    x->nonce = "n" + std::to_string(++nonces);
    x->replaces = replaces;
    x->next_beat = now;
    alive[x->nonce] = x;
  }

  /// Its first heartbeat: over nothing, over a mark, or over its own process's past.
  void join(const std::shared_ptr<incarnation>& x) {
    auto& e = beats[id(x->id)];
    x->next_beat = now + 1s;
    if (e.present && is_living(e.value.state) && e.value.nonce.value != x->replaces)
      return;
    x->joined = true;
    x->revision = e.revision;
    if (e.present && e.value.nonce.value != x->replaces)
      x->replaces.clear();
    make_record(x);
    send_beat(x);
  }

  void make_record(const std::shared_ptr<incarnation>& x) {
    auto& e = records[id(x->id)];
    if (e.present) {
      show_record(x);
      return;
    }
    record empty;
    empty.worker_nonce = {x->nonce};
    e = {++last, empty, true, true};
    note("record of " + id(x->id).value + " made by " + x->nonce);
    versions[id(x->id).value] = 0;
    record_changed(id(x->id));
  }

  void send_beat(const std::shared_ptr<incarnation>& x) {
    if (x->busy)
      return;
    x->busy = true;
    x->next_beat = now + 1s;
    beat b;
    b.nonce = {x->nonce};
    b.replaces = {x->replaces};
    b.state = x->state;
    b.applied = x->applied;
    for (const auto& [name, y] : x->stopping)
      b.stopping.push_back(y.first);
    repeat_beat(x, b, now);
  }

  void repeat_beat(const std::shared_ptr<incarnation>& x, const beat& b,
                   time_point sent) {
    if (!alive.contains(x->nonce))
      return;
    auto lost = faults && any(12) == 0;
    later(delay(), [=, this] {
      auto answer = write_beat(id(x->id), b, {x->revision});
      if (lost)
        later(500ms, [=, this] { repeat_beat(x, b, sent); });
      else
        later(delay(), [=, this] { beat_answered(x, b, sent, answer); });
    });
  }

  void beat_answered(const std::shared_ptr<incarnation>& x, const beat& b,
                     time_point sent, kv_written answer) {
    if (!alive.contains(x->nonce))
      return;
    if (answer.status == write_status::conflict) {
      const auto& e = beats[id(x->id)];
      if (!e.present || e.value.nonce.value != x->nonce || !is_living(e.value.state)
          || e.revision <= x->revision) {
        end_session(x);
        return;
      }
      answer = done(e.revision);
    }
    x->busy = false;
    x->revision = answer.revision.value;
    x->until = std::max(x->until, sent + session);
    x->started = true;
    if (now < x->frozen_until)
      return;
    if (b.applied != x->applied || b.state != x->state
        || b.stopping.size() != x->stopping.size())
      send_beat(x);
  }

  /// All work ends, and it joins again under another name.
  void end_session(const std::shared_ptr<incarnation>& x) {
    note("session of " + x->nonce + " is over");
    alive.erase(x->nonce);
    start(x->id, x->joined ? x->nonce : x->replaces);
  }

  /// In order, and not while it is frozen or waits for the answer to its first heartbeat.
  void read_mail(const std::shared_ptr<incarnation>& x) {
    while (!x->mailbox.empty() && alive.contains(x->nonce) && x->joined && x->started
           && now >= x->frozen_until && now < x->until) {
      auto e = x->mailbox.front();
      x->mailbox.pop_front();
      apply(x, e);
    }
  }

  void apply(const std::shared_ptr<incarnation>& x, const entry<record>& e) {
    if (!e.present || !e.readable) {
      if (x->applied.version.value != 0)
        end_session(x);
      else if (!e.present)
        make_record(x);
      return;
    }
    const auto& r = e.value;
    if (r.worker_nonce.value != x->nonce || stamp_of(r) <= x->applied)
      return;
    x->applied = stamp_of(r);
    x->state = x->state == beat_state::joining ? beat_state::working : x->state;
    std::set<std::string> listed;
    for (const auto& g : r.partitions) {
      auto name = name_of(g.partition);
      listed.insert(name);
      if (x->stopping.erase(name) != 0)
        x->works.erase(name);
      work_on(x, name, g.token.value);
    }
    for (auto& [name, token] : x->works)
      if (!listed.contains(name) && !x->stopping.contains(name)) {
        partition p{{"p", name.substr(2)}, 100};
        auto takes = std::chrono::milliseconds{x->stubborn ? 1000000 : any(300)};
        x->stopping[name] = {p, now + takes};
      }
    send_beat(x);
  }

  /// The one thing that must hold.
  void work_on(const std::shared_ptr<incarnation>& x, const std::string& name,
               std::uint64_t token) {
    for (const auto& [nonce, y] : alive)
      if (y != x && now < y->until && y->works.contains(name))
        fail(name + " is worked on by " + nonce + " and by " + x->nonce);
    auto known = x->works.find(name);
    if (known != x->works.end() && known->second == token)
      return;
    auto& newest = tokens[name];
    if (token <= newest)
      fail("the token of " + name + " went from " + std::to_string(newest) + " to "
           + std::to_string(token));
    newest = token;
    x->works[name] = token;
  }

  void work(const std::shared_ptr<incarnation>& x) {
    if (now < x->frozen_until)
      return;
    // Whatever it does, it looks at its clock before; so what it worked on has ended.
    if (x->started && now >= x->until) {
      end_session(x);
      return;
    }
    read_mail(x);
    if (!alive.contains(x->nonce))
      return;
    std::vector<std::string> done_with;
    for (const auto& [name, y] : x->stopping)
      if (now >= y.second)
        done_with.push_back(name);
    for (const auto& name : done_with) {
      x->stopping.erase(name);
      x->works.erase(name);
    }
    if (!x->joined && now >= x->next_beat)
      join(x);
    else if (x->joined && (now >= x->next_beat || !done_with.empty()))
      send_beat(x);
  }

  /// Everything was stopped and confirmed before.
  void goodbye(const std::shared_ptr<incarnation>& x, beat_state how) {
    alive.erase(x->nonce);
    beat b;
    b.nonce = {x->nonce};
    b.replaces = {x->replaces};
    b.state = how;
    if (x->joined && !x->busy)
      write_beat(id(x->id), b, {x->revision});
  }
};

} // namespace core_test
