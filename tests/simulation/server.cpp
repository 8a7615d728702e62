// SPDX-License-Identifier: Apache-2.0
#include "server.hpp"

#include "entry_text.hpp"

#include "partita/messages/codec.hpp"
#include "partita/store/watch_feed.hpp"

#include <caf/actor_cast.hpp>

#include <algorithm>
#include <memory>
#include <utility>

namespace partita::simulation {

namespace {

/// Longer than any replica of the model lags.
constexpr std::size_t writes_remembered = 64;
/// Of the writes under way when a connection breaks, how many happen later all the same.
constexpr double stranded_writes_that_happen = 0.3;

} // namespace

server::server(world& w, server_options options, store_observer& observer)
    : world_(&w),
      options_(options),
      observer_(&observer),
      windows_(w.random()),
      model_({w.now(), options.wall_start_ns, std::size_t{1} << 20, options.most_value}) {
}

// -- the wires --------------------------------------------------------------------------

void server::sent(network_link& from, const caf::mailbox_element& x) {
  if (!x.content().match_elements<store::server_write>())
    return;
  observer_->sent(from.owner(), x.content().get_as<store::server_write>(0));
  if (x.sender)
    left_[{x.sender->id(), x.mid.request_id().integer_value()}] = world_->now();
}

void server::arrived(network_link& from, caf::mailbox_element_ptr x) {
  const auto& what = x->content();
  auto now = world_->now();
  if (what.match_elements<store::server_write>()) {
    const auto& request = what.get_as<store::server_write>(0);
    if (in_flight_.contains({request.bucket, store::key_of(request.change)})) {
      answer(from, *x, request.bucket,
             kv_written{write_status::conflict, {}, "another write is under way"});
      return;
    }
    if (const auto* late =
            windows_.strike(fault::writes_late, from.owner(), request.bucket)) {
      auto delay =
          world_->random().log_between(std::chrono::milliseconds{1}, late->delay);
      write_later(from, std::move(x), delay, late->conflicts);
      return;
    }
    answer(from, *x, request.bucket, write(from.owner(), request));
  } else if (what.match_elements<store::server_read>()) {
    const auto& request = what.get_as<store::server_read>(0);
    if (windows_.strike(fault::api_away, from.owner(), request.bucket))
      return;
    world_->log().routine("store", "{} {} is read by {}", request.bucket, request.key,
                          world_->name(from.owner()));
    answer(from, *x, request.bucket, model_.last(request.bucket, request.key, now));
  } else if (what.match_elements<store::server_identify>()) {
    const auto& request = what.get_as<store::server_identify>(0);
    auto found = model_.identify(request.bucket);
    if (options_.alone)
      found.identity.server = process();
    answer(from, *x, request.bucket, std::move(found));
  } else if (what.match_elements<store::make_consumer>()) {
    make_consumer(from, *x, what.get_as<store::make_consumer>(0));
  } else if (what.match_elements<store::drop_consumer>()) {
    const auto& request = what.get_as<store::drop_consumer>(0);
    drop(from, request.inbox.address(), request.feed);
  } else if (what.match_elements<store::server_probe>()) {
    pass_probe_on(from, std::move(x));
  } else if (what.match_elements<probed>()) {
    probe_answered(*x);
  } else if (what.match_elements<store::server_serve_probe>()) {
    const auto& request = what.get_as<store::server_serve_probe>(0);
    probe_hosts_[request.nonce.value] = {&from, request.host.address()};
  } else if (what.match_elements<store::server_end_probe>()) {
    const auto& request = what.get_as<store::server_end_probe>(0);
    std::erase_if(probe_hosts_, [&](const auto& y) {
      return y.first == request.nonce.value && y.second.who == request.host;
    });
  } else if (what.match_elements<open_bucket>()) {
    const auto& request = what.get_as<open_bucket>(0);
    if (request.makes())
      made_.try_emplace(request.name, request);
    auto missing = !model_.has(request.name);
    auto done = model_.open(request, now);
    if (missing)
      declare(request.name);
    answer(from, *x, request.name,
           store::server_opened{done.status, done.identity, std::move(done.why)});
  }
}

void server::delivered(network_link& at, const downward& x) {
  if (x.bucket == nullptr)
    return;
  if (x.what.match_elements<store::delivery>())
    observer_->delivered(at.owner(), *x.bucket, x.what.get_as<store::delivery>(0).entry);
  if (!x.what.match_elements<kv_written>())
    return;
  auto left = left_.extract({x.to->id(), x.id.request_id().integer_value()});
  if (!left.empty() && world_->now() < left.mapped() + options_.request_timeout)
    observer_->acknowledged(at.owner(), *x.bucket, x.what.get_as<kv_written>(0).revision);
}

void server::stranded(network_link& from, caf::mailbox_element_ptr x) {
  if (x->content().match_elements<store::server_write>()
      && world_->random().chance(stranded_writes_that_happen))
    write_later(
        from, std::move(x),
        world_->random().log_between(std::chrono::milliseconds{1}, options_.latest_write),
        false);
}

void server::closed(network_link& x) {
  std::erase_if(consumers_, [&](const auto& c) { return c.second.owner == &x; });
  std::erase_if(probe_hosts_, [&](const auto& c) { return c.second.wire == &x; });
}

template <class T>
void server::answer(network_link& to, const caf::mailbox_element& asked,
                    const std::string& bucket, T x) {
  if (windows_.strike(fault::answers_lost, to.owner(), bucket)) {
    world_->log().note("store", "an answer to {} gets lost", world_->name(to.owner()));
    return;
  }
  const std::string* about = nullptr;
  if constexpr (std::is_same_v<T, kv_written>)
    if (x.status == write_status::done)
      about = interned(bucket);
  to.send_down(
      {asked.sender, asked.mid.response_id(), caf::make_message(std::move(x)), about});
}

// -- probing ----------------------------------------------------------------------------

/// A process is asked over its own wire, and answers over it: one that is frozen or cut
/// off does not, and only one whose connection is known to be over is gone.
void server::pass_probe_on(network_link& from, caf::mailbox_element_ptr x) {
  const auto& request = x->content().get_as<store::server_probe>(0);
  auto host = probe_hosts_.find(request.nonce.value);
  auto who = host == probe_hosts_.end()
                 ? nullptr
                 : caf::actor_cast<caf::strong_actor_ptr>(host->second.who);
  if (!who) {
    answer(from, *x, {}, probed{probe_status::gone, 0, "no client serves this nonce"});
    return;
  }
  auto id = ++numbers_;
  auto* wire = host->second.wire;
  auto passed_on = caf::make_message(request);
  std::shared_ptr<caf::mailbox_element> asked{x.release(), x.get_deleter()};
  open_probes_[id] = {&from, from.generation(), std::move(asked)};
  wire->send_down({who, caf::message_id{caf::message_id::default_async_value | id},
                   std::move(passed_on), nullptr, true});
  // The process that asked has given up by then.
  world_->after(std::chrono::seconds{1}, [this, id] { open_probes_.erase(id); });
}

void server::probe_answered(const caf::mailbox_element& x) {
  auto found = open_probes_.extract(x.mid.request_id().integer_value());
  if (found.empty())
    return;
  auto& open = found.mapped();
  if (open.asker->connected() && open.asker->generation() == open.generation)
    answer(*open.asker, *open.asked, {}, x.content().get_as<probed>(0));
}

// -- writing ----------------------------------------------------------------------------

void server::note_write(process_id writer, const store::server_write& x,
                        const store::memory_bucket::outcome& done,
                        const std::optional<kv_entry>& before) {
  auto& log = world_->log();
  if (!log.on() || (done.entry && is_routine(*done.entry, before) && !log.all()))
    return;
  const auto& key = store::key_of(x.change);
  auto who = writer == no_process ? std::string{"world"} : world_->name(writer);
  if (done.entry)
    log.note("store", "{} #{} {} = {} (by {})", x.bucket, done.entry->revision.value, key,
             short_text(*done.entry), who);
  else
    log.note("store", "{} {}: {} for {}: {}", x.bucket, key,
             to_string(done.answer.status), who, done.answer.why);
}

kv_written server::write(process_id writer, const store::server_write& x) {
  auto now = world_->now();
  const auto& key = store::key_of(x.change);
  auto found = model_.last(x.bucket, key, now);
  auto before =
      found.status == read_status::found ? std::optional{found.entry} : std::nullopt;
  auto done = model_.write(x.bucket, x.change, now);
  note_write(writer, x, done, before);
  if (!done.entry)
    return std::move(done.answer);
  auto& past = past_[x.bucket];
  past.push_back({now, *done.entry, before});
  if (past.size() > writes_remembered)
    past.pop_front();
  std::vector<std::uint64_t> watching;
  for (const auto& [id, c] : consumers_)
    if (*c.bucket == x.bucket && store::watch_feed::matches(c.pattern, key))
      watching.push_back(id);
  for (auto id : watching) {
    auto& c = consumers_.at(id);
    // A writer receives its own write from its watch before the answer, or after it.
    if (c.owner->owner() == writer && world_->random().chance(0.5))
      c.not_before = std::max(c.not_before, now + std::chrono::microseconds{1});
    show(id, *done.entry);
  }
  observer_->applied(writer, x.bucket, *done.entry, before);
  return std::move(done.answer);
}

void server::write_later(network_link& from, caf::mailbox_element_ptr x,
                         core::duration delay, bool conflicts) {
  const auto& request = x->content().get_as<store::server_write>(0);
  world_->log().note("store", "{} {} of {} will be {} ms late", request.bucket,
                     store::key_of(request.change), world_->name(from.owner()),
                     delay / std::chrono::milliseconds{1});
  auto generation = from.generation();
  std::pair key{request.bucket, store::key_of(request.change)};
  if (conflicts)
    ++in_flight_[key];
  std::shared_ptr<caf::mailbox_element> held{x.release(), x.get_deleter()};
  world_->after(delay, [this, &from, generation, held, key, conflicts] {
    const auto& what = held->content().get_as<store::server_write>(0);
    if (conflicts && --in_flight_[key] == 0)
      in_flight_.erase(key);
    auto done = write(from.owner(), what);
    if (from.connected() && from.generation() == generation)
      answer(from, *held, what.bucket, std::move(done));
  });
}

// -- watching ---------------------------------------------------------------------------

void server::make_consumer(network_link& from, const caf::mailbox_element& asked,
                           const store::make_consumer& x) {
  auto inbox = x.inbox.address();
  drop(from, inbox, x.feed);
  if (windows_.strike(fault::api_away, from.owner(), x.bucket))
    return;
  auto identity = model_.identify(x.bucket);
  if (identity.status != read_status::found) {
    answer(from, asked, x.bucket, store::consumer_made{identity.why, {}});
    return;
  }
  auto entries = model_.entries(x.bucket, x.pattern, world_->now());
  std::vector<kv_entry> missing;
  core::duration lag{0};
  if (const auto* old = windows_.strike(fault::replay_stale, from.owner(), x.bucket)) {
    auto how_old = world_->random().log_between(std::chrono::milliseconds{5}, old->delay);
    missing = rewind(x.bucket, entries, x.pattern, how_old);
    lag = world_->random().log_between(std::chrono::milliseconds{5}, old->delay);
    world_->log().note("store", "{} gets an old replay of {}: {} writes are missing",
                       world_->name(from.owner()), x.bucket, missing.size());
  }
  world_->log().routine("store", "{} {} is watched by {}, attempt {}", x.bucket,
                        x.pattern, world_->name(from.owner()), x.attempt);
  answer(from, asked, x.bucket, store::consumer_made{{}, identity.identity});
  auto id = ++numbers_;
  auto& c = consumers_[id];
  c.owner = &from;
  c.generation = from.generation();
  c.inbox = inbox;
  c.feed = x.feed;
  c.attempt = x.attempt;
  c.bucket = interned(x.bucket);
  c.pattern = x.pattern;
  for (const auto& entry : entries)
    show(id, entry);
  c.not_before = std::max(c.not_before, world_->now() + lag);
  for (const auto& entry : missing)
    show(id, entry);
  beat(id);
}

void server::drop(const network_link& owner, const caf::actor_addr& inbox,
                  std::uint64_t feed) {
  std::erase_if(consumers_, [&](const auto& x) {
    const auto& c = x.second;
    return c.owner == &owner && c.inbox == inbox && c.feed == feed;
  });
}

void server::show(std::uint64_t id, const kv_entry& entry) {
  auto& c = consumers_.at(id);
  ++c.sequence;
  if (windows_.strike(fault::watch_gaps, c.owner->owner(), *c.bucket)) {
    world_->log().note("store", "{} does not get #{} of {}",
                       world_->name(c.owner->owner()), entry.revision.value, *c.bucket);
    return;
  }
  send(id, caf::make_message(store::delivery{c.feed, c.attempt, c.sequence, entry}),
       c.sequence);
}

void server::send(std::uint64_t id, caf::message what, std::uint64_t sequence) {
  auto& c = consumers_.at(id);
  if (c.silent)
    return;
  auto now = world_->now();
  if (const auto* lag = windows_.strike(fault::watch_lags, c.owner->owner(), *c.bucket))
    c.not_before = std::max(c.not_before,
                            now + world_->random().log_between(lag->least, lag->delay));
  c.held.emplace_back(std::move(what), sequence);
  if (c.held.size() == 1 && c.not_before <= now)
    release(id);
  else
    world_->at(c.not_before, [this, id] { release(id); });
}

/// Sends what was held for long enough.
void server::release(std::uint64_t id) {
  auto i = consumers_.find(id);
  if (i == consumers_.end() || i->second.held.empty())
    return;
  auto& c = i->second;
  if (c.not_before > world_->now())
    return; // Held for longer meanwhile; looked at again then.
  auto held = std::exchange(c.held, {});
  c.shown = held.back().second;
  auto inbox = caf::actor_cast<caf::strong_actor_ptr>(c.inbox);
  if (inbox)
    for (auto& [x, sequence] : held)
      c.owner->send_down({inbox, caf::make_message_id(), std::move(x), c.bucket});
}

void server::beat(std::uint64_t id) {
  auto jitter = world_->random().between(options_.watch_heartbeat * 9 / 10,
                                         options_.watch_heartbeat);
  world_->after(jitter, [this, id] {
    auto i = consumers_.find(id);
    if (i == consumers_.end())
      return;
    const auto& c = i->second;
    auto inbox = caf::actor_cast<caf::strong_actor_ptr>(c.inbox);
    if (!c.silent && inbox)
      c.owner->send_down({inbox, caf::make_message_id(),
                          caf::make_message(store::consumer_heartbeat{
                              c.feed, c.attempt, c.held.empty() ? c.sequence : c.shown}),
                          c.bucket});
    beat(id);
  });
}

std::vector<kv_entry> server::rewind(const std::string& bucket,
                                     std::vector<kv_entry>& shown,
                                     const std::string& pattern, core::duration how_far) {
  std::map<std::string, kv_entry> by_key;
  for (auto& x : shown)
    by_key[x.key] = std::move(x);
  std::vector<kv_entry> missing;
  auto& past = past_[bucket];
  for (auto i = past.rbegin(); i != past.rend(); ++i) {
    if (i->when + how_far < world_->now())
      break;
    if (!store::watch_feed::matches(pattern, i->entry.key))
      continue;
    missing.push_back(i->entry);
    if (i->before)
      by_key[i->entry.key] = *i->before;
    else
      by_key.erase(i->entry.key);
  }
  std::reverse(missing.begin(), missing.end());
  shown.clear();
  for (auto& [key, x] : by_key)
    shown.push_back(std::move(x));
  std::sort(shown.begin(), shown.end(),
            [](const auto& a, const auto& b) { return a.revision < b.revision; });
  return missing;
}

// -- what happens to the store ----------------------------------------------------------

void server::delete_bucket(const std::string& name) {
  if (!model_.delete_bucket(name))
    return;
  std::erase_if(consumers_, [&](const auto& x) { return *x.second.bucket == name; });
  past_.erase(name);
  observer_->lost(name, std::nullopt);
}

void server::make_again(const std::string& name) {
  auto i = made_.find(name);
  if (i == made_.end())
    return;
  auto missing = !model_.has(name);
  model_.open(i->second, world_->now());
  if (missing)
    declare(name);
}

void server::declare(const std::string& bucket) {
  auto made = model_.identify(bucket);
  if (bucket != options_.declared || made.status != read_status::found)
    return;
  epoch_entry value{{}, {}, {"init"}, process(), made.identity.created_at_ns / 1000};
  auto delay = world_->random().log_between(std::chrono::milliseconds{1},
                                            std::chrono::milliseconds{500});
  world_->after(delay, [=, this]() mutable {
    auto seconds = wall_start_seconds
                   + std::chrono::floor<std::chrono::seconds>(
                         world_->now().time_since_epoch() + world_->wall_ahead())
                         .count();
    value.epoch = {static_cast<std::uint64_t>(seconds + 60)};
    // Refused where a leader was first, or nothing is there.
    write(no_process, {bucket, kv_update{"epoch", to_text(value), {}}});
  });
}

void server::lose_writes(const std::string& bucket, std::uint64_t n) {
  auto identity = model_.identify(bucket);
  if (identity.status != read_status::found)
    return;
  auto last = identity.identity.last.value;
  revision after{last > n ? last - n : 0};
  model_.lose_writes_after(bucket, after);
  std::erase_if(consumers_, [&](const auto& x) { return *x.second.bucket == bucket; });
  past_.erase(bucket);
  observer_->lost(bucket, after);
}

void server::remove_entry(const std::string& bucket, const std::string& key) {
  auto found = model_.last(bucket, key, world_->now());
  if (found.status == read_status::found && !found.entry.removed)
    write(no_process, {bucket, kv_remove{key, found.entry.revision}});
}

void server::put_entry(const std::string& bucket, const std::string& key,
                       const std::string& value) {
  if (model_.identify(bucket).status == read_status::found)
    write(no_process, {bucket, kv_put{key, value}});
}

void server::silence(const fault_window& x) {
  for (auto& [id, c] : consumers_)
    if ((x.who == no_process || x.who == c.owner->owner())
        && (x.bucket.empty() || x.bucket == *c.bucket)
        && world_->random().chance(x.chance))
      c.silent = true;
}

} // namespace partita::simulation
