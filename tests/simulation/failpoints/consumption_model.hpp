// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/consumption/consumption.hpp"
#include "partita/core/match.hpp"
#include "partita/messages/codec.hpp"
#include "partita/messages/keys.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

/// One partition, a server, a sink that checks tokens, and three owners in turn, of which
/// some are frozen and resume too late. Requests are answered late, twice or never. One
/// message is in flight at a time.
namespace consumption_model {

using namespace partita;
using namespace std::chrono_literals;
using core::consumption;

/// A promise was broken.
struct broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline void promise(bool kept, const std::string& what) {
  if (!kept)
    throw broken{what};
}

using chance = std::mt19937_64;

inline std::uint64_t below(chance& random, std::uint64_t n) {
  return std::uniform_int_distribution<std::uint64_t>{0, n - 1}(random);
}

inline bool once_in(chance& random, std::uint64_t n) {
  return below(random, n) == 0;
}

/// A stream of one partition, its consumers, and the claim.
class server {
public:
  struct consumer {
    consumer_spec spec;
    std::uint64_t floor = 0;
    std::optional<std::uint64_t> in_flight;
    /// The claim's token when it was made, and under which it was worked with.
    version made_under;
    std::set<std::uint64_t> given_under;
  };

  explicit server(stream_retention how) : retention{how} {}

  // -- requests -------------------------------------------------------------------------

  kv_read read() const {
    if (revision_ == 0)
      return {read_status::missing, {}, {}};
    kv_entry entry;
    entry.value = to_text(claim);
    entry.revision = {revision_};
    return {read_status::found, entry, {}};
  }

  kv_written write(const consumption::write_claim& x) {
    if (x.expected.value != revision_)
      return {write_status::conflict, {}, "another revision"};
    promise(x.value.start >= claim.start, "the position in the claim never falls");
    claim = x.value;
    tokens.insert(claim.token.value);
    return {write_status::done, {++revision_}, {}};
  }

  stream_answer look() const {
    stream_answer result{stream_status::done, {}, {}};
    result.facts.name = "S";
    result.facts.created_at_ns = 5'000'000;
    result.facts.last_sequence = last;
    result.facts.retention = retention;
    return result;
  }

  consumer_answer look(const std::string& name) const {
    auto i = consumers.find(name);
    if (i == consumers.end())
      return {stream_status::missing, {}, "no consumer"};
    consumer_answer result{stream_status::done, {}, {}};
    result.facts.name = name;
    result.facts.start = i->second.spec.start;
    result.facts.filter = i->second.spec.filter;
    result.facts.ack_floor = i->second.floor;
    return result;
  }

  consumer_answer make(const consumer_spec& x) {
    if (auto i = consumers.find(x.name); i != consumers.end()) {
      if (i->second.spec == x)
        return look(x.name);
      return {stream_status::conflict, {}, "another configuration"};
    }
    if (retention == stream_retention::work_queue && !consumers.empty())
      return {stream_status::refused, {}, "not unique"};
    promise(retention != stream_retention::work_queue || x.start == 0,
            "a work queue is read from its first message");
    consumers[x.name] = {x, 0, std::nullopt, claim.token, {}};
    return look(x.name);
  }

  consumer_answer remove(const std::string& name) {
    if (consumers.erase(name) == 0)
      return {stream_status::missing, {}, "no consumer"};
    drop_what_is_done();
    return {stream_status::done, {}, {}};
  }

  // -- messages -------------------------------------------------------------------------

  void publish() {
    // Nothing is kept that is for no consumer.
    if (retention == stream_retention::interest && consumers.empty())
      return;
    messages.insert(++last);
    published.push_back(last);
  }

  std::optional<std::uint64_t> fetch(const std::string& name) {
    auto i = consumers.find(name);
    if (i == consumers.end() || i->second.in_flight)
      return std::nullopt;
    auto next = messages.lower_bound(std::max(i->second.floor + 1, i->second.spec.start));
    if (next == messages.end())
      return std::nullopt;
    return i->second.in_flight = *next;
  }

  void acknowledge(const std::string& name, std::uint64_t sequence) {
    auto i = consumers.find(name);
    if (i == consumers.end() || i->second.in_flight != sequence)
      return;
    i->second.in_flight.reset();
    i->second.floor = sequence;
    if (retention == stream_retention::work_queue)
      messages.erase(sequence);
    drop_what_is_done();
  }

  stream_retention retention;
  consumer_claim claim;
  /// That the claim has had.
  std::set<std::uint64_t> tokens;
  std::map<std::string, consumer> consumers;
  std::uint64_t last = 0;
  std::set<std::uint64_t> messages;
  std::vector<std::uint64_t> published;

private:
  void drop_what_is_done() {
    if (retention != stream_retention::interest)
      return;
    std::erase_if(messages, [this](std::uint64_t x) {
      return std::all_of(consumers.begin(), consumers.end(), [x](const auto& y) {
        return x < y.second.spec.start || x <= y.second.floor;
      });
    });
  }

