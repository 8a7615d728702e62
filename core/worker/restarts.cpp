// SPDX-License-Identifier: Apache-2.0
#include "partita/core/worker/restarts.hpp"

namespace partita::core {

/// A child that ran for longer did not fail for the reason for which the one before did.
constexpr std::chrono::seconds long_life{30};

std::optional<time_point> restarts::wake_at() const {
  std::optional<time_point> at;
  for (const auto& x : children_)
    at = earlier(at, x.again_at);
  return at;
}

std::uint64_t restarts::started(role x, time_point now) {
  of(x).born = now;
  of(x).again_at.reset();
  alive_.add(x);
  present_.add(x);
  return of(x).run = ++runs_;
}

void restarts::on(const ended& what, const situation& is, time_point now) {
  auto who = what.who;
  auto by_itself = is_alive(who);
  alive_.remove(who);
  present_.remove(who);
  if (!by_itself)
    return;
  if (!is.leaving)
    crash(what, is, now);
  else if (is.in_session && (who == role::heartbeat || who == role::watcher))
    out_.emplace_back(end_session{now, std::string{"the "} + to_string(who) + " ended"});
}

void restarts::crash(const ended& what, const situation& is, time_point now) {
  auto who = what.who;
  auto& x = of(who);
  ++count_;
  if (who == role::elector)
    out_.emplace_back(depose{"the elector ended"});
  if (now - x.born > long_life)
    x.pause.reset();
  auto pause = x.pause.next(random_);
  out_.emplace_back(crashed{who, what.why, pause});
  if (who == role::heartbeat) {
    out_.emplace_back(end_session{now + pause, "the heartbeat ended"});
    return;
  }
  x.again_at = now + pause;
  if (who == role::roster && is.leads) {
    // A calculator without news of heartbeats would wait for ever: both begin again.
    alive_.remove(role::calculator);
    of(role::calculator).again_at = x.again_at;
    out_.emplace_back(kill{role::calculator});
  }
}

void restarts::on(const tick&, const situation& is, time_point now) {
  for (std::size_t i = 0; i < count_of<role>; ++i) {
    auto& x = children_[i];
    if (!x.again_at || now < *x.again_at)
      continue;
    x.again_at.reset();
    if (needed(static_cast<role>(i), is))
      out_.emplace_back(start{static_cast<role>(i)});
  }
}

bool restarts::needed(role x, const situation& is) const {
  if (is.leaving || is_alive(x))
    return false;
  if (x == role::registrar)
    return true;
  if (x == role::watcher)
    return is.in_session;
  return is.has_id && (x != role::calculator || is.leads);
}

} // namespace partita::core
