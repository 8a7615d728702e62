#define CAF_SUITE core.histories

#include "support.hpp"

#include "partita/core/coordinator.hpp"
#include "partita/core/strategies/strategies.hpp"

#include <deque>
#include <functional>
#include <map>
#include <random>
#include <set>

using namespace core_test;

/// Random histories of a group under one leader after the other, against a tiny store.
/// At the end faults stop, and every partition must be owned once by who is present.

namespace {

struct world {
  struct entry {
    std::uint64_t revision = 0;
    record value;
    bool readable = true;
  };
  struct member {
    std::string nonce;
    time_point next_beat;
  };
  /// A request or news on its way; an empty `answer` is news of the watch.
  struct mail {
    time_point due;
    std::function<void()> deliver;
  };

  std::mt19937_64 random;
  time_point now = time_point{} + 1000s;
  std::map<worker_id, entry, by_number> store;
  std::map<std::string, std::uint64_t> versions;
  std::uint64_t last = 0;
  std::uint64_t beats = 0;
  std::map<int, member> members;
  std::optional<coordinator> leader;
  std::uint64_t epoch = 0;
  std::size_t nonces = 0;
  int partitions = 10;
  bool faults = true;
  std::deque<mail> under_way;
  time_point shown_until;

  explicit world(std::uint64_t seed) : random{seed} {}

  static worker_id id(int n) { return {"worker-" + std::to_string(n)}; }

  std::uint64_t any(std::uint64_t below) { return random() % below; }

  // -- the leader and its watch, which shows everything in order --

  void feed(const coordinator::event& what) {
    auto run = epoch;
    for (const auto& x : leader->step(what, now)) {
      if (const auto* w = std::get_if<coordinator::write>(&x))
        send(*w, run);
      if (const auto* r = std::get_if<coordinator::read>(&x))
        look(*r, run);
      CAF_REQUIRE(!std::holds_alternative<coordinator::overruled>(x));
    }
  }

  void later(duration delay, std::function<void()> what) {
    under_way.push_back({now + delay, std::move(what)});
  }

  duration delay() {
    return std::chrono::milliseconds{faults && any(4) == 0 ? any(400) : any(10)};
  }

  void answer(std::uint64_t run, coordinator::event what) {
    later(delay(), [=, this] {
      if (run == epoch && leader)
        feed(what);
    });
  }

  /// The watch delivers in order.
  void show(coordinator::event what) {
    if (!leader)
      return;
    shown_until = std::max(shown_until, now + delay());
    auto run = epoch;
    under_way.push_back({shown_until, [=, this] {
                           if (run == epoch && leader)
                             feed(what);
                         }});
  }

  void send(const coordinator::write& x, std::uint64_t run) {
    auto fate = faults ? any(10) : 9;
    if (fate == 0) {
      answer(run, coordinator::write_answered{x.who, not_connected()});
      return;
    }
    // It reaches the store late, perhaps after the leader has gone.
    later(delay(), [=, this] {
      auto result = write(x);
      answer(run, coordinator::write_answered{x.who, fate < 3 ? no_answer() : result});
    });
  }

  kv_written write(const coordinator::write& x) {
    auto i = store.find(x.who);
    if (i == store.end() || i->second.revision != x.expected.value)
      return conflict();
    if (i->second.readable)
      CAF_REQUIRE(x.value.version > i->second.value.version);
    auto& highest = versions[x.who.value];
    CAF_REQUIRE(x.value.version.value > highest);
    highest = x.value.version.value;
    for (const auto& y : x.value.partitions)
      CAF_REQUIRE(y.token.value != 0 && y.token <= x.value.version);
    i->second = {++last, x.value, true};
    show(coordinator::record_shown{x.who, {last}, x.value});
    return done(last);
  }

  void look(const coordinator::read& x, std::uint64_t run) {
    auto i = store.find(x.who);
    answer(run, coordinator::read_answered{
                    x.who, i == store.end()
                               ? nothing_there()
                               : holds(i->second.revision, i->second.readable
                                                               ? to_text(i->second.value)
                                                               : "no record")});
  }

