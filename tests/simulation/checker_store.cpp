// SPDX-License-Identifier: Apache-2.0
#include "checker.hpp"

#include "entry_text.hpp"

#include "partita/messages/codec.hpp"
#include "partita/messages/keys.hpp"

#include <algorithm>

// What the store shows.
namespace partita::simulation {

namespace {

constexpr std::size_t writes_remembered = 32;
/// What a leader may need until it acts on news that reached its process: a watch that is
/// being rebuilt drops what comes meanwhile.
constexpr std::chrono::seconds to_take_notice{5};

const std::string& value_of(const store::kv_change& x) {
  static const std::string none;
  return std::visit(
      [](const auto& y) -> const std::string& {
        if constexpr (requires { y.value; })
          return y.value;
        else
          return none;
      },
      x);
}

bool starts_with(const std::string& x, std::string_view beginning) {
  return std::string_view{x}.substr(0, beginning.size()) == beginning;
}

const grant* find(const std::vector<grant>& xs, const partition& p) {
  auto i = std::find_if(xs.begin(), xs.end(),
                        [&](const auto& x) { return x.partition.keys == p.keys; });
  return i == xs.end() ? nullptr : &*i;
}

} // namespace

// -- the wires --------------------------------------------------------------------------

void checker::sent(process_id who, const store::server_write& x) {
  if (x.bucket != options_.heartbeat_bucket && x.bucket != options_.assignment_bucket)
    return;
  auto& sent = processes_[who].sent;
  const auto& value = value_of(x.change);
  for (const auto& y : sent)
    if (y.value == value)
      return; // Tried again: the first time counts.
  sent.push_back({value, world_->now()});
  if (sent.size() > writes_remembered)
    sent.pop_front();
  // Most heartbeats say nothing new, and would catch all ambushes.
  if (on_news
      && (x.bucket == options_.assignment_bucket || world_->random().chance(0.02)))
    on_news(who, x.bucket);
}

core::time_point checker::first_sent(process_id writer, const std::string& value) const {
  if (writer != no_process)
    for (const auto& x : processes_[writer].sent)
      if (x.value == value)
        return x.when;
  return world_->now();
}

void checker::delivered(process_id who, const std::string& bucket, const kv_entry& x) {
  if (bucket != options_.heartbeat_bucket
      || x.value.find("\"draining\"") == std::string::npos)
    return;
  auto read = beat_from(x.value, x.stored_at_ns);
  const auto* news = std::get_if<beat>(&read);
  if (news && news->state == beat_state::draining)
    drains_[news->nonce.value].try_emplace(who, world_->now());
}

void checker::acknowledged(process_id who, const std::string& bucket, revision at) {
  if (!watches_)
    return;
  // What was asked by a process that woke up before it learnt that its connection had been
  // lost is an unknown outcome to it, whatever the answer says.
  constexpr std::chrono::seconds waking{1};
  auto thawed_at = processes_[who].thawed_at;
  if (thawed_at && world_->now() - *thawed_at < waking)
    return;
  auto& keys = keys_[bucket];
  auto key = keys.find(at);
  if (key != keys.end())
    watches_->acknowledged(who, bucket, key->second, at);
}

void checker::lost(const std::string& bucket, std::optional<revision> after) {
  auto& keys = keys_[bucket];
  auto kept = after ? keys.upper_bound(*after) : keys.begin();
  lost_[bucket].insert(kept, keys.end());
  keys.erase(kept, keys.end());
  if (watches_)
    watches_->lost(bucket);
  auto gone = [&](const auto& x) { return !after || x.second.at > *after; };
  if (bucket == options_.heartbeat_bucket)
    std::erase_if(beats_, gone);
  if (bucket != options_.assignment_bucket)
    return;
  for (const auto& [key, x] : parts_)
    if (!after || x.revision > *after)
      damaged_parts_.insert(key);
  std::erase_if(parts_,
                [&](const auto& x) { return !after || x.second.revision > *after; });
  std::erase_if(records_, [&](const auto& x) {
    const auto& names = x.second.parts.numbers;
    return gone(x) || std::any_of(names.begin(), names.end(), [&](std::uint64_t n) {
             auto who = keys::owner_of(x.first, keys::records);
             return damaged_parts_.contains(keys::part_of(*who, n));
           });
  });
  version_before_ = greatest_version_;
  epoch_before_ = greatest_epoch_;
  granting_epoch_ = {};
  present_epoch_ = {};
}

void checker::applied(process_id writer, const std::string& bucket, const kv_entry& now,
                      const std::optional<kv_entry>& before) {
  keys_[bucket].emplace(now.revision, now.key);
  if (bucket == options_.heartbeat_bucket)
    applied_beat(writer, now, before);
  else if (bucket != options_.assignment_bucket)
    return;
  else if (now.key == "epoch")
    applied_epoch(writer, now, before);
  else if (starts_with(now.key, "assignment."))
    applied_record(writer, now, before);
  else if (auto part = keys::part_in(now.key))
    applied_part(writer, part->first, part->second, now);
}

// -- records ----------------------------------------------------------------------------

void checker::applied_epoch(process_id writer, const kv_entry& now,
                            const std::optional<kv_entry>& before) {
  if (now.removed) {
    present_epoch_ = {};
    return;
  }
  auto read = epoch_from(now.value, now.stored_at_ns);
  const auto* x = std::get_if<epoch_entry>(&read);
  if (!x) {
    present_epoch_ = {};
    if (writer == no_process)
      return; // Poisoned: as if it were gone.
    fail("entries can be read", "{} = {}", now.key, now.value);
    return;
  }
  // Where all is lost a new epoch begins at the wall clock's second, which an older one
  // may have had; an epoch under which something was granted must not come again.
  auto least = std::max(present_epoch_, greatest_granting_epoch_);
  // A leader may say more in its own entry.
  auto was = before ? epoch_from(before->value, before->stored_at_ns)
                    : decoded<epoch_entry>{malformed{}};
  const auto* old = std::get_if<epoch_entry>(&was);
  auto same = old && x->epoch == old->epoch && x->nonce == old->nonce;
  if (x->epoch <= least && !same)
    fail("epochs never go back", "epoch {} of {} after epoch {}", short_text(x->epoch),
         x->leader.value, short_text(least));
  present_epoch_ = x->epoch;
  greatest_epoch_ = std::max(greatest_epoch_, x->epoch);
}

void checker::applied_part(process_id writer, const worker_id& of, std::uint64_t number,
                           const kv_entry& now) {
  auto i = records_.find(keys::record_of(of));
  auto named = i != records_.end()
               && std::count(i->second.parts.numbers.begin(),
                             i->second.parts.numbers.end(), number)
                      != 0;
  if (writer == no_process)
    damaged_parts_.insert(now.key);
  if (named && !damaged_parts_.contains(now.key))
    fail("a part that a record names is never changed", "{} = {}", now.key,
         now.removed ? "(removed)" : "another one");
  if (named) // It cannot be read any more.
    records_.erase(i);
  if (now.removed)
    parts_.erase(now.key);
  else
    parts_[now.key] = now;
}

/// The record with what its parts say. Empty: it cannot be read, which may be so.
std::optional<checker::stored_record> checker::read_record(process_id writer,
                                                           const kv_entry& now) {
  auto head = stored_record_from(now.value, now.stored_at_ns);
  auto who = keys::owner_of(now.key, keys::records);
  auto damaged = writer == no_process;
  auto read = record_from(now.value, now.stored_at_ns, [&](std::uint64_t n) {
    auto key = keys::part_of(*who, n);
    damaged = damaged || damaged_parts_.contains(key);
    auto i = parts_.find(key);
    return i == parts_.end() ? nullptr : &i->second.value;
  });
  if (auto* x = std::get_if<record>(&read))
    return stored_record{std::move(*x), now.revision,
                         std::get<partita::stored_record>(head).parts};
  if (!damaged)
    fail("entries can be read", "{} = {}: {}", now.key, now.value,
         std::get<malformed>(read).why);
  return std::nullopt;
}

void checker::applied_record(process_id writer, const kv_entry& now,
                             const std::optional<kv_entry>& before) {
  if (now.removed) {
    records_.erase(now.key);
    return;
  }
  auto read = read_record(writer, now);
  if (!read) {
    records_.erase(now.key);
    return;
  }
  const auto* x = &read->record;
  auto i = records_.find(now.key);
  const auto* old = i == records_.end() ? nullptr : &i->second;
  if (x->epoch.value == 0) {
    if (before && !before->removed)
      fail("a worker creates its record and leaves one that is there alone",
           "{} was there", now.key);
  } else {
    auto by_accident =
        before && may_mean_a_former_life(options_.assignment_bucket, *before);
    judge_order(now.key, *x, old, by_accident);
    // No worker takes it then: its epoch is old, also where the present incarnation
    // of the bucket has not granted anything yet, and it names incarnations of that time.
    // That is judged where they apply records and begin to work.
    if (!by_accident || x->epoch >= greatest_granting_epoch_)
      judge_grants(writer, now, *x, old);
  }
  greatest_version_ = std::max(greatest_version_, x->version);
  if (x->epoch.value > 0)
    versions_[now.key].insert_or_assign(x->version,
                                        content{x->worker_nonce, x->partitions});
  records_[now.key] = std::move(*read);
}

/// A store that lost writes gives their revisions again. A compare-and-set that was meant
/// for a key's lost value then hits another one, if the key has one under that revision.
bool checker::may_mean_a_former_life(const std::string& bucket,
                                     const kv_entry& before) const {
  auto lost = lost_.find(bucket);
  return lost != lost_.end() && lost->second.contains({before.revision, before.key});
}

void checker::judge_order(const std::string& key, const record& x,
                          const stored_record* old, bool by_accident) {
  if (!by_accident && x.epoch < granting_epoch_)
    fail("no write of an older epoch takes effect after sealing ended",
         "{} is written under epoch {} after epoch {} granted", key, short_text(x.epoch),
         short_text(granting_epoch_));
  if (!by_accident && old
      && (x.epoch < old->record.epoch || x.version < old->record.version))
    fail("versions and epochs never go back in the store",
         "{} has version {} of epoch {} after version {} of epoch {}", key,
         short_text(x.version), short_text(x.epoch), short_text(old->record.version),
         short_text(old->record.epoch));
  if (old && stamp_of(x) == stamp_of(old->record) && x != old->record)
    fail("versions and epochs never go back in the store",
         "{} changed under version {} of epoch {}", key, short_text(x.version),
         short_text(x.epoch));
  // A leader that has not noticed the loss yet goes on within its epoch, and one that has
  // may put back what it knows, even if it is not the last; the tokens of what they grant
  // are judged in any case.
  bool put_back =
      (old && x.version == old->record.version) || versions_[key].contains(x.version);
  if (!put_back && x.epoch > epoch_before_ && x.version <= version_before_)
    fail("versions and epochs never go back in the store",
         "{} has version {}, an earlier incarnation of the bucket had version {}", key,
         short_text(x.version), short_text(version_before_));
}

void checker::judge_grants(process_id writer, const kv_entry& now, const record& x,
                           const stored_record* old) {
  bool same = old && old->record.worker_nonce == x.worker_nonce;
  auto owner = incarnations_.find(x.worker_nonce.value);
  auto to = owner == incarnations_.end() ? no_process : owner->second;
  bool gains = false;
  for (const auto& y : x.partitions) {
    const auto* had = same ? find(old->record.partitions, y.partition) : nullptr;
    auto& known = place_of(y.partition);
    // A record that was lost, or created again by its worker, may be put back as it was,
    // even if it is not the last that a leader could have known. Whether an application
    // works by it is judged where that begins.
    bool restored = (known.granted == y.token && known.granted_to == x.worker_nonce)
                    || was_so(now.key, x, y);
    if (!had && !restored) {
      gains = true;
      judge_grant(now.key, x, y, to);
      if (y.token <= known.granted)
        fail("tokens grow from owner to owner", "{} gets {} with token {} after token {}",
             now.key, name_of(y.partition), short_text(y.token),
             short_text(known.granted));
    } else if (had && y.token < had->token) {
      fail("a token never falls", "{} has {} with token {} after token {}", now.key,
           name_of(y.partition), short_text(y.token), short_text(had->token));
    }
    if (y.token > known.granted) {
      known.granted = y.token;
      known.granted_to = x.worker_nonce;
    }
  }
  if (!gains)
    return;
  if (x.epoch > granting_epoch_)
    judge_sealing(now.key, x.epoch);
  granting_epoch_ = std::max(granting_epoch_, x.epoch);
  greatest_granting_epoch_ = std::max(greatest_granting_epoch_, x.epoch);
  judge_drain(writer, now, x);
}

/// Whether this record once said the same under this version, to the same incarnation.
bool checker::was_so(const std::string& key, const record& x, const grant& y) const {
  auto versions = versions_.find(key);
  if (versions == versions_.end())
    return false;
  auto then = versions->second.find(x.version);
  if (then == versions->second.end() || then->second.to != x.worker_nonce)
    return false;
  const auto* had = find(then->second.grants, y.partition);
  return had && had->token == y.token;
}

/// A leader grants for the first time: sealing has ended.
void checker::judge_sealing(const std::string& key, epoch by) {
  for (const auto& [other, x] : records_)
    if (other != key && x.record.epoch.value > 0 && x.record.epoch < by)
      fail("a leader grants only once every record is sealed",
           "{} is granted something under epoch {}, {} is at epoch {}", key,
           short_text(by), other, short_text(x.record.epoch));
}

void checker::judge_grant(const std::string& key, const record& x, const grant& y,
                          process_id to) {
  auto name = name_of(y.partition);
  for (const auto& [other, z] : records_)
    if (other != key && find(z.record.partitions, y.partition))
      fail("nothing is granted that another record names",
           "{} gets {}, which {} still names", key, name, other);
  for (const auto& h : places_[name].holders) {
    if (h.who == to || world_->just_thawed(h.who))
      continue;
    if ((world_->frozen(h.who) && session_passed(h.who)) || beyond_control(h.who))
      continue;
    fail("no grant before the former owner confirmed or ended",
         "{} ({}) gets {} by version {}, {} {}", key,
         to == no_process ? std::string{"?"} : world_->name(to), name,
         short_text(x.version), world_->name(h.who),
         world_->frozen(h.who) ? "is frozen and may still wake up in time"
                               : "works on it");
  }
}

/// Whether the process would notice at once, if it woke up now, that it may not work.
bool checker::session_passed(process_id x) const {
  const auto& p = processes_[x];
  if (!p.beat_sent)
    return true;
  auto session = p.ttl - p.ttl / 8;
  auto passed = static_cast<double>((world_->now() - *p.beat_sent).count()) * p.rate;
  return passed >= static_cast<double>(session.count());
}

void checker::judge_drain(process_id writer, const kv_entry& now, const record& x) {
  auto drain = drains_.find(x.worker_nonce.value);
  if (drain == drains_.end() || writer == no_process)
    return;
  auto known = drain->second.find(writer);
  auto decided = first_sent(writer, now.value);
  if (known != drain->second.end() && decided > known->second + to_take_notice)
    fail("a drained worker gains nothing", "{} grants something to {}, which is draining",
         world_->name(writer), now.key);
}

// -- heartbeats -------------------------------------------------------------------------

void checker::applied_beat(process_id writer, const kv_entry& now,
                           const std::optional<kv_entry>& before) {
  if (now.removed) {
    beats_.erase(now.key);
    return;
  }
  auto read = beat_from(now.value, now.stored_at_ns);
  auto* x = std::get_if<beat>(&read);
  if (!x) {
    beats_.erase(now.key);
    if (writer == no_process)
      return;
    fail("entries can be read", "{} = {}", now.key, now.value);
    return;
  }
  if (is_living(x->state)) {
    if (writer != no_process) {
      judge_first_beat(writer, now.key, *x, before);
      incarnations_.try_emplace(x->nonce.value, writer);
      auto first = first_sent(writer, now.value);
      auto& known = processes_[writer];
      known.beat_sent = std::max(known.beat_sent.value_or(first), first);
      known.ttl = x->terms.ttl;
    }
  } else {
    judge_mark(now, *x, before);
  }
  beats_[now.key] = {std::move(*x), now.revision, world_->now()};
}

void checker::judge_first_beat(process_id writer, const std::string& key, const beat& x,
                               const std::optional<kv_entry>& before) {
  auto old = beats_.find(key);
  if (!before || before->removed || old == beats_.end()
      || old->second.at != before->revision)
    return;
  if (may_mean_a_former_life(options_.heartbeat_bucket, *before))
    return;
  const auto& there = old->second.beat;
  if (!is_living(there.state) || there.nonce == x.nonce)
    return;
  auto owner = incarnations_.find(there.nonce.value);
  if (owner != incarnations_.end() && owner->second != writer)
    fail("no worker writes over another's live heartbeat", "{} writes over that of {}",
         world_->name(writer), world_->name(owner->second));
}

void checker::judge_mark(const kv_entry& now, const beat& x,
                         const std::optional<kv_entry>& before) {
  auto old = beats_.find(now.key);
  if (x.state != beat_state::expelled || !before || before->removed || old == beats_.end()
      || !is_living(old->second.beat.state))
    return;
  // It ends that session, but is no expulsion.
  if (x.nonce != old->second.beat.nonce
      && may_mean_a_former_life(options_.heartbeat_bucket, *before))
    return;
  auto unchanged = world_->now() - old->second.since;
  if (unchanged < old->second.beat.terms.ttl)
    fail("no worker is expelled that was not silent for ttl",
         "{} is marked as expelled {} ms after its last heartbeat", now.key,
         unchanged / std::chrono::milliseconds{1});
  if (x.nonce != old->second.beat.nonce)
    fail("no worker is expelled that was not silent for ttl",
         "the mark in {} names another incarnation than the one that it ends", now.key);
}

} // namespace partita::simulation
