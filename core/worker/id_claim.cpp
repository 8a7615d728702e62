// SPDX-License-Identifier: Apache-2.0
#include "partita/core/worker/id_claim.hpp"

#include <algorithm>
#include <utility>

namespace partita::core {

id_claim::id_claim(options opts, time_point now)
    : options_{std::move(opts)}, random_{options_.seed}, writer_{options_.pause} {
  if (options_.startup)
    give_up_at_ = now + *options_.startup;
}

id_claim::commands id_claim::step(const event& what, time_point now) {
  out_.clear();
  if (phase_ == phase::over)
    return {};
  std::visit([&](const auto& x) { on(x, now); }, what);
  proceed(now);
  return std::move(out_);
}

std::optional<time_point> id_claim::wake_at() const {
  auto result = writer_.wake_at();
  switch (phase_) {
  case phase::looking:
    result = earlier(result, give_up_at_);
    if (replayed_ && free_at_)
      result = earlier(result, std::max(*free_at_, not_before_));
    break;
  case phase::taking:
    if (!release_wanted_)
      result = earlier(result, give_up_at_);
    break;
  case phase::held:
    if (!writer_.busy())
      result = earlier(result, renew_at_);
    break;
  case phase::releasing:
    break;
  case phase::over:
    return std::nullopt;
  }
  return result;
}

// -- events -----------------------------------------------------------------------------

void id_claim::on(const shown& what, time_point now) {
  remember(what.number, what.revision, what.holder, now);
}

void id_claim::on(const gone& what, time_point) {
  slots_.erase(what.number);
}

void id_claim::on(const replayed&, time_point) {
  replayed_ = true;
}

void id_claim::on(const bucket_changed&, time_point) {
  slots_.clear();
  replayed_ = false;
}

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

void id_claim::on(const tick&, time_point now) {
  carry_out(writer_.tick(now), now);
}

void id_claim::on(const release&, time_point) {
  release_wanted_ = true;
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
  switch (phase_) {
  case phase::taking:
    ++races_;
    // The rivals' next tries are under way; the random choice keeps them apart.
    phase_ = phase::looking;
    break;
  case phase::held:
    phase_ = phase::over;
    out_.emplace_back(lost{"worker id number " + std::to_string(number_) + ": " + why});
    break;
  case phase::releasing:
    phase_ = phase::over;
    out_.emplace_back(released{});
    break;
  case phase::looking:
  case phase::over:
    break;
  }
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
  if (auto x = choose_ours(now))
    return x;
  if (free_at_)
    return std::nullopt; // Our former id is about to be free: wait for it.
  if (auto x = choose_unused())
    return x;
  if (auto x = choose_released())
    return x;
  return choose_silent(now);
}

std::optional<id_claim::choice> id_claim::choose_ours(time_point now) {
  if (!ours_seen_)
    return std::nullopt; // Usual, and asked for at each of many events.
  for (const auto& [number, x] : slots_)
    if (x.holder == options_.self && !x.released)
      return choice{number, x.revision};
  if (options_.instance.empty())
    return std::nullopt;
  for (const auto& [number, x] : slots_)
    if (x.instance == options_.instance && x.released)
      return choice{number, x.revision};
  for (const auto& [number, x] : slots_) {
    // A holder whose entry changed since we saw it is alive: it claims our instance, too.
    if (x.instance != options_.instance || x.changed)
      continue;
    if (now >= x.seen_at + options_.instance_grace)
      return choice{number, x.revision};
    free_at_ = earlier(free_at_, x.seen_at + options_.instance_grace);
  }
  return std::nullopt;
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

std::size_t id_claim::pick(std::size_t count) {
  // The smaller of two draws: rivals keep apart, and low numbers come first all the same.
  return std::min(random_() % count, random_() % count);
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

std::optional<id_claim::choice> id_claim::choose_silent(time_point now) {
  for (const auto& [number, x] : slots_) {
    if (now >= x.seen_at + options_.ttl)
      return choice{number, x.revision};
    free_at_ = earlier(free_at_, x.seen_at + options_.ttl);
  }
  return std::nullopt;
}

} // namespace partita::core
