// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.histories

#include "../support.hpp"

#include "partita/core/leader/coordinator.hpp"
#include "partita/core/strategies/strategies.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>

using namespace core_test;

/// Random histories of a group against a tiny store of records and heartbeats: leaders that
/// follow each other and overlap, workers that crash, freeze, restart, drain and do not
/// confirm, writes that come late or without answer, watches that lag. At every moment no
/// partition may be worked on by two incarnations; at the end faults stop, and every
/// partition must be owned once by who is present.

namespace {

constexpr auto ttl = 6s;
/// A session is over so long after the first send of its newest acknowledged heartbeat.
constexpr auto session = 5250ms;

struct world {
  // -- the store --

  template <class T>
  struct entry {
    std::uint64_t revision = 0;
    T value;
    bool readable = true;
    bool present = false;
  };

  /// A request or news on its way.
  struct mail {
    time_point due;
    std::function<void()> deliver;
  };

  /// One stream, which shows everything in order, late.
  struct watch {
    time_point shown_until;
    duration lag{};
  };

  // -- who is there --

  struct leadership {
    std::uint64_t epoch = 0;
    std::unique_ptr<coordinator> core;
    watch records;
    watch beats;
  };

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

  std::mt19937_64 random;
  std::uint64_t seed;
  time_point now = time_point{} + 1000s;
  std::map<worker_id, entry<record>, by_number> records;
  std::map<worker_id, entry<beat>, by_number> beats;
  std::uint64_t last = 0;
  std::uint64_t last_beat = 0;
  std::uint64_t epoch = 0;
  std::deque<std::shared_ptr<leadership>> leaders;
  std::map<std::string, std::shared_ptr<incarnation>> alive;
  std::map<std::string, std::uint64_t> versions;
  std::map<std::string, std::uint64_t> tokens;
  std::size_t nonces = 0;
  std::uint32_t max_moves = 0;
  int partitions = 10;
  bool faults = true;
  std::deque<mail> under_way;

  explicit world(std::uint64_t number) : random{number}, seed{number} {
    max_moves = static_cast<std::uint32_t>(seed % 4);
  }

  static worker_id id(int n) { return {"worker-" + std::to_string(n)}; }
  static int number_of(const worker_id& x) { return std::stoi(x.value.substr(7)); }

  std::uint64_t any(std::uint64_t below) { return random() % below; }

  /// The last things that happened, told when something is wrong.
  std::deque<std::string> trace;

  void note(std::string what) {
    auto at =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
    trace.push_back(std::to_string(at.count()) + " " + std::move(what));
    if (trace.size() > 120)
      trace.pop_front();
  }

  [[noreturn]] void fail(const std::string& why) {
    for (const auto& x : trace)
      CAF_MESSAGE(x);
    CAF_FAIL("seed " << seed << ": " << why);
  }

  static std::string text_of(const record& x) {
    auto result = std::to_string(x.epoch.value) + "." + std::to_string(x.version.value)
                  + " for " + x.worker_nonce.value + ":";
    for (const auto& y : x.partitions)
      result += " " + y.partition.keys.back();
    for (const auto& y : x.revoking)
      result += " -" + y.partition.keys.back();
    return result;
  }

  void later(duration delay, std::function<void()> what) {
    under_way.push_back({now + delay, std::move(what)});
  }

  duration delay() {
    return std::chrono::milliseconds{faults && any(5) == 0 ? any(900) : any(10)};
  }

  void show(watch& w, std::function<void()> what) {
    w.shown_until = std::max(w.shown_until, now + delay() + w.lag);
    under_way.push_back({w.shown_until, std::move(what)});
  }

  // -- records --

  kv_written write_record(const worker_id& who, const record& x, revision expected) {
    auto& e = records[who];
    if (!e.present || e.revision != expected.value)
      return conflict();
    if (e.readable)
      CAF_REQUIRE(stamp_of(x) > stamp_of(e.value));
    auto& highest = versions[who.value];
    CAF_REQUIRE(x.version.value >= highest);
    highest = x.version.value;
    e = {++last, x, true, true};
    note("record of " + who.value + ": " + text_of(x));
    record_changed(who);
    return done(last);
  }

  void remove_record(const worker_id& who) {
    auto& e = records[who];
    if (!e.present)
      return;
    note("record of " + who.value + " removed");
    e = {++last, {}, true, false};
    record_changed(who);
  }

  decoded<record> content(const entry<record>& e) const {
    if (e.readable)
      return e.value;
    return malformed{"no json"};
  }

  void record_changed(const worker_id& who) {
    for (auto& x : leaders)
      show_record(x, who);
    for (auto& [nonce, x] : alive)
      if (id(x->id) == who)
        show_record(x);
  }

  void show_record(const std::shared_ptr<leadership>& whom, const worker_id& who) {
    show(whom->records, [=, this, e = records[who]] {
      if (e.present)
        feed(whom, coordinator::record_shown{who, {e.revision}, content(e)});
      else
        feed(whom, coordinator::record_gone{who});
    });
  }

  void show_record(const std::shared_ptr<incarnation>& whom) {
    show(whom->record_watch, [=, this, e = records[id(whom->id)]] {
      whom->mailbox.push_back(e);
      read_mail(whom);
    });
  }

  // -- heartbeats --

