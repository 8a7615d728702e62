// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/coordinator.hpp"

#include "partita/messages/failpoint.hpp"

#include <utility>

// Directives of operators.
namespace partita::core {

void coordinator::on(const directive_shown& what) {
  // In a replay it may be old and does not show the server's time.
  if (directives_replayed_)
    server_clock_.seen(what.stored_at_ns, what.seen_at);
  else if (failpoint(rule::replayed_directives_ignored))
    return;
  note_directive(directives_.shown(what.what, what.revision, what.stored_at_ns));
}

void coordinator::on(const directives_replayed&) {
  directives_known_ = directives_replayed_ = true;
  note_directive(directives_.replayed());
}

void coordinator::on(const directives_void&) {
  directives_replayed_ = false;
  directives_.void_all();
}

void coordinator::on(const directive_removal_answered& what) {
  auto why = directives_.removal_answered(what.key, what.answer, now_);
  if (!why.empty())
    out_.emplace_back(complain{{what.key}, std::move(why)});
}

void coordinator::note_directive(std::string news) {
  if (!news.empty() && adopted_)
    changed(rebalance_policy::change::directed, std::move(news));
}

/// Everything except the plan itself.
void coordinator::carry_out_directives() {
  policy_.pause(directives_.paused_until(server_clock_));
  for (auto& x : directives_.removals(server_clock_, now_))
    out_.emplace_back(std::move(x));
  auto why = directives_.asks_to_step_down();
  if (why && !std::exchange(stepping_down_, true))
    out_.emplace_back(step_down{std::move(*why)});
}

} // namespace partita::core
