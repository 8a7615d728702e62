// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/consumers.hpp"

#include "partita/actors/shell.hpp"
#include "partita/core/match.hpp"
#include "partita/messages/codec.hpp"
#include "partita/messages/exceptions.hpp"
#include "partita/messages/keys.hpp"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <memory>

namespace partita {

namespace {

using core::consumption;
using consumer_listener_actor = caf::typed_actor<handler<void(consumers_given)>>;

/// `wake::run` of the alarm, and of the end of a batch of consumers that stand.
constexpr std::uint64_t alarm_run = 0;
constexpr std::uint64_t batch_run = 1;

struct consumers_state {
  using self_pointer = consumers_actor::stateful_pointer<consumers_state>;

  /// A revocation or a loss.
  struct order {
    caf::typed_response_promise<work_stopped> promise;
    std::size_t listeners = 0;
    /// Ended once they have stopped.
    std::vector<std::string> revoked = {};
    /// The listeners together, and each machine.
    std::size_t waits_for = 1;
  };
  using order_ptr = std::shared_ptr<order>;

  struct held {
    grant what;
    consumption machine;
    /// The listeners have it; and what waits for its machine's end.
    bool given = false;
    order_ptr stopping = nullptr;
    std::string trouble = {};
  };
  /// Requests hold it weakly: answers to a machine that was lost are for none.
  using held_ptr = std::shared_ptr<held>;
  using asker = std::weak_ptr<held>;

  self_pointer self = nullptr;
  consumers_options options;
  store_actor store;
  std::vector<listener_actor> to;
  bucket_actor claims;
  bool opening = false;
  /// Machines whose read waits until it is open.
  std::vector<asker> waiting;
  partita::alarm alarm;
  std::optional<core::time_point> sweep_at;
  bool sweeping = false;
  /// The newest, without its partitions.
  partitions_assigned last;
  std::map<std::string, held_ptr> all;
  consumers_given ready;
  std::string told_trouble;
  core::time_point trouble_since;
  static inline constexpr const char* name = "partita.consumers";

  core::time_point now() const { return options.clock.now(self); }

  template <class Event>
  void tell(const Event& x) {
    for (const auto& y : to)
      mail(self, x).send(y);
  }

  // -- from the worker ------------------------------------------------------------------

  void assigned(const partitions_assigned& x) {
    last = x;
    last.partitions.clear();
    for (const auto& y : x.partitions) {
      auto& mine = all[name_of(y.partition)];
      if (!mine) {
        auto its = options.consumption;
        its.partition = name_of(y.partition);
        mine = std::make_shared<held>(held{y, consumption{std::move(its)}});
      }
      mine->what = y;
      feed(held_ptr{mine}, consumption::granted{y.token});
    }
  }

  template <class Order>
  caf::result<work_stopped> stop(Order what, bool lost) {
    auto promise = self->make_response_promise<work_stopped>();
    auto mine = std::make_shared<order>(order{promise});
    std::vector<grant> given;
    for (const auto& y : what.partitions) {
      auto partition = name_of(y.partition);
      auto i = all.find(partition);
      if (i == all.end())
        continue;
      ready.names.erase(partition);
      if (i->second->given)
        given.push_back(y);
      stopped(std::exchange(i->second->stopping, mine));
      if (lost) {
        all.erase(i);
      } else {
        mine->revoked.push_back(partition);
        ++mine->waits_for;
      }
    }
    // What the listeners never had they need not stop.
    what.partitions = std::move(given);
    if (lost)
      report();
    if (what.partitions.empty())
      listeners_stopped(mine);
    else
      ask_listeners(mine, what);
    return promise;
  }

  template <class Order>
  void ask_listeners(const order_ptr& by, const Order& what) {
    by->listeners = to.size();
    for (const auto& x : to)
      mail(self, what)
          .request(x, caf::infinite)
          .then(
              [this, by](work_stopped) {
                if (--by->listeners == 0)
                  listeners_stopped(by);
              },
              // It has ended, and this actor with it.
              [](const caf::error&) {});
  }

  /// One thing less that it waits for; null: nothing does.
  static void stopped(const order_ptr& x) {
    if (x && --x->waits_for == 0)
      x->promise.deliver(work_stopped{});
  }