  kv_written write_beat(const worker_id& who, const beat& x, revision expected) {
    auto& e = beats[who];
    if (e.revision != expected.value)
      return conflict();
    if (e.value != x)
      note("heartbeat of " + who.value + ": " + x.nonce.value + " "
           + std::string{to_string(x.state)} + " replaces " + x.replaces.value
           + " applied " + std::to_string(x.applied.version.value));
    e = {++last_beat, x, true, true};
    for (auto& y : leaders)
      show_beat(y, who);
    return done(last_beat);
  }

  void show_beat(const std::shared_ptr<leadership>& whom, const worker_id& who) {
    show(whom->beats, [=, this, e = beats[who]] {
      if (e.present)
        feed(whom, coordinator::beat_shown{who, {e.revision}, e.value, now});
      else
        feed(whom, coordinator::beat_gone{who, {e.revision}, now});
    });
  }

  // -- leaders --

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
    coordinator::partitions_given x;
    for (int i = 0; i < partitions; ++i)
      x.all.push_back({{"p", std::to_string(i)}, 100});
    feed(whom, x);
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
        whom, [=, this] { return write_record(x.who, x.value, x.expected); },
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

  template <class T>
  static kv_read found(const entry<T>& e) {
    if (!e.present)
      return e.revision == 0 ? nothing_there() : mark(e.revision);
    return holds(e.revision, e.readable ? to_text(e.value) : "nothing that can be read");
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

  // -- workers --

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

  // -- what happens --

  void something_happens() {
    auto n = static_cast<int>(any(5));
    auto x = present(n);
    auto what = any(16);
    note("event " + std::to_string(what) + " at worker " + std::to_string(n));
    switch (what) {
    case 0:
    case 1:
    case 2:
      if (!x)
        start(n);
      break;
    case 3:
      if (x)
        goodbye(x, any(2) == 0 ? beat_state::stopped : beat_state::restarting);
      break;
    case 4:
      if (x)
        alive.erase(x->nonce); // It crashes.
      break;
    case 5:
    case 6:
    case 7:
      elect();
      break;
    case 8:
    case 9:
      partitions = 5 + static_cast<int>(any(12));
      for (auto leads_now = leaders; auto& y : leads_now)
        give(y);
      break;
    case 10:
      if (records[id(n)].present) {
        records[id(n)].readable = false;
        records[id(n)].revision = ++last;
        record_changed(id(n));
      }
      break;
    case 11:
      remove_record(id(n));
      break;
    case 12:
      if (x)
        x->stubborn = true;
      break;
    case 13:
    case 14:
      if (x)
        x->frozen_until = now + std::chrono::milliseconds{any(12000)};
      break;
    default:
      if (x && x->joined)
        x->state = beat_state::draining;
      break;
    }
  }

  void deliver() {
    for (std::size_t i = 0; i < under_way.size();) {
      if (under_way[i].due > now) {
        ++i;
        continue;
      }
      auto what = std::move(under_way[i].deliver);
      under_way.erase(under_way.begin() + static_cast<std::ptrdiff_t>(i));
      what();
      i = 0;
    }
  }

  void pass(duration how_long) {
    for (auto end = now + how_long; now < end;) {
      now += 50ms;
      auto group = alive;
      for (auto& [nonce, x] : group)
        if (alive.contains(nonce))
          work(x);
      deliver();
      for (auto leads_now = leaders; auto& x : leads_now) {
        auto at = x->core->wake_at();
        if (!at || *at > now)
          continue;
        // What is due is done at the second look at the latest: a shell would spin.
        for (int i = 0; i < 3; ++i)
          feed(x, coordinator::tick{});
        if (leads(x))
          CAF_REQUIRE(!x->core->wake_at() || *x->core->wake_at() > now);
      }
    }
  }

  void stop_faults() {
    faults = false;
    for (auto& [nonce, x] : alive) {
      x->stubborn = false;
      x->frozen_until = {};
      for (auto& [name, y] : x->stopping)
        y.second = now;
      if (x->state == beat_state::draining)
        x->state = beat_state::working;
    }
    if (!present(1))
      start(1);
    elect();
    while (leaders.size() > 1)
      leaders.pop_front();
  }

  void check_the_end() {
    std::map<std::string, int> owners;
    for (const auto& [who, e] : records) {
      if (!e.present)
        continue;
      if (!e.readable || !e.value.revoking.empty())
        fail("in the end the record of " + who.value + " says " + text_of(e.value));
      for (const auto& x : e.value.partitions) {
        auto name = name_of(x.partition);
        ++owners[name];
        auto y = alive.find(e.value.worker_nonce.value);
        if (y == alive.end() || !y->second->works.contains(name))
          fail("in the end no worker works on " + name + " of " + who.value);
      }
    }
    if (owners.size() != static_cast<std::size_t>(partitions))
      fail("in the end " + std::to_string(owners.size()) + " of "
           + std::to_string(partitions) + " partitions have an owner");
    for (const auto& [name, count] : owners)
      if (count != 1)
        fail("in the end two records name " + name);
  }
};

} // namespace

CAF_TEST(in no history are there two owners and in the end every partition has one) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    world w{seed};
    w.elect();
    w.start(0);
    for (int i = 0; i < 30; ++i) {
      w.pass(std::chrono::milliseconds{w.any(3) == 0 ? w.any(9000) : w.any(1500)});
      w.something_happens();
    }
    w.stop_faults();
    w.pass(90s);
    w.check_the_end();
  }
}
