// SPDX-License-Identifier: Apache-2.0
#include "partita/core/sidecar/hook_queue.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace partita::core {

namespace {

/// The partitions of what happened; null for what is not about any.
const std::vector<grant>* partitions_of(const hook_queue::happening& x) {
  return std::visit(
      [](const auto& y) -> const std::vector<grant>* {
        if constexpr (requires { y.partitions; })
          return &y.partitions;
        else
          return nullptr;
      },
      x);
}

std::set<std::string> names_of(const hook_queue::happening& x) {
  std::set<std::string> result;
  if (const auto* found = partitions_of(x))
    for (const auto& y : *found)
      result.insert(name_of(y.partition));
  return result;
}

bool share(const std::set<std::string>& x, const std::set<std::string>& y) {
  if (x.size() > y.size())
    return share(y, x);
  return std::any_of(x.begin(), x.end(), [&](const auto& z) { return y.contains(z); });
}

void take_out(hook_queue::happening& from, const std::set<std::string>& what) {
  std::visit(
      [&](auto& x) {
        if constexpr (requires { x.partitions; })
          std::erase_if(x.partitions, [&](const grant& y) {
            return what.contains(name_of(y.partition));
          });
      },
      from);
}

/// The event as it would be sent now; it was sent `age` ago.
hook_queue::happening as_of_now(hook_queue::happening x, duration age) {
  std::visit(
      [&](auto& y) {
        if constexpr (requires { y.time_left; })
          y.time_left = std::max(
              y.time_left - std::chrono::duration_cast<std::chrono::milliseconds>(age),
              std::chrono::milliseconds{0});
      },
      x);
  return x;
}

} // namespace

const char* to_string(hook_kind x) {
  return word_of(x, {"assigned", "revoked", "lost", "state"});
}

hook_queue::commands hook_queue::step(const event& what, time_point now) {
  std::visit([&](const auto& x) { on(x, now); }, what);
  watch_time(now);
  for (auto i = jobs_.begin(); i != jobs_.end(); ++i)
    if (may_start(i))
      begin(*i, now);
  if (closing_ && !closed_ && jobs_.empty()) {
    closed_ = true;
    out_.emplace_back(closed{});
  }
  return std::exchange(out_, {});
}

std::optional<time_point> hook_queue::wake_at() const {
  std::optional<time_point> result;
  for (const auto& x : jobs_)
    result = earlier(result, x.run ? x.run->until : x.not_before);
  return result;
}

std::array<hook_counts, count_of<hook_kind>> hook_queue::counts() const {
  auto result = counts_;
  for (const auto& x : jobs_) {
    auto& of_kind = result[static_cast<std::size_t>(x.kind)];
    of_kind.running = of_kind.running || x.run;
    of_kind.waiting += x.run ? 0 : 1;
  }
  return result;
}

// -- events -----------------------------------------------------------------------------

void hook_queue::on(const heard& what, time_point now) {
  auto kind = static_cast<hook_kind>(what.what.index());
  if (!options_.used[what.what.index()]) {
    if (what.answer != 0)
      out_.emplace_back(confirm{what.answer});
    return;
  }
  std::vector<ticket> answers;
  if (what.answer != 0)
    answers.push_back(what.answer);
  auto about = names_of(what.what);
  auto is_loss = kind == hook_kind::lost;
  if (kind != hook_kind::state)
    withdraw(about, hook_kind::assigned, is_loss);
  if (is_loss)
    for (auto x : withdraw(about, hook_kind::revoked, true))
      answers.push_back(x);
  jobs_.push_back({what.what, kind, std::move(answers), now, 0, {}, {}});
}

void hook_queue::on(const ended& what, time_point now) {
  auto x = std::find_if(jobs_.begin(), jobs_.end(),
                        [&](const job& y) { return y.run && y.run->id == what.run; });
  if (x == jobs_.end())
    return;
  // One that was asked to end may have ended halfway, whatever it says.
  if (what.failure.empty() && !x->run->told) {
    for (auto y : x->answers)
      out_.emplace_back(confirm{y});
    jobs_.erase(x);
    return;
  }
  try_again(*x, what, now);
  x->run.reset();
  // Tried again for what is left of it, if anything is.
  if (gives_up(*x))
    jobs_.erase(x);
}