  void elect() {
    // What the former leader sent may still arrive; nobody hears of it but the watch.
    coordinator::options o;
    o.epoch = {++epoch};
    o.leader = {"worker-0"};
    o.heartbeat_ttl = 6s;
    o.pause = 100ms;
    o.policy = {30s, 10s, 1s, 0, 10s};
    o.strategy = make_strategy({});
    leader.emplace(o);
    for (const auto& [who, e] : store)
      show_entry(who, e);
    show(coordinator::records_replayed{});
    for (auto& [n, x] : members)
      beat_of(n);
    show(coordinator::beats_replayed{});
    give();
  }

  void show_entry(const worker_id& who, const entry& e) {
    decoded<record> value = malformed{"no json"};
    if (e.readable)
      value = e.value;
    show(coordinator::record_shown{who, {e.revision}, value});
  }

  void give() {
    coordinator::partitions_given x;
    for (int i = 0; i < partitions; ++i)
      x.all.push_back({{"p", std::to_string(i)}, 100});
    show(x);
  }

  // -- workers --

  void beat_of(int n, beat_state state = beat_state::working) {
    auto& x = members.at(n);
    beat value;
    value.nonce = {x.nonce};
    value.state = state;
    x.next_beat = now + 1s;
    show(coordinator::beat_shown{id(n), {++beats}, value});
  }

  void start(int n) {
    members[n] = {"n" + std::to_string(++nonces), now};
    beat_of(n, beat_state::joining);
    make_record(n);
  }

  void make_record(int n) {
    if (store.contains(id(n)))
      return;
    record empty;
    empty.worker_nonce = {members.at(n).nonce};
    store[id(n)] = {++last, empty, true};
    versions[id(n).value] = 0;
    show_entry(id(n), store[id(n)]);
  }

  void something_happens() {
    auto n = static_cast<int>(any(5));
    auto is_there = members.contains(n);
    switch (any(12)) {
    case 0:
    case 1:
    case 2:
      start(n); // Anew, or another incarnation.
      break;
    case 3:
      if (is_there)
        beat_of(n, beat_state::stopped);
      members.erase(n);
      break;
    case 4:
    case 5:
      members.erase(n);
      break;
    case 6:
      elect();
      break;
    case 7:
    case 8:
      partitions = 5 + static_cast<int>(any(12));
      give();
      break;
    case 9:
      if (store.contains(id(n))) {
        store[id(n)].readable = false;
        store[id(n)].revision = ++last;
        show_entry(id(n), store[id(n)]);
      }
      break;
    case 10:
      if (store.erase(id(n)) != 0)
        show(coordinator::record_gone{id(n)});
      if (is_there)
        start(n); // It lost its record, so it joins again.
      break;
    default:
      break;
    }
  }

  void pass(duration how_long) {
    for (auto end = now + how_long; now < end;) {
      now += 50ms;
      for (auto& [n, x] : members)
        if (now >= x.next_beat)
          beat_of(n);
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
      if (!leader)
        continue;
      auto at = leader->wake_at();
      if (at && *at <= now) {
        feed(coordinator::tick{});
        // Nothing may be left that is due and does nothing.
        feed(coordinator::tick{});
        CAF_REQUIRE(!leader->wake_at() || *leader->wake_at() > now);
      }
    }
  }

  void check_the_end() {
    std::map<std::string, int> owners;
    for (const auto& [who, e] : store) {
      if (!e.readable)
        continue;
      for (const auto& x : e.value.partitions) {
        ++owners[name_of(x.partition)];
        auto n = std::stoi(who.value.substr(7));
        CAF_CHECK(members.contains(n));
        if (members.contains(n))
          CAF_CHECK_EQUAL(e.value.worker_nonce.value, members.at(n).nonce);
      }
    }
    CAF_CHECK_EQUAL(owners.size(), static_cast<std::size_t>(partitions));
    for (const auto& [name, count] : owners)
      CAF_CHECK_EQUAL(count, 1);
  }
};

} // namespace

CAF_TEST(after any history every partition is owned once by who is present) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    CAF_MESSAGE("seed " << seed);
    world w{seed};
    w.elect();
    w.start(0);
    for (int i = 0; i < 25; ++i) {
      w.pass(std::chrono::milliseconds{w.any(3) == 0 ? w.any(9000) : w.any(1500)});
      w.something_happens();
    }
    w.faults = false;
    if (!w.members.contains(1))
      w.start(1);
    w.pass(60s);
    w.check_the_end();
  }
}