  std::uint64_t revision_ = 0;
};

/// Takes each message once, in order, from the owner with the greatest token.
struct sink {
  enum class answer { stored, have_it, stale };

  answer store(version token, std::uint64_t sequence) {
    if (token.value < newest)
      return answer::stale;
    newest = token.value;
    if (!stored.empty() && sequence <= stored.back())
      return answer::have_it;
    stored.push_back(sequence);
    return answer::stored;
  }

  std::uint64_t newest = 0;
  std::vector<std::uint64_t> stored;
};

/// A worker and its application.
struct owner {
  std::unique_ptr<consumption> machine;
  version token;
  bool frozen = false;
  /// What the application works with.
  std::string consumer;
  version works_under;
  std::optional<std::uint64_t> in_hand;
  bool stored = false;
  /// What was asked last, as nothing else is answered.
  std::uint64_t asked = 0;
  bool ended = false;
};

/// Plays one life. Throws what is broken.
class life {
public:
  life(std::uint64_t seed, stream_retention how) : random_{seed}, server_{how} {}

  void play() {
    grant(0);
    for (int i = 0; i < 600; ++i) {
      fault();
      step();
    }
    settle();
  }

private:
  struct request {
    std::uint64_t id;
    std::size_t who;
    consumption::command what;
    /// Its owner was answered, or has given up.
    bool over = false;
  };

  // -- who owns -------------------------------------------------------------------------

  void grant(std::size_t who) {
    auto& x = owners_[who];
    present_ = who;
    x = {};
    x.token = {++last_token_};
    consumption::options options;
    options.group = "g";
    options.partition = "p.1";
    options.stream = "S";
    options.consumer.filter = "p.1.>";
    options.pause = 100ms;
    options.check = 5s;
    x.machine = std::make_unique<consumption>(options);
    feed(who, consumption::granted{x.token});
  }

  /// Moves the partition: in order, or because its owner is frozen or dies.
  void move() {
    auto& x = owners_[present_];
    auto next = (present_ + 1 + below(random_, owners_.size() - 1)) % owners_.size();
    if (leaving_ || owners_[next].frozen)
      return;
    if (once_in(random_, 3)) {
      x = {};
      grant(next);
    } else if (once_in(random_, 2)) {
      x.frozen = true;
      grant(next);
    } else {
      x.consumer.clear();
      x.in_hand.reset();
      leaving_ = true;
      next_ = next;
      feed(present_, consumption::revoked{});
    }
  }

  void fault() {
    if (once_in(random_, 25))
      move();
    for (std::size_t i = 0; i < owners_.size(); ++i)
      // One that resumes may do some steps before it learns that it is too late.
      if (owners_[i].frozen && once_in(random_, 20))
        resume(i);
      else if (i != present_ && !owners_[i].frozen && owners_[i].machine
               && once_in(random_, 20))
        owners_[i] = {};
  }

  void resume(std::size_t who) {
    owners_[who].frozen = false;
    for (const auto& [x, answer] : std::exchange(late_, {}))
      if (x.who == who)
        deliver(x, answer);
      else
        late_.emplace_back(x, answer);
  }

  // -- what happens next ----------------------------------------------------------------

  void step() {
    now_ += 20ms;
    switch (below(random_, 8)) {
    case 0:
      if (server_.published.size() < 40)
        server_.publish();
      break;
    case 1:
    case 2:
    case 3:
      carry_out_one();
      break;
    case 4:
      give_up_one();
      break;
    case 5:
      for (std::size_t i = 0; i < owners_.size(); ++i)
        if (owners_[i].machine && !owners_[i].frozen)
          feed(i, consumption::tick{});
      break;
    case 6:
      for (auto& [name, x] : server_.consumers)
        if (once_in(random_, 6))
          x.in_flight.reset();
      break;
    default:
      break;
    }
    for (auto& x : owners_)
      if (!x.frozen && once_in(random_, 2))
        work(x);
  }

  void work(owner& x) {
    if (x.consumer.empty())
      return;
    if (!x.in_hand) {
      x.in_hand = server_.fetch(x.consumer);
      x.stored = false;
    } else if (!x.stored) {
      x.stored = true;
      if (sink_.store(x.works_under, *x.in_hand) == sink::answer::stale) {
        x.consumer.clear();
        x.in_hand.reset();
      }
    } else {
      if (calm_ || !once_in(random_, 8))
        server_.acknowledge(x.consumer, *x.in_hand);
      x.in_hand.reset();
    }
  }

  /// The server gets any of the requests that are on their way.
  void carry_out_one() {
    if (requests_.empty())
      return;
    auto i = requests_.begin() + static_cast<long>(below(random_, requests_.size()));
    auto x = *i;
    if (!calm_ && owners_[x.who].frozen && once_in(random_, 2))
      return;
    requests_.erase(i);
    auto answer = carried_out(x.what);
    // The answer may be lost.
    if (!calm_ && once_in(random_, 10))
      answer = no_answer(x.what);
    deliver(x, answer);
  }

