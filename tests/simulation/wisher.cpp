#include "wisher.hpp"

#include "partita/messages/codec.hpp"
#include "partita/messages/control_codec.hpp"

#include <algorithm>

namespace partita::simulation {

using namespace std::chrono_literals;

namespace {

/// Leaders' clocks, and the time that the news takes.
constexpr core::duration pauses_end_late = 2s;

/// Another amount for every life, as of troubles.
double mixed(const profile& x, dice& random) {
  constexpr double factors[] = {0.3, 1, 1, 2.5};
  return x.mixed ? x.wishes * random.one_of(factors) : x.wishes;
}

} // namespace

wisher::wisher(world& w, const profile& faults, const simulation::settings& s,
               server& store, const group& g, checker& c, std::uint64_t seed,
               core::time_point end)
    : world_(&w),
      settings_(&s),
      server_(&store),
      group_(&g),
      checker_(&c),
      random_{~seed},
      end_(end),
      a_minute_(mixed(faults, random_)) {}

void wisher::start() {
  if (any())
    schedule();
}

void wisher::schedule() {
  auto mean = core::duration{static_cast<core::duration::rep>(60e9 / a_minute_)};
  world_->after(random_.until_next(mean), [this] {
    if (world_->now() >= end_)
      return;
    wish_something();
    schedule();
  });
}

void wisher::finish() {
  if (!any())
    return;
  take_pauses_back();
  // Where everybody is cordoned or drained, little can be expected.
  if (random_.chance(0.9))
    for (const auto& x : entries())
      if ((x.key.starts_with("wish.cordon.") || x.key.starts_with("wish.drain."))
          && random_.chance(0.5))
        take_back(x.key);
}

void wisher::change_in_peace() {
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
      put(rebalance_wish{});
      break;
    case 4:
      step_down();
      break;
    default:
      pause(3s);
    }
}

void wisher::take_all_back() {
  for (const auto& x : entries())
    take_back(x.key);
}

// -- wishes -----------------------------------------------------------------------------

void wisher::wish_something() {
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
    return put(rebalance_wish{});
  case 8:
    return step_down();
  case 9:
    return random_.chance(0.3) ? scribble() : take_pauses_back();
  default:
    return take_one_back();
  }
}

void wisher::mark_worker(bool drained) {
  worker_id who{some_worker()};
  if (drained)
    put(drain_wish{who});
  else
    put(cordon_wish{who});
}

void wisher::pin() {
  put(pin_wish{some_partition(), {some_worker()}});
}

void wisher::pause(core::duration longest) {
  auto lasts = std::chrono::ceil<std::chrono::seconds>(random_.between(1ms, longest));
  put(pause_wish{fmt::format("{:08x}", random_() >> 32), lasts});
  checker_->trouble_until(world_->now() + lasts + lasts / 20 + pauses_end_late);
}

void wisher::step_down() {
  const auto& bucket = settings_->worker.buckets.assignment;
  for (const auto& x : server_->entries(bucket)) {
    if (x.key != "epoch" || x.removed)
      continue;
    auto read = epoch_from(x.value);
    const auto* y = std::get_if<epoch_entry>(&read);
    if (!y)
      continue;
    // Sometimes one that leads no more is meant.
    auto epoch = y->epoch;
    if (random_.chance(0.2))
      --epoch.value;
    put(step_down_wish{y->leader, epoch});
  }
}

/// What is no wish counts as none, and ends the one that stood there.
void wisher::scribble() {
  put(wish_key(drain_wish{{some_worker()}}), "{");
}

void wisher::take_one_back() {
  auto all = entries();
  if (!all.empty())
    take_back(random_.one_of(all).key);
}

void wisher::take_pauses_back() {
  for (const auto& x : entries())
    if (x.key.starts_with("wish.pause."))
      take_back(x.key);
}

void wisher::take_back(const std::string& key) {
  server_->remove_entry(settings_->worker.buckets.control, key);
  checker_->trouble_until(world_->now());
}

void wisher::put(const wish::kind& what) {
  put(wish_key(what), to_text(wish{what, 0, {}, {}}));
}

void wisher::put(const std::string& key, const std::string& value) {
  const auto& bucket = settings_->worker.buckets.control;
  // Whoever wishes makes the bucket where it is missing; or does without.
  if (random_.chance(0.5))
    server_->make_again(bucket);
  server_->put_entry(bucket, key, value);
  checker_->trouble_until(world_->now());
}

std::vector<kv_entry> wisher::entries() const {
  auto result = server_->entries(settings_->worker.buckets.control);
  std::erase_if(result,
                [](const auto& x) { return x.removed || !x.key.starts_with("wish."); });
  return result;
}

/// Mostly one that is there, for as long as nobody takes another id.
std::string wisher::some_worker() {
  return fmt::format("worker-{}", random_.below(settings_->workers + 1));
}

std::string wisher::some_partition() {
  if (random_.chance(0.1))
    return "unknown";
  const auto& all = group_->partitions();
  return name_of(all[random_.below(all.size())]);
}

// -- what a calm group must follow ------------------------------------------------------

wished wisher::standing() const {
  wished result;
  for (const auto& x : entries()) {
    auto read = wish_from(x.key, x.value);
    const auto* y = std::get_if<wish>(&read);
    if (!y)
      continue;
    if (const auto* c = std::get_if<cordon_wish>(&y->what))
      result.cordoned.insert(c->worker.value);
    else if (const auto* d = std::get_if<drain_wish>(&y->what))
      result.drained.insert(d->worker.value);
    else if (const auto* p = std::get_if<pin_wish>(&y->what))
      result.pins.emplace(p->partition, p->worker.value);
  }
  return result;
}

std::string wisher::left_over() const {
  for (const auto& x : entries())
    if (x.key.starts_with("wish.pause.") || x.key == "wish.rebalance"
        || x.key == "wish.step_down")
      return x.key;
  return {};
}

} // namespace partita::simulation