  void listeners_stopped(const order_ptr& x) {
    for (const auto& partition : x->revoked)
      if (auto i = all.find(partition); i != all.end() && i->second->stopping == x)
        feed(held_ptr{i->second}, consumption::revoked{});
    stopped(x);
  }

  // -- the machines ---------------------------------------------------------------------

  void feed(const held_ptr& to_whom, const consumption::event& what) {
    for (const auto& x : to_whom->machine.step(what, now()))
      carry_out(to_whom, x);
    alarm.set(self, options.clock, alarm_run, to_whom->machine.wake_at());
  }

  /// Gives an answer to the machine that asked, if it is still there.
  auto answer_to(asker who) {
    return [this, who = std::move(who)](const auto& x) {
      if (auto there = who.lock())
        feed(there, x);
    };
  }

  template <class Answer>
  void ask(asker who, auto what) {
    auto f = answer_to(std::move(who));
    mail(self, std::move(what))
        .request(store, caf::infinite)
        .then([f](const Answer& x) { f(x); },
              [this, f](const caf::error& why) {
                f(Answer{stream_status::unknown, {}, error_text(self, why)});
              });
  }

  void carry_out(const held_ptr& by, const consumption::command& what) {
    const auto& partition = by->machine.partition();
    core::match(
        what,
        [&](const consumption::read_claim&) {
          if (claims)
            return ask_read(self, claims, keys::claim_of(partition),
                            [this, take = answer_to(by)](const kv_read& x) {
                              // A bucket that was lost is made again by the next one.
                              if (x.status == read_status::unknown
                                  || x.status == read_status::refused)
                                claims = bucket_actor{};
                              take(x);
                            });
          waiting.push_back(by);
          open_claims();
        },
        [&](const consumption::write_claim& x) {
          ask_to_replace(self, claims, keys::claim_of(partition), to_text(x.value),
                         x.expected, answer_to(by));
        },
        [&](const stream_look& x) { ask<stream_answer>(by, x); },
        [&](const consumption::sweep&) { sweep(); },
        [&](const consumption::stands& x) {
          if (by->stopping)
            return;
          // Those that stand at the same time are one event, and one run of a hook.
          if (ready.names.empty())
            mail(self, wake{batch_run, 0}).send(self);
          ready.names[partition] = x.name;
        },
        [&](const consumption::ended&) {
          all.erase(partition);
          report();
          stopped(by->stopping);
        },
        [&](const consumption::trouble& x) {
          by->trouble = x.why;
          report();
        },
        // To look at a consumer, make and remove it.
        [&](const auto& x) { ask<consumer_answer>(by, x); });
  }

  // -- the bucket of the claims ---------------------------------------------------------

  void open_claims() {
    if (std::exchange(opening, true))
      return;
    open_bucket what;
    what.name = options.claims;
    what.replicas = options.replicas;
    ask_to_open(self, store, what, [this](const bucket_opened& x) {
      opening = false;
      claims = x.bucket;
      kv_read none{read_status::unknown,
                   {},
                   "the bucket " + options.claims + " cannot be opened: " + x.why};
      for (const auto& who : std::exchange(waiting, {}))
        if (auto there = who.lock(); there && claims)
          carry_out(there, consumption::read_claim{});
        else
          answer_to(who)(none);
    });
  }

  // -- consumers of older tokens --------------------------------------------------------

  void sweep() {
    if (!std::exchange(sweeping, true))
      list_from(0);
  }

  void list_from(std::uint64_t offset) {
    mail(self, consumer_list{options.consumption.stream, offset})
        .request(store, caf::infinite)
        .then(
            [this, offset](const consumer_names& x) {
              for (const auto& y : x.facts.names)
                remove_if_left_over(y);
              auto next = offset + x.facts.names.size();
              sweeping = next > offset && next < x.facts.total;
              if (sweeping)
                list_from(next);
            },
            [this](const caf::error&) { sweeping = false; });
  }

  void remove_if_left_over(const std::string& consumer) {
    auto x = keys::consumer_in(consumer, options.consumption.group);
    auto i = x ? all.find(x->partition) : all.end();
    if (i == all.end() || !i->second->machine.is_left_over(x->token, consumer))
      return;
    logger()->info("removes the consumer {}, of an earlier owner", consumer);
    // What is not removed now the next sweep finds.
    mail(self, consumer_remove{options.consumption.stream, consumer})
        .request(store, caf::infinite)
        .then([](const consumer_answer&) {}, [](const caf::error&) {});
  }