  /// A client waits no longer; the server may still get its request.
  void give_up_one() {
    if (requests_.empty() || calm_)
      return;
    auto& x = requests_[below(random_, requests_.size())];
    if (x.over || owners_[x.who].frozen)
      return;
    auto copy = x;
    x.over = true;
    deliver(copy, no_answer(copy.what));
  }

  void deliver(const request& x, const consumption::event& answer) {
    auto& to = owners_[x.who];
    if (x.over || !to.machine || to.asked != x.id)
      return;
    if (to.frozen)
      late_.push_back({x, answer});
    else
      feed(x.who, answer);
  }

  consumption::event carried_out(const consumption::command& what) {
    std::optional<consumption::event> result;
    core::match(
        what, [&](const consumption::read_claim&) { result = server_.read(); },
        [&](const consumption::write_claim& x) { result = server_.write(x); },
        [&](const stream_look&) { result = server_.look(); },
        [&](const consumer_look& x) { result = answered(server_.look(x.name)); },
        [&](const consumer_make& x) { result = answered(server_.make(x.consumer)); },
        [&](const consumer_remove& x) { result = answered(server_.remove(x.name)); },
        [](const auto&) {});
    return *result;
  }

  /// Sometimes from a consumer that has no leader yet.
  consumption::event answered(consumer_answer x) {
    if (x.status == stream_status::done && !calm_ && once_in(random_, 8)) {
      x.facts = {};
      x.facts.has_leader = false;
    }
    return x;
  }

  static consumption::event no_answer(const consumption::command& what) {
    if (std::holds_alternative<consumption::read_claim>(what))
      return kv_read{read_status::unknown, {}, "time-out"};
    if (std::holds_alternative<consumption::write_claim>(what))
      return kv_written{write_status::unknown, {}, "time-out"};
    if (std::holds_alternative<stream_look>(what))
      return stream_answer{stream_status::unknown, {}, "time-out"};
    return consumer_answer{stream_status::unknown, {}, "time-out"};
  }

  void feed(std::size_t who, const consumption::event& what) {
    for (const auto& x : owners_[who].machine->step(what, now_))
      hear(who, x);
    if (owners_[who].ended) {
      owners_[who] = {};
      leaving_ = false;
      grant(next_);
    }
  }

  void hear(std::size_t who, const consumption::command& what) {
    auto& from = owners_[who];
    core::match(
        what, [&](const consumption::stands& x) { stands(from, x); },
        [&](const consumption::ended&) { from.ended = who == present_ && leaving_; },
        [&](const consumption::sweep&) { sweep(from); },
        [](const consumption::trouble&) {},
        [&](const auto&) {
          from.asked = ++last_request_;
          requests_.push_back({from.asked, who, what});
        });
  }

  void stands(owner& who, const consumption::stands& x) {
    who.consumer = x.name;
    who.works_under = x.token;
    who.in_hand.reset();
    promise(server_.tokens.contains(x.token.value),
            "no consumer is worked with before its token was in the claim");
    auto i = server_.consumers.find(x.name);
    if (i == server_.consumers.end())
      return;
    promise(i->second.made_under.value <= x.token.value,
            "a consumer that was made too late is not worked with");
    i->second.given_under.insert(x.token.value);
    promise(i->second.given_under.size() == 1, "a consumer belongs to one token");
  }

  void sweep(owner& by) {
    std::vector<std::string> all;
    for (const auto& [name, x] : server_.consumers)
      all.push_back(name);
    for (const auto& name : all)
      if (auto x = keys::consumer_in(name, "g");
          x && by.machine->is_left_over(x->token, name))
        server_.remove(name);
  }

  // -- the end --------------------------------------------------------------------------

  /// Without faults the last owner gets through, and nothing is missing.
  void settle() {
    calm_ = true;
    for (std::size_t i = 0; i < owners_.size(); ++i)
      if (i != present_)
        owners_[i] = {};
    for (int i = 0; i < 20'000 && !done(); ++i) {
      now_ += 200ms;
      step();
      if (auto& x = owners_[present_]; !x.consumer.empty() && i % 50 == 0)
        sweep(x);
    }
    promise(sink_.stored == server_.published,
            "every message is stored once, and in order");
    promise(server_.consumers.size() == 1, "no consumer is left over");
  }

  bool done() const {
    return sink_.stored == server_.published && server_.consumers.size() == 1
           && requests_.empty() && !owners_[present_].consumer.empty();
  }

  chance random_;
  server server_;
  sink sink_;
  std::vector<owner> owners_ = std::vector<owner>(3);
  std::size_t present_ = 0;
  std::size_t next_ = 0;
  bool leaving_ = false;
  bool calm_ = false;
  core::time_point now_ = core::time_point{} + 1000s;
  std::uint64_t last_token_ = 0;
  std::uint64_t last_request_ = 0;
  std::vector<request> requests_;
  std::vector<std::pair<request, consumption::event>> late_;
};

} // namespace consumption_model
