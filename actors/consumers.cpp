// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/consumers.hpp"

#include "partita/actors/shell.hpp"
#include "partita/core/match.hpp"
#include "partita/messages/codec.hpp"
#include "partita/messages/consuming.hpp"
#include "partita/messages/exceptions.hpp"
#include "partita/messages/keys.hpp"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <set>

namespace partita {

namespace {

using core::consumption;
using consumer_listener_actor = caf::typed_actor<handler<void(consumers_given)>>;

/// `wake::run` of the alarm, and of the end of a batch of consumers that stand.
constexpr std::uint64_t alarm_run = 0;
constexpr std::uint64_t batch_run = 1;

struct consumers_state {
  using self_pointer = consumers_actor::stateful_pointer<consumers_state>;
  using order_id = std::uint64_t;

  struct held {
    grant what;
    consumption machine;
    /// Answers to the machine before it, of a loss, are not for this one.
    std::uint64_t number = 0;
    /// The listeners have it; and have it still to stop, or its machine to end.
    bool given = false;
    order_id stopping = 0;
    std::string trouble = {};
  };
  /// A revocation or a loss.
  struct order {
    caf::typed_response_promise<work_stopped> promise;
    std::size_t listeners = 0;
    /// Whose consumers have not ended.
    std::set<std::string> partitions;
    bool begun = false;
  };

  self_pointer self = nullptr;
  consumers_options options;
  store_actor store;
  std::vector<listener_actor> to;
  bucket_actor claims;
  bool opening = false;
  /// Machines whose read waits until it is open.
  std::vector<std::pair<std::string, std::uint64_t>> waiting;
  partita::alarm alarm;
  std::optional<core::time_point> sweep_at;
  bool sweeping = false;
  /// The newest, without its partitions.
  partitions_assigned last;
  std::map<std::string, held> all;
  std::map<order_id, order> orders;
  order_id last_order = 0;
  std::uint64_t last_number = 0;
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
      auto partition = name_of(y.partition);
      auto i = all.find(partition);
      if (i == all.end()) {
        i = all.emplace(partition, held{y, machine_for(partition), ++last_number}).first;
        if (auto why = why_no_entry(partition); !why.empty()) {
          i->second.trouble = "its name " + why;
          report();
          continue;
        }
      }
      i->second.what = y;
      feed(partition, consumption::granted{y.token});
    }
  }

  consumption machine_for(const std::string& partition) const {
    auto result = options.consumption;
    result.partition = partition;
    auto& filter = result.consumer.filter = options.subject;
    for (auto at = filter.find(partition_in_subject); at != filter.npos;
         at = filter.find(partition_in_subject, at + partition.size()))
      filter.replace(at, partition_in_subject.size(), partition);
    return consumption{std::move(result)};
  }

  template <class Order>
  caf::result<work_stopped> stop(Order what, bool lost) {
    auto number = ++last_order;
    auto& x = orders[number];
    x.promise = self->make_response_promise<work_stopped>();
    auto promise = x.promise;
    std::vector<grant> given;
    for (const auto& y : what.partitions) {
      auto partition = name_of(y.partition);
      auto i = all.find(partition);
      if (i == all.end())
        continue;
      ready.names.erase(partition);
      if (i->second.given)
        given.push_back(y);
      auto before = std::exchange(i->second.stopping, number);
      if (lost) {
        all.erase(i);
        ended(before, partition);
      } else {
        x.partitions.insert(partition);
      }
    }
    // What the listeners never had they need not stop.
    what.partitions = std::move(given);
    if (!what.partitions.empty())
      ask_listeners(number, what);
    if (lost)
      report();
    listeners_stopped(number);
    return promise;
  }

  template <class Order>
  void ask_listeners(order_id number, const Order& what) {
    orders[number].listeners = to.size();
    for (const auto& x : to)
      mail(self, what)
          .request(x, caf::infinite)
          .then(
              [this, number](work_stopped) {
                --orders[number].listeners;
                listeners_stopped(number);
              },
              // It has ended, and this actor with it.
              [](const caf::error&) {});
  }

  void listeners_stopped(order_id number) {
    auto& x = orders[number];
    if (x.listeners != 0 || std::exchange(x.begun, true))
      return;
    for (const auto& partition : std::set{x.partitions})
      if (auto i = all.find(partition); i != all.end())
        feed(partition, consumption::revoked{});
      else
        ended(number, partition);
    finish(number);
  }

  void ended(order_id number, const std::string& partition) {
    if (auto i = orders.find(number); i != orders.end()) {
      i->second.partitions.erase(partition);
      finish(number);
    }
  }

  void finish(order_id number) {
    auto i = orders.find(number);
    if (i == orders.end() || !i->second.begun || !i->second.partitions.empty())
      return;
    i->second.promise.deliver(work_stopped{});
    orders.erase(i);
  }

  // -- the machines ---------------------------------------------------------------------

  void feed(const std::string& partition, const consumption::event& what) {
    auto i = all.find(partition);
    if (i == all.end())
      return;
    // The end of a machine removes it.
    auto number = i->second.number;
    for (const auto& x : i->second.machine.step(what, now()))
      carry_out(partition, number, x);
    if (i = all.find(partition); i != all.end())
      alarm.set(self, options.clock, alarm_run, i->second.machine.wake_at());
  }