  // -- to the listeners -----------------------------------------------------------------

  void give_ready() {
    auto news = last;
    for (const auto& [partition, consumer] : ready.names) {
      auto& x = *all.at(partition);
      x.given = true;
      news.partitions.push_back(x.what);
    }
    if (news.partitions.empty())
      return;
    ready.stream = options.consumption.stream;
    for (const auto& x : to)
      mail(self, ready).send(caf::actor_cast<consumer_listener_actor>(x));
    ready.names.clear();
    tell(news);
  }

  /// One alert for all partitions, which names one of them.
  void report() {
    std::size_t count = 0;
    std::string text;
    for (const auto& [partition, x] : all)
      if (!x->trouble.empty() && ++count == 1)
        text = "partition " + partition + ": " + x->trouble;
    if (count > 1)
      text += " (and " + std::to_string(count - 1) + " more partitions)";
    if (text == told_trouble)
      return;
    if (told_trouble.empty())
      trouble_since = now();
    auto over = text.empty();
    auto why = over ? "all consumers stand" : "no consumer: " + text;
    told_trouble = text;
    worker_log{"worker", last.worker_id.value}.write(
        over ? spdlog::level::info : spdlog::level::warn, "{}", why);
    alert_raised news{last.worker_id,
                      over ? alert_level::info : alert_level::warn,
                      "consumer_missing",
                      why,
                      in_ms(now() - trouble_since),
                      over};
    news.group = last.group;
    tell(news);
  }

  consumers_lag lag() const {
    consumers_lag result;
    result.group = options.consumption.group;
    for (const auto& [partition, x] : all)
      if (const auto& its = x->machine.lag()) {
        result.pending += its->pending;
        if (result.partitions.size() < consumers_lag::most_partitions)
          result.partitions.push_back(*its);
      }
    return result;
  }

  void ring() {
    if (!sweep_at || *sweep_at <= now()) {
      if (sweep_at)
        sweep();
      sweep_at = now() + options.sweep;
    }
    auto next = sweep_at;
    for (const auto& [partition, x] : all) {
      // No machine ends by it.
      if (auto at = x->machine.wake_at(); at && *at <= now())
        feed(x, consumption::tick{});
      next = core::earlier(next, x->machine.wake_at());
    }
    alarm.set(self, options.clock, alarm_run, next);
  }
};

consumers_actor::behavior_type
consumers(consumers_actor::stateful_pointer<consumers_state> self,
          consumers_options options, store_actor store, std::vector<listener_actor> to) {
  end_on_exception(self);
  auto& s = state_of(self);
  s.self = self;
  s.options = std::move(options);
  s.store = std::move(store);
  s.to = std::move(to);
  for (const auto& x : s.to)
    monitor(self, x,
            [](consumers_state::self_pointer me, const caf::actor_addr&,
               const caf::error& why) { me->quit(why); });
  s.ring();
  return {
      [self](const wake& x) {
        if (x.run == batch_run)
          state_of(self).give_ready();
        else if (state_of(self).alarm.rings(x, alarm_run))
          state_of(self).ring();
      },
      [self](get_lag) { return state_of(self).lag(); },
      [self](const worker_id_claimed& x) { state_of(self).tell(x); },
      [self](const state_changed& x) { state_of(self).tell(x); },
      [self](const leadership_changed& x) { state_of(self).tell(x); },
      [self](const calculator_adopted& x) { state_of(self).tell(x); },
      [self](const assignment_changed& x) { state_of(self).tell(x); },
      [self](const partitions_assigned& x) { state_of(self).assigned(x); },
      [self](const partitions_revoked& x) { return state_of(self).stop(x, false); },
      [self](const partitions_lost& x) { return state_of(self).stop(x, true); },
      [self](const alert_raised& x) { state_of(self).tell(x); },
      [self](const worker_stopped& x) { state_of(self).tell(x); },
  };
}

} // namespace

consumers_actor spawn_consumers(caf::actor_system& sys, consumers_options options,
                                store_actor store, std::vector<listener_actor> to) {
  // Many partitions are much to do, which must not delay heartbeats.
  if (options.clock.is_virtual())
    return sys.spawn(consumers, std::move(options), std::move(store), std::move(to));
  return sys.spawn<caf::detached>(consumers, std::move(options), std::move(store),
                                  std::move(to));
}

} // namespace partita