void hook_queue::on(const close&, time_point) {
  closing_ = true;
  // Work is not begun any more. What ends work still is, once.
  std::erase_if(jobs_, [](const job& x) {
    return !x.run && (x.kind == hook_kind::assigned || x.failures > 0);
  });
}

// -- decisions --------------------------------------------------------------------------

/// Takes partitions out of what is asked for or to be tried again. `cut`: what runs about
/// them is killed. Returns the tickets whose confirmation depends on something else now.
std::vector<hook_queue::ticket> hook_queue::withdraw(const names& what, hook_kind kind,
                                                     bool cut) {
  std::vector<ticket> result;
  for (auto i = jobs_.begin(); i != jobs_.end();) {
    auto& x = *i++;
    if (x.kind != kind || !share(x.run ? x.run->about : names_of(x.what), what))
      continue;
    take_out(x.what, what);
    if (cut && x.run && !x.run->cut) {
      x.run->cut = true;
      x.run->until.reset();
      out_.emplace_back(kill{x.run->id});
    }
    if (!partitions_of(x.what)->empty())
      continue;
    result.insert(result.end(), x.answers.begin(), x.answers.end());
    x.answers.clear();
    if (!x.run)
      jobs_.erase(std::prev(i));
  }
  return result;
}

/// Whether a job that has failed is over by that.
bool hook_queue::gives_up(const job& x) const {
  const auto* left = partitions_of(x.what);
  return !left || left->empty() || (closing_ && x.failures > 0);
}

duration hook_queue::pause_of(const job& x) const {
  if (x.kind == hook_kind::lost)
    return options_.lost_pause;
  auto result = options_.first_pause;
  for (unsigned i = 1; i < x.failures && result < options_.longest_pause; ++i)
    result *= 2;
  return std::min(result, options_.longest_pause);
}

void hook_queue::try_again(job& x, const ended& what, time_point now) {
  if (x.run->cut)
    return;
  auto& counts = counts_[static_cast<std::size_t>(x.kind)];
  ++counts.failures;
  ++x.failures;
  auto why = what.failure;
  if (x.run->told) {
    ++counts.timeouts;
    why = "timed out and was ended";
  }
  failed news{x.kind, std::move(why), x.failures, std::nullopt};
  if (!gives_up(x)) {
    news.again_in = pause_of(x);
    x.not_before = now + *news.again_in;
  }
  out_.emplace_back(std::move(news));
}

void hook_queue::watch_time(time_point now) {
  for (auto& x : jobs_) {
    if (x.not_before && now >= *x.not_before)
      x.not_before.reset();
    if (!x.run || !x.run->until || now < *x.run->until)
      continue;
    if (x.run->told) {
      x.run->until.reset();
      out_.emplace_back(kill{x.run->id});
    } else {
      x.run->told = true;
      x.run->until = now + options_.grace;
      out_.emplace_back(terminate{x.run->id});
    }
  }
}

bool hook_queue::may_start(jobs::const_iterator x) const {
  if (x->run || x->not_before)
    return false;
  auto about = names_of(x->what);
  for (const auto& y : jobs_)
    if (y.run && y.kind == x->kind)
      return false;
  return std::none_of(jobs_.begin(), x, [&](const job& y) {
    if (x->kind == hook_kind::state)
      return y.kind == hook_kind::state;
    return share(about, y.run ? y.run->about : names_of(y.what));
  });
}

void hook_queue::begin(job& x, time_point now) {
  ++counts_[static_cast<std::size_t>(x.kind)].runs;
  x.run = running{++last_run_, names_of(x.what), now + options_.timeout, false, false};
  out_.emplace_back(start{last_run_, x.kind, as_of_now(x.what, now - x.since)});
}

} // namespace partita::core