  /// Gives an answer to the machine that asked, if it is still there.
  template <class Event, class Answer>
  auto answer_to(const std::string& partition, std::uint64_t number) {
    return [this, partition, number](const Answer& x) {
      auto i = all.find(partition);
      if (i != all.end() && i->second.number == number)
        feed(partition, Event{x});
    };
  }

  template <class Event, class Answer, class Request>
  void ask(const std::string& partition, std::uint64_t number, Request what) {
    auto f = answer_to<Event, Answer>(partition, number);
    mail(self, std::move(what))
        .request(store, caf::infinite)
        .then(f, [this, f](const caf::error& why) {
          Answer none;
          none.why = error_text(self, why);
          f(none);
        });
  }

  void ask_consumer(const std::string& partition, std::uint64_t number, auto what) {
    ask<consumption::consumer_answered, consumer_answer>(partition, number,
                                                         std::move(what));
  }

  void carry_out(const std::string& partition, std::uint64_t number,
                 const consumption::command& what) {
    const auto& stream = options.consumption.stream;
    core::match(
        what,
        [&](const consumption::read_claim&) {
          auto take = answer_to<consumption::claim_read, kv_read>(partition, number);
          if (claims)
            return ask_read(self, claims, keys::claim_of(partition),
                            [this, take](const kv_read& x) {
                              // A bucket that was lost is made again by the next one.
                              if (x.status == read_status::unknown
                                  || x.status == read_status::refused)
                                claims = bucket_actor{};
                              take(x);
                            });
          waiting.emplace_back(partition, number);
          open_claims();
        },
        [&](const consumption::write_claim& x) {
          ask_to_replace(
              self, claims, keys::claim_of(partition), to_text(x.value), x.expected,
              answer_to<consumption::claim_written, kv_written>(partition, number));
        },
        [&](const consumption::look_at_stream&) {
          ask<consumption::stream_looked, stream_answer>(partition, number,
                                                         stream_look{stream});
        },
        [&](const consumption::look& x) {
          ask_consumer(partition, number, consumer_look{stream, x.name});
        },
        [&](const consumption::make& x) {
          ask_consumer(partition, number, consumer_make{stream, x.what});
        },
        [&](const consumption::remove& x) {
          ask_consumer(partition, number, consumer_remove{stream, x.name});
        },
        [&](const consumption::sweep&) { sweep(); },
        [&](const consumption::stands& x) { stands(partition, x.name); },
        [&](const consumption::ended&) {
          auto stopping = all.at(partition).stopping;
          all.erase(partition);
          report();
          ended(stopping, partition);
        },
        [&](const consumption::trouble& x) {
          all.at(partition).trouble = x.why;
          report();
        });
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
      for (const auto& [partition, number] : std::exchange(waiting, {}))
        if (claims)
          carry_out(partition, number, consumption::read_claim{});
        else
          answer_to<consumption::claim_read, kv_read>(partition, number)(none);
    });
  }

  // -- consumers of older tokens --------------------------------------------------------

  void sweep() {
    if (!std::exchange(sweeping, true))
      list_from(0);
  }

  void list_from(std::uint64_t offset) {
    auto over = [this] { sweeping = false; };
    mail(self, consumer_list{options.consumption.stream, offset})
        .request(store, caf::infinite)
        .then(
            [this, over, offset](const consumer_names& x) {
              for (const auto& y : x.names)
                remove_if_left_over(y);
              auto next = offset + x.names.size();
              if (x.status == stream_status::done && !x.names.empty() && next < x.total)
                list_from(next);
              else
                over();
            },
            [over](const caf::error&) { over(); });
  }

  void remove_if_left_over(const std::string& consumer) {
    auto x = keys::consumer_in(consumer, options.consumption.group);
    auto i = x ? all.find(x->partition) : all.end();
    if (i == all.end() || !i->second.machine.is_left_over(x->token, consumer))
      return;
    logger()->info("removes the consumer {}, of an earlier owner", consumer);
    // What is not removed now the next sweep finds.
    mail(self, consumer_remove{options.consumption.stream, consumer})
        .request(store, caf::infinite)
        .then([](const consumer_answer&) {}, [](const caf::error&) {});
  }

  // -- to the listeners -----------------------------------------------------------------

  void stands(const std::string& partition, const std::string& consumer) {
    if (all.at(partition).stopping != 0)
      return;
    // Those that stand at the same time are one event, and one run of a hook.
    if (ready.names.empty())
      mail(self, wake{batch_run, 0}).send(self);
    ready.names[partition] = consumer;
  }

  void give_ready() {
    auto news = last;
    for (const auto& [partition, consumer] : ready.names) {
      auto& x = all.at(partition);
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
      if (!x.trouble.empty() && ++count == 1)
        text = "partition " + partition + ": " + x.trouble;
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

  void ring() {
    if (!sweep_at || *sweep_at <= now()) {
      if (sweep_at)
        sweep();
      sweep_at = now() + options.sweep;
    }
    std::vector<std::string> due;
    for (const auto& [partition, x] : all)
      if (auto at = x.machine.wake_at(); at && *at <= now())
        due.push_back(partition);
    for (const auto& partition : due)
      feed(partition, consumption::tick{});
    auto next = sweep_at;
    for (const auto& [partition, x] : all)
      next = core::earlier(next, x.machine.wake_at());
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
