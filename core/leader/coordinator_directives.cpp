// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/coordinator.hpp"

#include "partita/messages/failpoint.hpp"

#include <utility>

// Directives of operators.
namespace partita::core {

void coordinator::on(const directive_shown& what, time_point now) {
  // In a replay it may be old and does not show the server's time.
  if (directives_replayed_)
    server_clock_.seen(what.stored_at_ns, what.seen_at);
  else if (failpoint(rule::replayed_directives_ignored))
    return;
  note_directive(directives_.shown(what.what, what.revision, what.stored_at_ns), now);
}

void coordinator::on(const directive_gone& what, time_point now) {
  note_directive(directives_.gone(what.key), now);
}

void coordinator::on(const directives_replayed&, time_point now) {
  directives_known_ = directives_replayed_ = true;
  note_directive(directives_.replayed(), now);
}

void coordinator::on(const directives_void&, time_point) {
  directives_replayed_ = false;
  directives_.void_all();
}

void coordinator::on(const directives_unknown&, time_point) {
  directives_known_ = true;
}

void coordinator::on(const directive_removal_answered& what, time_point now) {
  auto why = directives_.removal_answered(what.key, what.answer, now);
  if (!why.empty())
    out_.emplace_back(complain{{what.key}, std::move(why)});
}

void coordinator::note_directive(std::string news, time_point now) {
  if (!news.empty() && adopted_)
    policy_.changed(rebalance_policy::change::directed, std::move(news), eligible_.size(),
                    now);
}

/// Everything except the plan itself.
void coordinator::carry_out_directives(time_point now) {
  policy_.pause(directives_.paused_until(server_clock_));
  for (auto& x : directives_.removals(server_clock_, now))
    out_.emplace_back(std::move(x));
  auto why = directives_.asks_to_step_down();
  if (why && !std::exchange(stepping_down_, true))
    out_.emplace_back(step_down{std::move(*why)});
}

} // namespace partita::core
