// SPDX-License-Identifier: Apache-2.0
#include "partita/core/worker/id_claim.hpp"

#include <utility>

namespace partita::core {

id_claim::id_claim(options opts, time_point now)
    : options_{std::move(opts)}, random_{options_.seed}, writer_{options_.pause} {
  if (options_.startup)
    give_up_at_ = now + *options_.startup;
}

id_claim::commands id_claim::step(const event& what, time_point now) {
  if (phase_ == phase::over)
    return {};
  std::visit([&](const auto& x) { on(x, now); }, what);
  proceed(now);
  return std::exchange(out_, {});
}

std::optional<time_point> id_claim::wake_at() const {
  if (phase_ == phase::over)
    return std::nullopt;
  auto result = writer_.wake_at();
  if (phase_ == phase::looking || (phase_ == phase::taking && !release_wanted_))
    result = earlier(result, give_up_at_);
  if (phase_ == phase::looking && replayed_ && free_at_)
    result = earlier(result, std::max(*free_at_, not_before_));
  if (phase_ == phase::held && !writer_.busy())
    result = earlier(result, renew_at_);
  return result;
}

// -- events -----------------------------------------------------------------------------

void id_claim::on(const write_answered& what, time_point now) {
  last_trouble_.clear();
  if (what.answer.status == write_status::unknown)
    last_trouble_ =
        "the store does not answer the write of a worker id: " + what.answer.why;
  carry_out(writer_.answered(what.answer, now), now);
}

void id_claim::on(const read_answered& what, time_point now) {
  auto found = what.answer.status == read_status::found && !what.answer.entry.removed;
  auto ours = found && what.holder.nonce == options_.self
              && what.holder.released == (phase_ == phase::releasing);
  auto known = found && what.holder.nonce == holder_;
  if (found && !ours)
    remember(number_, what.answer.entry.revision, what.holder, now);
  carry_out(writer_.looked(what.answer, key_writer::seen(ours, known), now), now);
}

void id_claim::remember(std::uint32_t number, revision at, const claim& holder,
                        time_point now) {
  if (number < options_.min || number > options_.max)
    return;
  auto i = slots_.find(number);
  if (i != slots_.end() && at <= i->second.revision)
    return;
  ours_seen_ = ours_seen_ || holder.nonce == options_.self
               || (!options_.instance.empty() && holder.instance == options_.instance);
  slots_.insert_or_assign(number, slot{at, holder.nonce, holder.instance, holder.released,
                                       i != slots_.end(), now});
}

// -- what follows -----------------------------------------------------------------------

void id_claim::proceed(time_point now) {
  auto searching = phase_ == phase::looking || phase_ == phase::taking;
  if (searching && !release_wanted_ && give_up_at_ && now >= *give_up_at_) {
    phase_ = phase::over;
    out_.emplace_back(failed{trouble()});
    return;
  }
  if (writer_.busy())
    return;
  if (phase_ == phase::looking && release_wanted_) {
    phase_ = phase::over;
    out_.emplace_back(released{});
  } else if (phase_ == phase::looking && replayed_ && now >= not_before_) {
    free_at_.reset();
    auto found = choose(now);
    if (!found && !give_up_at_ && std::exchange(told_, trouble()) != trouble())
      out_.emplace_back(waits{told_});
    if (found)
      begin(phase::taking, *found, now);
  } else if (phase_ == phase::held && release_wanted_) {
    begin(phase::releasing, {number_, revision_}, now);
  } else if (phase_ == phase::held && now >= renew_at_) {
    begin(phase::held, {number_, revision_}, now);
  }
}

void id_claim::begin(phase next, choice what, time_point now) {
  phase_ = next;
  number_ = what.number;
  revision_ = what.expected;
  auto i = slots_.find(number_);
  holder_ = next != phase::taking ? options_.self
            : i == slots_.end()   ? nonce{}
                                  : i->second.holder;
  carry_out(writer_.begin(what.expected, now), now);
}

void id_claim::carry_out(const key_writer::step& what, time_point now) {
  if (const auto* x = std::get_if<key_writer::write>(&what)) {
    out_.emplace_back(write{number_, x->expected, phase_ == phase::releasing});
  } else if (std::holds_alternative<key_writer::read>(what)) {
    out_.emplace_back(read{number_});
  } else if (const auto* y = std::get_if<key_writer::landed>(&what)) {
    landed(*y);
  } else if (const auto* z = std::get_if<key_writer::taken>(&what)) {
    not_ours("another worker holds it now (revision "
             + std::to_string(z->entry.revision.value) + ')');
  } else if (const auto* v = std::get_if<key_writer::vacant>(&what)) {
    slots_.erase(number_);
    // A held id whose entry was removed still belongs to no other worker: write it again.
    if (phase_ == phase::held)
      begin(phase::held, {number_, v->mark}, now);
    else
      not_ours("its entry is gone");
  } else if (std::holds_alternative<key_writer::not_sent>(what)) {
    not_written(now + options_.pause, now);
  } else if (const auto* w = std::get_if<key_writer::refused>(&what)) {
    last_trouble_ = "the store refuses to write a worker id: " + w->why;
    not_written(now + options_.pause * 4, now);
  }
}

void id_claim::landed(const key_writer::landed& what) {
  revision_ = what.at;
  renew_at_ = what.sent + renew_interval();
  if (phase_ == phase::taking) {
    phase_ = phase::held;
    out_.emplace_back(held{number_, twin()});
  } else if (phase_ == phase::releasing) {
    phase_ = phase::over;
    out_.emplace_back(released{});
  }
}

void id_claim::not_ours(const std::string& why) {
  if (phase_ == phase::taking) {
    ++races_;
    // The rivals' next tries are under way; the random choice keeps them apart.
    phase_ = phase::looking;
    return;
  }
  if (phase_ == phase::held)
    out_.emplace_back(lost{"worker id number " + std::to_string(number_) + ": " + why});
  else
    out_.emplace_back(released{});
  phase_ = phase::over;
}

void id_claim::not_written(time_point next_try, time_point now) {
  not_before_ = next_try;
  if (phase_ == phase::taking) {
    phase_ = phase::looking;
    free_at_ = now;
  } else if (phase_ == phase::held) {
    renew_at_ = next_try;
  } else if (phase_ == phase::releasing) {
    // After `ttl` the entry is free for any worker.
    phase_ = phase::over;
    out_.emplace_back(released{});
  }
}

std::string id_claim::trouble() const {
  if (!replayed_)
    return "the store did not show which worker ids are taken; check the connection";
  if (!last_trouble_.empty())
    return last_trouble_;
  return "all worker ids from number " + std::to_string(options_.min) + " to "
         + std::to_string(options_.max)
         + " are in use; raise worker.id_max, or stop a worker (the id of a crashed "
           "one is free after worker.id_ttl)";
}

std::optional<std::uint32_t> id_claim::twin() const {
  for (const auto& [number, x] : slots_)
    if (number != number_ && !options_.instance.empty() && x.changed && !x.released
        && x.instance == options_.instance)
      return number;
  return std::nullopt;
}

duration id_claim::renew_interval() const {
  // A worker of our instance would take the id after `instance_grace` without a renewal.
  auto shown_within = options_.instance.empty()
                          ? options_.ttl
                          : std::min(options_.ttl, options_.instance_grace);
  return shown_within / 3;
}

// -- which id ---------------------------------------------------------------------------

std::optional<id_claim::choice> id_claim::choose(time_point now) {
  auto first = [this](auto accepts) -> std::optional<choice> {
    for (const auto& [number, x] : slots_)
      if (accepts(x))
        return choice{number, x.revision};
    return std::nullopt;
  };
  auto of_instance = [this](const slot& x) {
    return !options_.instance.empty() && x.instance == options_.instance;
  };
  if (ours_seen_) { // Not usual, and asked for at each of many events.
    auto x =
        first([&](const slot& y) { return y.holder == options_.self && !y.released; });
    if (!x)
      x = first([&](const slot& y) { return of_instance(y) && y.released; });
    if (!x) // A holder whose entry changed since we saw it is alive.
      x = first([&](const slot& y) {
        return of_instance(y) && !y.changed && is_silent(y, options_.instance_grace, now);
      });
    // Where our former id is about to be free: wait for it.
    if (x || free_at_)
      return x;
  }
  if (auto x = choose_unused())
    return x;
  if (auto x = choose_released())
    return x;
  return first([&](const slot& x) { return is_silent(x, options_.ttl, now); });
}

bool id_claim::is_silent(const slot& x, duration limit, time_point now) {
  if (now >= x.seen_at + limit)
    return true;
  free_at_ = earlier(free_at_, x.seen_at + limit);
  return false;
}

std::optional<id_claim::choice> id_claim::choose_unused() {
  std::vector<std::uint32_t> lowest;
  auto used = slots_.begin();
  for (std::uint64_t n = options_.min; n <= options_.max && lowest.size() < choices();
       ++n) {
    auto number = static_cast<std::uint32_t>(n);
    while (used != slots_.end() && used->first < number)
      ++used;
    if (used == slots_.end() || used->first != number)
      lowest.push_back(number);
  }
  if (lowest.empty())
    return std::nullopt;
  return choice{lowest[pick(lowest.size())], {}};
}

std::optional<id_claim::choice> id_claim::choose_released() {
  std::vector<choice> free;
  for (const auto& [number, x] : slots_)
    if (x.released)
      free.push_back({number, x.revision});
  if (free.empty())
    return std::nullopt;
  return free[pick(std::min(free.size(), choices()))];
}

} // namespace partita::core
