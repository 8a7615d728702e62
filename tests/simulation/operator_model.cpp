// SPDX-License-Identifier: Apache-2.0
#include "operator_model.hpp"

#include "partita/messages/codec.hpp"
#include "partita/messages/control_codec.hpp"

#include <algorithm>

namespace partita::simulation {

using namespace std::chrono_literals;

namespace {

/// Leaders' clocks, and the time that the news takes.
constexpr core::duration pauses_end_late = 2s;

/// Another rate for every life, as of faults.
double mixed(const profile& x, rng& random) {
  constexpr double factors[] = {0.3, 1, 1, 2.5};
  return x.mixed ? x.directives * random.one_of(factors) : x.directives;
}

} // namespace

operator_model::operator_model(world& w, const profile& faults,
                               const simulation::settings& s, server& store,
                               const group& g, checker& c, std::uint64_t seed,
                               core::time_point end)
    : world_(&w),
      settings_(&s),
      server_(&store),
      group_(&g),
      checker_(&c),
      random_{~seed},
      end_(end),
      a_minute_(mixed(faults, random_)) {}

void operator_model::start() {
  if (any())
    schedule();
}

void operator_model::schedule() {
  auto mean = core::duration{static_cast<core::duration::rep>(60e9 / a_minute_)};
  world_->after(random_.until_next(mean), [this] {
    if (world_->now() >= end_)
      return;
    give_some_directive();
    schedule();
  });
}

void operator_model::finish() {
  if (!any())
    return;
  take_pauses_back();
  // Where all workers are cordoned or drained, little can be expected.
  if (random_.chance(0.9))
    for (const auto& x : entries())
      if ((x.key.starts_with("directive.cordon.")
           || x.key.starts_with("directive.drain."))
          && random_.chance(0.5))
        take_back(x.key);
}

void operator_model::change_in_peace() {
  pinned_in_peace_.clear();
  for (const auto& x : standing().pins)
    pinned_in_peace_.insert(x);
  for (auto n = random_.between(1, 4); n > 0; --n)
    switch (random_.below(6)) {
    case 0:
      mark_worker(false);
      break;
    case 1:
      mark_worker(true);
      break;
    case 2:
      pin();
      break;
    case 3:
      put(rebalance_directive{});
      break;
    case 4:
      step_down();
      break;
    default:
      pause(3s);
    }
}

void operator_model::take_all_back() {
  for (const auto& x : entries())
    take_back(x.key);
}

// -- directives -----------------------------------------------------------------------------

void operator_model::give_some_directive() {
  switch (random_.below(16)) {
  case 0:
  case 1:
    return mark_worker(false);
  case 2:
  case 3:
    return mark_worker(true);
  case 4:
  case 5:
    return pin();
  case 6:
    return pause(20s);
  case 7:
    return put(rebalance_directive{});
  case 8:
    return step_down();
  case 9:
    return random_.chance(0.3) ? scribble() : take_pauses_back();
  default:
    return take_one_back();
  }
}

void operator_model::mark_worker(bool drained) {
  worker_id who{some_worker()};
  if (drained)
    put(drain_directive{who});
  else
    put(cordon_directive{who});
}

void operator_model::pin() {
  auto partition = some_partition();
  auto worker = some_worker();
  pinned_in_peace_.emplace(partition, worker);
  put(pin_directive{std::move(partition), {std::move(worker)}});
}

void operator_model::pause(core::duration longest) {
  auto lasts = std::chrono::ceil<std::chrono::seconds>(random_.between(1ms, longest));
  put(pause_directive{fmt::format("{:08x}", random_() >> 32), lasts});
  checker_->faults_until(world_->now() + lasts + lasts / 20 + pauses_end_late);
}

void operator_model::step_down() {
  const auto& bucket = settings_->worker.buckets.assignment;
  for (const auto& x : server_->entries(bucket)) {
    if (x.key != "epoch" || x.removed)
      continue;
    auto read = epoch_from(x.value, x.stored_at_ns);
    const auto* y = std::get_if<epoch_entry>(&read);
    if (!y)
      continue;
    // Sometimes one that has lost leadership is meant.
    auto epoch = y->epoch;
    if (random_.chance(0.2))
      --epoch.value;
    put(step_down_directive{y->leader, epoch});
  }
}

/// What is no directive counts as none, and ends the one that stood there.
void operator_model::scribble() {
  put(directive_key(drain_directive{{some_worker()}}), "{");
}

void operator_model::take_one_back() {
  auto all = entries();
  if (!all.empty())
    take_back(random_.one_of(all).key);
}

void operator_model::take_pauses_back() {
  for (const auto& x : entries())
    if (x.key.starts_with("directive.pause."))
      take_back(x.key);
}

void operator_model::take_back(const std::string& key) {
  server_->remove_entry(settings_->worker.buckets.control, key);
  checker_->faults_until(world_->now());
}

void operator_model::put(const directive::kind& what) {
  put(directive_key(what), to_text(directive{what, 0, {}, {}}));
}

void operator_model::put(const std::string& key, const std::string& value) {
  const auto& bucket = settings_->worker.buckets.control;
  // The operator makes the bucket where it is missing; or does without.
  if (random_.chance(0.5))
    server_->make_again(bucket);
  server_->put_entry(bucket, key, value);
  checker_->faults_until(world_->now());
}

std::vector<kv_entry> operator_model::entries() const {
  auto result = server_->entries(settings_->worker.buckets.control);
  std::erase_if(result, [](const auto& x) {
    return x.removed || !x.key.starts_with("directive.");
  });
  return result;
}

/// Mostly one that is there, for as long as no worker takes another id.
std::string operator_model::some_worker() {
  return fmt::format("worker-{}", random_.below(settings_->workers + 1));
}

std::string operator_model::some_partition() {
  if (random_.chance(0.1))
    return "unknown";
  const auto& all = group_->partitions();
  return name_of(all[random_.below(all.size())]);
}

// -- what a calm group must follow ------------------------------------------------------

directed operator_model::standing() const {
  directed result;
  for (const auto& x : entries()) {
    auto read = directive_from(x.key, x.value);
    const auto* y = std::get_if<directive>(&read);
    if (!y)
      continue;
    if (const auto* c = std::get_if<cordon_directive>(&y->what))
      result.cordoned.insert(c->worker.value);
    else if (const auto* d = std::get_if<drain_directive>(&y->what))
      result.drained.insert(d->worker.value);
    else if (const auto* p = std::get_if<pin_directive>(&y->what))
      result.pins.emplace(p->partition, p->worker.value);
  }
  return result;
}

std::string operator_model::left_over() const {
  for (const auto& x : entries()) {
    auto moot = x.key.starts_with("directive.pause.") || x.key == "directive.rebalance"
                || x.key == "directive.step_down";
    // One that cannot be read is not followed, and left for people to look at.
    if (moot && std::holds_alternative<directive>(directive_from(x.key, x.value)))
      return x.key;
  }
  return {};
}

} // namespace partita::simulation
